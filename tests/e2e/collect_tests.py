# SPDX-License-Identifier: Apache-2.0
"""What real connectors get wrong (SOURCES.md, section 5), item by item: paging and time. The rest is in
collect_fault_tests.py."""
import collections
import datetime
import urllib.parse

import lake
from collect_lake import CLOUD, SOURCES, WINDOWS, Started, counts
from lake import slow

HOUR = 3_600_000


def iso(ms):
    return datetime.datetime.fromtimestamp(ms / 1000, datetime.timezone.utc).isoformat(timespec="milliseconds")[:-6] + "Z"


def test_all_kinds_of_sources_are_read_once_and_whole(folder):
    with Started(folder, *SOURCES, words=("--seed", "11"), events=counts(*SOURCES, n=1300)) as (one, _):
        one.collect(*SOURCES)
        one.exact(*SOURCES)
        one.balanced(*SOURCES)
        again = one.collect(*SOURCES)
        assert all(a["stored"] == 0 for a in again.values()), again
        assert one.count("events") == 1300 * len(SOURCES)


@slow
def test_01_an_inclusive_from_doubles_nothing_and_loses_nothing_of_its_millisecond(folder):
    with Started(folder, *SOURCES, events="0") as (one, service):
        for source in SOURCES:
            service.add(source, 3, at="now-20000", step_ms=0)
        at = {s: service.truth(s)[0]["time"] for s in SOURCES}
        one.collect(*SOURCES)
        for source in SOURCES:
            service.add(source, 2, at=at[source])
        later = one.collect(*SOURCES)
        assert {s: r["stored"] for s, r in later.items()} == dict.fromkeys(SOURCES, 2), later
        one.exact(*SOURCES)
        one.balanced(*SOURCES)


@slow
def test_02_what_comes_late_within_the_look_back_is_found_and_counted(folder):
    with Started(folder, *WINDOWS, events=counts(*WINDOWS, n=20)) as (one, service):
        one.collect(*WINDOWS)
        for source in WINDOWS:
            service.add(source, 4, at=f"now-{HOUR - 120_000}", step_ms=20_000)
        later = one.collect(*WINDOWS)
        assert all(r["stored"] == 4 and r["late"] == 4 for r in later.values()), later
        one.exact(*WINDOWS)
        late = one.ledger("jira")["sums"]
        assert late["late"] == 4 and 3300 < late["max_late_s"] < 3700, late


def lateness(n, step):
    """Each event is visible so long after it happened: 0 to 72 hours."""
    return n * step % (72 * HOUR)


@slow
def test_02_what_comes_up_to_72_hours_late_is_found(folder):
    sources = ("jira", "confluence", "bitbucket-dc")
    with Started(folder, *sources, words=("--clock", "manual"), events="0", more=("--history", "-1m")) as (one, service):
        for n in range(60 + 72 + 8):
            one.now_ms = service.now()
            for source in sources if n < 60 else ():
                at = one.now_ms - n * 977
                service.add(source, 1, at=at, visible_at=at + lateness(n, 4_321_987))
            one.collect(*sources)
            service.control("POST", "clock", {"advance_ms": HOUR})
        one.exact(*sources)
        one.balanced(*sources)
        assert one.ledger("jira")["sums"]["max_late_s"] > 70 * 3600


@slow
def test_02_a_clock_of_ours_16_minutes_off_loses_nothing(folder):
    """Also what happens until the clock is where ours was; and it is set right in the end."""
    for wrong in (16 * 60_000, -16 * 60_000):
        sources = ("jira", "confluence", "bitbucket-dc", "org")
        with Started(folder, *sources, words=("--clock", "manual"), events=counts(*sources, n=40), more=("--look-back", "1m")) as (one, service):
            for _ in range(4):
                one.now_ms = service.now() + wrong
                one.collect(*sources)
                for _ in range(3):
                    service.control("POST", "clock", {"advance_ms": 150_000})
                    for source in sources:
                        service.add(source, 2, at="now", step_ms=1)
            service.control("POST", "clock", {"advance_ms": 30 * 60_000})
            one.now_ms = service.now()
            one.collect(*sources)
            one.exact(*sources)
        lake.remove_tree(one.data)


