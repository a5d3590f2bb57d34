# SPDX-License-Identifier: Apache-2.0
"""pugmark sources and status: how sources are doing, what was asked of them, and what is missing."""
import json
import os
import re
import signal
import time

from collect_lake import WINDOWS, Started, counts, wait_for
from lake import slow

HOUR, DAY = 3_600_000, 86_400_000


def text_of(one):
    return one.run("sources").out.decode()


def shows(one, source, state, says=""):
    """The same state in the list, in JSON and on the status screen."""
    found = one.state(source)
    assert found["state"] == state, f"{found['state']}, not {state}: {found['text']}"
    assert re.search(says, found["text"]), found
    for text in (text_of(one), one.run("status").out.decode()):
        assert re.search(rf"{one.names[source]} +{state}", text), text
    status = json.loads(one.run("status", "--json").out)
    assert any(s["name"] == one.names[source] and s["state"] == state for s in status["connected"]), status


def test_new_healthy_paused_and_gone(folder):
    with Started(folder, "jira", events="30") as (one, service):
        shows(one, "jira", "new", "not read")
        one.collect("jira")
        shows(one, "jira", "healthy")
        name = one.names["jira"]
        assert one.run("sources", "pause", name).status == 0
        shows(one, "jira", "paused")
        assert one.run("sources", "pause", name).status == 0, "pausing twice is no error"
        assert one.run("collect", "--once").status == 1, "nothing is left to read, and nobody said so"
        assert one.run("sources", "resume", name).status == 0
        shows(one, "jira", "healthy")
        assert one.run("sources", "remove", name).status == 0
        shows(one, "jira", "gone", "kept")
        assert one.count("jira_audit_logs") == 30
        for word in ("pause", "resume", "remove", "test"):
            result = one.run("sources", word, "nosuch")
            assert result.status == 1 and "no source nosuch" in result.err, result
            assert one.run("sources", word).status == 2
        assert one.run("sources", "paint").status == 2


def test_failing_says_why_and_when_it_is_over(folder):
    with Started(folder, "jira", "confluence", events="30") as (one, service):
        one.collect("jira", "confluence")
        service.control("POST", "tokens", {"kind": "classic", "revoked": True})
        one.collect("jira", "confluence", expect=1)
        shows(one, "jira", "failing", "not accepted.*connect again")
        assert one.state("jira")["failures"] >= 1 and one.state("jira")["error"]
        service.control("POST", "tokens", {"kind": "classic", "revoked": False})
        one.collect("jira", "confluence")
        shows(one, "jira", "healthy")
        assert one.state("jira")["failures"] == 0 and not one.state("jira")["error"]


def test_behind_and_silent(folder):
    with Started(folder, "jira", words=("--clock", "manual"), events="200", more=("--interval", "60s")) as (one, service):
        one.now_ms = service.now()
        one.collect("jira")
        shows(one, "jira", "healthy")
        one.now_ms += 20 * 60_000
        shows(one, "jira", "behind", "behind")
        for _ in range(8):
            service.control("POST", "clock", {"advance_ms": 12 * HOUR})
            one.now_ms = service.now()
            one.collect("jira")
        shows(one, "jira", "silent", "no event for")
        service.add("jira", 1)
        one.collect("jira")
        shows(one, "jira", "healthy")


def test_a_token_that_expires_is_told_two_weeks_before(folder):
    with Started(folder, "jira", words=("--clock", "manual"), events="20") as (one, service):
        now = service.now()
        for days, state, says in ((40, "healthy", ""), (13, "token expires", "1[23] days"), (1, "token expires", "hours|day"), (-1, "failing", "expired.*ago")):
            when = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime((now + days * DAY) / 1000))
            one.now_ms = now
            one.connect("jira", "--token-expires", when)
            one.collect("jira")
            shows(one, "jira", state, says)


@slow
def test_the_ledger_adds_up_in_text_and_in_json(folder):
    with Started(folder, *WINDOWS, "org", events=counts(*WINDOWS, "org", n=150)) as (one, service):
        service.fault("status", status=503, retry_after="0", times=3, source="jira")
        one.collect(*WINDOWS, "org")
        for source in (*WINDOWS, "org"):
            service.add(source, 5)
        one.collect(*WINDOWS, "org")
        one.balanced(*WINDOWS, "org")
        ledger = one.ledger("jira")
        assert ledger["sums"]["errors"] == 3 and ledger["sums"]["stored"] == 155, ledger["sums"]
        kinds = {w["kind"] for w in ledger["windows"]}
        assert kinds == {"sweep", "backfill"} and all(w["state"] == "settled" for w in ledger["windows"]), ledger
        text = one.run("sources", "ledger", one.names["jira"]).out.decode()
        assert "155 stored" in text and "3 of which failed" in text, text
        since = json.loads(one.run("sources", "ledger", "--json", "--since", "-1h", one.names["jira"]).out)
        assert len(since["windows"]) == len(ledger["windows"])
        assert one.run("sources", "ledger", "--since", "whenever").status == 2
        one_line = one.run("sources", "ledger", "--limit", "1", one.names["jira"]).out.decode()
        assert one_line.count("jira-acme") == 1, one_line
        assert json.loads(one.run("sources", "ledger", "--json").out)["sums"]["stored"] == 155 * 8


