# SPDX-License-Identifier: Apache-2.0
"""Feeds: what comes is watched for, what goes is not, each at its interval; addresses, TAXII 2.1, files."""
import json
import os
import random
import signal
import struct
import time

import lake
from collect_lake import wait_for
from feeds_at import DAY, HOUR, SECRET, Feeding, Taxii, address, addresses, at, event, gzipped, indicator, lines, now, taxii, zipped
from lake import says, slow, write

SLOW = True  # not in make quick


# ---- what comes and goes -----------------------------------------------------------------------


def test_a_feed_is_asked_of_history_and_what_leaves_it_matches_no_more(folder):
    with Feeding(folder) as one:
        result = one.feed(lines(1, 2, 77))
        assert b"3 indicators, 3 added, 0 removed" in result.out
        assert "2 new alerts" in result.err, result.err
        assert {a["title"] for a in one.alerts()}, "alerts"
        assert len(one.alerts()) == 2
        one.server.put("/list.txt", lines(2, 3))
        result = one.update("f")
        assert b"2 indicators, 1 added, 2 removed" in result.out, result.out
        assert "1 new alert" in result.err and one.holds() == addresses(2, 3)
        # New events: of what is in it now, and not of what left.
        one.load("--table", "bitbucket", "--instance", "https://x.example",
                 write(os.path.join(folder, "more.log"), b"".join(
                     json.dumps({**json.loads(line), "timestamp": {"epochSecond": 1_727_136_000 + 200 * 86400, "nano": 0}}).encode() + b"\n"
                     for line in (event(1), event(3), event(77)))))
        one.update("f")
        assert len(one.alerts()) == 4, [a["title"] for a in one.alerts()]
        (state,) = one.feeds().values()
        assert (state["indicators"], state["added"], state["removed"], state["error"]) == (2, 1, 2, None)
        assert state["swept"] and state["next_at"] > state["fetched_at"]


def test_what_is_put_in_by_hand_and_feeds_do_not_mix(folder):
    with Feeding(folder) as one:
        one.feed(lines(1))
        says(one.ioc("add", "f", "198.51.100.5", expect=2), "is a feed")
        one.ioc("add", "hand", "198.51.100.6")
        says(one.feed(lines(1), name="hand", expect=2), "by hand", "--replace")
        one.feed(lines(1), "--replace", name="hand")
        assert one.holds("hand") == addresses(1)
        says(one.update("nothing", expect=1), "no feed")


def test_unchanged_is_asked_for_and_believed_for_a_day(folder):
    with Feeding(folder) as one:
        one.feed(lines(1, 2), etag='"v1"', modified=1700000000)
        began = now()
        result = one.update("f")
        assert b"nothing new" in result.out
        first, second = one.server.asked("/list.txt")
        assert "If-None-Match" not in first and second["If-None-Match"] == '"v1"'
        assert second["If-Modified-Since"] == "Tue, 14 Nov 2023 22:13:20 GMT"
        # The server lies: other bytes under the same name. A day later nobody asks it whether.
        one.server.put("/list.txt", lines(1, 2, 3), etag='"v1"', modified=1700000000)
        one.update("f")
        assert one.holds() == addresses(1, 2)
        one.update("f", env=at(began + DAY + HOUR))
        assert one.holds() == addresses(1, 2, 3)
        assert "If-None-Match" not in one.server.asked("/list.txt")[-1]
        # The same bytes under another name change nothing.
        before = one.feeds()["f"]["changed_at"]
        one.server.put("/list.txt", lines(1, 2, 3), etag='"v2"')
        assert b"nothing new" in one.update("f").out and one.feeds()["f"]["changed_at"] == before
        one.update("f")
        assert one.server.asked("/list.txt")[-1]["If-None-Match"] == '"v2"'


def test_304_that_nobody_asked_for(folder):
    with Feeding(folder) as one:
        says(one.feed(b"", fault="always304", expect=1), "nobody asked", "is saved")
        one.server.put("/list.txt", lines(4))
        one.update("f")
        assert one.holds() == addresses(4)


def test_ends_are_made_anew_while_it_is_in_the_feed(folder):
    with Feeding(folder) as one:
        one.feed(lines(1), "--expire", "3d", etag='"v1"')
        began = now()
        assert b"nothing new" in one.update("f").out, "the same day has the same end"
        one.update("f", env=at(began + 2 * DAY))
        ends = one.ioc("list", "f", "--format", "ndjson").out
        end = json.loads(ends.splitlines()[0])["expires"]
        assert end > time.strftime("%Y-%m-%dT%H", time.gmtime(began / 1e6 + 4 * 86400)), end