@slow
def test_02_a_servers_clock_16_minutes_off_loses_nothing(folder):
    for skew in (16 * 60_000, -16 * 60_000):
        with Started(folder, "jira", "confluence", "bitbucket-dc", "org", words=("--set", f"skew_ms={skew}")) as (one, service):
            names = ("jira", "confluence", "bitbucket-dc", "org")
            for _ in range(3):
                one.collect(*names)
                for source in names:
                    service.add(source, 2, at="now")
            service.set(skew_ms=0)
            one.collect(*names)
            one.exact(*names)
        lake.remove_tree(one.data)


def bounds_of(ask):
    query = dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(ask["target"]).query))
    later = any(query.get(n, "0") != "0" for n in ("offset", "start", "pageCursor"))
    return tuple(query.get(n) for n in ("from", "to", "startDate", "endDate")), later


def test_03_bounds_are_the_same_on_all_pages_of_a_window(folder):
    with Started(folder, *WINDOWS, words=("--set", "confluence_limit_cap=100", "--set", "dc_limit_cap=100",
                                          "--set", "bitbucket_limit_cap=100"), events=counts(*WINDOWS, n=1500)) as (one, service):
        mark = service.mark()
        one.collect(*WINDOWS)
        for source in WINDOWS:
            begun, pages = set(), 0
            for bounds, later in map(bounds_of, service.asked(mark, source)):
                assert not later or bounds in begun, f"{source}: a later page has other bounds: {bounds}"
                begun.add(bounds)
                pages += later
            assert pages > 0, source


@slow
def test_03_rows_that_move_between_pages_are_neither_lost_nor_doubled(folder):
    """Events appear, and vanish, before later pages are made: what was there all the time is stored at once."""
    sources = ("jira", "confluence", "other/jira", "bitbucket-dc")
    words = ("--set", "confluence_limit_cap=50", "--set", "bitbucket_limit_cap=50", "--set", "jira_page_cap=0", "--days", "3")
    for drift in ({"add": 1, "inside": True}, {"add": 7, "inside": True}, {"remove": 1}, {"remove": 5}, {"add": 3, "remove": 3, "inside": True}):
        with Started(folder, *sources, words=("--seed", "7", *words), events=counts(*sources, n=900)) as (one, service):
            for source in sources:
                service.fault("short_page", rows=60, source=source)
                service.fault("drift", page="later", source=source, times=9, **drift)
            one.collect(*sources)
            begun = {s: [t for t in service.truth(s) if t["serial"] < 900 and not t["gone"]] for s in sources}
            for source, truth in begun.items():
                lost = collections.Counter(t["sha256"] for t in truth) - one.stored(source)
                assert not lost, f"{drift}: {source}: {sum(lost.values())} lost"
            service.no_faults()
            again = one.run("collect", "--once", "--since", "-40d", *one.names.values())
            assert again.status == 0, again.err
            one.exact(*sources, also_gone=False)
        lake.remove_tree(one.data)


@slow
def test_03_ever_moving_rows_end_in_single_pages(folder):
    """A page boundary that never joins does not go on for ever."""
    with Started(folder, "jira", "confluence", words=("--set", "confluence_limit_cap=40"),
                 events=counts("jira", "confluence", n=700)) as (one, service):
        service.fault("drift", add=1, inside=True, page="later")
        said = one.collect("jira", "confluence", expect=None)
        assert all(s["requests"] < 5000 for s in said.values()), said
        service.no_faults()
        one.collect("jira", "confluence")
        one.run("collect", "--once", "--since", "-40d", *one.names.values())
        one.exact("jira", "confluence")


@slow
def test_05_paging_ends_on_an_empty_page_whatever_total_says(folder):
    for total in (-1, 0, 1, 1000, 1_000_000):
        with Started(folder, "jira", "confluence", words=("--seed", str(total + 5)), events="2300") as (one, service):
            service.fault("total", set=total)
            said = one.collect("jira", "confluence")
            assert all(s["requests"] < 60 for s in said.values()), said
            one.exact("jira", "confluence")
            one.balanced("jira", "confluence")
        lake.remove_tree(one.data)


def test_05_more_events_than_paging_reaches_are_read_window_by_window(folder):
    with Started(folder, "jira", "other/jira", words=("--set", "jira_page_cap=150", "--days", "2"), events="2500") as (one, service):
        service.add("jira", 120, at="now-40000", step_ms=0)
        one.collect("jira", "other/jira")
        one.exact("jira", "other/jira")
        one.balanced("jira", "other/jira")


