# SPDX-License-Identifier: Apache-2.0
"""Tests of the stand-in's end points, against README.md; run by atlassian_test.py."""
import csv
import hashlib
import http.client
import io
import json
import re
import ssl
import time
import urllib.parse
import zipfile

from atlassian_client import StandIn

JIRA = "/rest/api/3/auditing/record"
WIKI = "/wiki/rest/api/audit"
DC = "/rest/auditing/1.0/events"


def options(*words):
    """Command line of the server of one test."""
    def put(function):
        function.options = words
        return function
    return put


def iso(ms, zone="Z"):
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(ms // 1000)) + f".{ms % 1000:03d}{zone}"


def equal(got, wanted):
    assert got == wanted, f"{got!r} is not {wanted!r}"


def jira(s, **query):
    answer = s.ask(JIRA, "classic", **query)
    equal(answer.status, 200)
    return answer.json()


def gateway(s, site="acme"):
    return f"/ex/jira/{s.ready['cloud_ids'][site]}{JIRA}"


def hashes(body, name):
    """SHA-256 of the records of a page, as their bytes are."""
    text = body.decode()
    at = text.index(f'"{name}":[') + len(name) + 4
    found, decoder = [], json.JSONDecoder()
    while text[at] != "]":
        _, end = decoder.raw_decode(text, at)
        found.append(hashlib.sha256(text[at:end].encode()).hexdigest())
        at = end + (text[end] == ",")
    return found


def wanted(s, source):
    return sorted(line["sha256"] for line in s.truth(source))


# --- Jira Cloud ---------------------------------------------------------------------------------

def test_jira_all_pages_are_the_truth(s):
    found, offset = [], 0
    while True:
        answer = s.ask(JIRA, "classic", offset=offset)
        page = answer.json()
        equal((page["offset"], page["limit"], page["total"]), (offset, 1000, 2500))
        if not page["records"]:
            break
        found += hashes(answer.body, "records")
        offset += len(page["records"])
    equal(sorted(found), wanted(s, "jira"))


def test_jira_newest_first_with_gaps(s):
    rows = jira(s)["records"]
    ids = [r["id"] for r in rows]
    assert all(a > b for a, b in zip(ids, ids[1:])), "ids do not fall"
    assert any(a - b > 1 for a, b in zip(ids, ids[1:])), "no gaps"
    times = [r["created"] for r in rows]
    equal(times, sorted(times, reverse=True))
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}\+0000", times[0]), times[0]


def test_jira_from_and_to_are_inclusive(s):
    truth = s.truth("jira")
    low, high = truth[1000]["time"], truth[1200]["time"]
    inside = [t["id"] for t in truth if low <= t["time"] <= high]
    page = jira(s, from_=iso(low), to=iso(high))
    equal([r["id"] for r in page["records"]], inside[::-1])
    equal(page["total"], len(inside))
    page = jira(s, from_=iso(low + 1), to=iso(high - 1))
    equal(page["total"], len([t for t in truth if low < t["time"] < high]))
    for zone in ("+0000", "+00:00"):
        equal(jira(s, from_=iso(low, zone), to=iso(high, zone))["total"], len(inside))
    later = iso(low + 7_200_000, "+02:00"), iso(high + 7_200_000, "+0200")
    equal(jira(s, from_=later[0], to=later[1])["total"], len(inside))


def test_jira_empty_windows(s):
    truth = s.truth("jira")
    when = iso(truth[1000]["time"])
    equal(jira(s, from_=when, to=when)["records"], [])
    equal(jira(s, from_=iso(truth[-1]["time"]), to=when)["records"], [])
    past = jira(s, offset=9001)
    equal((past["records"], past["total"], past["offset"]), ([], 2500, 9001))


