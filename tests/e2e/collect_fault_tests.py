# SPDX-License-Identifier: Apache-2.0
"""Servers that refuse, break off, lie and echo: what is stored, what is told, and who is never asked."""
import collections
import concurrent.futures
import json
import signal
import time

import lake
from collect_lake import SOURCES, WINDOWS, Collecting, Service, Started, counts, wait_for
from lake import long, slow
from proxies import Proxy

SLOW = True  # not in make quick


def together(each, items):
    """All at once, each in a thread of its own; the results in order."""
    items = list(items)
    with concurrent.futures.ThreadPoolExecutor(len(items)) as pool:
        return list(pool.map(each, items))


def lakes(service, folder, sources):
    """A lake for each source, so that they can be read at once."""
    found = {}
    for n, source in enumerate(sources):
        one = Collecting(service, folder, f"data{n}")
        one.connect(source, "--allow-empty")
        found[source] = one
    return found


@slow
def test_04_a_failed_request_is_no_empty_page_and_moves_nothing(folder):
    """Each status that comes again and again: nothing is settled, and the next turn has all."""
    with Service(folder, events=counts(*WINDOWS, "org", n=400)) as service:
        each = lakes(service, folder, (*WINDOWS, "org"))
        kinds = dict(zip(each, (500, 502, 503, 504, 429, 500, 503, 520)))
        for source, status in kinds.items():
            service.fault("status", status=status, source=source, page="first", times=6, retry_after="0", skip=1)
        said = together(lambda s: each[s].collect(s, expect=1), each)
        for source, one in zip(each, said):
            assert one["failure"] == "server overloaded" and one["errors"] == 6, one
        service.no_faults()
        for source, one in each.items():
            assert one.state(source)["state"] == "failing"
            one.collect(source)
            one.exact(source)
            one.balanced(source)
            assert one.state(source)["state"] == "healthy"


@slow
def test_12_retry_after_in_all_its_forms_is_obeyed(folder):
    forms = {"jira": (429, "1", 1), "confluence": (503, "date:2", 1), "other/jira": (429, "-1", 1), "other/confluence": (503, "soon", 1),
             "jira-dc": (429, None, 0), "confluence-dc": (503, "1.2", 1.2), "bitbucket-dc": (429, "0", 0), "org": (429, "1", 1)}
    with Service(folder, events=counts(*forms, n=30)) as service:
        each = lakes(service, folder, forms)
        mark = service.mark()
        for source, (status, after, _) in forms.items():
            service.fault("status", status=status, retry_after=after, source=source, times=1, rate_headers="modern" if "dc" in source else "both")
        together(lambda s: each[s].collect(s), each)
        for source, (_, _, least) in forms.items():
            asked = service.asked(mark, source)
            assert asked[0]["status"] in (429, 503) and asked[1]["status"] == 200, asked[:2]
            gap = (asked[1]["at"] - asked[0]["at"]) / 1000
            assert gap >= least - 0.05 and gap < least + 2, f"{source}: again after {gap} s, asked were {least}"
            each[source].exact(source)


@slow
def test_12_a_server_that_wants_peace_for_long_is_left_in_peace(folder):
    """And whoever waits for it can be stopped at once."""
    asks = {"jira": {"retry_after": "86400"}, "confluence": {"reset_ms": 150_000, "rate_headers": "modern"},
            "other/jira": {"reset_ms": 150_000, "rate_headers": "beta"}, "org": {"retry_after": "99999999999999999999"}}
    with Service(folder, events=counts(*asks, n=30)) as service:
        each = lakes(service, folder, asks)
        mark = service.mark()
        for source, more in asks.items():
            service.fault("status", status=429, source=source, times=1, **more)
        running = {s: each[s].start("collect", "--once", each[s].names[s]) for s in asks}
        wait_for(lambda: all(service.asked(mark, s) for s in asks))
        time.sleep(2.5)
        assert all(len(service.asked(mark, s)) == 1 for s in asks), "asked again too soon"
        for source, process in running.items():
            began = time.monotonic()
            process.send_signal(signal.SIGTERM)
            assert process.wait(10) in (1, 130) and time.monotonic() - began < 2, source
        service.no_faults()
        for source, one in each.items():
            one.collect(source)
            one.exact(source)


