# SPDX-License-Identifier: Apache-2.0
"""Who may: users and passwords, sessions and their cookies, tries that are too many, what is noted of it, TLS, and connections."""
import contextlib
import http.client
import json
import os
import pty
import re
import socket
import ssl
import subprocess
import threading
import time

import lake
from http_tests import Api, is_problem
from lake import Lake, slow, write

PASSWORD = "correct horse battery"


def start(folder, *users):
    """A lake without events; users are (name, role), all with PASSWORD."""
    one = Lake(folder)
    secret = write(os.path.join(folder, "password"), PASSWORD.encode() + b"\n")
    for name, role in users:
        made = one.run("user", "add", name, "--role", role, "--password-file", secret)
        assert made.status == 0, made.err
    os.remove(secret)
    return one


class Person:
    """A browser: keeps the cookie and the csrf."""

    def __init__(self, api, name=None, password=PASSWORD):
        self.api, self.cookie, self.csrf = api, None, None
        if name:
            status, _, said = self.sign_in(name, password)
            assert status == 200, said

    def ask(self, method, path, body=None, **headers):
        sent = {"Cookie": self.cookie, "X_CSRF_Token": self.csrf if method not in ("GET", "HEAD") else None, **headers}
        if body is not None:
            sent.setdefault("Content_Type", "application/json")
            body = json.dumps(body)
        status, got, said = self.api.ask(method, "/api/v1" + path, body, role=None, **sent)
        if cookie := got["Set-Cookie"]:
            self.cookie = cookie.split(";")[0]
        return status, got, said

    def session(self, method, path, body):
        answer = self.ask(method, path, body)
        if answer[0] == 200:
            self.csrf = json.loads(answer[2])["csrf"]
        return answer

    def sign_in(self, name, password=PASSWORD):
        return self.session("POST", "/session", {"name": name, "password": password})

    def new_password(self, old, new):
        return self.session("POST", "/session/password", {"password": old, "new_password": new})

    def get(self, path):
        status, _, said = self.ask("GET", path)
        assert status == 200, said
        return json.loads(said)

    def status(self):
        return self.ask("GET", "/status")[0]


def typed(folder, data):
    """Standard input."""
    return open(write(os.path.join(folder, "typed"), data), "rb")


def acts(one):
    return json.loads(one.run("audit", "--json", "--limit", "0").out)["acts"]


def waits_for(what, seconds=5):
    until = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < until, "it does not come to that"
        time.sleep(0.05)


# ---- the first start ---------------------------------------------------------------------------