# ---- packings and formats ----------------------------------------------------------------------


def test_packings(folder):
    body = lines(*range(50))
    with Feeding(folder) as one:
        for n, packed in enumerate((gzipped(body), lake.zstd(body), zipped(("full.csv", body)), zipped(("a", body), stored=True),
                                    zipped(("a", body), comment=b"made by hand"), gzipped(body[:60]) + gzipped(body[60:]))):
            one.feed(packed, name=f"f{n}", path=f"/{n}", kind="application/octet-stream")
            assert one.holds(f"f{n}") == addresses(*range(50)), n
        one.feed(gzipped(body), name="coded", path="/coded", headers={"Content-Encoding": "gzip"})
        assert one.holds("coded") == addresses(*range(50))


def test_no_byte_of_a_zip_is_trusted(folder):
    """Every byte changed: refused, or read as something that is no crash."""
    body = lines(*range(30))
    good, rng = zipped(("a.csv", body)), random.Random(3)
    path = os.path.join(folder, "feed.zip")
    with Feeding(folder) as one:
        write(path, good)
        one.ioc("add", "z", "--file-feed", path)
        assert one.holds("z") == addresses(*range(30))
        where = range(len(good)) if lake.LONG else sorted(rng.sample(range(len(good)), 60))
        for n in where:
            bad = bytearray(good)
            bad[n] ^= rng.choice((1, 0x80, 0xff))
            write(path, bytes(bad))
            result = one.update("z", expect=None)
            assert result.status in (0, 1) and "Sanitizer" not in result.err, (n, result.err)
            assert one.holds("z") == addresses(*range(30)), n
        locked = bytearray(good)
        struct.pack_into("<H", locked, good.index(b"PK\1\2") + 8, 1)
        write(path, bytes(locked))
        says(one.update("z", expect=1), "encrypted")


def test_formats(folder):
    urlhaus = (b'# URLhaus\n#\n# id,dateadded,url,url_status,last_online,threat,tags,urlhaus_link,reporter\n'
               b'"1","2026-01-01 00:00:00","http://bad.example/a","online","","malware","elf","https://urlhaus.example/1","x"\n'
               b'"2","2026-01-01 00:00:00","http://198.51.100.9/b","online","","malware","elf","https://urlhaus.example/2","x"\n')
    misp = json.dumps({"Event": {"Attribute": [{"type": "ip-dst", "value": "198.51.100.11"}, {"type": "domain", "value": "m.example"}]}})
    with Feeding(folder) as one:
        one.feed(urlhaus, name="urlhaus", path="/u", kind="text/csv")
        assert one.holds("urlhaus") == ["198.51.100.9/b", "bad.example/a"]
        one.feed(misp.encode(), name="misp", path="/m", kind="application/json")
        assert one.holds("misp") == ["198.51.100.11", "m.example"]
        one.feed(b"a;b\nx;198.51.100.12\n", "--list-format", "csv", "--column", "b", "--kind", "ipv4", name="csv", path="/c")
        assert one.holds("csv") == addresses(12)
        settings = one.feeds()["csv"]["settings"]
        assert (settings["format"], settings["column"], settings["value_kind"]) == ("csv", "b", "ipv4")


