# SPDX-License-Identifier: Apache-2.0
"""pugmark cluster init, status and off on one real ClickHouse server: the tables are made, held against what they must be and
widened; what is wrong is said in words that help; passwords are sealed and go to nobody else."""
import json
import os
import pty
import re
import select
import sqlite3
import time

import lake
from clusters import TABLES, Clustered, Fake, Lone, columns, need, servers
from receivers import certificate

ID = "0194a1b2-c3d4-8e5f-8a6b-7c8d9e0f1a2b"


def setting(one):
    """The row of the cluster in the catalog, or None."""
    with sqlite3.connect(os.path.join(one.data, "catalog.db")) as db:
        db.row_factory = sqlite3.Row
        row = db.execute("SELECT * FROM cluster").fetchone()
    return dict(row) if row else None


def password_file(folder, text, name="password"):
    return lake.write(os.path.join(folder, name), text.encode() + b"\n")


def test_init_makes_every_table_once(folder):
    with Lone(folder) as server:
        one = Clustered(folder)
        said = one.init(server.url).out.decode()
        for table in TABLES + ["observables"]:
            assert f"table {table} made" in said, said
            assert server.rows(f"EXISTS TABLE pugmark.{table}") == [["1"]]
        again = one.cluster("init").out.decode()
        assert "made" not in again and "added" not in again, again
        of = columns(server, "jira_audit_logs")
        assert of["_id"] == "FixedString(16)" and of["_time"] == "Int64" and of["_null_lists"] == "UInt64", of
        assert of["targets"] == "Array(Nullable(String))" and of["actor"] == "Nullable(String)", of
        assert {"event_id", "event_time", "_collector", "_shipment", "changed_values.field_name"} <= set(of), sorted(of)
        # People see ids and times as such; an event without a time has none; none makes a month of its own.
        server.ask(f"INSERT INTO pugmark.jira_audit_logs (_id, _time, actor) SELECT UUIDStringToNum('{ID}'), t, 'ada' FROM "
                   "(SELECT toInt64(arrayJoin(['1700000000123456', '-9223372036854775808', '-62135596800000000', '253402300799000000'])) AS t)")
        seen = server.rows("SELECT event_id, event_time FROM pugmark.jira_audit_logs WHERE _time = 1700000000123456")
        assert seen == [[ID, "2023-11-14 22:13:20"]], seen
        assert server.rows("SELECT event_time IS NULL FROM pugmark.jira_audit_logs WHERE _time = -9223372036854775808") == [["1"]]
        months = server.rows("SELECT DISTINCT partition FROM system.parts WHERE database = 'pugmark' AND active ORDER BY partition")
        assert months == [["197001"], ["202311"]], months
        state = one.state()
        ahead = state["servers"][0].pop("clock_ahead_s")
        assert abs(ahead) <= 2 and state["servers"] == [{"url": server.url, "version": "18.16.1", "error": None}], state
        assert state["tables"][0]["table"] == "jira_audit_logs" and state["tables"][0]["rows"] == 4, state
        text = one.cluster("status").out.decode()
        assert "ClickHouse 18.16.1" in text and "jira_audit_logs: 4 rows" in text, text


def test_a_schema_that_grew_widens_the_table(folder):
    with Lone(folder) as server:
        one = Clustered(folder)
        os.makedirs(os.path.join(one.data, "schemas"))
        own = os.path.join(one.data, "schemas", "own_logs.yml")
        text = "table: own_logs\nproduct: own\nversion: \"1\"\ntime: when\ncolumns:\n  who: who\n"
        lake.write(own, text.encode())
        assert "table own_logs made" in one.init(server.url).out.decode()
        server.ask("INSERT INTO pugmark.own_logs (_id, _time, who) VALUES ('0123456789abcdef', 1, 'ada')")
        lake.write(own, (text + "  what: what\n  things:\n    list: things\n    fields:\n      n: {paths: n, type: int}\n").encode())
        said = one.cluster("init").out.decode()
        assert "table own_logs: column `what` added" in said and "`things.n` added" in said, said
        assert columns(server, "own_logs")["things.n"] == "Array(Nullable(Int64))"
        assert server.rows("SELECT who, what, things.n FROM pugmark.own_logs") == [["ada", "\\N", "[]"]]
        assert "added" not in one.cluster("init").out.decode()