@slow
def test_13_each_refusal_has_its_own_words_and_keeps_its_place(folder):
    """401, 403, 404, another 4xx, 3xx and a web page are told apart; none is tried again and again."""
    cases = {"jira": ({"kind": "status", "status": 401}, "token refused", "connect again"),
             "confluence": ({"kind": "status", "status": 403}, "permission missing", "Confluence Administrator"),
             "other/jira": ({"kind": "status", "status": 404}, "not there", "check the address"),
             "other/confluence": ({"kind": "redirect"}, "login page", "id.atlassian.com"),
             "jira-dc": ({"kind": "html"}, "login page", "web page"),
             "confluence-dc": ({"kind": "status", "status": 418}, "request refused", "HTTP 418"),
             "bitbucket-dc": ({"kind": "redirect", "to": "/login", "status": 307}, "login page", "HTTP 307"),
             "org": ({"kind": "html", "type": "text/html; charset=utf-8"}, "login page", "web page")}
    with Started(folder, *cases, events=counts(*cases, n=60)) as (one, service):
        one.collect(*cases)
        mark = service.mark()
        for source, (fault, _, _) in cases.items():
            service.add(source, 2, at="now-1000")
            service.control("POST", "faults", {**fault, "source": source})
        said = one.collect(*cases, expect=1)
        for source, (_, failure, word) in cases.items():
            assert said[source]["failure"] == failure and word in said[source]["error"], said[source]
            assert len(service.asked(mark, source)) == 1, "a refusal was tried again"
            state = one.state(source)
            assert state["state"] == "failing" and word in state["text"], state
        service.no_faults()
        one.collect(*cases)
        one.exact(*cases)
        one.balanced(*cases)


@slow
def test_13_an_error_with_status_200_is_no_empty_page(folder):
    bodies = ('{"errorMessages":["Internal error"]}', "[]", "null", '{"records":{}}', '{"results":null}', '{"entities":"x"}',
              "", '{"data":[')
    sources = (*WINDOWS, "org")
    with Service(folder, events=counts(*sources, n=60)) as service:
        each = lakes(service, folder, sources)
        for source, body in zip(sources, bodies):
            service.fault("status", status=200, body=body, source=source, times=6)
        said = together(lambda s: each[s].collect(s, expect=1), sources)
        assert all(s["failure"] == "garbled reply" and s["stored"] == 0 for s in said), said
        service.no_faults()
        for source in sources:
            each[source].collect(source)
            each[source].exact(source)


def test_13_what_a_reply_is_decides_its_bytes_not_its_name(folder):
    sources = ("jira", "confluence", "bitbucket-dc", "org")
    with Started(folder, *sources, events=counts(*sources, n=60)) as (one, service):
        service.fault("content_type", value="text/plain")
        one.collect(*sources)
        one.exact(*sources)
        service.no_faults()
        service.fault("content_type", value="text/html")
        said = one.collect(*sources, expect=1)
        assert all(s["failure"] == "login page" for s in said.values()), said


@slow
def test_13_a_token_that_is_revoked_between_two_pages_leaves_no_gap(folder):
    sources = ("jira", "confluence", "bitbucket-dc", "org")
    with Started(folder, *sources, words=("--set", "confluence_limit_cap=50", "--set", "bitbucket_limit_cap=50"),
                 events=counts(*sources, n=1500)) as (one, service):
        for source in sources:
            service.fault("expire", page="later", skip=2, times=1, source=source)
        said = one.collect(*sources, expect=1)
        assert all(s["failure"] == "token refused" for s in said.values()), said
        assert said["jira"]["pages"] > 2
        assert all(one.state(s)["state"] == "failing" for s in sources)
        service.no_faults()
        for kind in ("classic", "pat", "org"):
            service.control("POST", "tokens", {"kind": kind, "revoked": False})
        one.collect(*sources)
        one.exact(*sources)
        one.balanced(*sources)


def test_13_a_permission_that_is_lost_is_told(folder):
    with Started(folder, "jira", "confluence", "bitbucket-dc", events="60") as (one, service):
        one.collect("jira", "confluence", "bitbucket-dc")
        for kind in ("classic", "pat"):
            service.control("POST", "tokens", {"kind": kind, "permission": False})
        said = one.collect("jira", "confluence", "bitbucket-dc", expect=1)
        assert all(s["failure"] == "permission missing" for s in said.values()), said
        assert "system administrator" in said["bitbucket-dc"]["error"]


