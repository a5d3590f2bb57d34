# SPDX-License-Identifier: Apache-2.0
"""Events of an organisation, as a search and as a stream (SOURCES.md, section 4)."""
import base64
import binascii
import json

import access
import paging
import shape_org
from jira_cloud import parse_time
from message import Refused, Reply, envelope, form

DEFAULT_LIMIT = 200
FILTERS = {"action": ("action",), "actor": ("actor", "id"), "ip": ("location", "ip"),
           "location": ("location", "city"), "product": ("context", 0, "type")}


def require(world, ask, stream):
    """Answers whether the key may read; without Guard Standard there are no events."""
    allowed = access.require(world, ask, ("org",), "org")
    headers = world.rates.organisation(ask, stream)
    if world.settings["org_guard"] == "off":
        raise Refused(403, "Atlassian Guard Standard is needed.")
    return allowed, headers


def bound(ask, name):
    """Epoch milliseconds, or an ISO time."""
    text = ask.query.get(name)
    if not text:
        return None
    return int(text) if text.isdigit() else parse_time(text, 0)[0]


def seal(value):
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")


def unseal(text):
    try:
        value = json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
        return {"key": int(value["key"]), "order": str(value["order"])}
    except (binascii.Error, ValueError, KeyError, TypeError):
        raise Refused(400, "cursor: not one of ours") from None


def body(world, ask, rows, cursor, keep):
    """`keep` are the parameters that links.next still has."""
    base = f"{world.scheme}://{ask.host}{ask.path}"
    found = {"self": base}
    if cursor is not None:
        query = form({**{k: ask.query[k] for k in keep if k in ask.query}, "cursor": cursor})
        found["next"] = f"{base}?{query}"
    if "foreign_link" in ask.faults:
        found["next"] = f"https://evil.example.net{ask.path}?cursor=x"
    meta = {"next": cursor, "page_size": paging.wrong(ask, len(rows))}
    after = f'],"meta":{json.dumps(meta)},"links":{json.dumps(found)}}}'
    reply = Reply(body=envelope(rows, '{"data":[', after))
    ask.rows = len(rows)
    return reply


def stream(world, ask, store):
    """Sorted by processedAt. The last page has a cursor too, for later polls (or meta.next null on
    an empty page, as another description says: a setting)."""
    allowed, headers = require(world, ask, True)
    order = ask.query.get("sortOrder", "asc")
    if order not in ("asc", "desc"):
        raise Refused(400, f"sortOrder: {order}")
    _, limit = paging.shifted(ask, 0, max(1, min(ask.number("limit", DEFAULT_LIMIT), DEFAULT_LIMIT)))
    low, high = bound(ask, "from"), bound(ask, "to")
    cursor = ask.query.get("cursor")
    given = unseal(cursor) if cursor else None
    paging.drift(world, ask, store, low, high)
    start, end = store.between(low, high)
    if given:
        start, end = from_cursor(store, given, ask, start, end, order)
    if not allowed or "empty" in ask.faults or "more" in ask.faults:
        end = start
    serials = store.oldest_first(start, end, limit) if order == "asc" else \
        store.newest_first(start, end, 0, limit)
    reply = body(world, ask, [store.body(s) for s in serials],
                 next_cursor(world, ask, store, serials, given, order), ("limit",))
    reply.headers += headers
    return reply


def from_cursor(store, given, ask, start, end, order):
    """The cursor is the key of the last event that was given."""
    place = store.place_after(given["key"])
    again = ask.faults.get("repeat")
    back = again.get("rows", 1) if again else 0
    if order == "asc":
        return min(end, max(start, place - back)), end
    end = min(end, place - 1 + back)
    return min(start, end), end


def next_cursor(world, ask, store, serials, given, order):
    if "loop" in ask.faults and ask.query.get("cursor"):
        return ask.query["cursor"]
    if serials:
        return seal({"key": store.key(serials[-1]), "order": order})
    if world.settings["org_stream_end"] == "null" and "more" not in ask.faults:
        return None
    return ask.query.get("cursor") or seal({"key": (store.keys[-1] if store.keys else 0),
                                            "order": order})


def passes(ask, event):
    """q in the whole event; the others by equality with one of a comma list."""
    text = ask.query.get("q", "").lower()
    if text and text not in json.dumps(event, ensure_ascii=False).lower():
        return False
    for name, path in FILTERS.items():
        wanted = ask.query.get(name)
        if not wanted:
            continue
        value = event["attributes"]
        for part in path:
            value = value[part] if isinstance(part, int) else value.get(part, "")
        if value not in wanted.split(","):
            return False
    return True


def time_of(store, serial):
    """When the event happened, as it says itself."""
    if serial in store.raw:
        return parse_time(json.loads(store.raw[serial])["attributes"]["time"], 0)[0]
    return shape_org.event_time(store.seed, serial, store.times[serial])


def by_event_time(store, low, high):
    """(time, serial) of the events of a window, newest first, by their own time."""
    start, end = store.between()
    found = []
    for place in range(start, end):
        serial = store.serial(place)
        when = time_of(store, serial)
        if (low is None or when >= low) and (high is None or when <= high):
            found.append((when, serial))
    return sorted(found, reverse=True)


def events(world, ask, store):
    """The search: newest first by event time. links.next forgets from, to and action (ACCESS-1603);
    the cursor holds the place alone."""
    allowed, headers = require(world, ask, False)
    _, limit = paging.shifted(ask, 0, max(1, min(ask.number("limit", DEFAULT_LIMIT), DEFAULT_LIMIT)))
    low, high = bound(ask, "from"), bound(ask, "to")
    cursor = ask.query.get("cursor")
    after = unseal(cursor)["key"] if cursor else None
    paging.drift(world, ask, store, low, high)
    found = [] if not allowed or "empty" in ask.faults else by_event_time(store, low, high)
    rows, last, more = [], after, False
    for when, serial in found:
        key = store.pack(when, serial)
        if after is not None and key >= after:
            continue
        raw = store.body(serial)
        if not passes(ask, json.loads(raw)):
            continue
        if len(rows) == limit:
            more = True
            break
        rows.append(raw)
        last = key
    following = seal({"key": last, "order": "desc"}) if more else None
    keep = [k for k in ask.query if k not in ("from", "to", "action", "cursor")]
    reply = body(world, ask, rows, following, keep)
    reply.headers += headers
    return reply
