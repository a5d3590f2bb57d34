# SPDX-License-Identifier: Apache-2.0
"""Feeds whose servers do what they should not (pages, bombs, half a list, the past, the same for ever): the list stays as it was, the failure
is told, and the next fetch is good again. And secrets, the guard, redirects."""
import json
import os
import random
import sqlite3
import time

from feeds_at import PAGE, SECRET, Feeding, Taxii, address, addresses, at, gzipped, indicator, lines, now, taxii, zipped
from lake import says, slow, write
from proxies import Proxy

SLOW = True  # not in make quick


# ---- bad content -------------------------------------------------------------------------------

BAD = {
    "html": (dict(body=PAGE, kind="text/html"), "web page"),
    "html that calls itself a list": (dict(body=PAGE, kind="text/csv"), "web page"),
    "empty": (dict(body=b""), "empty"),
    "comments only": (dict(body=b"# nothing today\n"), "empty|nothing|no "),
    "binary": (dict(body=random.Random(1).randbytes(5000)), "."),
    "nothing usable": (dict(body=json.dumps({"type": "bundle", "objects": [indicator("[x-odd:thing = '1'] REPEATS 5 TIMES")] * 3}).encode()),
                       "nothing in it can be used"),
    "cut": (dict(body=lines(*range(60)), fault="cut"), "early|cut|broke"),
    "truncated gzip": (dict(body=gzipped(lines(*range(60)), 12)), "damaged|early"),
    "truncated gzip as a coding": (dict(body=gzipped(lines(*range(60)), 12), headers={"Content-Encoding": "gzip"}), "."),
    "without an end": (dict(body=lines(*range(60)), fault="unmarked"), "where its list ends"),
    "gzip of a page": (dict(body=gzipped(PAGE)), "web page"),
    "zip of two": (dict(body=zipped(("a", lines(1)), ("b", lines(2)))), "2 files", "--file-feed"),
    "zip cut": (dict(body=zipped(("a", lines(*range(60))))[:-30]), "damaged"),
    "zip of a page": (dict(body=zipped(("a", PAGE))), "web page"),
    "reset": (dict(fault="reset"), "."),
    "206": (dict(body=lines(1), status=206), "part"),
    "204": (dict(body=b"", status=204), "empty"),
    "300": (dict(body=b"x", status=300), "elsewhere"),
}


def test_bad_content_leaves_the_list_as_it_was(folder):
    with Feeding(folder) as one:
        one.feed(lines(*range(20)))
        for name, (page, *words) in BAD.items():
            one.server.put("/list.txt", **page)
            result = one.update("f", expect=None)
            assert result.status == 1, (name, result.out, result.err)
            says(result, *words)
            assert one.holds() == addresses(*range(20)), name
            state = one.feeds()["f"]
            assert state["error"] and state["failing_since"], name
            assert "\x1b" not in result.err
        assert one.feeds()["f"]["failures"] == len(BAD)
        # The same for a feed that is new.
        for n, (name, (page, *words)) in enumerate(BAD.items()):
            says(one.feed(name=f"new-{n}", path=f"/{n}", expect=1, **page), *words)
            assert one.holds(f"new-{n}") == []
        one.server.put("/list.txt", lines(5))
        one.update("f", "--accept")
        state = one.feeds()["f"]
        assert one.holds() == addresses(5) and state["error"] is None and state["failures"] == 0 and not state["failing_since"]


def test_a_feed_that_shrinks_is_kept_until_it_is_accepted(folder):
    with Feeding(folder) as one:
        one.feed(lines(*range(100)))
        one.server.put("/list.txt", lines(*range(10)))
        one.update("f")
        one.server.put("/list.txt", lines(*range(100)))
        one.update("f")
        one.server.put("/list.txt", lines(*range(9)), etag='"small"')
        says(one.update("f", expect=1), "more than 90 %", "--accept")
        says(one.update("f", expect=1), "more than 90 %")
        assert len(one.holds()) == 100 and "If-None-Match" not in one.server.asked("/list.txt")[-1]
        one.update("f", "--accept")
        assert len(one.holds()) == 9
        one.server.put("/list.txt", b"")
        says(one.update("f", expect=1), "empty")
        one.update("f", "--accept")
        assert one.holds() == []


def test_a_feed_that_goes_back_in_time(folder):
    with Feeding(folder) as one:
        one.feed(lines(1, 2), modified=1700000000)
        one.server.put("/list.txt", lines(1), modified=1600000000)
        says(one.update("f", expect=1), "2020-09-13", "older than what is here", "2023-11-14")
        assert one.holds() == addresses(1, 2)
        one.update("f", "--accept")
        assert one.holds() == addresses(1)


