# SPDX-License-Identifier: Apache-2.0
"""Tests of the stand-in's faults, rates, clock and control port; run by atlassian_test.py."""
import email.utils
import http.client
import json
import os
import re
import time
import urllib.parse
import zlib

from atlassian_client import StandIn
from atlassian_api_tests import (DC, JIRA, WIKI, equal, gateway, hashes, iso, jira, options, org,
                                 wanted)


def fails(s, *errors, **query):
    try:
        answer = s.ask(JIRA, "classic", **query)
        answer.json()
    except errors:
        return
    raise AssertionError(f"no {errors} but {answer.status} and {len(answer.body)} bytes")


# --- Answers ------------------------------------------------------------------------------------

def test_status_for_so_many_requests(s):
    for status in (401, 403, 404, 429, 500, 502, 503, 504):
        s.fault("status", status=status, times=2, skip=1)
        equal([s.ask(JIRA, "classic").status for _ in range(4)], [200, status, status, 200])
        s.no_faults()


def test_rules_aim(s):
    s.fault("status", status=500, source="confluence")
    s.fault("status", status=502, path="limit=77")
    s.fault("status", status=503, source="jira", page="later", label="late")
    equal(s.ask(WIKI, "classic").status, 500)
    equal(s.ask(JIRA, "classic", limit=77).status, 502)
    equal(s.ask(JIRA, "classic").status, 200)
    equal(s.ask(JIRA, "classic", offset=5).status, 503)
    equal(s.ask("/_edge/tenant_info").status, 200)
    s.control("DELETE", "faults", label="late")
    equal(s.ask(JIRA, "classic", offset=5).status, 200)
    equal([r["met"] for r in s.control("GET", "state")["faults"]], [1, 1])
    s.no_faults()
    equal(s.ask(WIKI, "classic").status, 200)


def test_probability_follows_the_seed(s):
    def series():
        s.control("DELETE", "faults")
        s.fault("status", status=500, probability=0.3)
        return [s.ask(JIRA, "classic", limit=1).status for _ in range(40)]
    first = series()
    assert 4 <= first.count(500) <= 22, first
    with StandIn("--seed", "7", "--http", "--events", "jira=5") as again:
        again.fault("status", status=500, probability=0.3)
        equal([again.ask(JIRA, "classic", limit=1).status for _ in range(40)], first)


def test_retry_after_in_all_forms(s):
    for given in ("3", "0", "-5", "999999999999", "1.5", "soon", ""):
        s.fault("status", status=429, retry_after=given, times=1)
        equal(s.ask(JIRA, "classic").headers["Retry-After"], given)
    s.fault("status", status=503, retry_after="date:30", times=1)
    answer = s.ask(JIRA, "classic")
    ahead = email.utils.parsedate_to_datetime(answer.headers["Retry-After"]).timestamp() - \
        email.utils.parsedate_to_datetime(answer.headers["Date"]).timestamp()
    assert 29 <= ahead <= 31, ahead
    s.fault("status", status=429, times=1)
    assert "Retry-After" not in s.ask(JIRA, "classic").headers


def test_rate_headers_in_all_forms(s):
    def ask(form):
        s.fault("status", status=429, rate_headers=form, reset_ms=90_000, times=1)
        return s.ask(JIRA, "classic").headers
    modern = ask("modern")
    equal((modern["RateLimit-Reason"], modern["X-RateLimit-Remaining"]), ("jira-burst-based", "0"))
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\dZ", modern["X-RateLimit-Reset"])
    beta = ask("beta")
    equal((beta["X-Beta-RateLimit-Reason"], beta["X-Beta-RateLimit-NearLimit"]),
          ("jira-quota-tenant-based", "true"))
    assert beta["Beta-RateLimit"].startswith('"tenant-app-quota";r=0;t=')
    assert "w=3600" in beta["Beta-RateLimit-Policy"] and "X-RateLimit-Limit" not in beta
    equal(ask("dc")["X-RateLimit-Interval-Seconds"], "60")
    s.set(rate_headers="both")
    good = s.ask(JIRA, "classic").headers
    assert int(good["X-RateLimit-Remaining"]) > 0 and "X-Beta-RateLimit-Limit" in good