@slow
def test_05_short_and_repeated_pages(folder):
    sources = ("jira", "confluence", "bitbucket-dc", "org")
    for given in ({"kind": "short_page", "rows": 1, "times": 30}, {"kind": "short_page", "rows": 37},
                  {"kind": "repeat", "rows": 1}, {"kind": "repeat", "rows": 13}):
        with Started(folder, *sources, words=("--set", "confluence_limit_cap=100", "--set", "bitbucket_limit_cap=100"),
                     events=counts(*sources, n=420)) as (one, service):
            for source in sources:
                few = {"times": 2} if source == "org" and given["kind"] == "repeat" else {}
                service.control("POST", "faults", {**given, "source": source, **few})
            said = one.collect(*sources)
            assert all(s["requests"] < 600 for s in said.values()), (given, said)
            one.exact(*sources)
            one.balanced(*sources)
        lake.remove_tree(one.data)


@slow
def test_05_a_page_that_comes_again_and_again_ends_and_is_told(folder):
    """The same page and the same cursor, whatever is asked."""
    sources = ("jira", "confluence", "bitbucket-dc", "jira-dc", "org")
    with Started(folder, *sources, words=("--set", "confluence_limit_cap=50", "--set", "bitbucket_limit_cap=50", "--set",
                                          "dc_limit_cap=50"), events=counts(*sources, n=230)) as (one, service):
        service.fault("loop")
        one.collect(*sources, expect=None, timeout=60)
        service.no_faults()
        one.collect(*sources)
        one.exact(*sources)


@slow
def test_05_an_empty_page_that_says_there_is_more_is_not_the_end(folder):
    """Not at first, and not in the middle; and history is not taken for read."""
    sources = ("jira", "confluence", "bitbucket-dc", "jira-dc")
    for page in ("first", "later"):
        for times in (2, None):
            with Started(folder, *sources, words=("--set", "confluence_limit_cap=50", "--set", "bitbucket_limit_cap=50",
                                                  "--set", "dc_limit_cap=50"), events=counts(*sources, n=330)) as (one, service):
                for source in sources:
                    service.fault("more", page=page, source=source, **({"times": times} if times else {}))
                said = one.collect(*sources, expect=None, timeout=100)
                if times is None and page == "first":
                    assert all(s["failure"] == "garbled reply" for s in said.values()), said
                    assert all(one.state(s)["state"] == "failing" for s in sources)
                service.no_faults()
                one.collect(*sources)
                one.exact(*sources)
            lake.remove_tree(one.data)


@slow
def test_05_one_false_empty_page_does_not_end_history(folder):
    """Without an error, a count or a link nothing tells that it is false."""
    for skip in range(6):
        with Started(folder, "confluence", "org", "bitbucket-dc", words=("--set", "confluence_limit_cap=60"),
                     events=counts("confluence", "org", n=450)) as (one, service):
            for source in ("confluence", "org", "bitbucket-dc"):
                service.fault("empty", skip=skip, times=1, source=source)
            one.collect("confluence", "org", "bitbucket-dc")
            one.collect("confluence", "org", "bitbucket-dc")
            one.exact("confluence", "org", "bitbucket-dc")
        lake.remove_tree(one.data)


def test_06_the_ledger_tells_requests_pages_records_and_the_last_events_age(folder):
    with Started(folder, "jira", events="50") as (one, service):
        one.collect("jira")
        sums = one.ledger("jira")["sums"]
        asked = service.asked(0, "jira")
        assert 0 < sums["requests"] <= len(asked) and sums["pages"] <= sums["requests"], (sums, len(asked))
        state = one.state("jira")
        assert state["last_event"] and state["last_success"] and state["lag_received_s"] is not None, state
        before = sums["requests"]
        one.collect("jira")
        assert one.ledger("jira")["sums"]["requests"] > before


@slow
def test_07_times_are_numbers(folder):
    """From .009 to .010, and over the end of a second."""
    with Started(folder, *WINDOWS, events="0") as (one, service):
        base = (service.now() - 30_000) // 1000 * 1000
        for step in (8, 9, 10, 11, 99, 100, 999, 1000, 1001):
            for source in WINDOWS:
                service.add(source, 1, at=base + step)
            one.collect(*WINDOWS)
        one.exact(*WINDOWS)
        for table in ("jira", "confluence", "bitbucket"):
            found = one.sql(f"select distinct epoch_ms(event_time) t from {table}_audit_logs order by t")
            assert [f["t"] - base for f in found] == [8, 9, 10, 11, 99, 100, 999, 1000, 1001], found