def test_the_first_start_makes_an_admin_once(folder):
    one = Lake(folder)
    with Api(one) as api:
        waits_for(lambda: "one-time" in api.said())
        line = [text for text in api.said().splitlines() if "one-time" in text]
        assert len(line) == 1, line
        found = re.fullmatch(rf"pugmark: open http://127\.0\.0\.1:{api.port}/ and sign in as admin with the one-time password "
                             r"([A-Z2-9]{4}(?:-[A-Z2-9]{4}){3})", line[0])
        assert found, line
        made = found.group(1)
        admin = Person(api)
        status, headers, said = admin.sign_in("admin", made)
        said = json.loads(said)
        assert status == 200 and said["must_change"] is True and said["role"] == "admin" and said["name"] == "admin", said
        # Nothing but that password can be done with it.
        for method, path in (("GET", "/status"), ("GET", "/users"), ("POST", "/users"), ("DELETE", "/tokens/x")):
            refused = is_problem(admin.ask(method, path, {} if method == "POST" else None), 403, "one sign-in")
            assert refused["must_change"] is True
        assert admin.get("/session")["must_change"] is True
        for wrong in ("short", "admin", made, "x" * 300, "a" * 20, "with\nline end in it"):
            is_problem(admin.new_password(made, wrong), 400, "password")
        is_problem(admin.new_password("not the old one", PASSWORD), 403, "another one")
        first = admin.cookie
        status, _, said = admin.new_password(made, PASSWORD)
        assert status == 200 and json.loads(said)["must_change"] is False and admin.cookie != first, said
        assert admin.status() == 200
        assert Person(api).sign_in("admin", made)[0] == 401, "the one-time password is good twice"
        secrets = [made, PASSWORD, admin.cookie.split("=")[1], admin.csrf]
        listed = admin.get("/users")["users"]
        assert [(u["name"], u["role"], u["must_change"], u["disabled"]) for u in listed] == [("admin", "admin", False, False)]
        assert listed[0]["last_login"] and listed[0]["created"] and len(listed[0]) == 6, listed
        is_problem(api.ask("GET", "/api/v1/status", role=None, Cookie=first), 401, "sign in")
    with Api(one, names="again") as api:
        assert "one-time" not in api.said()
        assert admin.cookie and Person(api, "admin").status() == 200
        log = api.said()
    for path in one.files():
        with open(path, "rb") as file:
            held = file.read()
        for secret in secrets:
            assert secret.encode() not in held, path
    for secret in secrets:
        assert secret not in log
    assert [(a["who"], a["what"], a["target"]) for a in reversed(acts(one)) if a["what"] != "refused" and a["from"] != "command line"] == [
        ("pugmark", "user add", "admin"), ("admin", "session begin", "admin"), ("admin", "session password", "admin"),
        ("admin", "session begin", "admin")]


# ---- sessions ----------------------------------------------------------------------------------


def test_a_session_is_of_a_page_of_ours(folder):
    one = start(folder, ("root", "admin"), ("vera", "viewer"))
    with Api(one) as api:
        status, headers, said = Person(api).sign_in("root")
        assert status == 200 and headers["Cache-Control"] == "no-store", said
        assert re.fullmatch(r"pugmark_session=[0-9a-f]{64}; Path=/; Max-Age=604800; HttpOnly; SameSite=Strict", headers["Set-Cookie"]), headers
        assert "Strict-Transport-Security" not in headers
        person = Person(api, "root")
        assert person.status() == 200 and person.get("/session")["csrf"] == person.csrf
        new = {"name": "x", "role": "viewer"}
        # What is no reading takes the csrf, of this session.
        other = Person(api, "root")
        for wrong in (None, "", "0" * 64, person.csrf[:-1], person.csrf + "0", other.csrf, person.cookie.split("=")[1]):
            is_problem(person.ask("POST", "/tokens", new, X_CSRF_Token=wrong), 403, "X-CSRF-Token")
            is_problem(person.ask("DELETE", "/session", X_CSRF_Token=wrong), 403, "X-CSRF-Token")
            is_problem(person.ask("POST", "/ioc/search", ["1.2.3.4"], X_CSRF_Token=wrong), 403, "X-CSRF-Token")
        assert person.ask("POST", "/ioc/search", ["1.2.3.4"])[0] == 200
        # No page of another site, reading or not.
        for more in ({"Origin": "https://evil.example"}, {"Origin": "null"}, {"Sec_Fetch_Site": "cross-site"}, {"Sec_Fetch_Site": "same-site"}):
            is_problem(person.ask("POST", "/tokens", new, **more), 403, "another site")
            is_problem(person.ask("GET", "/status", **more), 403, "another site")
            is_problem(Person(api).ask("POST", "/session", {"name": "root", "password": PASSWORD}, **more), 403, "another site")
        is_problem(person.ask("POST", "/tokens", new, Content_Type="text/plain"), 415)
        is_problem(Person(api).ask("POST", "/session", {"name": "root", "password": PASSWORD}, Content_Type="text/plain"), 415)
        # Where there is an Authorization header, it alone counts.
        viewer = f"Bearer {api.tokens['viewer']}"
        is_problem(person.ask("GET", "/users", Authorization=viewer), 403, "token the-viewer", "admin")
        is_problem(person.ask("GET", "/status", Authorization="Bearer x"), 401)
        is_problem(person.ask("GET", "/status", Authorization=""), 401)
        assert person.ask("GET", "/status", Authorization=viewer)[0] == 200
        assert Person(api, "vera").ask("POST", "/tokens", new, Authorization=f"Bearer {api.tokens['admin']}", X_CSRF_Token=None)[0] == 201
        # Cookies that are none, and two of the name.
        for wrong in ("pugmark_session=", "pugmark_session=x", f"pugmark_session={'0' * 64}", person.cookie.upper(), f"__Host-{person.cookie}",
                      f"{person.cookie}; {other.cookie}", person.cookie + "0"):
            is_problem(person.ask("GET", "/status", Cookie=wrong), 401)
        assert person.ask("GET", "/status", Cookie=f"theme=dark; {person.cookie}; x=y")[0] == 200
        said = json.loads(api.ask("GET", "/api/v1/session", role="analyst")[2])
        assert said == {"name": "token the-analyst", "role": "analyst", "csrf": None, "expires": None, "must_change": False}
        is_problem(api.ask("DELETE", "/api/v1/session", role="viewer"), 400, "token")
        is_problem(api.ask("POST", "/api/v1/session/password", "{}", role="viewer"), 400, "token")