def test_a_misp_feed_by_its_manifest(folder):
    ids = [f"0000000{n}-0000-4000-8000-000000000000" for n in range(4)]

    def put(one, *events):
        """(number, when, addresses)"""
        one.server.put("/misp/manifest.json", json.dumps({
            ids[n]: {"info": "an event", "timestamp": str(when), "Orgc": {"name": "x"}} for n, when, _ in events}).encode(), etag=f'"{events}"')
        for n, when, attributes in events:
            one.server.put(f"/misp/{ids[n]}.json", json.dumps({"Event": {"uuid": ids[n], "info": "an event", "timestamp": str(when), "Attribute": [
                {"type": "ip-dst", "value": f"198.51.100.{a}", "to_ids": True, "deleted": d} for a, d in attributes]}}).encode(), etag='"e"')

    with Feeding(folder) as one:
        put(one, (0, 1000, [(1, False)]), (1, 1001, [(2, False), (3, False)]))
        one.add("m", "--url", one.server.url + "/misp/manifest.json")
        assert one.holds("m") == addresses(1, 2, 3)
        assert b"nothing new" in one.update("m").out
        del one.server.log[:]
        put(one, (0, 1000, [(1, False)]), (1, 1002, [(2, True), (3, False)]), (2, 1003, [(4, False)]))
        assert b"1 added, 1 removed" in one.update("m").out
        assert one.holds("m") == addresses(1, 3, 4)
        assert [p for p, _ in one.server.log] == ["/misp/manifest.json"] + [f"/misp/{ids[n]}.json" for n in (1, 2)]
        assert not any("If-None-Match" in h for p, h in one.server.log[1:])
        # An event that is missing, or no event: nothing of that fetch is taken.
        put(one, (2, 1004, [(5, False)]), (3, 1005, [(6, False)]))
        del one.server.pages[f"/misp/{ids[3]}.json"]
        says(one.update("m", expect=1), "HTTP 404", ids[3])
        assert one.holds("m") == addresses(1, 3, 4)
        for body, words in ((b"[]", "no JSON object"), (b"{}", "no event"), (b'{"../../x": {"timestamp": 2000}}', "no event with"),
                            (b'{"%s": {"timestamp": "x"}}' % ids[0].encode(), "no event with"), (b"<html>", "web page")):
            one.server.put("/misp/manifest.json", body)
            says(one.update("m", expect=1), words)
        put(one, (2, 1004, [(5, False)]), (3, 1005, [(6, False)]))
        for path in ("manifest", ids[2]):  # packed for the way
            page = one.server.pages[f"/misp/{path}.json"]
            page.body, page.headers = gzipped(page.body), {"Content-Encoding": "gzip"}
        one.update("m")
        assert one.holds("m") == addresses(1, 3, 4, 5, 6)


def test_a_stix_feed_adds_and_what_is_revoked_goes(folder):
    def bundle(*objects):
        return json.dumps({"type": "bundle", "id": "bundle--1", "objects": objects}).encode()
    with Feeding(folder) as one:
        one.feed(bundle(indicator(address("198.51.100.1")), indicator(address("198.51.100.2"))), kind="application/json")
        one.server.put("/list.txt", bundle(indicator(address("198.51.100.3")), indicator(address("198.51.100.1"), revoked=True)))
        assert b"1 added, 1 removed" in one.update("f").out
        assert one.holds() == addresses(2, 3)


# ---- TAXII -------------------------------------------------------------------------------------


def test_taxii_lists_collections_and_pages(folder):
    with Feeding(folder, tls=True) as one:
        password = write(os.path.join(folder, "password"), SECRET.encode() + b"\n")
        server = taxii(one, login=("me", SECRET))
        login = ("--user", "me", "--password-file", password)
        url = one.server.url + "/taxii2/"
        says(one.add("t", "--taxii", url, expect=1), "HTTP 401")
        result = one.add("t", "--taxii", url, *login, expect=2)
        says(result, "--collection")
        assert Taxii.ID.encode() in result.out and b"Known bad" in result.out
        assert b"not to be read" in result.out and b"\x1b" not in result.out
        assert one.feeds() == {}
        says(one.add("t", "--taxii", url, "--collection", "nothing", *login, expect=1), "no collection")
        result = one.add("t", "--taxii", url, "--collection", "known-bad", *login)
        assert b"7 indicators, 7 added" in result.out and "7 new alerts" in result.err
        assert one.holds("t") == addresses(*range(7)) and len(server.asked) == 4
        settings = one.feeds()["t"]
        assert settings["settings"]["collection"] == Taxii.ID and settings["url"] == one.server.url + "/api1/"
        # Only what was added since; what is revoked goes.
        del server.asked[:]
        assert b"nothing new" in one.update("t").out
        assert [q["added_after"] for q in server.asked] == ["2026-01-01T00:00:07.000001Z"]
        server.add(indicator(address("198.51.100.20")), indicator(address("198.51.100.0"), revoked=True))
        result = one.update("t")
        assert b"1 added, 1 removed" in result.out
        assert one.holds("t") == addresses(*range(1, 7), 20)
        assert "history: 1 indicator" in result.err
        # An API root will do too, and a token.
        server.login, server.token = None, SECRET
        one.add("u", "--taxii", one.server.url + "/api1", "--collection", Taxii.ID, "--api-token-file", password)
        assert one.holds("u") == addresses(*range(1, 7), 20)
        assert SECRET not in json.dumps(one.feeds())


# ---- files -------------------------------------------------------------------------------------