@slow
def test_09_requests_have_an_explicit_zone_and_are_encoded(folder):
    with Started(folder, *SOURCES, words=("--set", "site_zone_minutes=-480"), events="1200") as (one, service):
        one.collect(*SOURCES)
        one.exact(*SOURCES)
        for ask in service.asked():
            query = ask["target"].partition("?")[2]
            assert "+" not in query and " " not in query, ask["target"]
            for name, value in urllib.parse.parse_qsl(query):
                if name in ("from", "to") and ask["source"] != "org":
                    assert value.endswith("Z") and f"{name}={urllib.parse.quote(value, safe='')}" in query, ask["target"]


def test_10_equal_ids_of_two_sites_are_two_events(folder):
    with Started(folder, "jira", "other/jira", events="0") as (one, service):
        raw = ('{"id":7,"summary":"User created","created":"2026-01-02T03:04:05.006+0000","category":"x",'
               '"eventSource":"","objectItem":{"name":"a","typeName":"USER"}}')
        for source in ("jira", "other/jira"):
            service.add(source, 1, at=1_767_323_045_006, raw=raw)
        one.collect("jira", "other/jira")
        one.exact("jira", "other/jira")
        assert one.value("select count(distinct event_id) n from jira_audit_logs") == 2


def test_10_equal_twins_are_counted_also_across_pages_and_readings(folder):
    raw = {"confluence": '{"author":{"type":"user","displayName":"A"},"remoteAddress":"","creationDate":%d,"summary":"x",'
                         '"description":"","category":"c","sysAdmin":false,"superAdmin":false,"affectedObject":{"name":"","objectType":""},'
                         '"changedValues":[],"associatedObjects":[]}'}
    with Started(folder, "confluence", words=("--set", "confluence_limit_cap=10"), events="0") as (one, service):
        at = service.now() - 60_000
        service.add("confluence", 47, at=at, raw=raw["confluence"] % at)
        one.collect("confluence")
        one.exact("confluence")
        service.add("confluence", 5, at=at, raw=raw["confluence"] % at)
        one.collect("confluence")
        one.exact("confluence")
        one.balanced("confluence")


def test_10_a_burst_that_changes_while_it_is_read(folder):
    """One of many equal events vanishes between two pages of their millisecond: the others are all there."""
    raw = ('{"author":{"type":"user","displayName":"A"},"remoteAddress":"","creationDate":%d,"summary":"x","description":"",'
           '"category":"c","affectedObject":{"name":"","objectType":""},"changedValues":[],"associatedObjects":[]}')
    for drift in ({"remove": 1}, {"add": 1, "inside": True}):
        with Started(folder, "confluence", words=("--set", "confluence_limit_cap=10"), events="0") as (one, service):
            at = service.now() - 60_000
            service.add("confluence", 47, at=at, raw=raw % at)
            service.fault("drift", path="start=5&", source="confluence", times=1, **drift)
            one.collect("confluence")
            one.exact("confluence", also_gone=False)
        lake.remove_tree(one.data)


@slow
def test_10_ten_thousand_events_in_one_millisecond(folder):
    """With and without ids, equal twins among them, more than a page holds, and more between readings. Of a
    Data Center's, so many share all that makes an event's identity that only their number is compared."""
    sources = ("jira", "confluence", "bitbucket-dc", "org")
    with Started(folder, *sources, words=("--set", "confluence_limit_cap=250", "--set", "bitbucket_limit_cap=500"),
                 events="0") as (one, service):
        at = service.now() - 30_000
        for n in (9_000, 1_000):
            mark = service.mark()
            for source in sources:
                service.add(source, n, at=at)
            one.collect(*sources)
            asked = {s: len(service.asked(mark, s)) for s in sources}
            assert all(n < 300 for n in asked.values()), f"requests: {asked}"
        one.exact("jira", "confluence", "org")
        one.balanced(*sources)
        assert one.count("bitbucket_audit_logs") == 10_000


def test_10_a_burst_behind_a_cursor_that_comes_again(folder):
    """Each page of this server begins with the last event of the one before, which is no twin."""
    words = ("--set", "dc_cursor=repeat", "--set", "dc_limit_cap=40", "--set", "bitbucket_limit_cap=40")
    raw = ('{"timestamp":"%s","author":{"name":"a","type":"user","id":"1"},"type":{"action":"x","actionI18nKey":"x"},'
           '"affectedObjects":[{"name":"n","type":"T","id":"%d"}]}')
    with Started(folder, "bitbucket-dc", words=words, events="0") as (one, service):
        at = service.now() - 30_000
        for n in range(120):
            service.add("bitbucket-dc", 1 + (n % 7 == 0), at=at, raw=raw % (iso(at), n))
        one.collect("bitbucket-dc")
        one.exact("bitbucket-dc")
        one.balanced("bitbucket-dc")