def test_jira_limit(s):
    equal(len(jira(s, limit=7)["records"]), 7)
    page = jira(s, limit=5000)
    equal((len(page["records"]), page["limit"]), (1000, 1000))
    s.set(jira_over_limit="reject")
    equal(s.ask(JIRA, "classic", limit=5000).status, 400)
    equal(s.ask(JIRA, "classic", limit="many").status, 400)
    equal(jira(s, nonsense="1")["total"], 2500)


def test_jira_page_cap_below_total(s):
    s.set(jira_page_cap=1500)
    equal(len(jira(s, offset=1000)["records"]), 500)
    page = jira(s, offset=1500)
    equal((page["records"], page["total"]), ([], 2500))


def test_jira_unescaped_plus_is_lost(s):
    connection = s.connect()
    connection.request("GET", f"{JIRA}?from=2026-05-01T00:00:00.000+0000", None, s.login("classic"))
    equal(connection.getresponse().status, 400)


def test_jira_time_without_zone(s):
    truth = s.truth("jira")
    low = truth[1000]["time"]
    equal(jira(s, from_=iso(low, ""))["total"], jira(s, from_=iso(low))["total"])
    s.set(site_zone_minutes=120)
    equal(jira(s, from_=iso(low + 7_200_000, ""))["total"], jira(s, from_=iso(low))["total"])


def test_jira_scoped_token_without_zone_is_silent(s):
    low = s.truth("jira")[2000]["time"]
    right = s.ask(gateway(s), "scoped", port="api", from_=iso(low)).json()
    assert 0 < right["total"] < 2500 and right["records"]
    silent = s.ask(gateway(s), "scoped", port="api", from_=iso(low, ""))
    equal((silent.status, silent.json()["records"], silent.json()["total"]), (200, [], 2500))


def test_jira_tokens_belong_to_their_hosts(s):
    for path, port, token, status in [
            (JIRA, "acme", "classic", 200), (JIRA, "acme", "scoped", 401), (JIRA, "acme", None, 401),
            (JIRA, "acme", "pat", 401), (JIRA, "acme", "oauth", 401),
            (gateway(s), "api", "scoped", 200), (gateway(s), "api", "oauth", 200),
            (gateway(s), "api", "classic", 401), ("/ex/jira/none" + JIRA, "api", "scoped", 404),
            (gateway(s).replace("/3/", "/2/"), "api", "oauth", 401),
            (gateway(s).replace("/3/", "/2/"), "api", "scoped", 200),
            (JIRA.replace("/3/", "/2/"), "acme", "classic", 200),
            (JIRA + "'", "acme", "classic", 404), ("/rest/api/4/x", "acme", "classic", 404)]:
        answer = s.ask(path, token, port=port)
        assert answer.status == status, f"{path} {token}: {answer.status}, not {status}"


def test_jira_permission_and_plan(s):
    s.control("POST", "tokens", {"kind": "classic", "permission": {"jira": False}})
    equal(s.ask(JIRA, "classic").status, 403)
    equal(s.ask(WIKI, "classic").status, 200)
    equal(s.ask("/rest/api/3/mypermissions", "classic").json()
          ["permissions"]["ADMINISTER"]["havePermission"], False)
    s.set(no_permission="empty")
    equal(jira(s), {"offset": 0, "limit": 1000, "total": 0, "records": []})
    s.control("POST", "tokens", {"kind": "classic", "permission": True})
    s.set(plan="free")
    equal(s.ask(JIRA, "classic").status, 403)


def test_jira_filter(s):
    page = jira(s, filter="Workflow")
    assert 0 < page["total"] < 2500
    assert all("orkflow" in json.dumps(r) for r in page["records"])


def test_jira_optional_fields_are_missing(s):
    rows = jira(s)["records"]
    for name in ("authorKey", "remoteAddress", "changedValues", "description", "associatedItems"):
        have = sum(name in r for r in rows)
        assert 0 < have < len(rows), f"{name}: {have} of {len(rows)}"
    assert any("id" not in r["objectItem"] for r in rows)
    assert any("newThing" in r for r in rows)