def test_events_are_a_view_of_all_tables(folder):
    with Lone(folder) as server:
        one, other = Clustered(folder), Clustered(folder, "other")
        assert "view events made: the common fields of 5 tables" in one.init(server.url).out.decode()
        for table in ("jira_audit_logs", "bitbucket_audit_logs"):
            server.ask(f"INSERT INTO pugmark.{table} (_id, _time, actor, secondary) VALUES ('0123456789abcdef', 1, 'ada', NULL), "
                       "('1123456789abcdef', 2, 'bob', 1)")
        said = one.run("sql", "--key-file", one.key, "--format", "ndjson", "select table_name, actor from events order by table_name")
        assert [json.loads(line) for line in said.out.splitlines()] == [
            {"table_name": "bitbucket_audit_logs", "actor": "ada"}, {"table_name": "jira_audit_logs", "actor": "ada"}], said
        assert list(json.loads(one.run("sql", "--key-file", one.key, "--format", "ndjson", "select * from events limit 1").out)) == [
            row[0] for row in one.sql("select column_name from (describe events)", "--lake") for row in [list(row.values())]]
        # Another lake has a table of its own: it joins them, and stays when the first one comes again.
        os.makedirs(os.path.join(other.data, "schemas"))
        lake.write(os.path.join(other.data, "schemas", "own_logs.yml"),
                   b"table: own_logs\nproduct: own\nversion: \"1\"\ntime: when\ncolumns:\n  who: who\n")
        assert "view events made: the common fields of 6 tables" in other.init(server.url).out.decode()
        assert "view" not in one.cluster("init").out.decode() and "view" not in other.cluster("init").out.decode()
        assert "own_logs" in server.ask("SHOW CREATE TABLE pugmark.events")
        server.ask("DROP TABLE pugmark.events")
        assert "of 6 tables" in one.cluster("init").out.decode()


def test_another_table_of_that_name_is_left_alone(folder):
    with Lone(folder) as server:
        one = Clustered(folder)
        server.ask("CREATE DATABASE pugmark")
        server.ask("CREATE TABLE pugmark.jira_audit_logs (_id String, actor UInt8, mine String) ENGINE = MergeTree ORDER BY _id")
        result = one.init(server.url, expect=2)
        lake.says(result, "pugmark.jira_audit_logs", "`_id` is String and should be FixedString", "`_time` is missing",
                  "`actor` is UInt8", "--database")
        assert server.rows("SELECT name FROM system.tables WHERE database = 'pugmark'") == [["jira_audit_logs"]], "made some"
        assert setting(one) is None
        one.init(server.url, more=["--database", "pug2"])
        assert server.rows("EXISTS TABLE pug2.jira_audit_logs") == [["1"]] and setting(one)["database"] == "pug2"


def test_what_is_no_clickhouse_is_told(folder):
    need()
    one = Clustered(folder)
    port = servers.free_ports(1)[0]
    lake.says(one.init(f"http://127.0.0.1:{port}", expect=1), "nobody listens", f"127.0.0.1:{port}")
    with Fake(200, b"<html>\x1b[31m<title>Welcome to the proxy</title></html>") as page:
        result = one.init(page.url, expect=1)
        lake.says(result, "is it ClickHouse", re.escape(page.url))
        assert "\x1b" not in result.err
    with Fake(404, b"<html>no such page") as page:
        lake.says(one.init(page.url, expect=2), "HTTP 404", "no such page")
    for body in (b"18.16.1\n", b"18.16.1\n" + b"\xff" * 100, b"26.7\n\x00\x00\x00\x00\x00\x00\x00\x01" * 9):
        with Fake(200, body) as page:
            lake.clear(one.init(page.url, expect=1))
    with Fake(200, b"1.1.54388\n") as page:
        lake.says(one.init(page.url, expect=1), "1.1.54388", "needs ClickHouse 18.16")
    lake.says(one.init("ftp://x", expect=2), "http://HOST:8123")
    lake.says(one.init("http://ada:secret@127.0.0.1:1", expect=2), "without a user")
    lake.says(one.cluster("init", expect=2), "--url")
    lake.says(one.cluster("status", expect=1), "no cluster is set", "cluster init")
    lake.says(one.cluster("off", "--yes", expect=1), "no cluster is set")
    assert setting(one) is None