def test_a_damaged_list_is_made_anew(folder):
    """A byte of the list's file changed anywhere: the next content that comes takes its place."""
    with Feeding(folder) as one:
        one.feed(lines(1, 2, 3))
        server = taxii(one)
        one.add("t", "--taxii", one.server.url + "/api1/", "--collection", Taxii.ID)
        rng = random.Random(5)
        for n in range(12):
            for path in [p for p in one.files("watchlists") if p.endswith(".watch")]:
                data = bytearray(open(path, "rb").read())
                data[rng.randrange(len(data))] ^= 0x41
                write(path, bytes(data))
            assert len(one.verify()) == 2
            one.server.put("/list.txt", lines(1, 2, 4 + n))
            server.add(indicator(address(f"198.51.100.{30 + n}"), n))
            one.update("f")
            one.update("t", "--accept")
            assert one.holds() == addresses(1, 2, 4 + n) and one.holds("t") == addresses(*range(7), *range(30, 31 + n))
            assert not one.verify() and all(f["swept"] for f in one.feeds().values())


def test_endless_bodies_and_bombs_end_at_the_limit(folder):
    with Feeding(folder) as one:
        one.feed(lines(1), "--max-size", "1M")
        one.server.put("/list.txt", fault="endless")
        result = one.update("f", expect=1)
        says(result, "more than 1", "--max-size")
        assert result.seconds < 20 and result.rss_mb < 400
        bomb = b"".join(b"%d.bomb.example\n" % n for n in range(200000))
        for body in (gzipped(bomb), zipped(("bomb", bomb))):
            one.server.put("/list.txt", body)
            says(one.update("f", expect=1), "unpacks to more", "--max-size")
        # As the transfer's own coding.
        one.server.put("/list.txt", gzipped(bomb), headers={"Content-Encoding": "gzip"})
        says(one.update("f", expect=1), "more than", "--max-size")
        assert one.holds() == addresses(1)
        assert not [f for f in one.files("watchlists") if f.endswith(".tmp")]


@slow
def test_a_slow_server_is_given_up(folder):
    with Feeding(folder) as one:
        one.feed(lines(1))
        one.server.put("/list.txt", lines(*range(60)), fault="slow")
        result = one.update("f", expect=1)
        says(result, "slow|long")
        assert result.seconds < 100 and one.holds() == addresses(1)


# ---- answers that are none ---------------------------------------------------------------------


def test_every_refusal_in_plain_words(folder):
    with Feeding(folder) as one:
        one.feed(lines(1))
        for status, words in ((401, "--header-file"), (403, "refuses"), (404, "nothing at this address"), (410, "for good"),
                              (418, "request"), (407, "proxy")):
            one.server.put("/list.txt", b"\x1b[31msecret", status=status)
            result = one.update("f", expect=1)
            says(result, f"HTTP {status}", words)
            assert "secret" not in result.err and "/list" not in result.err
        assert one.holds() == addresses(1)


def test_what_passes_is_tried_again(folder):
    with Feeding(folder) as one:
        page = one.server
        one.feed(lines(1))
        page.put("/list.txt", lines(2))
        page.pages["/list.txt"].statuses = [503, 502]
        one.update("f")
        assert one.holds() == addresses(2)
        # Who asks for an hour gets it: nothing waits, and the next fetch is due after it.
        page.pages["/list.txt"].statuses = [(429, {"Retry-After": "7200"})]
        began = now()
        result = one.update("f", expect=1)
        says(result, "HTTP 429", "--interval")
        assert result.seconds < 30
        assert one.feeds()["f"]["next_at"] > time.strftime("%Y-%m-%dT%H:%M", time.gmtime(began / 1e6 + 840))


def test_failures_are_tried_later_and_later(folder):
    with Feeding(folder) as one:
        one.feed(lines(1), "--interval", "30m")
        one.server.put("/list.txt", status=404)
        clock, pauses = now(), []
        for _ in range(12):
            one.update("f", expect=1, env=at(clock))
            with sqlite3.connect(os.path.join(one.data, "catalog.db")) as catalog:
                (due,) = catalog.execute("SELECT due_at FROM watchlists").fetchone()
            pauses.append((due - clock) / 1e6)
        for n, pause in enumerate(pauses):
            most = min(60 * 2 ** n, 6 * 3600)
            assert most * 0.49 <= pause <= most * 1.51, (n, pauses)
        assert one.feeds()["f"]["failures"] == 12


