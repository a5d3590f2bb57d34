# SPDX-License-Identifier: Apache-2.0
"""The page in a real Chromium: what people do with it, from the first run to a closed alert (tests/page/). Pictures of it all are kept in
build/screenshots."""
import datetime
import json
import os
import re
import subprocess

import lake
from collect_lake import Service, wait_for
from http_tests import Api
from lake import Lake, joined, write

SLOW = True  # not in make quick

SHOTS = os.path.join(lake.ROOT, "build", "screenshots")
PASSWORD = "a password for tests"
HOSTILE = ["<img id=planted src=x onerror=alert(1)>", "<script id=planted>alert(1)</script>", "\"><svg id=planted onload=alert(1)>",
           "'-alert(1)-'", "javascript:alert(1)", "</script><script>alert(1)</script>", "{{constructor.constructor('alert(1)')()}}",
           "${alert(1)}", "<iframe id=planted srcdoc='<script>parent.hit.push(1)</script>'>", "\u202egnp.exe", "\u200b\u200d\ufeff", "\x1b]0;x\x07\x1b[31m",
           "a\u0000b", "\ud800", "=cmd|' /C calc'!A0", "%3Cscript%3E", "data:text/html,<script>alert(1)</script>", "\\u003cscript\\u003e",
           "A" * 3000, "é" * 300 + "<b id=planted>", "]]><planted/>", "../../../../etc/passwd", "' OR 1=1 --", "__proto__", "constructor",
           "<math><mi id=planted xlink:href='javascript:alert(1)'>", "\u2028alert(1)\u2029", "&lt;script&gt;", "<style>*{display:none}</style>"]


def journey(which, **known):
    os.makedirs(SHOTS, exist_ok=True)
    done = subprocess.run(["node", os.path.join(lake.ROOT, "tests", "page", "run.mjs"), which], stdin=subprocess.DEVNULL, capture_output=True,
                          text=True, timeout=220, env=dict(os.environ, JOURNEY=json.dumps({**known, "shots": SHOTS})), check=False)
    assert done.returncode == 0, f"{which}: {done.stderr[-3000:] or done.stdout[-3000:]}"


def count(one, query, *more):
    return json.loads(one.run("search", "--json", "--count", "--limit", "1", *more, query).out)["matched"]


def settle(one, folder, events, tables):
    """Fills a lake with the last four weeks of some products."""
    start = (datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(days=27)).strftime("%Y-%m-%d")
    for table in tables:
        path = os.path.join(folder, table + ".ndjson")
        made = lake.run([lake.GENERATE, "--table", table, "--start", start, "--past", "--events", str(events), "-o", path])
        assert made.status == 0, made.err
        one.load("--table", table, path)


class House(Api):
    """`pugmark http` over four weeks of products, and anna, who may do all."""

    def __init__(self, folder, events=int(os.environ.get("PAGE_EVENTS", "3000")), one=None, tables=("jira", "confluence", "bitbucket")):
        one = one or Lake(folder)
        settle(one, folder, events, tables)
        write(os.path.join(folder, "password"), PASSWORD.encode() + b"\n")
        os.chmod(os.path.join(folder, "password"), 0o600)
        made = one.run("user", "add", "anna", "--role", "admin", "--password-file", os.path.join(folder, "password"))
        assert made.status == 0, made.err
        super().__init__(one)

    def journey(self, which, **known):
        journey(which, **{"url": f"http://127.0.0.1:{self.port}", "name": "anna", "password": PASSWORD, **known})

    def known(self):
        """What the journeys find again: everything, an actor's events, an address's."""
        actor, ip = "grace.andersson", "10.20.5.2"
        found = {"events": count(self.one, ""), "actor": actor, "ofActor": count(self.one, f"actor:{actor}"), "ip": ip,
                 "ofIp": count(self.one, f"ip:{ip}")}
        assert found["ofActor"] > 10 and found["ofIp"] > 10, found
        return found


def of_house(name):
    def test(folder):
        with House(folder) as house:
            house.journey(name, **house.known())
    return test


test_somebody_searches = of_house("search")
test_an_event_is_looked_at_by_keys = of_house("event")
test_somebody_asks_in_sql_and_takes_files_away = of_house("sql")
test_the_first_screen_counts_what_there_is = of_house("overview")
test_alerts_are_worked_through = of_house("triage")
test_many_alerts_are_acknowledged_at_once = of_house("many")
test_rules_are_looked_at_tried_and_tuned = of_house("rules")
test_an_entity_on_one_page = of_house("entity")
test_a_report_is_pasted = of_house("ioc")
test_users_tokens_and_their_roles = of_house("users")
test_every_view_in_light_has_nothing_serious_wrong = of_house("light")
test_every_view_in_dark_has_nothing_serious_wrong = lake.long(of_house("dark"))
test_every_view_fits_a_phone_in_the_dark_too = of_house("phone")
for _name, _test in list(globals().items()):
    if _name.startswith("test_") and callable(_test):
        _test.__module__ = __name__


def test_the_first_run_until_the_first_event(folder):
    """Nothing is there; a password is printed once; Jira is connected in the page, and its events are found in it."""
    with Service(folder, events="200") as service:
        one = Lake(folder)
        log = os.path.join(folder, "serve.log")
        with open(log, "wb") as out:
            process = subprocess.Popen([lake.PUGMARK, "serve", "--data", one.data, "--listen", "127.0.0.1:0"], stderr=out,
                                       stdout=subprocess.DEVNULL, env={**os.environ, **service.env, "PUGMARK_DATA": "/nonexistent"})
        try:
            said = lambda: open(log, encoding="utf-8").read()  # noqa: E731
            wait_for(lambda: "one-time password" in said(), 30)
            url, once = re.search(r"open (http://127\.0\.0\.1:\d+)/ and sign in as admin with the one-time password (\S+)", said()).groups()
            with open(service.token("classic"), encoding="ascii") as file:
                token = file.read().strip()
            journey("first_run", url=url, once=once, domain="acme.atlassian.net", mail=service.ready["mail"], token=token, ca=service.ca)
            assert token not in said() and once not in said().replace(f"one-time password {once}", "", 1)
        finally:
            process.terminate()
            process.wait(30)


def test_hostile_text_in_every_field_stays_text(folder):
    def planted(value, text):
        if isinstance(value, dict):
            return {k: planted(v, text) for k, v in value.items()}
        if isinstance(value, list):
            return [planted(v, text) for v in value]
        return text if isinstance(value, str) else value
    with House(folder, 200) as house:
        for table, stays in (("bitbucket", ("timestamp",)), ("jira", ("id", "created")), ("confluence", ("creationDate",))):
            with open(os.path.join(lake.ROOT, "tests", "data", f"sample-{table}.ndjson"), encoding="utf-8") as file:
                event = json.loads(file.readline())
            lines = []
            for n, text in enumerate(HOSTILE):
                odd = {**planted(event, text), **{k: event[k] for k in stays if k in event}}
                if isinstance(odd.get("id"), int):
                    odd["id"] = 10 ** 8 + n
                lines.append(json.dumps(odd).encode())
            house.one.load("--table", table, write(os.path.join(folder, f"odd-{table}"), joined(lines)))
        # A watchlist and a saved search with such names and values, and alerts of them.
        house.one.run("ioc", "add", "odd-list", "--level", "high", "--kind", "user", HOSTILE[0])
        house.journey("hostile", odd=3 * len(HOSTILE), values=HOSTILE[:6] + ["\u202egnp.exe", "=cmd|' /C calc'!A0", "__proto__", "' OR 1=1 --"])