# --- Confluence Cloud ---------------------------------------------------------------------------

def test_confluence_all_pages_are_the_truth(s):
    found, start = [], 0
    while True:
        answer = s.ask(WIKI, "classic", start=start, limit=900)
        page = answer.json()
        equal((page["start"], page["limit"]), (start, 900))
        assert "next" not in page["_links"] and page["size"] == len(page["results"])
        if not page["results"]:
            break
        assert not any("id" in r for r in page["results"])
        found += hashes(answer.body, "results")
        start += len(page["results"])
    equal(sorted(found), wanted(s, "confluence"))


def test_confluence_twins(s):
    lines = s.truth("confluence")
    assert 20 < len(lines) - len({line["sha256"] for line in lines}) < 200
    same = sum(a["time"] == b["time"] for a, b in zip(lines, lines[1:]))
    assert same > 300, f"only {same} in the same millisecond as the one before"


def test_confluence_window_is_inclusive(s):
    truth = s.truth("confluence")
    low, high = truth[100]["time"], truth[300]["time"]
    page = s.ask(WIKI, "classic", startDate=low, endDate=high).json()
    equal(len(page["results"]), len([t for t in truth if low <= t["time"] <= high]))
    dates = [r["creationDate"] for r in page["results"]]
    equal(dates, sorted(dates, reverse=True))
    equal((dates[0], dates[-1]), (high, low))
    equal(s.ask(WIKI, "classic", startDate="2026-01-01").status, 400)


def test_confluence_limits_and_sizes(s):
    s.set(confluence_limit_cap=200, confluence_size="wrong", confluence_next="on")
    page = s.ask(WIKI, "classic", limit=1000).json()
    equal((page["limit"], len(page["results"]), page["size"]), (200, 200, 235))
    equal(page["_links"]["next"], "/rest/api/audit?limit=1000&start=200")
    last = s.ask(WIKI, "classic", start=2400).json()
    assert "next" not in last["_links"] and len(last["results"]) == 100


def test_confluence_tokens(s):
    path = f"/ex/confluence/{s.ready['cloud_ids']['acme']}{WIKI}"
    for url, port, token, status in [
            (WIKI, "acme", "classic", 200), (WIKI, "acme", "scoped", 401),
            (path, "api", "scoped", 200), (path, "api", "oauth", 200), (path, "api", "classic", 401),
            (path.replace("/wiki", ""), "api", "scoped", 404),
            (path.replace("confluence", "jira"), "api", "scoped", 404), ("/wiki" + WIKI, "acme",
                                                                         "classic", 404)]:
        answer = s.ask(url, token, port=port)
        assert answer.status == status, f"{url} {token}: {answer.status}, not {status}"
    equal(len(s.ask(path, "scoped", port="api", startDate=0).json()["results"]), 1000)


@options("--events", "confluence=300", "--clock", "manual", "--days", "10")
def test_confluence_since_export_retention(s):
    now, truth = s.ready["now"], s.truth("confluence")
    recent = [t for t in truth if t["time"] >= now - 86_400_000 * 2]
    page = s.ask(WIKI + "/since", "classic", number=2, units="DAYS").json()
    assert 0 < len(recent) < 300 and len(page["results"]) == len(recent)
    equal(len(s.ask(WIKI + "/since", "classic").json()["results"]), 300)
    text = s.ask(WIKI + "/export", "classic", format="csv").body.decode()
    equal(len(list(csv.reader(io.StringIO(text)))), 301)
    packed = s.ask(WIKI + "/export", "classic", format="zip").body
    equal(len(zipfile.ZipFile(io.BytesIO(packed)).namelist()), 1)
    put = json.dumps({"number": 6, "units": "MONTHS"})
    equal(s.ask(WIKI + "/retention", "classic", method="PUT", body=put).status, 200)
    equal(s.ask(WIKI + "/retention", "classic").json(), json.loads(put))
    put = json.dumps({"number": 2, "units": "YEARS"})
    equal(s.ask(WIKI + "/retention", "classic", method="PUT", body=put).status, 400)