# ---- redirects, the guard, TLS -----------------------------------------------------------------


def test_redirects_are_followed_a_little_and_judged_anew(folder):
    with Feeding(folder) as one, Feeding(os.path.join(folder), events=1) as other:
        one.feed(lines(1))
        put = one.server.put
        put("/end", lines(8))
        put("/2", status=302, headers={"Location": "/end"})
        put("/1", status=307, headers={"Location": one.server.url + "/2"})
        put("/list.txt", status=301, headers={"Location": "1"})
        one.update("f")
        assert one.holds() == addresses(8)
        for status, headers, *words in (
                (302, {"Location": "/list.txt"}, "more than 3"),
                (302, {}, "no address"),
                (308, {"Location": "file:///etc/passwd"}, "no address"),
                (302, {"Location": "http://169.254.169.254/latest/meta-data/"}, "."),
                (302, {"Location": other.server.put("/x", lines(9))}, "private|loopback|address")):
            put("/list.txt", status=status, headers=headers)
            says(one.update("f", expect=1), *words)
            assert one.holds() == addresses(8)
        assert other.server.asked("/x") == []


def test_secrets_stay_with_their_host_and_tls_is_not_left(folder):
    with Feeding(folder, tls=True) as one:
        headers = write(os.path.join(folder, "headers"), f"# from the portal\nAuth-Key: {SECRET}\n\nX-Other: b\n".encode())
        url = one.server.put("/list.txt", lines(1), key=("Auth-Key", SECRET))
        one.add("f", "--url", url, "--header-file", headers)
        assert one.holds() == addresses(1)
        one.server.put("/list.txt", status=302, headers={"Location": f"http://127.0.0.1:{one.server.port}/list.txt"})
        says(one.update("f", expect=1), "without TLS")
        # Another name is another host, and gets no key; back at the first, it is sent again.
        with Proxy(one.server.port) as proxy:
            one.server.put("/list.txt", status=302, headers={"Location": "https://cdn.example/moved"})
            one.server.put("/moved", status=302, headers={"Location": "https://feeds.example/end"})
            one.server.put("/end", lines(2), key=("Auth-Key", SECRET))
            one.add("g", "--url", "https://feeds.example/list.txt", "--header-file", headers, "--proxy", proxy.url)
            assert one.holds("g") == addresses(2)
            assert set(proxy.seen) == {"feeds.example:443", "cdn.example:443"}
        sent = [("Auth-Key" in h, "X-Other" in h) for p in ("/list.txt", "/moved", "/end") for h in one.server.asked(p)[-1:]]
        assert sent == [(True, True), (False, False), (True, True)], sent


def test_the_guard_and_tls(folder):
    with Feeding(folder, tls=True) as one:
        url = one.server.put("/list.txt", lines(1))
        says(one.ioc("add", "f", "--url", url, "--ca-file", one.cert, expect=1), "--allow-private|allow")
        says(one.ioc("add", "g", "--url", url, "--allow-private", expect=1), "certificate|authority|trust")
        assert one.server.log == []
        says(one.ioc("add", "h", "--url", url.replace("https", "http"), expect=2), "https://")
        says(one.ioc("add", "h", "--url", "https://user:pass@x.example/", expect=2), "password")
        says(one.ioc("add", "h", "--url", "ftp://x.example/", expect=2), "https://")
        assert set(one.feeds()) == {"f", "g"}


# ---- secrets -----------------------------------------------------------------------------------