def test_a_session_ends_with_what_it_rests_on(folder):
    one = start(folder, ("root", "admin"), ("ann", "analyst"))
    with Api(one) as api:
        root = Person(api, "root")

        def change(what, name="ann", expect=200):
            status, _, said = root.ask("PATCH", f"/users/{name}", what)
            assert status == expect, said
            return json.loads(said)

        # A sign-in has a new id, and ends the session that was there.
        ann = Person(api, "ann")
        before = ann.cookie
        assert ann.sign_in("ann")[0] == 200 and ann.cookie != before
        assert ann.ask("GET", "/status", Cookie=before)[0] == 401
        # Signing out: at once, and the cookie goes.
        cookie = ann.cookie
        status, headers, body = ann.ask("DELETE", "/session")
        assert status == 204 and body == b"" and "Max-Age=0" in headers["Set-Cookie"], headers
        assert ann.ask("GET", "/status", Cookie=cookie)[0] == 401
        # A password of one's own: the other sessions end, this one goes on.
        here, there = Person(api, "ann"), Person(api, "ann")
        assert here.new_password(PASSWORD, "another long one")[0] == 200
        assert here.status() == 200 and there.status() == 401
        # The admin's changes count at once: another role, a password, disabled, gone.
        assert change({"role": "viewer"})["role"] == "viewer" and here.status() == 200
        is_problem(here.ask("POST", "/alerts/abcdef/ack", {}), 403, "viewer", "analyst")
        said = change({"password": "given by an admin"})
        assert said["must_change"] is True and "password" not in said and here.status() == 401
        assert json.loads(Person(api).sign_in("ann", "given by an admin")[2])["must_change"] is True
        made = change({"reset_password": True})["password"]
        here = Person(api, "ann", made)
        assert here.new_password(made, PASSWORD)[0] == 200 and here.status() == 200
        assert change({"disabled": True})["disabled"] is True and here.status() == 401
        assert Person(api).sign_in("ann")[0] == 401
        assert change({"disabled": False})["disabled"] is False and here.status() == 401
        here = Person(api, "ann")
        assert root.ask("DELETE", "/users/ann")[0] == 204
        assert here.status() == 401 and Person(api).sign_in("ann")[0] == 401
        is_problem(root.ask("DELETE", "/users/ann"), 404)
        is_problem(root.ask("PATCH", "/users/ann", {"role": "viewer"}), 404)
        # So do those of the command line, within a second.
        for words in (("disable", "bob"), ("passwd", "bob"), ("remove", "bob")):
            one.run("user", "remove", "bob")
            assert one.run("user", "add", "bob", "--role", "viewer", "--password-file", "-", stdin=typed(folder, PASSWORD.encode())).status == 0
            bob = Person(api, "bob")
            assert bob.status() == 200
            assert one.run("user", *words).status == 0
            time.sleep(1.2)
            assert bob.status() == 401, words
        # The last admin stays.
        assert root.ask("POST", "/users", {"name": "second", "role": "admin"})[0] == 201
        change({"disabled": True}, "second")
        for what in ({"role": "viewer"}, {"disabled": True}):
            assert "last admin" in change(what, "root", 400)["detail"]
        is_problem(root.ask("DELETE", "/users/root"), 400, "last admin")
        assert one.run("user", "disable", "root").status == 2
        change({"disabled": False}, "second")
        assert root.ask("DELETE", "/users/root")[0] == 204 and root.status() == 401