def test_confluence_insert(s):
    record = {"author": {"displayName": "Nobody"}, "creationDate": 1_600_000_000_000, "summary": "x"}
    equal(s.ask(WIKI, "classic", method="POST", body=json.dumps(record)).status, 200)
    page = s.ask(WIKI, "classic", endDate=1_600_000_000_000).json()
    equal(page["results"], [record])
    equal(len(s.truth("confluence")), 2501)


# --- Data Center --------------------------------------------------------------------------------

def dc_sweep(s, port, limit, **query):
    found, query = [], {"limit": limit, **query}
    while True:
        answer = s.ask(DC, "pat", port=port, **query)
        equal(answer.status, 200)
        info = answer.json()["pagingInfo"]
        found += hashes(answer.body, "entities")
        if info["lastPage"]:
            equal(sorted(info), ["lastPage", "size"])
            return found
        last = answer.json()["entities"][-1]["timestamp"]
        equal(iso(int(info["nextPageCursor"].split(",")[0])), last)
        query["pageCursor"] = info["nextPageCursor"]


def test_dc_all_pages_are_the_truth(s):
    for product in ("jira", "confluence", "bitbucket"):
        for limit in (2500, 2499, 333):
            found = dc_sweep(s, f"{product}-dc", limit)
            equal(sorted(found), wanted(s, f"{product}-dc"))


def test_dc_defaults_and_limits(s):
    page = s.ask(DC, "pat", port="jira-dc").json()
    equal(len(page["entities"]), 200)
    times = [e["timestamp"] for e in page["entities"]]
    equal(times, sorted(times, reverse=True))
    link = page["pagingInfo"]["nextPageLink"]
    assert "from=" not in link and link.startswith(f"https://127.0.0.1:{s.ports['jira-dc']}/"), link
    assert s.ask(DC, "pat", port="jira-dc", limit=0).status == 400
    s.set(dc_limit_cap=1000, bitbucket_limit_cap=500)
    equal(len(s.ask(DC, "pat", port="jira-dc", limit=5000).json()["entities"]), 1000)
    equal(len(s.ask(DC, "pat", port="bitbucket-dc", limit=5000).json()["entities"]), 500)
    s.set(dc_over_limit="reject", dc_link_window="on")
    equal(s.ask(DC, "pat", port="jira-dc", limit=5000).status, 400)
    page = s.ask(DC, "pat", port="jira-dc", from_="2026-05-01T00:00:00Z", limit=1).json()
    assert "from=2026" in page["pagingInfo"]["nextPageLink"]


def test_dc_next_link_forgets_the_window(s):
    truth = s.truth("jira-dc")
    low = truth[-10]["time"]
    count = len([t for t in truth if t["time"] >= low])
    page = s.ask(DC, "pat", port="jira-dc", from_=iso(low), limit=5).json()
    link = urllib.parse.urlsplit(page["pagingInfo"]["nextPageLink"])
    assert count > 5
    rest = s.ask(f"{link.path}?{link.query.replace('limit=5', 'limit=2500')}", "pat",
                 port="jira-dc").json()
    equal(len(rest["entities"]), 2495)
    assert rest["entities"][-1]["timestamp"] < iso(low)


def test_dc_login_and_permission(s):
    equal(s.ask(DC, None, port="jira-dc").status, 401)
    equal(s.ask(DC, "classic", port="jira-dc").status, 401)
    equal(s.ask("/jira" + DC, "pat").status, 200)
    equal(s.ask(DC, "pat", port="jira-dc", headers={"Host": "bitbucket.example.com"}).json()
          ["entities"][0]["method"] in ("Browser", "System"), True)
    s.control("POST", "tokens", {"kind": "pat", "permission": {"dc": False}})
    equal(s.ask(DC, "pat", port="jira-dc").status, 403)
    equal(s.ask(DC, "pat", port="jira-dc", affectedObject="USER,2001").status, 200)


