# SPDX-License-Identifier: Apache-2.0
"""GET /rest/api/3/auditing/record of Jira Cloud (SOURCES.md, section 1)."""
import calendar
import re
import time

import access
import paging
from message import Refused, Reply, envelope, of_json

LIMIT = 1000  # hardcoded, JRACLOUD-93153
STAMP = re.compile(r"(\d{4})-(\d\d)-(\d\d)(?:[T ](\d\d):(\d\d)(?::(\d\d)(?:[.,](\d{1,9}))?)?)?"
                   r"(Z|z|[+-]\d\d:?\d\d)?$")


def parse_time(text, zone_minutes):
    """(milliseconds, has a zone); a time without zone is read in the zone of the site."""
    match = STAMP.match(text)
    if not match:
        raise Refused(400, f"Invalid date: {text}")
    year, month, day, hour, minute, second, fraction, zone = match.groups()
    try:
        text = f"{year} {month} {day} {hour or 0} {minute or 0} {second or 0}"
        seconds = calendar.timegm(time.strptime(text, "%Y %m %d %H %M %S"))
    except ValueError:
        raise Refused(400, f"Invalid date: {text}") from None
    ms = seconds * 1000 + int(((fraction or "") + "000")[:3])
    if zone is None:
        return ms - zone_minutes * 60_000, False
    if zone not in "Zz":
        digits = zone[1:].replace(":", "")
        offset = int(digits[:2]) * 60 + int(digits[2:])
        ms -= offset * 60_000 if zone[0] == "+" else -offset * 60_000
    return ms, True


def window(world, ask):
    """(from, to, all zones given); None where there is no bound."""
    bounds, zoned = [], True
    for name in ("from", "to"):
        text = ask.query.get(name)
        if not text:
            bounds.append(None)
            continue
        ms, has_zone = parse_time(text, world.settings["site_zone_minutes"])
        bounds.append(ms)
        zoned = zoned and has_zone
    return bounds[0], bounds[1], zoned


def body(rows, offset, limit, total):
    return Reply(body=envelope(rows, f'{{"offset":{offset},"limit":{limit},"total":{total},'
                                     '"records":[', "]}"))


def limit_of(world, ask):
    limit = ask.number("limit", LIMIT)
    if limit > LIMIT and world.settings["jira_over_limit"] == "reject":
        raise Refused(400, f"limit must not be above {LIMIT}")
    return min(limit, LIMIT)


def records(world, ask, store):
    kinds = ("scoped", "oauth") if ask.through_gateway else ("classic",)
    allowed = access.require(world, ask, kinds, "jira")
    if ask.token.kind == "oauth" and ask.token.scopes == "granular" and "/rest/api/2/" in ask.path:
        raise Refused(401, "Unauthorized; scope does not match")
    headers = world.rates.cloud(ask)
    if world.settings["plan"] == "free":
        raise Refused(403, "The audit log is available when at least one Jira product is on a "
                           "paid plan.")
    reply = page(world, ask, store) if allowed else body([], 0, LIMIT, 0)
    reply.headers += headers
    return reply


def page(world, ask, store):
    offset, limit = ask.number("offset", 0), limit_of(world, ask)
    low, high, zoned = window(world, ask)
    if ask.through_gateway and not zoned:
        start, end = store.between()
        return body([], offset, limit, end - start)
    if low is not None and high is not None and low >= high:
        return body([], offset, limit, 0)
    paging.drift(world, ask, store, low, high)
    span, found = paging.search(world, store, low, high, ask.query.get("filter", "").split())
    total = len(found) if span is None else span[1] - span[0]
    cap = world.settings["jira_page_cap"]
    at, length = paging.shifted(ask, paging.looped(world, ask, offset), limit)
    length = length if not cap else max(0, min(length, cap - at))
    if "empty" in ask.faults or "more" in ask.faults:
        length = 0
    serials = found[at:at + length] if span is None else store.newest_first(*span, at, length)
    ask.rows = len(serials)
    return body([store.body(s) for s in serials], offset, limit, paging.wrong(ask, total))


def myself(world, ask, _store):
    kinds = ("scoped", "oauth") if ask.through_gateway else ("classic",)
    access.require(world, ask, kinds, "any")
    return of_json({"accountId": "557058:admin", "emailAddress": ask.token.mail,
                    "displayName": "Admin", "active": True, "timeZone": "Europe/Zurich"})


def permissions(world, ask, _store):
    kinds = ("scoped", "oauth") if ask.through_gateway else ("classic",)
    access.require(world, ask, kinds, "any")
    has = ask.token.permission["jira"]
    return of_json({"permissions": {"ADMINISTER": {
        "id": "0", "key": "ADMINISTER", "name": "Administer Jira", "type": "GLOBAL",
        "havePermission": has}}})