def test_a_session_that_is_not_used_ends(folder):
    one = start(folder, ("root", "admin"))
    with Api(one) as api:
        person = Person(api, "root")
        cookie = person.cookie
    now = int(time.time() * 1e6)
    hour = 3600 * 10**6
    # Used each eleven hours it lives, but seven days at most; with twelve between, it does not.
    for after, good in ((11, True), (22, True), (33, True), (46, False), (44, True), (12 * 24, False)):
        with Clock(one, now + after * hour) as api:
            is_good = api.ask("GET", "/api/v1/status", role=None, Cookie=cookie)[0] == 200
            assert is_good == good, after
            time.sleep(0.3)
    used = now
    for day in range(1, 16):
        with Clock(one, used + 11 * hour) as api:
            is_good = api.ask("GET", "/api/v1/status", role=None, Cookie=cookie)[0] == 200
            used += 11 * hour
            if not is_good:
                break
    assert 6.5 * 24 * hour < used - now < 7.5 * 24 * hour, (used - now) / hour


class Clock(Api):
    """The same at another time."""

    def __init__(self, one, now):
        super().__init__(one, names=f"at-{now}-{time.monotonic_ns()}")
        self.now = now

    def __enter__(self):
        os.environ["PUGMARK_NOW"] = str(self.now)
        try:
            return super().__enter__()
        finally:
            del os.environ["PUGMARK_NOW"]


# ---- users and tokens ------------------------------------------------------------------------------