def test_counted_rates(s):
    s.set(burst_per_second=3, rate_headers="modern")
    answers = [s.ask(JIRA, "classic", limit=1) for _ in range(6)]
    assert 429 in [a.status for a in answers], [a.status for a in answers]
    limited = next(a for a in answers if a.status == 429)
    equal((limited.headers["Retry-After"], limited.headers["RateLimit-Reason"]),
          ("1", "jira-burst-based"))
    s.set(burst_per_second=0, oauth_points_per_hour=2)
    path = gateway(s)
    equal([s.ask(path, "oauth", port="api", limit=1).status for _ in range(3)], [200, 200, 429])
    equal([s.ask(path, "scoped", port="api", limit=1).status for _ in range(3)], [200] * 3)
    s.set(dc_rate=2)
    answers = [s.ask(DC, "pat", port="jira-dc", limit=1) for _ in range(3)]
    equal([a.status for a in answers], [200, 200, 429])
    equal([a.headers["X-RateLimit-Remaining"] for a in answers], ["1", "0", "0"])
    assert int(answers[2].headers["retry-after"]) > 30


def test_html_json_error_redirect(s):
    s.fault("html", times=1)
    page = s.ask(JIRA, "classic")
    equal((page.status, page.headers["Content-Type"]), (200, "text/html"))
    s.fault("html", times=1, type="application/json")
    fails(s, json.JSONDecodeError)
    s.fault("error_json", times=1)
    equal("errorMessages" in jira(s), True)
    s.fault("redirect", times=1)
    away = s.ask(JIRA, "classic")
    equal((away.status, urllib.parse.urlsplit(away.headers["Location"]).hostname),
          (302, "id.atlassian.com"))
    s.fault("empty", times=3)
    equal(jira(s)["records"], [])
    equal(s.ask(WIKI, "classic").json()["results"], [])
    page = s.ask(DC, "pat", port="jira-dc").json()
    equal((page["entities"], page["pagingInfo"]["lastPage"]), ([], True))


def test_token_expires_between_pages(s):
    s.fault("expire", page="later", times=1)
    equal([s.ask(JIRA, "classic", offset=o).status for o in (0, 1000, 2000)], [200, 401, 401])
    s.control("POST", "tokens", {"kind": "classic", "revoked": False, "requests_left": 2})
    equal([s.ask(JIRA, "classic").status for _ in range(3)], [200, 200, 401])
    now = s.control("GET", "state")["now"]
    s.control("POST", "tokens", {"kind": "pat", "expires_at": now + 60_000})
    equal(s.ask(DC, "pat", port="jira-dc").status, 200)
    s.control("POST", "clock", {"advance_ms": 60_000})
    equal(s.ask(DC, "pat", port="jira-dc").status, 401)
    assert len({len(t) for t in s.tokens.values()}) > 3 and max(map(len, s.tokens.values())) > 150
    s.control("POST", "tokens", {"kind": "classic", "requests_left": None, "mail": "x@example.com"})
    equal(s.ask(JIRA, "classic").status, 401)


# --- Bytes --------------------------------------------------------------------------------------

def test_cuts(s):
    for given in ({"at": 0}, {"at": 100}, {"share": 0.5}, {"share": 0.5, "how": "reset"}):
        s.fault("cut", times=1, **given)
        fails(s, http.client.HTTPException, OSError)
    s.fault("cut", times=1, at=-20)
    fails(s, json.JSONDecodeError)  # http.client takes the end for that of the headers
    s.fault("chunked", on=True, times=1)
    s.fault("cut", share=0.7, times=1)
    fails(s, http.client.HTTPException, OSError, zlib.error)
    for how in ("close", "reset"):
        s.fault("close", how=how, times=1)
        fails(s, http.client.HTTPException, OSError)
    equal(jira(s)["total"], 2500)


def test_slow_and_hanging(s):
    s.fault("slow", bytes_per_second=20_000, times=1)
    began = time.monotonic()
    size = len(s.ask(JIRA, "classic", limit=20).body)
    assert time.monotonic() - began > 0.7 * size / 20_000, size
    s.fault("hang", seconds=0.5, times=1)
    began = time.monotonic()
    equal(jira(s, limit=1)["total"], 2500)
    assert time.monotonic() - began > 0.5


