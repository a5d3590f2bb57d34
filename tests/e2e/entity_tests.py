# SPDX-License-Identifier: Apache-2.0
"""pugmark entity: every number compared with a plain count over the events as they were made; and the rules by which
names are one person's."""
import collections
import datetime
import json
import os
import random

from lake import Lake, clear, joined, write
from receivers import Alerting, alert, cell

SLOW = True  # not in make quick

BASE = int(datetime.datetime(2026, 3, 1, tzinfo=datetime.timezone.utc).timestamp())
DAY = 86400
A1, A2, A3 = "5f3c0a9be1d2c40068aa1111", "5f3c0a9be1d2c40068aa2222", "557058:0b1e4a52-77f0-4c1d-9a2b-3c5d7e9f0a1b"
KEY1 = "8a7f808a5e1c9b01015e1c9f2a3b0001"
EVIL = "x\x1b[31m\u202e\"\\\n'$(id) OR actor:*"


class Event:
    """A raw event, and what it says, kept beside it: no decoding."""

    def __init__(self, table, time, raw, actor, actor_id, action, category, ip, targets, people, node=None):
        self.table, self.time, self.raw = table, time, raw
        self.actor, self.actor_id, self.action, self.category = actor, actor_id, action, category
        self.ip, self.targets, self.people, self.node = ip, list(dict.fromkeys(targets)), people, node

    def names(self, value):
        return any(p is not None and p.casefold() == value.casefold() for p in self.people)

    def holds(self, value):
        return self.names(value) or plain(self.ip) == value or (self.node or "").casefold() == value.casefold()


def plain(ip):
    return ip[7:] if ip and ip.startswith("::ffff:") else ip


def bitbucket(time, number, name, ip, action, objects, product="bitbucket"):
    raw = {"affectedObjects": [{"id": str(i), "name": o, "type": "REPOSITORY"} for i, o in enumerate(objects)],
           "auditType": {"action": action, "actionI18nKey": f"{product}.action", "area": "A", "category": "Repositories",
                         "categoryI18nKey": f"{product}.category", "level": "BASE"},
           "author": {"id": number, "name": name, "type": "NORMAL" if product == "bitbucket" else "ApplicationUser"},
           "changedValues": [], "extraAttributes": [], "method": "Browser", "node": "node-7", "source": ip,
           "system": f"https://{product}.example.com", "timestamp": {"epochSecond": time, "nano": 0}, "version": "1.0"}
    return Event(f"{product}_audit_logs", time, raw, name, number, action, "Repositories", ip, objects, [number, name],
                 "node-7")