def test_admins_make_users_and_tokens(folder):
    one = start(folder, ("root", "admin"), ("vera", "viewer"))
    with Api(one) as api:
        root = Person(api, "root")
        status, _, said = root.ask("POST", "/users", {"name": "ann", "role": "analyst"})
        said = json.loads(said)
        assert status == 201 and re.fullmatch(r"[A-Z2-9]{4}(-[A-Z2-9]{4}){3}", said["password"]) and said["must_change"] is True, said
        assert "password" not in json.dumps(root.get("/users"))
        assert json.loads(Person(api).sign_in("ann", said["password"])[2])["must_change"] is True
        status, _, said = root.ask("POST", "/users", {"name": "bob", "role": "viewer", "password": PASSWORD})
        assert status == 201 and "password" not in json.loads(said), said
        for wrong, word in (({}, "name"), ({"name": "x"}, "role"), ({"name": "x", "role": "god"}, "viewer, analyst or admin"),
                            ({"name": "Bad Name", "role": "viewer"}, "name"), ({"name": "../x", "role": "viewer"}, "name"),
                            ({"name": "bob", "role": "viewer"}, "already"), ({"name": "x", "role": 1}, "role"),
                            ({"name": "x", "role": "viewer", "password": "short"}, "password"), ({"name": "x", "role": "viewer", "password": 7}, "password")):
            is_problem(root.ask("POST", "/users", wrong), 400, word)
        for wrong in ({}, {"disabled": "yes"}, {"role": "god"}, {"password": "short"}, {"password": PASSWORD, "reset_password": True}):
            is_problem(root.ask("PATCH", "/users/bob", wrong), 400)
        is_problem(root.ask("PATCH", "/users/root", {"password": "one of my own now"}), 400, "session/password")
        status, _, said = root.ask("POST", "/tokens", {"name": "ci", "role": "viewer", "expires": "90d"})
        made = json.loads(said)
        assert status == 201 and re.fullmatch(r"pugmark_[0-9a-f]{64}", made["token"]) and made["expires_at"], made
        assert api.ask("GET", "/api/v1/status", role=None, Authorization=f"Bearer {made['token']}")[0] == 200
        listed = {t["name"]: t for t in root.get("/tokens")["tokens"]}
        assert listed["ci"]["state"] == "good" and made["token"] not in json.dumps(listed)
        assert root.get("/tokens") == json.loads(one.run("token", "--json").out)
        assert root.get("/users") == json.loads(one.run("user", "--json").out)
        for wrong in ({}, {"name": "ci", "role": "viewer"}, {"name": "y", "role": "viewer", "expires": "soon"}, {"name": "y"}):
            is_problem(root.ask("POST", "/tokens", wrong), 400)
        assert root.ask("DELETE", "/tokens/ci")[0] == 204
        assert api.ask("GET", "/api/v1/status", role=None, Authorization=f"Bearer {made['token']}")[0] == 401
        is_problem(root.ask("DELETE", "/tokens/ci"), 404, "no token ci")
        vera = Person(api, "vera")
        for method, path in (("GET", "/users"), ("POST", "/users"), ("PATCH", "/users/vera"), ("DELETE", "/users/vera"), ("GET", "/tokens"),
                             ("POST", "/tokens"), ("DELETE", "/tokens/x"), ("GET", "/audit")):
            is_problem(vera.ask(method, path, {} if method in ("POST", "PATCH") else None), 403, "vera has the role viewer")
        waits_for(lambda: sum(a["who"] == "vera" and a["what"] == "refused" for a in acts(one)) == 8)
        done = {(a["who"], a["what"], a["target"]) for a in acts(one) if a["result"] == "done" and a["from"] == "127.0.0.1"}
        for what in (("root", "user add", "ann"), ("root", "token add", "ci"), ("root", "token remove", "ci"), ("vera", "session begin", "vera")):
            assert what in done, done
        api.ask("POST", "/api/v1/users", json.dumps({"name": "by-token", "role": "viewer"}))
        assert ("token the-admin", "user add", "by-token") in {(a["who"], a["what"], a["target"]) for a in acts(one)}