def test_what_http_forbids(s):
    s.fault("bad_chunk", times=1)
    fails(s, http.client.HTTPException, ValueError)
    s.fault("short_length", bytes=50, times=1)
    fails(s, json.JSONDecodeError)
    s.fault("bad_gzip", times=1)
    fails(s, zlib.error)
    s.fault("flood", bytes=5_000_000, times=1)
    fails(s, http.client.HTTPException, OSError)
    s.fault("content_type", value="text/plain", times=1)
    equal(s.ask(JIRA, "classic").headers["Content-Type"], "text/plain")
    s.fault("pad", bytes=3_000_000, times=1)
    answer = s.ask(JIRA, "classic", limit=2)
    equal((len(answer.body) > 3_000_000, len(answer.json()["records"])), (True, 2))


def test_gzip_and_chunked(s):
    accepts = {"Accept-Encoding": "gzip, deflate"}
    plain = s.ask(JIRA, "classic")
    assert "Content-Encoding" not in plain.headers
    packed = s.ask(JIRA, "classic", headers=accepts)
    equal((packed.headers["Content-Encoding"], packed.body == plain.body), ("gzip", True))
    s.set(gzip="off", chunked="on")
    chunked = s.ask(JIRA, "classic", headers=accepts)
    equal((chunked.headers["Transfer-Encoding"], chunked.headers["Content-Encoding"],
           chunked.headers["Content-Length"], chunked.body == plain.body),
          ("chunked", None, None, True))
    s.fault("gzip", on=True, times=1)
    both = s.ask(JIRA, "classic", headers=accepts)
    equal((both.headers["Content-Encoding"], both.body == plain.body), ("gzip", True))


def test_wrong_clock(s):
    def error(answer):
        return email.utils.parsedate_to_datetime(answer.headers["Date"]).timestamp() - time.time()
    assert abs(error(s.ask(JIRA, "classic"))) < 3
    s.fault("skew", ms=-960_000, times=1)
    assert -964 < error(s.ask(JIRA, "classic")) < -956
    s.set(skew_ms=960_000)
    assert 956 < error(s.ask(JIRA, "classic")) < 964


# --- Pages --------------------------------------------------------------------------------------

def sweep(s, to):
    """All rows as a simple reader gets them: ids in order."""
    found, offset = [], 0
    while (rows := jira(s, offset=offset, limit=500, to=to)["records"]):
        found += [r["id"] for r in rows]
        offset += len(rows)
    return found


def test_drift_repeats_rows(s):
    to = iso(s.truth("jira")[-1]["time"])
    equal(len(sweep(s, to)), 2500)
    s.fault("drift", source="jira", page="later", add=3, inside=True, times=2)
    found = sweep(s, to)
    assert len(found) > len(set(found)), "no row came twice"
    equal(len(s.truth("jira")), 2506)


def test_drift_that_takes_away_skips_rows(s):
    to = iso(s.truth("jira")[-1]["time"])
    s.fault("drift", source="jira", page="later", remove=40, times=1)
    found = sweep(s, to)
    gone = {t["id"] for t in s.truth("jira") if t["gone"]}
    equal(len(gone), 40)
    left = {t["id"] for t in s.truth("jira")} - gone
    assert left - set(found), "nothing was skipped"


def test_repeat_short_loop_more(s):
    whole = [r["id"] for r in jira(s)["records"]]
    s.fault("repeat", rows=4, times=1)
    equal([r["id"] for r in jira(s, offset=100, limit=50)["records"]], whole[96:146])
    s.fault("short_page", rows=30, times=1)
    equal([r["id"] for r in jira(s, offset=100, limit=50)["records"]], whole[100:130])
    jira(s, offset=0, limit=50)
    s.fault("loop", times=2)
    equal([r["id"] for r in jira(s, offset=50, limit=50)["records"]], whole[:50])
    s.no_faults()
    s.fault("more", times=2)
    equal((jira(s)["records"], s.ask(WIKI, "classic").json()["_links"]["next"] != ""), ([], True))


def test_wrong_totals(s):
    for given, total in (({"set": 0}, 0), ({"add": 5000}, 7500), ({"set": -1}, -1)):
        s.fault("total", times=1, **given)
        equal(jira(s, limit=1)["total"], total)
    s.fault("total", set=9, times=2)
    equal(s.ask(WIKI, "classic").json()["size"], 9)
    equal(s.ask(DC, "pat", port="jira-dc").json()["pagingInfo"]["size"], 9)