def jira(time, number, key, account, ip, summary, target):
    stamp = datetime.datetime.fromtimestamp(time, datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.000+0000")
    raw = {"id": number, "summary": summary, "remoteAddress": ip, "authorKey": key, "authorAccountId": account,
           "created": stamp, "category": "group management", "eventSource": "",
           "objectItem": {"name": target, "typeName": "GROUP"}}
    return Event("jira_audit_logs", time, raw, key, account, summary, "group management", ip, [target], [key, account])


def confluence(time, name, key, account, ip, summary, target):
    raw = {"author": {"type": "user", "displayName": name, "username": account, "userKey": key, "accountId": account,
                      "accountType": "", "publicName": "Unknown user"},
           "remoteAddress": ip, "creationDate": time * 1000, "summary": summary, "description": "", "category": "Spaces",
           "sysAdmin": False, "superAdmin": False, "affectedObject": {"name": target, "objectType": "Space"},
           "changedValues": [], "associatedObjects": []}
    return Event("confluence_audit_logs", time, raw, name, account, summary, "Spaces", ip, [target],
                 [name, account, key])


def org(time, number, account, name, mail, ip, action, invited=None):
    stamp = datetime.datetime.fromtimestamp(time, datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
    context = [{"id": invited[0], "type": "users", "attributes": {"email": invited[1]}}] if invited else []
    raw = {"type": "events", "id": f"e{number:07d}-ed40-cb1a-104e-8e93bb6b4649",
           "attributes": {"time": stamp, "processedAt": stamp, "action": action,
                          "actor": {"id": account, "name": name, "email": mail}, "context": context, "container": [],
                          "location": {"ip": ip}},
           "message": {"content": "", "format": "simple"}}
    return Event("atlassian_org_events", time, raw, name, account, action, None, ip,
                 [invited[1]] if invited else [], [account, name, mail, *(invited or [])])


def made():
    """Events of some days: shared display names, mapped addresses, a service that many keys use."""
    rng = random.Random(7)
    addresses = ["192.0.2.7", "::ffff:192.0.2.7", "10.1.0.4", "2001:db8::5", "198.51.100.9"]
    events = []
    for n in range(1500):
        time = BASE + rng.randrange(45) * DAY + rng.randrange(DAY)
        ip = rng.choice(addresses)
        repos = rng.sample(["tools", "site", EVIL, "bob", "Straße"], rng.randrange(3))
        events.append(rng.choice([
            lambda: bitbucket(time, "101", "Anna Schmidt", ip, "Repository accessed", repos),
            lambda: bitbucket(time, "102", "bob", ip, rng.choice(["Repository created", "Repository accessed"]), repos),
            lambda: bitbucket(time, "JIRAUSER10100", "bob@example.com", ip, "Scheme changed", ["scheme"], "jira"),
            lambda: jira(time, n, "anna.s", A1, ip, rng.choice(["User added", "User removed"]), "team-a"),
            lambda: jira(time, n, f"robot-{rng.randrange(9)}", "712020:5e3d1a90-0000-4000-8000-00000000beef", ip,
                         "User added", "team-b"),
            lambda: confluence(time, "Anna Schmidt", KEY1, A1, ip, "Space permission added", "Docs"),
            lambda: confluence(time, "Anna Schmidt", None, A2, ip, "Space permission added", "Docs"),
            lambda: org(time, n, A1, "Anna Schmidt", "anna@example.com", ip, "user_login"),
            lambda: org(time, n, A2, "Anna Schmidt", "a.schmidt@example.com", ip, "user_login"),
            lambda: org(time, n, A3, "Bob B", "Bob@Example.com", ip, "user_login"),
        ])())
    unique = {json.dumps(e.raw): e for e in events}
    return list(unique.values())


def load(folder, events, one=None):
    """By table, in two parts, the late ones second; the first part twice."""
    one = one or Lake(folder)
    third = len(events) // 3
    for part in (events[third:], events[:third], events[third:]):
        tables = collections.defaultdict(list)
        for event in part:
            tables[event.table].append(json.dumps(event.raw).encode())
        for table, lines in tables.items():
            one.load("--no-detect", "--table", table, write(os.path.join(folder, "part"), joined(lines)))
    return one


def entity(one, *args, expect=0):
    result = one.run("entity", "--json", "--limit", "100000", *args)
    assert result.status == expect, f"{args}: {result.status}: {result.err}"
    return json.loads(result.out)


def stamp(time):
    return datetime.datetime.fromtimestamp(time, datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.000000Z")


def table_of(events, values_of):
    """{value: [events, first, last]}."""
    out = {}
    for event in events:
        for value in set(values_of(event)):
            if value is None:
                continue
            n, first, last = out.get(value, (0, event.time, event.time))
            out[value] = (n + 1, min(first, event.time), max(last, event.time))
    return {v: (n, stamp(first), stamp(last)) for v, (n, first, last) in out.items()}


def check(one, value, events, is_actor, is_ip, is_target, *args):
    """All numbers of an answer against `events`, which are those that it must count."""
    found = entity(one, *args, "--", value)
    assert found["events"] == len(events), f"{value}: {found['events']}, not {len(events)}"
    assert found["seen"] is bool(events)
    assert found["first_seen"] == stamp(min(e.time for e in events))
    assert found["last_seen"] == stamp(max(e.time for e in events))
    assert found["as"] == {"actor": sum(map(is_actor, events)), "address": sum(map(is_ip, events)),
                           "target": sum(map(is_target, events)),
                           "elsewhere": sum(not (is_actor(e) or is_ip(e) or is_target(e)) for e in events)}, found["as"]
    wanted = {
        "tables": table_of(events, lambda e: [e.table]),
        "actions": table_of(events, lambda e: [e.action]),
        "categories": table_of(events, lambda e: [e.category]),
        "addresses": table_of([e for e in events if not is_ip(e)], lambda e: [plain(e.ip)]),
        "actors": table_of([e for e in events if not is_actor(e)], lambda e: [e.actor]),
        "targets": table_of([e for e in events if is_actor(e) or is_ip(e)], lambda e: e.targets),
        "nodes": table_of(events, lambda e: [e.node]),
        "sources": table_of(events, lambda e: ["import"]),
    }
    for name, want in wanted.items():
        have = {v["value"]: (v["events"], v["first_seen"], v["last_seen"]) for v in found[name]["values"]}
        assert have == want, f"{value}: {name}: {have} is not {want}"
        assert found[name]["distinct"] == len(want) and found[name]["others"] == 0 and not found[name]["cut"]
        counts = [v["events"] for v in found[name]["values"]]
        assert counts == sorted(counts, reverse=True), name
    days = collections.Counter(stamp(e.time)[:10] for e in events)
    shown = found["timeline"]["days"]
    assert [d["day"] for d in shown] == sorted(days)[-len(shown):]
    assert all(days[d["day"]] == d["events"] for d in shown)
    assert found["timeline"]["earlier_days"] == len(days) - len(shown)
    assert found["timeline"]["earlier_events"] == len(events) - sum(d["events"] for d in shown)
    assert len(shown) == (len(days) if "--since" in args or "--until" in args else min(30, len(days)))
    return found


def by_index(one, value, events, *args):
    """As the index finds it: people and nodes in any case of letters, addresses however they are written."""
    holding = [e for e in events if e.holds(value)]

    def is_actor(e):
        return any(p and p.casefold() == value.casefold() for p in (e.actor, e.actor_id, *e.people[:3]))

    return check(one, value, holding, is_actor, lambda e: plain(e.ip) == value,
                 lambda e: any(t.casefold() == value.casefold() for t in e.targets), *args)


def test_every_number(folder):
    events = made()
    one = load(folder, events)
    for value in ("Anna Schmidt", "anna schmidt", "bob", "102", A1, A2, A3, KEY1, "anna.s", "anna@example.com",
                  "bob@example.com", "192.0.2.7", "10.1.0.4", "2001:db8::5", "node-7", "robot-3", "JIRAUSER10100"):
        found = by_index(one, value, events)
        assert found["by"] == "index"
        touched = sum(any(t.casefold() == value.casefold() for t in e.targets) for e in events)
        assert found["named_as_target"] == touched, f"{value}: {found['named_as_target']}, not {touched}"
    assert one.run("compact").status == 0
    for value in ("Anna Schmidt", A1, "192.0.2.7"):
        by_index(one, value, events)
    mapped = entity(one, "::ffff:192.0.2.7")
    assert mapped["events"] == sum(plain(e.ip) == "192.0.2.7" for e in events)
    assert entity(one, "bob")["kinds"] == ["user"] and mapped["kinds"] == ["ipv4"]


def test_a_stretch_of_time(folder):
    events = made()
    one = load(folder, events)
    since, until = BASE + 10 * DAY + 3600, BASE + 44 * DAY
    inside = [e for e in events if since <= e.time < until]
    for value in ("bob", A1, "192.0.2.7"):
        by_index(one, value, inside, "--since", stamp(since), "--until", stamp(until))
    for value in ("tools", EVIL):
        by_search(one, value, inside, "--since", stamp(since), "--until", stamp(until))
    result = one.run("entity", "--since", "2030-01-01", "bob")
    assert result.status == 0 and "not seen in that time; it was at others" in result.err, result.err


def by_search(one, value, events, *args):
    found = [e for e in events if any(t.casefold() == value.casefold() for t in e.targets)]
    answer = check(one, value, found, lambda e: any(p and p.casefold() == value.casefold() for p in e.people),
                   lambda e: False, lambda e: True, *args)
    assert answer["by"] == "search"
    return answer


def test_objects(folder):
    events = made()
    one = load(folder, events)
    for value in ("tools", "site", "team-a", "Docs", EVIL):
        by_search(one, value, events)
    by_search(one, "STRASSE", [e for e in events])
    by_search(one, "bob", events, "--as", "target")
    as_actor = entity(one, "--as", "actor", "bob")
    assert as_actor["events"] == sum("bob" in e.people for e in events) == as_actor["as"]["actor"]
    as_ip = entity(one, "--as", "ip", "192.0.2.7")
    assert as_ip["events"] == sum(plain(e.ip) == "192.0.2.7" for e in events) == as_ip["as"]["address"]


def names(found):
    return {(n["name"], n["is"]): n for n in found["names"]}


def test_names_of_a_person(folder):
    events = made()
    one = load(folder, events)
    both = lambda a, b: sum(a in e.people and b in e.people for e in events)
    # an account id leads to the names that stand with it, in all products
    found = names(entity(one, A1))
    assert {k for k, n in found.items() if n["same_person"]} == {
        (KEY1, "user key"), ("anna.s", "user name"), ("anna@example.com", "mail")}, found
    assert found[KEY1, "user key"]["events"] == both(A1, KEY1)
    assert found["anna.s", "user name"]["events"] == both(A1, "anna.s")
    assert found["anna.s", "user name"]["table"] == "jira_audit_logs"
    assert found["anna@example.com", "mail"]["events"] == both(A1, "anna@example.com")
    # the display name is shared: it is shown, and nothing is joined through it
    shared = found["Anna Schmidt", "display name"]
    assert not shared["same_person"] and shared["why_not"] == "others bear it as well"
    assert shared["events"] == both(A1, "Anna Schmidt")
    assert (A2, "id") not in found and ("101", "id") not in found
    # what a mail address leads to, step by step
    found = names(entity(one, "anna@example.com"))
    assert {n: found[n]["step"] for n in found if found[n]["same_person"]} == {
        (A1, "id"): 1, (KEY1, "user key"): 2, ("anna.s", "user name"): 2}
    assert found[KEY1, "user key"]["seen_with"] == A1
    times = [e.time for e in events if A1 in e.people and KEY1 in e.people]
    assert (found[KEY1, "user key"]["first_seen"], found[KEY1, "user key"]["last_seen"]) == (
        stamp(min(times)), stamp(max(times)))
    # a name of several: none of them is taken
    found = names(entity(one, "Anna Schmidt"))
    assert {k[0] for k in found} == {"101", A1, A2, KEY1, "anna@example.com", "a.schmidt@example.com"}
    assert not any(n["same_person"] for n in found.values()), found
    assert {n["why_not"] for n in found.values()} == {"several persons bear the value as a name"}
    # a user name that is a mail address
    found = names(entity(one, "bob@example.com"))
    assert {k for k, n in found.items() if n["same_person"]} == {
        (A3, "id"), ("JIRAUSER10100", "id"), ("Bob B", "display name")}, found
    # an id that many use
    whole = entity(one, "712020:5e3d1a90-0000-4000-8000-00000000beef")
    assert len(whole["names"]) == 9 and not any(n["same_person"] for n in whole["names"])
    assert "shared by many" in whole["names"][0]["why_not"]
    found = names(entity(one, "robot-3"))
    (only,) = found.values()
    assert not only["same_person"] and "shared by many" in only["why_not"]
    # an id of a few digits means its own product only
    found = names(entity(one, "102"))
    assert list(found) == [("bob", "display name")] and found["bob", "display name"]["same_person"]


def test_all_names_of_a_person(folder):
    mail, rng, events = "u.one@example.com", random.Random(3), []
    for n in range(400):
        time = BASE + rng.randrange(20 * DAY)
        ip = rng.choice(["10.0.0.1", "10.0.0.2"])
        events.append(rng.choice([
            lambda: org(time, n, A1, "U One", mail, ip, "user_login"),
            lambda: jira(time, n, "u1", A1, ip, "User added", "team-a"),
            lambda: bitbucket(time, "7", mail, ip, "Repository created", ["tools"]),
            lambda: bitbucket(time, "7", None, ip, "Repository deleted", ["tools"]),
            lambda: confluence(time, "U One", None, None, ip, "Space created", "Docs"),
            lambda: org(time, n, A2, "Other", "other@example.com", ip, "invited", (A1, mail)),
            # not of this person: the same id, the same user name elsewhere
            lambda: bitbucket(time, "7", "dora", ip, "Scheme changed", [], "jira"),
            lambda: bitbucket(time, "8", "u1", ip, "Repository created", []),
            lambda: jira(time, n, "v2", A3, ip, "User added", "team-a"),
        ])())
    one = load(folder, list({json.dumps(e.raw): e for e in events}.values()))
    events = list({json.dumps(e.raw): e for e in events}.values())
    own = {A1, mail, "U One"}

    def holds(e):
        bitbucket_id = e.table == "bitbucket_audit_logs" and e.actor_id == "7"
        jira_name = e.table == "jira_audit_logs" and e.actor == "u1"
        return bitbucket_id or jira_name or bool(own & set(e.people))

    def is_actor(e):
        return holds(e) and "other@example.com" not in e.people

    wanted = [e for e in events if holds(e)]
    alone = entity(one, mail)
    assert alone["events"] == sum(mail in e.people for e in events) < len(wanted)
    assert {n["name"] for n in alone["names"] if n["same_person"]} == {A1, "u1", "7", "U One"}
    found = check(one, mail, wanted, is_actor, lambda e: False, lambda e: mail in e.targets, "--person")
    assert found["other_names_counted"] == 4 and alone["other_names_counted"] == 0
    assert found["names"] == alone["names"]
    check(one, mail, [e for e in wanted if e.time >= BASE + 5 * DAY], is_actor, lambda e: False,
          lambda e: mail in e.targets, "--person", "--since", stamp(BASE + 5 * DAY))
    assert "with the events of 4 other names" in one.run("entity", "--person", mail).out.decode()
    assert one.run("entity", "--person", "--as", "actor", mail).status == 2


def test_names_do_not_run_away(folder):
    events, n = [], 0
    accounts = [f"5f3c0a9be1d2c40068cc{i:04d}" for i in range(5)]
    for i in range(4):
        for account in accounts[i:i + 2]:
            n += 1
            events.append(org(BASE + n, n, account, None, f"c{i}@example.com", "10.0.0.1", "user_login"))
    for word in ("Unknown", "anonymous", "System"):
        for account in ("5f3c0a9be1d2c40068dd0001", "5f3c0a9be1d2c40068dd0002"):
            n += 1
            events.append(confluence(BASE + n, word, None, account, "10.0.0.1", "Space created", "X"))
    # the same short id in two products
    events.append(bitbucket(BASE, "7", "carol", "10.0.0.1", "a", []))
    events.append(bitbucket(BASE, "7", "dave", "10.0.0.1", "a", [], "jira"))
    # known from being invited alone
    events.append(org(BASE, 900, accounts[4], None, None, "10.0.0.1", "invited",
                      ("5f3c0a9be1d2c40068ee0001", "erin@example.com")))
    one = load(folder, events)
    found = entity(one, accounts[0])
    assert [x["name"] for x in found["names"]] == [accounts[1], "c0@example.com", "c1@example.com"], found["names"]
    assert found["names_cut"] == "names more than 3 steps away were not looked for"
    assert entity(one, "5f3c0a9be1d2c40068dd0001")["names"] == []
    system = entity(one, "System")
    assert system["events"] == 2 and system["names"] == [] and "nobody" in system["names_cut"]
    assert [x["name"] for x in entity(one, "carol")["names"]] == ["7"]
    assert sorted(x["name"] for x in entity(one, "7")["names"]) == ["carol", "dave"]
    assert [x["name"] for x in entity(one, "erin@example.com")["names"]] == ["5f3c0a9be1d2c40068ee0001"]


def test_alerts_of_a_person(folder):
    one = Alerting(folder)
    load(folder, made(), one)
    one.insert(cell(alert(0, actor="anna.s", group="actor: anna.s", ip="203.0.113.7"), group="01"),
               cell(alert(10, actor="mallory", group="ip: ::ffff:192.0.2.7", ip=None), group="02"),
               cell(alert(20, actor="Anna Schmidt", group="actor: Anna Schmidt", ip=None), group="03"),
               cell(alert(30, actor="x", group="actor: x, target: anna@example.com, ip: 203.0.113.7"), group="04"))
    all_of = lambda value: sorted(a["group"] for a in entity(one, value)["alerts"]["newest"])
    # the display name is shared: alerts about it may be another's
    assert all_of(A1) == ["actor: anna.s", "actor: x, target: anna@example.com, ip: 203.0.113.7"]
    assert all_of("Anna Schmidt") == ["actor: Anna Schmidt"]
    assert all_of("192.0.2.7") == ["ip: ::ffff:192.0.2.7"]
    assert len(all_of("203.0.113.7")) == 2 and not entity(one, "203.0.113.7")["seen"]
    ids = [a["id"] for a in one.alerts() if a["group"] == "actor: anna.s"]
    assert one.run("alerts", "close", ids[0], "--reason", "benign").status == 0
    found = entity(one, A1)["alerts"]
    assert (found["total"], found["open"], found["closed"], found["withdrawn"]) == (2, 1, 1, 0)


def test_the_page(folder):
    events = made()
    one = load(folder, events)
    result = one.run("entity", "bob")
    assert result.status == 0 and "events, " in result.err
    text = result.out.decode()
    for word in ("bob: user", "actions: 2", "addresses: 4", "targets touched", "one bar = 1 d", "bitbucket_audit_logs",
                 "before that", "other names of the same person", "102", "as a target: --as target"):
        assert word in text, f"{word!r} is not on the page:\n{text}"
    text = one.run("entity", "--limit", "2", "192.0.2.7").out.decode()
    assert "actors who touched it" in text and "of other values" in text
    text = one.run("entity", EVIL).out.decode()
    assert "\x1b" not in text and "\u202e" not in text and "\\x1b[31m" in text, repr(text[:300])
    assert b"\x1b" not in one.run("entity", "--json", EVIL).out


def test_what_a_limit_leaves_out(folder):
    events = made()
    one = load(folder, events)
    whole = entity(one, "192.0.2.7")
    short = json.loads(one.run("entity", "--json", "--limit", "2", "192.0.2.7").out)
    for name in ("actors", "actions", "targets", "tables", "categories"):
        values = whole[name]["values"]
        kept = len(values) if name == "tables" else 2
        assert short[name]["values"] == values[:kept] and short[name]["distinct"] == len(values), name
        assert short[name]["others"] == sum(v["events"] for v in values[kept:]), name


def test_damage_is_told(folder):
    events = made()
    one = load(folder, events)
    damaged = next(f for f in one.files("tables/bitbucket_audit_logs") if f.endswith(".parquet"))
    with open(damaged, "r+b") as file:
        file.seek(-40, os.SEEK_END)
        file.write(bytes(40))
    for words in (("bob",), ("--as", "actor", "bob")):
        found = entity(one, *words, expect=3)
        assert found["unread_files"] == 1 and found["problem"], words
        assert found["events"] < sum("bob" in e.people for e in events)
    assert entity(one, A3)["unread_files"] == 0
    result = one.run("entity", "bob")
    assert result.status == 3 and "not whole" in result.err and "pugmark verify" in result.err, result.err


def test_what_was_not_seen(folder):
    one = load(folder, made())
    result = one.run("entity", "ana.s")
    assert result.status == 0 and result.out == b""
    assert "not seen in any event; stored are names like it: anna.s" in result.err, result.err
    assert "names like it: tools" in one.run("entity", "toolz").err
    result = one.run("entity", "qqqqqqqqqqqq\x1b[0m")
    assert result.status == 0 and "was not seen" in result.err and "like it" not in result.err
    assert "\x1b" not in result.err
    found = entity(one, "nobody-at-all")
    assert (found["seen"], found["events"], found["names"], found["first_seen"]) == (False, 0, [], None)
    result = one.run("entity", "--as", "ip", "bob")
    assert result.status == 0 and "leave out --as" in result.err
    assert Lake(folder, "empty").run("entity", "bob").status in (0, 1)


def test_wrong_words(folder):
    one = load(folder, made()[:50])
    for words in (("10.0.0.0/8",), ("*.example.com",)):
        clear(one.run("entity", *words), "one thing", "ioc search")
    clear(one.run("entity", "--as", "group", "bob"), "actor, target or ip")
    clear(one.run("entity", "--kind", "ipv4", "bob"), "not an address")
    clear(one.run("entity", "--kind", "person", "bob"), "--kind")
    clear(one.run("entity", "--format", "csv", "bob"), "table or json")
    assert one.run("entity").status == 2 and one.run("entity", "a", "b").status == 2
    assert one.run("entity", "").status == 2