def test_files_and_folders_are_read_again_when_they_changed(folder):
    with Feeding(folder) as one:
        where = os.path.join(folder, "lists")
        os.mkdir(where)
        path = write(os.path.join(where, "a.txt"), lines(1, 2))
        write(os.path.join(where, "b.txt.gz"), gzipped(lines(2, 3)))
        write(os.path.join(where, ".hidden"), lines(9))
        os.mkdir(os.path.join(where, "below"))
        one.ioc("add", "one", "--file-feed", path)
        one.ioc("add", "all", "--file-feed", "lists")
        assert (one.holds("one"), one.holds("all")) == (addresses(1, 2), addresses(1, 2, 3))
        assert one.feeds()["all"]["url"] == where and one.feeds()["all"]["interval_s"] == 60
        assert one.update().out.count(b"nothing new") == 2
        write(path, lines(4))
        assert b"1 added" in one.update().out
        assert (one.holds("one"), one.holds("all")) == (addresses(4), addresses(2, 3, 4))
        os.unlink(path)
        result = one.update(expect=1)
        says(result, "no such file", "1 of 2 feeds failed")
        assert (one.holds("one"), one.holds("all")) == (addresses(4), addresses(2, 3))
        os.mkfifo(os.path.join(folder, "pipe"))
        says(one.ioc("add", "pipe", "--file-feed", os.path.join(folder, "pipe"), expect=2), "neither a file")


# ---- the process of the service ----------------------------------------------------------------


def test_what_is_due_is_fetched_and_nothing_else(folder):
    with Feeding(folder) as one:
        one.feed(lines(1), "--interval", "1h")
        one.feed(lines(2), "--interval", "1d", name="g", path="/g")
        clock = now()
        one.server.put("/list.txt", lines(3))
        one.update("--loop", "--once", env=at(clock))
        assert one.holds() == addresses(1)
        result = one.update("--loop", "--once", env=at(clock + 2 * HOUR))
        assert one.holds() == addresses(3) and len(one.server.asked("/g")) == 1
        assert len(one.alerts()) == 3, result.err
        one.ioc("pause", "f")
        one.update("--loop", "--once", env=at(clock + 20 * HOUR))
        assert len(one.server.asked("/list.txt")) == 2 and one.feeds()["f"]["paused"]


@slow
def test_the_service_fetches_feeds(folder):
    with Feeding(folder) as one:
        process = one.start("serve", "--no-http")
        try:
            wait_for(lambda: "nothing is connected" in one.said())
            one.feed(lines(1), "--interval", "1s")
            wait_for(lambda: len(one.server.asked("/list.txt")) > 2, 30)
            one.server.put("/list.txt", lines(1, 5))
            wait_for(lambda: len(one.alerts()) == 2, 30)
            # A second one refuses; one by hand does what is to be done.
            says(one.update("--loop", expect=1), "already")
            one.ioc("remove", "f")
            wait_for(lambda: "(feeds): its process has ended" in one.said(), 30)
        finally:
            process.send_signal(signal.SIGTERM)
            assert process.wait(30) == 0
        assert "history" not in one.said()


@slow
def test_it_ends_at_once_whatever_it_waits_for(folder):
    with Feeding(folder) as one:
        one.feed(lines(1), "--interval", "1s")
        for fault in ("hang", "slow", "endless"):
            one.server.put("/list.txt", lines(*range(60)), fault=fault)
            n = len(one.server.asked("/list.txt"))
            process = one.start("ioc", "update", "--loop")
            wait_for(lambda: len(one.server.asked("/list.txt")) > n, 30)
            # Nobody else fetches it meanwhile.
            if fault == "hang":
                assert b"another process" in one.update("f").out
            began = time.monotonic()
            process.send_signal(signal.SIGTERM)
            assert process.wait(20) in (0, 130)
            assert time.monotonic() - began < 5, fault
            assert one.holds() == addresses(1)
            assert one.feeds()["f"]["error"] is None, "who is stopped has not failed"


@slow
def test_stopped_at_any_operation_the_list_is_the_old_or_the_new_one(folder):
    with Feeding(folder) as one:
        one.feed(lines(1, 2))
        new, hits = (3, 4), {"old": 0, "new": 0}
        for n in range(1, 400, 1 if lake.LONG else 9):
            for what in ("kill", "ENOSPC"):
                old = one.holds()
                new = (new[0] + 1, new[1] + 2)
                one.server.put("/list.txt", lines(*new))
                result = one.update("f", expect=None, env={"PUGMARK_FAULT": f"change:{n}:{what}"})
                held = one.holds()
                assert held in (old, addresses(*new)), (n, what, held)
                hits["old" if held == old else "new"] += 1
                one.update("f")
                assert one.holds() == addresses(*new) and one.feeds()["f"]["swept"], (n, what, result.err)
                assert not [f for f in one.files("watchlists") if f.endswith(".tmp") or "building" in f]
        assert hits["old"] > 3 and hits["new"] > 3, hits