def test_what_was_not_read_is_a_gap_until_it_is_read_after_all(folder):
    with Started(folder, "jira", "confluence", events="jira=200,confluence=50") as (one, service):
        service.fault("status", status=403, source="jira", path=r"record\?to=")  # of the history
        one.collect("jira", expect=1)
        service.no_faults()
        service.fault("status", status=403, source="jira")
        gaps = one.gaps("jira")
        assert len(gaps) == 1 and "HTTP 403" in gaps[0]["why"], gaps
        result = one.run("sources", "gaps")
        assert result.status == 3 and b"was not read" in result.out, result
        result = one.run("sources", "gaps", "--refetch", one.names["jira"])
        assert result.status == 1 and "HTTP 403" in result.err, result
        service.no_faults()
        result = one.run("sources", "gaps", "--refetch", one.names["jira"])
        assert result.status == 0 and re.search(rb"1\d\d events were fetched", result.out), result
        assert one.gaps("jira") == []
        one.exact("jira")
        one.collect("jira")
        one.exact("jira")
        assert b"no gaps" in one.run("sources", "gaps").out


def test_gaps_of_a_source_that_is_gone_hold_up_no_other(folder):
    with Started(folder, "jira", "confluence", events="jira=60,confluence=60") as (one, service):
        for source in ("jira", "confluence"):
            service.fault("status", status=403, source=source, path=r"(record|audit)\?(to|endDate)=")
        one.collect("confluence", "jira", expect=1)
        service.no_faults()
        assert one.run("sources", "remove", one.names["confluence"]).status == 0
        result = one.run("sources", "gaps", "--refetch")
        assert result.status == 3 and b"fetched after all" in result.out, result
        one.exact("jira")
        assert one.gaps("jira") == []


@slow
def test_removing_and_connecting_again_doubles_nothing(folder):
    sources = ("jira", "confluence", "bitbucket-dc", "org")
    with Started(folder, *sources, events=counts(*sources, n=120)) as (one, service):
        one.collect(*sources)
        for source in sources:
            assert one.run("sources", "remove", one.names[source]).status == 0
            service.add(source, 3)
            one.connect(source)
        said = one.collect(*sources)
        assert all(s["stored"] == 3 for s in said.values()), said
        one.exact(*sources)
        for source, name in ((s, f"other-{n}") for n, s in enumerate(sources)):
            one.run("sources", "remove", one.names[source])
            one.connect(source, "--name", name)
        assert all(s["stored"] == 0 for s in one.collect(*sources).values())
        assert one.count("events") == 123 * 4


def test_a_removed_token_is_forgotten(folder):
    with Started(folder, "jira", events="10") as (one, service):
        one.run("sources", "remove", one.names["jira"])
        result = one.run("collect", "--once", one.names["jira"])
        assert result.status == 1 and "no source" in result.err, result


def test_two_processes_never_read_one_source(folder):
    with Started(folder, "jira", "confluence", events="jira=60,confluence=60") as (one, service):
        service.fault("hang", seconds=3, source="jira")
        first = one.start("collect", one.names["jira"])
        wait_for(lambda: service.asked(0, "jira")[-1:] and len(one.state("jira")["last_attempt"] or "") > 0)
        second = one.run("collect", "--once", one.names["jira"])
        assert second.status == 1 and re.search("another|already", second.err), second
        refetch = one.run("collect", "--once", one.names["confluence"])
        assert refetch.status == 0, "another source is not held up"
        first.send_signal(signal.SIGKILL)
        first.wait()
        service.no_faults()
        one.collect("jira")
        one.exact("jira", "confluence")


@slow
def test_since_reads_again_once(folder):
    with Started(folder, "jira", events="400", more=("--interval", "1s")) as (one, service):
        one.collect("jira")
        mark = service.mark()
        process = one.start("collect", "--since", "-40d", one.names["jira"])
        wait_for(lambda: len(service.asked(mark, "jira")) > 6)
        process.terminate()
        process.wait(10)
        rows = [r["rows"] for r in service.asked(mark, "jira")]
        assert sum(r >= 300 for r in rows) == 1, rows
        result = one.run("collect", "--since", "-1d", one.names["jira"], "jira-other")
        assert result.status == 2 and "--once" in result.err, result


def test_a_saved_source_is_tested_with_its_token(folder):
    with Started(folder, "jira", "org", "other/confluence", events="30") as (one, service):
        for source in ("jira", "org", "other/confluence"):
            result = one.run("sources", "test", "--json", one.names[source])
            assert result.status == 0 and json.loads(result.out)["works"], result
        service.control("POST", "tokens", {"kind": "classic", "revoked": True})
        result = one.run("sources", "test", one.names["jira"])
        assert result.status == 1 and "not accepted" in result.err, result
        result = one.run("sources", "test", "--json", one.names["jira"])
        assert json.loads(result.out)["works"] is False


def test_a_lost_key_is_a_failure_of_the_source(folder):
    with Started(folder, "jira", events="jira=20") as (one, service):
        one.collect("jira")
        key = os.path.join(folder, "config", "pugmark", "key")
        os.rename(key, key + ".away")
        result = one.run("collect", "--once", one.names["jira"])
        assert result.status == 1 and "put it back" in result.err, result
        shows(one, "jira", "failing", "key")
        os.rename(key + ".away", key)
        os.chmod(key, 0o644)
        assert "chmod 600" in one.run("collect", "--once", one.names["jira"]).err
        os.chmod(key, 0o600)
        one.collect("jira")
        shows(one, "jira", "healthy")