def test_a_password_is_sealed_and_goes_to_its_servers_alone(folder):
    with Lone(folder) as server:
        one = Clustered(folder)
        right, wrong = password_file(folder, servers.PASSWORD), password_file(folder, "nonsense", "wrong")
        words = ["--user", servers.USER]
        lake.says(one.init(server.url, more=words + ["--password-file", wrong], expect=1), "check user and password")
        lake.says(one.init(server.url, more=["--user", "nobody"], expect=1), "check user and password")
        assert setting(one) is None
        one.init(server.url, more=words + ["--password-file", right])
        assert setting(one)["user"] == servers.USER
        assert one.state()["servers"][0]["version"] and not one.cluster("init").err
        for path in one.files():
            with open(path, "rb") as file:
                assert servers.PASSWORD.encode() not in file.read(), path
        for result in (one.cluster("status"), one.cluster("status", "--json"), one.cluster("init", "--dry-run")):
            assert servers.PASSWORD not in result.out.decode() + result.err
        with Fake(200, b"<html>") as page:
            one.init(page.url, expect=1)
            one.cluster("init", "--url", page.url, "--user", servers.USER, expect=1)
            assert page.seen and not any(servers.PASSWORD in str(headers) for headers in page.seen), page.seen
            assert all(headers.get("X-ClickHouse-Key", "") == "" for headers in page.seen)
        assert setting(one)["urls"] == server.url and one.state()["servers"][0]["version"], "the old one still holds"
        # Without its key nothing is asked.
        os.rename(one.key, one.key + ".away")
        lake.says(one.cluster("status", expect=1), "key")


def test_a_password_is_asked_for_on_a_terminal(folder):
    with Lone(folder) as server:
        one = Clustered(folder)
        pid, fd = pty.fork()
        if pid == 0:
            os.execve(lake.PUGMARK, [lake.PUGMARK, "cluster", "init", "--data", one.data, "--key-file", one.key, "--url",
                                     server.url, "--user", servers.USER], dict(os.environ, NO_COLOR="1"))
        seen, typed, end = "", False, time.monotonic() + 60
        while time.monotonic() < end:
            if select.select([fd], [], [], 0.2)[0]:
                try:
                    seen += os.read(fd, 4096).decode(errors="replace")
                except OSError:
                    break
            if not typed and "password of" in seen:
                os.write(fd, servers.PASSWORD.encode() + b"\n")
                typed = True
        status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
        assert status == 0 and "observables made" in seen, seen
        assert servers.PASSWORD not in seen, "the password was shown"
        assert one.state()["servers"][0]["version"]


def test_a_user_who_may_make_nothing_is_told(folder):
    with Lone(folder) as server:
        one = Clustered(folder)
        result = one.init(server.url, more=["--user", servers.READER], expect=2)
        lake.says(result, "database pugmark cannot be made", "CREATE DATABASE pugmark", "readonly")
        assert setting(one) is None


def test_the_first_server_that_answers_is_asked(folder):
    with Lone(folder) as server:
        one = Clustered(folder)
        dead = f"http://127.0.0.1:{servers.free_ports(1)[0]}"
        one.init(dead, server.url)
        state = one.state()
        assert [s["version"] for s in state["servers"]] == [None, "18.16.1"], state
        assert "nobody listens" in state["servers"][0]["error"], state
        server.kill()
        state = one.state(expect=1)
        assert [s["version"] for s in state["servers"]] == [None, None] and state["error"], state
        lake.says(one.cluster("status", expect=1), "cannot be asked")


def test_what_waits_is_shown(folder):
    with Lone(folder) as server:
        one = Clustered(folder)
        one.init(server.url)
        assert one.state()["waiting"] == {"segments": 0, "rows": 0, "since": None, "failed": None, "why": None}
        assert "nothing waits" in one.cluster("status").out.decode()
        server.kill()
        lines, _, _ = lake.generate(os.path.join(folder, "a.log"), "jira", 500)
        one.load(os.path.join(folder, "a.log"))
        waiting = one.state(expect=1)["waiting"]
        assert waiting["rows"] == len(lines) and waiting["segments"] >= 1 and waiting["since"], waiting
        assert "still to be sent: 500 rows" in one.cluster("status", expect=1).out.decode()