BROKEN = ({"kind": "cut", "share": 0.5}, {"kind": "cut", "share": 0.0}, {"kind": "cut", "share": 0.99, "how": "reset"}, {"kind": "cut", "at": -30},
          {"kind": "close"}, {"kind": "close", "how": "reset"}, {"kind": "bad_gzip"}, {"kind": "bad_chunk"}, {"kind": "short_length"},
          {"kind": "slow", "bytes_per_second": 200_000}, {"kind": "pad", "bytes": 3_000_000}, {"kind": "hang", "seconds": 0.5})


@slow
def test_14_replies_that_break_off_are_asked_for_again(folder):
    with Service(folder, events=counts(*WINDOWS, "org", n=120)) as service:
        each = lakes(service, folder, (*WINDOWS, "org"))
        for n, given in enumerate(BROKEN):
            for m, source in enumerate(each):
                fault = BROKEN[(n + m) % len(BROKEN)]
                service.add(source, 2)
                service.control("POST", "faults", {**fault, "source": source, "times": 1, "skip": n % 2})
            if n % 4 == 0:
                together(lambda s: each[s].collect(s), each)
        service.no_faults()
        together(lambda s: each[s].collect(s), each)
        for source, one in each.items():
            one.exact(source)
            one.balanced(source)


@slow
def test_14_a_reply_cut_at_every_byte_is_no_reply(folder):
    """Every eighth in the short series."""
    step = 1 if lake.LONG else 16
    with Service(folder, "--set", "gzip=off", events="0") as service:
        each = lakes(service, folder, WINDOWS)
        for at in range(-400, 700, step * len(WINDOWS)):
            for n, source in enumerate(WINDOWS):
                service.add(source, 1, at="now-1000")
                service.fault("cut", at=at + n * step, source=source, times=1, how=("close", "reset")[n % 2])
            together(lambda s: each[s].collect(s), each)
            service.no_faults()
        for source, one in each.items():
            one.exact(source)
            one.balanced(source)


@slow
def test_14_a_body_without_end_and_headers_without_end_are_given_up(folder):
    """In bounded time and memory."""
    with Service(folder, events="60") as service:
        each = lakes(service, folder, ("jira", "confluence", "bitbucket-dc", "org"))
        for source, given in zip(each, ({"kind": "pad", "bytes": 10 << 30}, {"kind": "flood"}, {"kind": "flood"},
                                        {"kind": "pad", "bytes": 10 << 30})):
            service.control("POST", "faults", {**given, "source": source})

        def read(source):
            one = each[source]
            return one.run("collect", "--once", "--json", one.names[source], timeout=60)
        for result in together(read, each):
            assert result.status == 1 and json.loads(result.out)["failure"] == "network", result
            assert lake.SANITIZED or result.rss_mb < 250, f"{result.rss_mb} MB"
        service.no_faults()
        for source, one in each.items():
            one.collect(source)
            one.exact(source)


@long
def test_14_a_server_that_hangs_or_drips_is_given_up_and_asked_again(folder):
    with Service(folder, events="60") as service:
        each = lakes(service, folder, ("jira", "confluence"))
        service.fault("hang", seconds=100, source="jira", times=1)
        service.fault("slow", bytes_per_second=20, source="confluence", times=1)
        began = time.monotonic()
        together(lambda s: each[s].collect(s, timeout=200), each)
        assert time.monotonic() - began < 100
        for source, one in each.items():
            one.exact(source)


@slow
def test_no_other_host_is_asked_whatever_a_server_says(folder):
    """Links and redirects are not followed; the login goes to the hosts of the connection alone."""
    sources = tuple(SOURCES)
    with Started(folder, *sources, words=("--set", "confluence_limit_cap=50", "--set", "dc_limit_cap=50", "--set", "bitbucket_limit_cap=50",
                                          "--set", "confluence_next=on"), events=counts(*sources, n=230)) as (one, service):
        with Proxy(service.ports["port"]) as proxy:
            through = {"HTTPS_PROXY": proxy.url}
            service.fault("foreign_link")
            one.collect(*sources, env=through)
            one.exact(*sources)
            service.fault("redirect", to="https://evil.example.net/login")
            said = one.collect(*sources, env=through, expect=1)
            assert all("evil.example.net" in s["error"] for s in said.values()), said
            service.no_faults()
            service.fault("redirect", to="http://acme.atlassian.net/x", status=301)
            one.collect(*sources, env=through, expect=1)
            hosts = {h.partition(":")[0] for h in proxy.seen}
            assert hosts == {"acme.atlassian.net", "api.atlassian.com", "jira.example.com", "confluence.example.com",
                             "bitbucket.example.com"}, hosts
            assert not any("authorization" in h.lower() for h in proxy.headers), "the proxy was shown a login"