def test_11_each_source_has_its_own_state(folder):
    with Started(folder, *CLOUD, events=counts(*CLOUD, n=60)) as (one, service):
        one.collect("jira", "confluence")
        assert one.state("other/jira")["state"] == "new"
        service.control("POST", "tokens", {"kind": "scoped", "revoked": True})
        said = one.collect(*CLOUD, expect=1)
        assert [said[s]["failure"] for s in CLOUD] == ["fine", "fine", "token refused", "token refused"], said
        assert one.state("jira")["state"] == "healthy" and one.state("other/jira")["state"] == "failing"


def test_14_the_streams_cursor_goes_on_as_the_server_gave_it(folder):
    with Started(folder, "org", events="org=500") as (one, service):
        one.collect("org")
        mark = service.mark()
        service.add("org", 3)
        one.collect("org")
        first = service.asked(mark, "org")[0]["target"]
        before = [r["target"] for r in service.asked(0, "org") if r["n"] <= mark]
        assert "cursor=" in first and "from=" not in first, first
        assert len(before) > 2
        one.exact("org")


def test_14_a_refused_cursor_is_given_up_for_the_time(folder):
    with Started(folder, "org", events="org=500") as (one, service):
        one.collect("org")
        service.add("org", 30, at="now-1000", step_ms=3)
        service.fault("status", status=400, path="cursor=", times=1, source="org")
        one.collect("org")
        one.exact("org")
        one.balanced("org")


def test_14_a_stream_that_was_empty_at_first_goes_on_from_then(folder):
    """Also where nobody reads it for longer than the look-back."""
    with Started(folder, "org", words=("--clock", "manual"), events="0") as (one, service):
        for _ in range(2):
            one.now_ms = service.now()
            one.collect("org")
        service.control("POST", "clock", {"advance_ms": 10 * HOUR})
        service.add("org", 30, at=f"now-{9 * HOUR}", step_ms=HOUR // 4)
        one.now_ms = service.now()
        one.collect("org")
        one.exact("org")


def test_14_a_stream_may_end_without_a_cursor(folder):
    with Started(folder, "org", words=("--set", "org_stream_end=null"), events="org=450") as (one, service):
        for _ in range(3):
            one.collect("org")
            service.add("org", 210, at="now", step_ms=0)
        one.collect("org")
        one.exact("org")


def test_15_empty_lists_and_texts_are_no_events(folder):
    with Started(folder, "jira", "confluence", "bitbucket-dc", events="0") as (one, service):
        one.collect("jira", "confluence", "bitbucket-dc")
        assert one.ledger("jira")["sums"]["records"] == 0
        at = service.now() - 5000
        service.add("confluence", 1, at=at, raw='{"creationDate":%d,"remoteAddress":"","summary":"s","author":{"displayName":""}}' % at)
        service.add("jira", 1, at=at, raw='{"id":5,"summary":"","remoteAddress":"","created":"2026-01-02T03:04:05.006+0000","objectItem":{}}')
        service.add("bitbucket-dc", 1, at=at, raw='{"timestamp":"2026-01-02T03:04:05.006Z","source":"","author":{"name":"","type":"","id":""}}')
        said = one.collect("jira", "confluence", "bitbucket-dc")
        assert all(s["stored"] == 1 and s["rejected"] == 0 for s in said.values()), said
        one.exact("jira", "confluence", "bitbucket-dc")


def test_16_an_organisations_event_has_both_times_and_is_kept_however_old(folder):
    with Started(folder, "org", events="org=40") as (one, service):
        one.collect("org")
        raw = ('{"type":"events","id":"0b0b0b0b-0000-0000-0000-000000000001","attributes":{"time":"2019-02-03T04:05:06.007Z",'
               '"processedAt":"%s","action":"x"}}')
        service.add("org", 1, at="now", raw=raw % "2026-01-02T03:04:05.678Z")
        one.collect("org")
        one.exact("org")
        row = one.sql("select epoch_ms(event_time) e, epoch_ms(processed_at) p from atlassian_org_events order by event_time limit 1")
        assert row == [{"e": 1549166706007, "p": 1767323045678}], row