def test_no_secret_is_shown_or_kept_in_the_open(folder):
    with Feeding(folder, tls=True) as one:
        headers = write(os.path.join(folder, "headers"), f"Auth-Key: {SECRET}\n".encode())
        password = write(os.path.join(folder, "password"), SECRET.encode() + b"\n")
        secret_url = one.server.put(f"/v2/{SECRET}/recent.csv", lines(2))
        url_file = write(os.path.join(folder, "url"), secret_url.encode() + b"\n")
        said = [one.add("a", "--url", one.server.put("/a", lines(1), key=("Auth-Key", SECRET)), "--header-file", headers),
                one.add("b", "--url-file", url_file),
                one.add("c", "--url", one.server.put("/c", lines(3), login="me:" + SECRET), "--user", "me", "--password-file", password)]
        assert [one.holds(n) for n in "abc"] == [addresses(1), addresses(2), addresses(3)]
        one.server.pages.clear()
        said += [one.update("--verbose", expect=1), one.ioc("feeds"), one.ioc("feeds", "--json"), one.ioc("list", "--json")]
        for result in said:
            assert SECRET not in result.err and SECRET.encode() not in result.out
        for path in one.files():
            with open(path, "rb") as file:
                assert SECRET.encode() not in file.read(), path
        feeds = one.feeds()
        assert [feeds[n]["secrets"] for n in "abc"] == ["headers", "url", "password"]
        assert feeds["b"]["url"] == one.server.url + "/…"
        # Another key; and a lost one.
        one.server.put("/a", lines(11), key=("Auth-Key", SECRET))
        fresh = os.path.join(folder, "fresh")
        one.run("sources", "rekey", "--key-file", one.key)
        one.update("a")
        assert one.holds("a") == addresses(11)
        result = one.run("ioc", "update", "a", "--key-file", fresh)
        assert result.status == 1 and SECRET not in result.err
        # Removed: sealed under nothing.
        for name in "abc":
            one.ioc("remove", name)
        with sqlite3.connect(os.path.join(one.data, "catalog.db")) as catalog:
            assert catalog.execute("SELECT count(*) FROM watchlist_secrets").fetchone() == (0,)


def test_wrong_words(folder):
    with Feeding(folder) as one:
        def bad(*words, says_=""):
            result = one.ioc("add", "x", *words, expect=2)
            says(result, says_ or ".")
        bad("--url", "https://x.example", "--taxii", "https://x.example", says_="one of")
        bad("--url", "https://x.example", "198.51.100.1", says_="no values")
        bad("--url", "https://x.example", "--interval", "often", says_="--interval")
        bad("--url", "https://x.example", "--max-size", "big", says_="--max-size")
        bad("--url", "https://x.example", "--user", "me", says_="go together")
        bad("--url", "https://x.example", "--proxy", "http://a:b@proxy:1", says_="in the open")
        bad("--url", "https://x.example", "--collection", "a", says_="--taxii")
        bad("--url", "https://x.example", "--list-format", "pdf", says_="--list-format")
        for text, words in ((b"nonsense\n", "line 1"), (b"A: b\nHost: evil\n", "line 2.*host"), (b"A: b\x01\n", "lines"), (b"", "lines"),
                            (b"A b: c\n", "line 1"), (b"If-None-Match: x\n", "itself")):
            bad("--url", "https://x.example", "--header-file", write(os.path.join(folder, "h"), text), says_=words)
        bad("--url", "https://x.example", "--header-file", "/nonexistent", says_="no file")
        assert one.feeds() == {}
        says(one.update("--once", expect=2), "--loop")


# ---- TAXII --------------------------------------------------------------------------------------


def test_taxii_servers_that_never_come_to_an_end(folder):
    with Feeding(folder) as one:
        server = taxii(one)
        one.add("t", "--taxii", one.server.url + "/api1/", "--collection", Taxii.ID)
        before = one.holds("t")
        for fault, words in (("loop", "circle"), ("repeat", "circle"), ("back", "back in time"), ("promise", "promises"),
                             ("no-cursor", "not how"), ("html", "web page")):
            server.fault = None
            server.add(*(indicator(address(f"203.0.113.{len(server.objects) + i}")) for i in range(5)))
            server.fault = fault
            del server.asked[:]
            result = one.update("t", expect=1)
            says(result, words)
            assert len(server.asked) < 12 and result.seconds < 20, fault
            assert one.holds("t") == before, fault
        server.fault = None
        one.update("t")
        assert len(one.holds("t")) == 7 + 30 and one.feeds()["t"]["error"] is None
        # Meant so: from the beginning.
        del server.asked[:]
        one.update("t", "--accept")
        assert "added_after" not in server.asked[0]


def test_what_is_no_taxii(folder):
    with Feeding(folder) as one:
        for n, (page, words) in enumerate(((dict(body=PAGE, kind="text/html"), "web page"), (dict(body=b"[]"), "no JSON object"),
                                           (dict(body=b"{}"), "neither"), (dict(body=b"{\"api_roots\":[1]}"), "."),
                                           (dict(body=b"{\"api_roots\":[\"https://other.example/x/\"]}"), "other hosts"))):
            url = one.server.put(f"/{n}/", **page)
            says(one.add("t", "--taxii", url, "--collection", "x", expect=1), words)
        assert one.feeds() == {}