def test_dc_filters(s):
    def entities(**query):
        return s.ask(DC, "pat", port="bitbucket-dc", limit=2500, **query).json()["entities"]
    rows = entities()
    key = "bitbucket.service.user.audit.action.authenticationfailure"
    equal(entities(actions=key), [r for r in rows if r["type"]["actionI18nKey"] == key])
    equal(entities(userIds="-1"), [r for r in rows if r["author"]["id"] == "-1"])
    equal(entities(categories="Auditing"), [r for r in rows if r["type"]["category"] == "Auditing"])
    thing = next(o for r in rows for o in r["affectedObjects"] if "id" in o)
    assert entities(affectedObject=f"{thing['type']},{thing['id']}")
    equal(entities(scanLimit=50), rows[:50])
    equal(len(dc_sweep(s, "bitbucket-dc", 7, actions=key)), len(entities(actions=key)))
    assert 0 < len(entities(search="käse")) < len(rows)
    assert "area" not in rows[0]["type"] and "version" not in rows[0]


def test_dc_reading_is_audited(s):
    s.set(dc_self_audit="on")
    s.ask(DC, "pat", port="bitbucket-dc", limit=3)
    newest = s.ask(DC, "pat", port="bitbucket-dc", limit=1).json()["entities"][0]
    equal(newest["type"]["actionI18nKey"], "atlassian.audit.event.action.audit.search")
    extras = {e["name"]: e["value"] for e in newest["extraAttributes"]}
    equal((extras["Results returned"], "ID Range" in extras), ("3", True))


def test_dc_configuration(s):
    for word in ("coverage", "denylist", "retention"):
        path = f"/rest/auditing/1.0/configuration/{word}"
        equal(s.ask(path, "pat", port="jira-dc").status, 200)
        equal(s.ask(path, None, port="jira-dc").status, 401)


# --- Organisation -------------------------------------------------------------------------------

def org(s, word="events-stream"):
    return f"/admin/v1/orgs/{s.ready['org_id']}/{word}"


def test_org_stream_is_the_truth(s):
    found, cursor = [], ""
    while True:
        answer = s.ask(org(s), "org", port="api", **({"cursor": cursor} if cursor else {}))
        page = answer.json()
        cursor = page["meta"]["next"]
        assert cursor, "no cursor for later polls"
        if not page["data"]:
            break
        times = [e["attributes"]["processedAt"] for e in page["data"]]
        equal(times, sorted(times))
        found += hashes(answer.body, "data")
    equal(sorted(found), wanted(s, "org"))
    s.control("POST", "events", {"source": "org", "count": 2})
    equal(len(s.ask(org(s), "org", port="api", cursor=cursor).json()["data"]), 2)


def test_org_stream_orders_and_ends(s):
    page = s.ask(org(s), "org", port="api", sortOrder="desc", limit=50).json()
    times = [e["attributes"]["processedAt"] for e in page["data"]]
    equal((len(times), times), (50, sorted(times, reverse=True)))
    late = [e for e in page["data"] if e["attributes"]["time"] < e["attributes"]["processedAt"][:13]]
    assert late, "no event that was processed late"
    older = s.ask(org(s), "org", port="api", sortOrder="desc", cursor=page["meta"]["next"]).json()
    assert older["data"][0]["attributes"]["processedAt"] <= times[-1]
    s.set(org_stream_end="null")
    newest = s.truth("org")[-1]["time"]
    last = s.ask(org(s), "org", port="api", from_=newest + 1).json()
    equal((last["data"], last["meta"]["next"]), ([], None))
    equal(s.ask(org(s), "org", port="api", cursor="nonsense").status, 400)