def test_cursor_faults(s):
    def dc(**query):
        return s.ask(DC, "pat", port="bitbucket-dc", limit=10, **query).json()

    first = dc()
    cursor = first["pagingInfo"]["nextPageCursor"]
    second = dc(pageCursor=cursor)
    s.fault("repeat", rows=2, times=1)
    equal(dc(pageCursor=cursor)["entities"], first["entities"][-2:] + second["entities"][:8])
    s.fault("loop", times=1)
    equal(dc(pageCursor=cursor)["pagingInfo"]["nextPageCursor"], cursor)
    s.fault("more", times=1)
    page = dc(pageCursor=cursor)
    equal((page["entities"], page["pagingInfo"]["nextPageCursor"]), ([], cursor))
    s.fault("foreign_link", times=1)
    assert "evil.example.net" in dc()["pagingInfo"]["nextPageLink"]
    equal(s.ask(DC, "pat", port="jira-dc", pageCursor="1;2").status, 400)
    s.set(dc_cursor="repeat")
    equal(dc(pageCursor=cursor)["entities"][0], first["entities"][-1])

    page = s.ask(org(s), "org", port="api").json()
    cursor = page["meta"]["next"]
    s.fault("loop", times=1)
    equal(s.ask(org(s), "org", port="api", cursor=cursor).json()["meta"]["next"], cursor)
    s.fault("repeat", rows=3, times=1)
    again = s.ask(org(s), "org", port="api", cursor=cursor).json()
    equal(again["data"][:3], page["data"][-3:])


# --- Events, clock, ledger ----------------------------------------------------------------------

@options("--events", "100", "--clock", "manual", "--now", "2026-05-20T00:00:00Z", "--late-share",
         "0.3", "--late-ms", "7200000")
def test_events_appear_with_the_clock(s):
    start = s.ready["now"]
    before = s.truth("jira")
    equal(jira(s)["total"], len(before))
    assert 0 < len(before) < 100 and all(t["visible_at"] <= start for t in before)
    s.control("POST", "clock", {"now": "2026-06-02T00:00:00Z"})
    after = s.truth("jira")
    equal((len(after), jira(s)["total"]), (100, 100))
    late = [t["visible_at"] - t["time"] for t in after if t["visible_at"] > t["time"]]
    assert 10 < len(late) < 60 and max(late) <= 7_200_000, late


def test_added_events(s):
    now = s.control("GET", "state")["now"]
    s.control("POST", "events", {"source": "confluence", "count": 5000, "at": "2026-05-01T10:00:00Z"})
    when = 1_777_629_600_000
    rows = s.ask(WIKI, "classic", startDate=when, endDate=when).json()["results"]
    equal(len(rows), 1000)
    raw = '{"id": 7,  "created":"2026-05-02T00:00:00.000+0000","bad":"\ud83d"}'
    raw = raw.encode("utf-8", "replace").decode()
    s.control("POST", "events", {"source": "jira", "at": "2026-05-02T00:00:00Z", "raw": raw})
    answer = s.ask(JIRA, "classic", to="2026-05-02T00:00:00Z")
    assert raw.encode() in answer.body
    line = s.truth("jira")[-1]
    assert line["sha256"] in hashes(answer.body, "records") and line["visible_at"] >= now
    s.control("POST", "events", {"source": "jira", "at": "now-1000", "visible_at": "now3600000"})
    equal(len(s.truth("jira")), 2501)
    s.control("POST", "clock", {"advance_ms": 3_600_001})
    equal((len(s.truth("jira")), jira(s)["total"]), (2502, 2502))


