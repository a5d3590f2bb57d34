# SPDX-License-Identifier: Apache-2.0
"""The control port: plain HTTP on 127.0.0.1, everything below /_stand_in/. See README.md."""
import itertools
import json

import dc_file
from clock import parse_iso
from faults import KINDS
from message import Refused, Reply, of_json
from settings import TABLE
from storm import rules


def instant(world, value):
    """"now", "now-5000" (milliseconds), an ISO time with Z, or epoch milliseconds."""
    if isinstance(value, str) and value.startswith("now"):
        return world.clock.now() + int(value[3:] or 0)
    return parse_iso(value) if isinstance(value, str) else int(value)


def store_of(world, name):
    if name not in world.stores:
        raise Refused(404, f"source: one of {', '.join(world.stores)}")
    return world.stores[name]


def pieces(lines):
    """The lines in pieces of a thousand, so that a ledger of a million needs no memory."""
    lines = iter(lines)
    while batch := list(itertools.islice(lines, 1000)):
        yield b"".join(line + b"\n" for line in batch)


def truth(world, ask, _given):
    """One JSON line for each event that was ever visible, of one source or all."""
    names = [ask.query["source"]] if "source" in ask.query else list(world.stores)
    stores = [store_of(world, name) for name in names]
    reply = Reply(200, content_type="application/x-ndjson")
    reply.pieces = pieces(json.dumps(line).encode() for store in stores for line in store.ledger())
    return reply


def records(world, ask, _given):
    """The records themselves, one in a line, as they are served; all that were ever visible."""
    store = store_of(world, ask.query.get("source", "jira"))
    reply = Reply(200, content_type="application/x-ndjson")
    reply.pieces = pieces(store.body(serial) for serial in store.ever_visible())
    return reply


def file_lines(world, ask, _given):
    """A Data Center's events as the lines of its log/audit."""
    store = store_of(world, ask.query.get("source", "bitbucket-dc"))
    if not store.name.endswith("-dc"):
        raise Refused(400, "source: not a Data Center")
    reply = Reply(200, content_type="application/x-ndjson")
    reply.pieces = pieces(dc_file.lines(store))
    return reply


def state(world, _ask, _given):
    return of_json({
        "now": world.clock.now(), "seed": world.seed, "requests": world.asked,
        "sources": {name: store.summary() for name, store in world.stores.items()},
        "settings": world.settings, "faults": [r.state() for r in world.faults.rules],
        "cloud_ids": world.cloud_ids, "org_id": world.org_id})


def add_events(world, _ask, given):
    """{"source", "count", "at", "step_ms", "visible_at", "raw"}: `raw` is a record to be served as
    it is, `step_ms` lies between the times of several."""
    store = store_of(world, given.get("source", "jira"))
    at, step = instant(world, given.get("at", "now")), int(given.get("step_ms", 0))
    seen = instant(world, given["visible_at"]) if "visible_at" in given else None
    raw = given["raw"].encode("utf-8", "surrogateescape") if "raw" in given else None
    serials = [store.add(at + n * step, seen, raw) for n in range(int(given.get("count", 1)))]
    return of_json({"first": serials[0] if serials else None, "count": len(serials)})


def remove_events(world, _ask, given):
    """{"source", "before"}: what is older vanishes, as with retention."""
    store = store_of(world, given.get("source", "jira"))
    start, end = store.between(None, instant(world, given["before"]) - 1)
    store.remove(range(start, end))
    return of_json({"removed": end - start})


def set_clock(world, _ask, given):
    """{"advance_ms"} or {"now"}."""
    ahead = given["advance_ms"] if "advance_ms" in given else \
        instant(world, given["now"]) - world.clock.now()
    world.clock.advance(int(ahead))
    return of_json({"now": world.clock.now()})


def add_fault(world, _ask, given):
    """One rule, or a list of them. Returns their numbers."""
    rules = [world.faults.add(one) for one in (given if isinstance(given, list) else [given])]
    return of_json({"numbers": [rule.number for rule in rules]})


def storm(world, _ask, given):
    """A mix of rules by a seed; see storm.py."""
    return add_fault(world, None, rules(given))


def show_faults(world, _ask, _given):
    return of_json({"faults": [r.state() for r in world.faults.rules], "kinds": KINDS})


def remove_faults(world, ask, _given):
    number = int(ask.query["number"]) if "number" in ask.query else None
    world.faults.remove(number, ask.query.get("label"))
    return of_json({"left": len(world.faults.rules)})


def set_settings(world, _ask, given):
    for name, value in given.items():
        world.settings.put(name, value)
    return of_json(world.settings)


def show_settings(world, _ask, _given):
    return of_json({name: {"now": world.settings[name], "default": row[0], "does": row[2]}
                    for name, row in TABLE.items()})


def set_token(world, _ask, given):
    token = world.tokens.put(given)
    return of_json({"kind": token.kind, "token": token.secret})


def show_requests(world, ask, _given):
    """The log, or what follows number `after` of it."""
    after = ask.number("after", 0)
    return of_json([r for r in world.requests if r["n"] > after])


ROUTES = {
    ("GET", "truth"): truth, ("GET", "records"): records,
    ("GET", "file_lines"): file_lines, ("GET", "state"): state,
    ("POST", "events"): add_events, ("POST", "remove"): remove_events, ("POST", "clock"): set_clock,
    ("GET", "faults"): show_faults, ("POST", "faults"): add_fault, ("POST", "storm"): storm,
    ("DELETE", "faults"): remove_faults,
    ("GET", "settings"): show_settings, ("POST", "settings"): set_settings,
    ("POST", "tokens"): set_token, ("GET", "requests"): show_requests,
}


def answer(world, ask, _role):
    call = ROUTES.get((ask.method, ask.path.removeprefix("/_stand_in/")))
    try:
        if call is None or not ask.path.startswith("/_stand_in/"):
            raise Refused(404, f"no {ask.method} {ask.path} here")
        given = json.loads(ask.body) if ask.body else {}
        with world.lock:
            return call(world, ask, given)
    except Refused as refused:
        return of_json({"error": refused.message}, refused.status)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        return of_json({"error": f"{type(error).__name__}: {error}"}, 400)