def test_a_cluster_must_be_known_and_its_servers_named(folder):
    remote = ("<remote_servers><one><shard><replica><host>127.0.0.1</host><port>{0}</port></replica></shard></one>"
              "<other><shard><replica><host>127.0.0.1</host><port>{0}</port></replica></shard></other></remote_servers>")
    ports = servers.free_ports(2)
    with Lone(folder, remote.format(ports[1]), ports=ports) as server:
        one = Clustered(folder)
        lake.says(one.init(server.url, name="house", expect=2), "know no cluster house", "one, other")
        lake.says(one.init(server.url, name="one", expect=2), "no macro shard", "<macros>")
        lake.says(one.init(server.url, name="o'ne", expect=2), "a cluster is named")
        lake.says(one.init(server.url, more=["--database", "x; DROP"], expect=2), "a database is named")
        assert server.rows("SELECT count() FROM system.databases WHERE name = 'pugmark'") == [["0"]], "made something"
        one.init(server.url)
        server.ask("RENAME TABLE pugmark.jira_audit_logs TO pugmark.aside")
        server.ask("CREATE TABLE pugmark.jira_audit_logs AS pugmark.aside ENGINE = Distributed(one, pugmark, aside)")
        lake.says(one.cluster("init", expect=2), "engine Distributed", "--cluster")


def test_rows_of_an_age_go_where_the_version_can(folder):
    with Lone(folder) as server:
        one = Clustered(folder)
        lake.says(one.init(server.url, more=["--keep", "30"], expect=1), "18.16", "19.6", "DROP PARTITION")
        assert setting(one) is None and server.rows("SELECT count() FROM system.databases WHERE name = 'pugmark'") == [["0"]]
        lake.says(one.init(server.url, more=["--keep", "soon"], expect=2), "number of days")


def test_a_dry_run_prints_what_would_be_done(folder):
    with Lone(folder) as server:
        one = Clustered(folder)
        text = one.init(server.url, more=["--dry-run"]).out.decode()
        assert setting(one) is None
        assert server.rows("SELECT count() FROM system.databases WHERE name = 'pugmark'") == [["0"]]
        statements = [part.strip() for part in text.split(";\n") if part.strip()]
        assert len(statements) == len(TABLES) + 3, statements
        for statement in statements:
            server.ask(statement)
        said = one.init(server.url).out.decode()
        assert "made" not in said and "added" not in said, said


def test_off_forgets_the_cluster_and_leaves_the_tables(folder):
    with Lone(folder) as server:
        one = Clustered(folder)
        one.init(server.url, more=["--user", servers.USER, "--password-file", password_file(folder, servers.PASSWORD)])
        lake.says(one.cluster("off", expect=2), "--yes")
        assert setting(one)
        said = one.cluster("off", "--yes").out.decode()
        assert "pugmark stays" in said, said
        assert setting(one) is None and server.rows("EXISTS TABLE pugmark.jira_audit_logs") == [["1"]]
        with sqlite3.connect(os.path.join(one.data, "catalog.db")) as db:
            assert db.execute("SELECT count(*) FROM cluster_secrets").fetchone() == (0,)


def test_tls_is_checked(folder):
    """https:// with an authority of one's own; a certificate that nobody vouches for, or of another name, is refused."""
    need()
    cert, key = certificate(folder)
    https = servers.free_ports(1)[0]
    tls = (f"<https_port>{https}</https_port><openSSL><server><certificateFile>{cert}</certificateFile><privateKeyFile>{key}</privateKeyFile>"
           "<dhParamsFile></dhParamsFile><verificationMode>none</verificationMode><loadDefaultCAFile>true</loadDefaultCAFile>"
           "<cacheSessions>true</cacheSessions><disableProtocols>sslv2,sslv3</disableProtocols></server></openSSL>")
    with Lone(folder, tls):
        one = Clustered(folder)
        lake.says(one.init(f"https://127.0.0.1:{https}", expect=1), "certificate")
        assert setting(one) is None
        os.chdir(folder)
        one.init(f"https://127.0.0.1:{https}", more=["--ca-file", "cert.pem", "--user", servers.USER, "--password-file",
                                                     password_file(folder, servers.PASSWORD)])
        os.chdir("/")
        assert setting(one)["ca_file"] == os.path.abspath(cert)
        assert one.state()["servers"][0]["version"] == "18.16.1"