def test_retention(s):
    truth = s.truth("jira")
    answer = s.control("POST", "remove", {"source": "jira", "before": truth[500]["time"]})
    left = [t for t in s.truth("jira") if not t["gone"]]
    equal((len(left), jira(s)["total"]), (2500 - answer["removed"],) * 2)
    assert answer["removed"] <= 500 and len(s.truth("jira")) == 2500
    now = s.control("GET", "state")["now"]
    s.set(retention_days=(now - truth[2000]["time"]) // 86_400_000)
    assert 0 < jira(s)["total"] <= 520, jira(s)["total"]


def test_records_are_what_is_served(s):
    rows = s.ask("/_stand_in/records", port="control", source="bitbucket-dc").body.splitlines()
    equal(len(rows), len(wanted(s, "bitbucket-dc")))
    page = s.ask(DC, "pat", port="bitbucket-dc", limit=1).body
    assert rows[-1] in page


def test_file_lines_tell_the_same(s):
    for product in ("jira", "confluence", "bitbucket"):
        lines = s.control("GET", "file_lines", source=f"{product}-dc")
        entities = s.control("GET", "records", source=f"{product}-dc")
        equal((len(lines), len(entities)), (2500, 2500))
        for line, entity in zip(lines, entities):
            equal(list(line), sorted(line))
            equal(line["auditType"]["actionI18nKey"], entity["type"]["actionI18nKey"])
            stamp = line["timestamp"]
            equal(iso(stamp["epochSecond"] * 1000 + stamp["nano"] // 1_000_000), entity["timestamp"])
            equal(line["affectedObjects"], entity["affectedObjects"])
        assert len({line["auditType"]["area"] for line in lines}) > 2


def test_the_page_names_all(s):
    with open(os.path.join(os.path.dirname(__file__), "README.md"), encoding="utf-8") as page:
        text = page.read()
    for word in [*s.control("GET", "faults")["kinds"], *s.control("GET", "settings")]:
        assert f"`{word}`" in text, f"README.md does not name {word}"


def test_control_refuses_nonsense(s):
    for method, word, body in [("GET", "nothing", None), ("POST", "faults", {"kind": "fire"}),
                               ("POST", "settings", {"plan": "gold"}), ("POST", "settings", {"x": 1}),
                               ("POST", "events", {"source": "moon"}), ("POST", "tokens", {}),
                               ("POST", "clock", {"now": "later"})]:
        answer = s.ask("/_stand_in/" + word, port="control", method=method,
                       body=None if body is None else json.dumps(body))
        assert answer.status in (400, 404), f"{word} {body}: {answer.status}"
    equal(s.ask("/_stand_in/truth", "classic").status, 404)


def test_the_log_has_no_secrets(s):
    s.fault("status", status=500, times=1)
    s.ask(JIRA, "classic", limit=5)
    s.ask(JIRA, "classic", limit=6, headers={"User-Agent": "me"})
    log = s.control("GET", "requests")
    equal([(r["status"], r["rows"], r["faults"], r["token"]) for r in log],
          [(500, None, ["status"], None), (200, 6, [], "classic")])
    equal(log[1]["agent"], "me")
    assert s.tokens["classic"] not in json.dumps(log)
    equal(len(s.control("GET", "requests", after=1)), 1)


# --- Storms ---------------------------------------------------------------------------------------

def patient(s, offset):
    """A page, asked for until it is one; (rows, requests)."""
    for n in range(1, 200):
        try:
            answer = s.ask(JIRA, "classic", offset=offset, limit=300)
            page = answer.json()
            if answer.status == 200 and page["offset"] == offset and \
                    len(answer.body) >= int(answer.headers.get("Content-Length", 0)):
                return page["records"], n
        except (OSError, http.client.HTTPException, ValueError, KeyError, zlib.error):
            pass
    raise AssertionError("no page in 200 requests")


def test_storms_are_survived(s):
    requests = 0
    for seed in range(6):
        s.no_faults()
        s.control("POST", "storm", {"seed": seed, "share": 0.2, "rules": 10})
        kinds = [(r["kind"], r["probability"]) for r in s.control("GET", "faults")["faults"]]
        s.no_faults()
        s.control("POST", "storm", {"seed": seed, "share": 0.2, "rules": 10, "source": "jira"})
        equal([(r["kind"], r["probability"]) for r in s.control("GET", "faults")["faults"]], kinds)
        found, offset = set(), 0
        while True:
            rows, n = patient(s, offset)
            requests += n
            if not rows:
                break
            found |= {r["id"] for r in rows}
            offset = max(0, offset + len(rows) - 31) if len(rows) > 31 else offset + len(rows)
        s.no_faults()
        assert {t["id"] for t in s.truth("jira") if t["time"] <= s.ready["now"] - 700_000} <= found
    assert requests > 60, f"{requests} requests: no storm"


# --- Speed --------------------------------------------------------------------------------------

@options("--events", "jira=60000")
def test_ten_pages_of_a_thousand_in_a_second(s):
    connection = s.connect()
    headers = {**s.login("classic"), "Accept-Encoding": "gzip"}
    began = time.monotonic()
    for offset in range(0, 30_000, 1000):
        connection.request("GET", f"{JIRA}?offset={offset}", None, headers)
        connection.getresponse().read()
    seconds = time.monotonic() - began
    assert seconds < 3, f"30 pages took {seconds:.2f} s"
    print(f"stand-in: {30 / seconds:.0f} pages of 1,000 records in a second")