def test_org_events_search(s):
    s.set(org_rate=0)
    whole = s.truth("org")
    low = whole[1000]["time"]
    page = s.ask(org(s, "events"), "org", port="api", from_=low, action="user_login", limit=20).json()
    assert all(e["attributes"]["action"] == "user_login" for e in page["data"]) and page["data"]
    link = page["links"]["next"]
    assert "from=" not in link and "action=" not in link and "limit=20" in link, link
    times = [e["attributes"]["time"][:19] for e in page["data"]]
    equal(times, sorted(times, reverse=True))
    found, query = set(), {}
    while True:
        page = s.ask(org(s, "events"), "org", port="api", **query).json()
        found |= {e["id"] for e in page["data"]}
        if page["meta"]["next"] is None:
            break
        query = {"cursor": page["meta"]["next"]}
    equal(len(found), 2500)


def test_org_limits_and_rights(s):
    statuses = [s.ask(org(s, "events"), "org", port="api").status for _ in range(11)]
    equal(statuses, [200] * 10 + [429])
    assert int(s.ask(org(s, "events"), "org", port="api").headers["Retry-After"]) > 0
    equal(s.ask(org(s), "org", port="api").status, 200)
    equal(s.ask(org(s), "oauth", port="api").status, 401)
    equal(s.ask("/admin/v1/orgs/other/events-stream", "org", port="api").status, 404)
    s.set(org_guard="off")
    equal(s.ask(org(s), "org", port="api").status, 403)


# --- Hosts, tenants, connections ----------------------------------------------------------------

def test_tenant_info_needs_no_login(s):
    for site in ("acme", "other"):
        answer = s.ask("/_edge/tenant_info", port=site)
        equal(answer.json(), {"cloudId": s.ready["cloud_ids"][site]})
    other = s.ask(JIRA, "classic", port="other").json()["records"][0]
    assert other != jira(s)["records"][0], "two sites with the same events"
    away = s.ask("/_edge/tenant_info", headers={"Host": "nobody.atlassian.net"})
    equal((away.status, away.headers["Content-Type"]), (404, "text/html;charset=UTF-8"))
    equal(s.ask("/", port="acme").headers["Content-Type"], "text/html;charset=UTF-8")


def test_real_names_through_the_proxy(s):
    for host, path, token in [("acme.atlassian.net", JIRA, "classic"),
                              ("api.atlassian.com", gateway(s), "scoped")]:
        connection = http.client.HTTPSConnection("127.0.0.1", s.ports["proxy"], context=s.tls)
        connection.set_tunnel(host, 443)
        connection.request("GET", path + "?limit=1", None, s.login(token))
        equal(connection.getresponse().status, 200)
        connection.close()


def test_bad_certificates_are_bad(s):
    for port in ("expired", "wrong-host", "untrusted"):
        try:
            s.ask("/_edge/tenant_info", port=port)
            raise AssertionError(f"{port} was accepted")
        except ssl.SSLCertVerificationError as error:
            word = {"expired": "expired", "wrong-host": "mismatch", "untrusted": "self-signed"}[port]
            assert word in str(error), error


def test_connections_are_kept(s):
    connection = s.connect()
    for offset in range(0, 100, 10):
        connection.request("GET", f"{JIRA}?limit=10&offset={offset}", None, s.login("classic"))
        reply = connection.getresponse()
        equal(len(json.loads(reply.read())["records"]), 10)
    equal(len({connection.sock.getsockname()}), 1)


def test_same_seed_same_events(s):
    with StandIn("--seed", "7", "--http", "--events", "2500") as again:
        for source in ("jira", "org"):
            equal(again.truth(source), s.truth(source))
        equal(again.tokens, s.tokens)
    with StandIn("--seed", "8", "--http", "--events", "jira=10") as other:
        assert other.truth("jira")[0]["sha256"] != s.truth("jira")[0]["sha256"]
        equal(other.truth("org"), [])