def most_in(times, seconds):
    return max(sum(1 for u in times if t <= u < t + seconds) for t in times)


@slow
def test_an_organisation_is_asked_ten_times_a_minute_at_most(folder):
    """Failures and what they cost included. With 60 a minute, ten in ten seconds."""
    with Service(folder, events="org=5000") as service:
        for data, words, seconds, span in (("a", ("--requests-per-minute", "60"), 18, 10_000), ("b", (), 9, 60_000)):
            one = Collecting(service, folder, data)
            result = one.run("connect", "--json", *one.words("org")[:-2], *words)
            assert result.status == 0, result.err
            mark = service.mark()
            service.fault("status", status=503, retry_after="0", source="org", probability=0.4)
            process = one.start("collect", "--once")
            time.sleep(seconds)
            process.terminate()
            process.wait(10)
            service.no_faults()
            times = [r["at"] for r in service.asked(mark, "org")]
            assert len(times) >= 10, times
            assert most_in(times, span - 100) <= 10, [t - times[0] for t in times]


ODD = ("null", "1", '"x"', "[]", "[[]]", "{}", '{"id":null}', '{"a":{"b":[{"c":null}]}}', "[" * 500 + "]" * 500, '{"id":' + "9" * 400 + "}",
       '{"created":"yesterday","timestamp":{"epochSecond":-1,"nano":1e99},"creationDate":"x","attributes":[]}',
       '{"created":9223372036854775807,"creationDate":9223372036854775807,"timestamp":"9999-12-31T23:59:59.999Z"}',
       '{"creationDate":-9223372036854775808,"created":"0000-00-00T00:00:00.000+0000"}', '{"\\u0000":"\\ud800"}', "true")


def test_odd_elements_are_kept_or_rejected_and_hold_up_nothing(folder):
    sources = ("jira", "confluence", "bitbucket-dc", "org")
    members = {"jira": "records", "confluence": "results", "bitbucket-dc": "entities", "org": "data"}
    ends = {"bitbucket-dc": ',"pagingInfo":{"lastPage":true}', "org": ',"meta":{"next":null}', "jira": ',"total":1e99'}
    with Started(folder, *sources, events=counts(*sources, n=40)) as (one, service):
        for source in sources:
            text = f'{{"{members[source]}":[{",".join(ODD)}]{ends.get(source, "")}}}'
            service.fault("status", status=200, body=text, source=source, times=1)
        said = one.collect(*sources, expect=None)
        assert all(s["failure"] in ("fine", "garbled reply") for s in said.values()), said
        one.collect(*sources, expect=None)
        for source in sources:
            truth = collections.Counter(t["sha256"] for t in service.truth(source))
            assert not truth - one.stored(source), source
            sums = one.ledger(source)["sums"]
            assert sums["rejects"] > 0 and sums["records"] >= sums["stored"] + sums["duplicates"] + sums["rejects"], sums
        assert not one.verify()


@slow
def test_odd_envelopes_hold_up_nothing(folder):
    """Whatever stands around the records: asked again, or told; never a crash, never a commit of nothing."""
    cases = {"jira": '{"records":[],"records":{}}', "confluence": '{"results":[],"_links":[1]}', "bitbucket-dc": '{"entities":[],"pagingInfo":null}',
             "org": '{"data":[],"meta":{"next":{}},"links":{"next":5}}', "jira-dc": '{"entities":[],"pagingInfo":{"lastPage":"x","nextPageCursor":7}}'}
    with Service(folder, events=counts(*cases, n=40)) as service:
        each = lakes(service, folder, cases)
        for source, body in cases.items():
            service.fault("status", status=200, body=body, source=source, times=1)
            service.fault("status", status=200, body="[" * 200_000, source=source, times=1)
        together(lambda s: each[s].collect(s, expect=None), each)
        service.no_faults()
        for source, one in each.items():
            one.collect(source)
            one.exact(source)