def test_users_on_the_command_line(folder):
    one = start(folder)
    made = one.run("user", "add", "ann", "--role", "admin")
    assert made.status == 0 and re.fullmatch(rb"[A-Z2-9]{4}(-[A-Z2-9]{4}){3}\n", made.out) and "never again" in made.err, made
    secret = write(os.path.join(folder, "secret"), PASSWORD.encode())
    assert one.run("user", "add", "bob", "--role", "viewer", "--password-file", secret).status == 0
    assert one.run("user", "passwd", "bob", "--password-file", "-", stdin=typed(folder, b"over standard input\n")).status == 0
    assert one.run("user", "role", "bob", "--role", "analyst").status == 0
    made = json.loads(one.run("user", "passwd", "ann", "--json").out)
    assert made["must_change"] is True and made["password"]
    assert one.run("user", "disable", "bob").status == 0 and b"disabled" in one.run("user").out
    assert one.run("user", "enable", "bob").status == 0
    for words, status, word in ((("add", "x"), 2, "--role"), (("add", "x", "--role", "king"), 2, "--role"), (("add", "--role", "viewer"), 2, "NAME"),
                                (("add", "A B", "--role", "viewer"), 2, "name"), (("add", "bob", "--role", "viewer"), 2, "already"), (("nonsense",), 2, "passwd"),
                                (("list", "x"), 2, "no words"), (("remove", "nobody"), 1, "no user"), (("disable", "nobody"), 1, "no user"),
                                (("remove", "ann"), 2, "last admin"), (("add", "y", "--role", "viewer", "--password-file", "/nonexistent"), 2, "password-file")):
        result = one.run("user", *words)
        assert result.status == status and word in result.err, (words, result)
    short = write(os.path.join(folder, "short"), b"short")
    result = one.run("user", "add", "y", "--role", "viewer", "--password-file", short)
    assert result.status == 2 and "12" in result.err and "short" not in result.err.replace("too short", ""), result
    # Asked on a terminal, it is not shown.
    pid, fd = pty.fork()
    if pid == 0:
        os.execv(lake.PUGMARK, [lake.PUGMARK, "user", "add", "typed", "--role", "viewer", "--password-file", "-", "--data", one.data])
    shown = b""
    for question in (b"not shown", b"Once more"):
        while question not in shown:
            shown += os.read(fd, 1000)
        os.write(fd, b"typed on a terminal\n")
    with contextlib.suppress(OSError):
        while part := os.read(fd, 1000):
            shown += part
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0 and b"typed on" not in shown, shown
    os.close(fd)
    assert one.run("user", "remove", "bob").status == 0
    with Api(one) as api:
        assert "one-time" not in api.said()
        assert Person(api, "typed", "typed on a terminal").status() == 200
    whats = [(a["what"], a["target"]) for a in reversed(acts(one)) if a["from"] == "command line" and a["what"].startswith("user")]
    assert whats == [("user add", "ann"), ("user add", "bob"), ("user password", "bob"), ("user role analyst", "bob"), ("user password", "ann"),
                     ("user disable", "bob"), ("user enable", "bob"), ("user add", "typed"), ("user remove", "bob")], whats


def test_no_help_has_a_hole(folder):
    one = Lake(folder)
    for name in one.run("help", "--list").out.decode().split():
        assert b"(null)" not in one.run("help", name).out, name


# ---- tries -----------------------------------------------------------------------------------------


@slow
def ticks(pid):
    """What a process has worked, in hundredths of a second."""
    with open(f"/proc/{pid}/stat", encoding="ascii") as file:
        return sum(int(word) for word in file.read().rsplit(")", 1)[1].split()[11:13])


def test_tries_are_few(folder):
    one = start(folder, ("root", "admin"), ("ann", "viewer"))
    with Api(one) as api:
        def wrong(name):
            return Person(api).ask("POST", "/session", {"name": name, "password": "not the password"})

        took = {}
        for name in ("root", "nobody", "root", "nobody"):
            began = ticks(api.process.pid)  # not the clock's: others work on this machine too
            said = is_problem(wrong(name), 401)
            took.setdefault(name, []).append(ticks(api.process.pid) - began)
            took.setdefault("said", set()).add(said["detail"])
        assert len(took.pop("said")) == 1, "it tells which names there are"
        assert min(took["nobody"]) > min(took["root"]) / 2, took
        for _ in range(8):
            is_problem(wrong("root"), 401)
        answer = wrong("root")
        is_problem(answer, 429, "wait")
        assert 1 <= int(answer[1]["Retry-After"]) <= 60, answer[1]
        assert Person(api).sign_in("root")[0] == 429, "the right one tells nothing either"
        # Others sign in, as often as they like; and an address that tries many names is slowed down too.
        for _ in range(12):
            Person(api, "ann")
        for i in range(40):
            answer = wrong(f"name-{i}")
            if answer[0] == 429:
                break
        assert 10 <= i <= 25 and 1 <= int(answer[1]["Retry-After"]) <= 10, (i, answer)
        is_problem(Person(api).sign_in("ann"), 429)
        # A token is not slowed down.
        assert api.ask("GET", "/api/v1/status", role="viewer")[0] == 200
        waits_for(lambda: any(a["result"] == "refused: too many tries to sign in" for a in acts(one)))
        rows = [a for a in acts(one) if a["what"] == "refused"]
        assert {a["who"] for a in rows} == {"root", "nobody"} and "name-0" not in json.dumps(rows), rows


