# SPDX-License-Identifier: Apache-2.0
"""/rest/auditing/1.0 of Jira, Confluence and Bitbucket Data Center (SOURCES.md, section 3)."""
import json
import re

import access
import paging
from dice import iso
from jira_cloud import parse_time
from message import Refused, Reply, envelope, form, of_json

DEFAULT_LIMIT = 200
AREAS = ("GLOBAL_CONFIG_AND_ADMINISTRATION", "LOCAL_CONFIG_AND_ADMINISTRATION", "USER_MANAGEMENT",
         "PERMISSIONS", "SECURITY", "END_USER_ACTIVITY", "AUDIT_LOG", "ECOSYSTEM")
CURSOR = re.compile(r"(-?\d{1,15}),(\d{1,18})$")
SELECTORS = ("userIds", "categories", "actions", "affectedObject", "search")


def require(world, ask):
    """Without affectedObject it takes a global administrator."""
    area = "any" if ask.query.get("affectedObject") else "dc"
    return access.require(world, ask, ("pat",), area), world.rates.data_center(ask)


def limit_of(world, ask):
    name = "bitbucket_limit_cap" if ask.source.startswith("bitbucket") else "dc_limit_cap"
    limit, cap = ask.number("limit", DEFAULT_LIMIT), world.settings[name]
    if limit < 1 or (limit > cap and world.settings["dc_over_limit"] == "reject"):
        raise Refused(400, f"limit must be between 1 and {cap}")
    return min(limit, cap)


def bound(ask, name):
    text = ask.query.get(name)
    return parse_time(text, 0)[0] if text else None


def chosen(ask, entity):
    """Whether an entity passes the filters of the request."""
    def among(name, *values):
        wanted = [w.strip() for w in ask.query.get(name, "").split(",") if w.strip()]
        return not wanted or any(v in wanted for v in values)
    kind = entity["type"]
    objects = [f"{o['type']},{o.get('id', '')}" for o in entity["affectedObjects"]]
    wanted = [w.strip() for w in ask.query.get("affectedObject", "").split(";") if w.strip()]
    text = ask.query.get("search", "").lower()
    return (among("userIds", entity["author"]["id"])
            and among("categories", kind["category"], kind["categoryI18nKey"])
            and among("actions", kind["action"], kind["actionI18nKey"])
            and (not wanted or any(w in objects for w in wanted))
            and (not text or text in json.dumps(entity, ensure_ascii=False).lower()))


def place_of(world, ask, store, low, high):
    """The range of keys that the request reads, from the cursor on if there is one."""
    start, end = store.between(low, high)
    scan = ask.number("scanLimit", 2147483647)
    start = max(start, len(store.keys) - scan)
    cursor = ask.query.get("pageCursor")
    if cursor is not None:
        match = CURSOR.match(cursor)
        if not match:
            raise Refused(400, f"pageCursor: {cursor}")
        place = store.before(int(match[1]), int(match[2]))
        if world.settings["dc_cursor"] == "repeat":
            place += 1
        again = ask.faults.get("repeat")
        place += again.get("rows", 1) if again else 0
        end = min(end, place)
    return min(start, end), end


def rows_of(ask, store, start, end, offset, limit):
    """Serials of the page, and whether there is more after it."""
    if not any(ask.query.get(name) for name in SELECTORS):
        return store.newest_first(start, end, offset, limit), end - start > offset + limit
    found = [s for s in store.newest_first(start, end, 0, end - start)
             if chosen(ask, json.loads(store.body(s)))]
    return found[offset:offset + limit], len(found) > offset + limit


def paging_info(world, ask, store, serials, limit, more):
    """`nextPageLink` carries no from and to, unless set; the last page has no next fields."""
    size = paging.wrong(ask, len(serials))
    if not more:
        return {"lastPage": True, "size": size}
    if serials:
        cursor = f"{store.times[serials[-1]]},{store.ids[serials[-1]]}"
    else:
        cursor = ask.query.get("pageCursor", "0,0")
    if "loop" in ask.faults and "pageCursor" in ask.query:
        cursor = ask.query["pageCursor"]
    bounds = {n: ask.query.get(n) for n in ("from", "to")} \
        if world.settings["dc_link_window"] == "on" else {}
    base = "https://evil.example.net" if "foreign_link" in ask.faults else world.base_of(ask.source)
    query = form({"offset": 0, "limit": limit, **bounds}) + f"&pageCursor={cursor}"
    return {"lastPage": False, "nextPageOffset": 0, "nextPageCursor": cursor,
            "nextPageLink": f"{base}/rest/auditing/1.0/events?{query}", "size": size}


def body(rows, info):
    after = '],"pagingInfo":' + json.dumps(info, separators=(",", ":")) + "}"
    return Reply(body=envelope(rows, '{"entities":[', after))


def self_audit(world, ask, store, serials):
    """Reading the log is itself audited."""
    if world.settings["dc_self_audit"] == "off":
        return
    found = [store.ids[s] for s in serials] or [0]
    times = [store.times[s] for s in serials] or [0]
    query = "".join(f"{n.title()} : {ask.query[n]};" for n in ("from", "to") if ask.query.get(n))
    now, base = world.clock.now(), "atlassian.audit.event."
    extras = [("Query", "query", query), ("Results returned", "results", str(len(serials))),
              ("ID Range", "id", f"{min(found)} - {max(found)}"),
              ("Timestamp Range", "timestamp", f"{iso(min(times))} - {iso(max(times))}")]
    event = {"timestamp": iso(now), "author": {"name": "collector", "type": "NORMAL", "id": "77"},
             "type": {"categoryI18nKey": base + "category.audit", "category": "Auditing",
                      "actionI18nKey": base + "action.audit.search",
                      "action": "Audit Log search performed"},
             "affectedObjects": [], "changedValues": [], "system": world.base_of(ask.source),
             "method": "Browser",
             "extraAttributes": [{"nameI18nKey": f"{base}attribute.{key}", "name": name,
                                  "value": value} for name, key, value in extras]}
    store.add(now, raw=json.dumps(event, separators=(",", ":")).encode())


def events(world, ask, store):
    allowed, headers = require(world, ask)
    limit, low, high = limit_of(world, ask), bound(ask, "from"), bound(ask, "to")
    if not allowed:
        return Reply(200, body([], {"lastPage": True, "size": 0}).body, headers)
    paging.drift(world, ask, store, low, high)
    start, end = place_of(world, ask, store, low, high)
    offset, length = paging.shifted(ask, ask.number("offset", 0), limit)
    if "empty" in ask.faults or "more" in ask.faults:
        length = 0
    serials, more = rows_of(ask, store, start, end, offset, length)
    more = ("more" in ask.faults or more) and "empty" not in ask.faults
    ask.rows = len(serials)
    reply = body([store.body(s) for s in serials],
                 paging_info(world, ask, store, serials, limit, more))
    reply.headers += headers
    self_audit(world, ask, store, serials)
    return reply


def coverage(world, ask, _store):
    access.require(world, ask, ("pat",), "dc")
    return of_json({"levelByArea": dict.fromkeys(AREAS, "BASE")})


def denylist(world, ask, _store):
    access.require(world, ask, ("pat",), "dc")
    return of_json(["atlassian.audit.event.action.audit.search"])


def retention(world, ask, _store):
    access.require(world, ask, ("pat",), "dc")
    return of_json({"period": {"years": 3, "months": 0, "days": 0}})
