# SPDX-License-Identifier: Apache-2.0
"""For the tests of a ClickHouse cluster: a lake with its own key, real servers (tests/cluster), and servers that are none."""
import http.server
import json
import os
import sys
import threading

import lake

sys.path.insert(0, os.path.join(lake.ROOT, "tests", "cluster"))
sys.path.insert(0, os.path.join(lake.ROOT, "tests", "stand_ins"))
import s3_client  # noqa: E402
import servers  # noqa: E402

PRODUCTS = {"jira": "jira_audit_logs", "bitbucket": "bitbucket_audit_logs", "org": "atlassian_org_events",
            "confluence": "confluence_audit_logs"}
SAMPLES = [os.path.join(lake.ROOT, "tests", "data", f"sample-{name}.ndjson") for name in [*PRODUCTS, "alerts"]]
TABLES = ["atlassian_org_events", "bitbucket_audit_logs", "confluence_audit_logs", "jira_audit_logs", "third_party_alerts"]


def need():
    if not servers.there():
        raise lake.Skip("clickhouse-server is not installed: scripts/setup.sh")


class Lone(servers.Server):
    """`with Lone(folder) as server:` one server alone."""
    name = ""

    def __init__(self, folder, more="", **how):
        need()
        super().__init__(os.path.join(folder, "clickhouse"), more, **how)

    @property
    def urls(self):
        return [self.url]


class Shards(servers.Cluster):
    """`with Shards(folder) as cluster:` two shards of two replicas, that a lake is set to as it is to one server."""

    def __init__(self, folder, **how):
        need()
        super().__init__(os.path.join(folder, "cluster"), **how)

    def rows(self, sql):
        return self.servers[0].rows(sql)


def some(folder):
    """What is asked, and answers the same whatever it is: one server; in make test-cluster two shards of two replicas, then a current server."""
    return Current(folder) if os.environ.get("CURRENT") else Shards(folder) if os.environ.get("CLUSTER") else Lone(folder)


class Current:
    """`with Current(folder) as server:` a current ClickHouse (tests/cluster/chdb_server.py)."""

    ask, rows, name = servers.Server.ask, servers.Server.rows, ""

    def __init__(self, folder):
        script = os.path.join(lake.ROOT, "tests", "cluster", "chdb_server.py")
        library = os.path.join(lake.ROOT, "tests", "cluster", "node_modules", "@chdb", "lib-linux-x64-gnu", "libchdb.so")
        if not os.path.exists(os.environ.get("PUGMARK_CHDB", library)):
            raise lake.Skip("there is no current ClickHouse: scripts/setup.sh --cluster")
        self.process, ports = s3_client.start(sys.executable, "-B", script, os.path.join(folder, "chdb"))
        self.url = f"http://127.0.0.1:{ports['http']}"
        self.urls = [self.url]

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.stdin.close()
        self.process.wait(30)
        self.process.stdout.close()


class Clustered(lake.Lake):
    """A lake that asks a cluster."""

    def __init__(self, folder, name="data"):
        super().__init__(folder, name)
        self.key = os.path.join(folder, "key-" + name)

    def cluster(self, *words, expect=0, **how):
        result = self.run("cluster", *words, "--key-file", self.key, **how)
        if expect is not None:
            assert result.status == expect, f"cluster {words}: status {result.status}, not {expect}: {result.err}"
        return result

    def init(self, *urls, name="", expect=0, **how):
        words = [word for url in urls for word in ("--url", url)]
        more = how.pop("more", [])
        return self.cluster("init", *words, *(["--cluster", name] if name else []), *more, expect=expect, **how)

    def join(self, server):
        """init with a Lone or Shards."""
        return self.init(*server.urls, name=server.name)

    def state(self, expect=0):
        """cluster status --json"""
        return json.loads(self.cluster("status", "--json", expect=expect).out)


def files_of(folder, name, events):
    """Something to import: [(options, path)]: so many generated events of each product, others for each name, and the samples."""
    made = []
    for seed, (product, table) in enumerate(PRODUCTS.items()):
        path = os.path.join(folder, f"{name}-{product}.ndjson")
        lake.generate(path, product, events, "--seed", len(name) * 100 + seed)
        made.append((["--table", table], path))
    return made + [([], path) for path in SAMPLES]


def fill(one, files):
    for options, path in files:
        one.run("import", *options, path)


def columns(server, table, database="pugmark"):
    """{name: type} of a table."""
    return dict(server.rows(f"SELECT name, type FROM system.columns WHERE database = '{database}' AND table = '{table}'"))


class Fake:
    """A web server that answers everything with one page: `with Fake(status, body) as f:`; f.seen has the headers."""

    def __init__(self, status, body):
        self.seen = seen = []

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                seen.append(dict(self.headers))
                self.rfile.read(int(self.headers.get("Content-Length", 0)))
                self.send_response(status)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            do_GET = do_POST

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.server.shutdown()