@slow
def test_refusals_do_not_flood_the_audit_log(folder):
    one = start(folder, ("root", "admin"))
    with Api(one) as api:
        for _ in range(400):
            assert api.ask("GET", "/api/v1/audit", role="viewer")[0] == 403
        time.sleep(11)
        assert api.ask("GET", "/api/v1/audit", role="viewer")[0] == 403
        waits_for(lambda: any(a["who"] == "many" for a in acts(one)))
    rows = [a for a in acts(one) if a["what"] == "refused"]
    assert 20 <= sum(a["who"] == "token the-viewer" for a in rows) <= 110, len(rows)
    more = sum(int(re.search(r"\d+", a["result"]).group()) for a in rows if a["who"] == "many")
    assert more + sum(a["who"] == "token the-viewer" for a in rows) == 401, rows[:3]


@slow
def test_many_who_sign_in_at_once_harm_nobody(folder):
    one = start(folder, ("root", "admin"))
    with Api(one) as api:
        Person(api, "root")
        before, got = lake_memory(api.process.pid), []

        def sign_in():
            got.append(Person(api).sign_in("root")[0])

        threads = [threading.Thread(target=sign_in) for _ in range(60)]
        for thread in threads:
            thread.start()
        worst = most = 0
        while any(thread.is_alive() for thread in threads):
            began = time.monotonic()
            assert api.ask("GET", "/api/v1/status")[0] == 200
            worst, most = max(worst, time.monotonic() - began), max(most, lake_memory(api.process.pid))
            time.sleep(0.05)
        assert set(got) <= {200, 429, 503} and got.count(200) >= 5 and 503 in got, got
        assert lake.SANITIZED or (worst < 3 and most - before < 100), (worst, before, most)


def lake_memory(pid):
    """Megabytes resident."""
    with open(f"/proc/{pid}/status", encoding="ascii") as file:
        return int(re.search(r"VmRSS:\s+(\d+)", file.read()).group(1)) // 1024


# ---- TLS, addresses, connections ---------------------------------------------------------------------


def certificate(folder, name="one"):
    cert, key = os.path.join(folder, f"{name}.crt"), os.path.join(folder, f"{name}.key")
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", key, "-out", cert,
                    "-days", "2", "-subj", f"/CN={name}", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"],
                   check=True, capture_output=True)
    os.chmod(key, 0o600)
    return cert, key


class TlsApi(Api):
    scheme = "https"

    def trust(self, cert):
        self.context = ssl.create_default_context(cafile=cert)
        return self

    def link(self, timeout):
        return http.client.HTTPSConnection("127.0.0.1", self.port, timeout=timeout, context=self.context)

    def peer(self):
        with socket.create_connection(("127.0.0.1", self.port), timeout=10) as plain:
            with self.context.wrap_socket(plain, server_hostname="127.0.0.1") as link:
                return link.getpeercert()["subject"][0][0][1], link.version()


def test_over_tls(folder):
    one = start(folder, ("root", "admin"))
    cert, key = certificate(folder)
    with TlsApi(one, "--tls-cert", cert, "--tls-key", key).trust(cert) as api:
        assert api.peer() == ("one", "TLSv1.3")
        person = Person(api)
        status, headers, _ = person.sign_in("root")
        assert status == 200 and headers["Strict-Transport-Security"] == "max-age=31536000"
        assert re.fullmatch(r"__Host-pugmark_session=[0-9a-f]{64}; Path=/; Max-Age=604800; HttpOnly; SameSite=Strict; Secure", headers["Set-Cookie"])
        assert person.status() == 200
        assert person.ask("GET", "/status", Cookie=person.cookie.replace("__Host-", ""))[0] == 401
        _, headers, _ = person.ask("GET", "/status", Host=f"localhost:{api.port}")
        assert "Strict-Transport-Security" not in headers, "localhost is the name of other servers too"
        assert len(person.get("/audit?limit=1000")["acts"]) >= 4
        # TLS 1.2 is taken, with keys that are forgotten; nothing older, and nothing in the clear.
        context = ssl.create_default_context(cafile=cert)
        context.maximum_version = ssl.TLSVersion.TLSv1_2
        api.context = context
        assert api.peer()[1] == "TLSv1.2"
        for ciphers in ("AES128-GCM-SHA256", "ECDHE-ECDSA-AES128-SHA256"):
            context = ssl.create_default_context(cafile=cert)
            context.maximum_version = ssl.TLSVersion.TLSv1_2
            context.set_ciphers(ciphers)
            api.context = context
            refused(api)
        context = ssl._create_unverified_context()
        context.set_ciphers("ALL:@SECLEVEL=0")
        context.minimum_version = ssl.TLSVersion.TLSv1
        context.maximum_version = ssl.TLSVersion.TLSv1_1
        api.context = context
        refused(api)
        assert b"200" not in api.raw(f"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1:{api.port}\r\n\r\n".encode(), timeout=5)[:20]
        # Another certificate is taken without a restart; one that does not fit is not.
        api.trust(cert)
        other, other_key = certificate(folder, "two")
        os.replace(other, cert)
        waits_for(lambda: "is not taken" in api.said(), 10)
        os.replace(other_key, key)
        waits_for(lambda: "was read anew" in api.said(), 10)
        api.trust(cert)
        assert api.peer()[0] == "two"
    assert "://127.0.0.1" in api.said() and "https://" in api.said()


def refused(api):
    try:
        api.peer()
    except (ssl.SSLError, ConnectionError, TimeoutError):
        return
    raise AssertionError("it was taken")


def test_files_of_tls_that_are_wrong(folder):
    one = start(folder, ("root", "admin"))
    cert, key = certificate(folder)
    other = certificate(folder, "other")[1]
    lax = certificate(folder, "lax")
    os.chmod(lax[1], 0o644)
    for command in ("http", "serve"):
        for words, word in ((("--tls-cert", cert), "go together"), (("--tls-key", key), "go together"),
                            (("--tls-cert", *lax[:1], "--tls-key", lax[1]), "others may read"), (("--tls-cert", cert, "--tls-key", other), "tls-key"),
                            (("--tls-cert", key, "--tls-key", key), "tls-cert"), (("--tls-cert", "/nonexistent", "--tls-key", key), "nonexistent")):
            result = one.run(command, "--listen", "127.0.0.1:0", *words, timeout=20)
            assert result.status in (1, 2) and word in result.err, (words, result)


def test_other_machines_need_tls(folder):
    one = start(folder, ("root", "admin"))
    for command in ("http", "serve"):
        for address in ("0.0.0.0:0", "[::]:0", "192.0.2.1:0"):
            result = one.run(command, "--listen", address, timeout=20)
            assert result.status == 2 and "--tls-cert" in result.err and "--insecure" in result.err, result
    with Api(one, "--listen", "0.0.0.0:0", "--host", "localhost", "--insecure", url=r"http://localhost:(\d+)/") as api:
        assert "in the clear" in api.said()
        assert api.ask("GET", "/healthz", role=None, Host="localhost")[0] == 200


def test_an_address_has_so_many_connections(folder):
    one = start(folder, ("root", "admin"))
    with Api(one, "--connections-per-address", "5") as api:
        links = [socket.create_connection(("127.0.0.1", api.port), timeout=10) for _ in range(5)]
        try:
            time.sleep(0.3)
            with socket.create_connection(("127.0.0.1", api.port), timeout=10) as more:
                with contextlib.suppress(ConnectionError):
                    more.sendall(f"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1:{api.port}\r\n\r\n".encode())
                    assert more.recv(100) == b""
            links.pop().close()
            time.sleep(0.3)
            assert api.ask("GET", "/healthz", role=None)[0] == 200
        finally:
            for link in links:
                link.close()
