# SPDX-License-Identifier: Apache-2.0
"""/wiki/rest/api/audit of Confluence Cloud (SOURCES.md, section 2)."""
import csv
import io
import json
import zipfile

import access
import paging
from message import Refused, Reply, envelope, form, of_json

DEFAULT_LIMIT = 1000
UNITS_MS = {"NANOS": 1e-6, "MICROS": 1e-3, "MILLIS": 1, "SECONDS": 1e3, "MINUTES": 6e4, "HOURS": 3.6e6,
            "HALF_DAYS": 4.32e7, "DAYS": 8.64e7, "WEEKS": 6.048e8, "MONTHS": 2.629746e9,
            "YEARS": 3.1556952e10, "DECADES": 3.1556952e11, "CENTURIES": 3.1556952e12}
YEAR_MS = UNITS_MS["YEARS"]


def require(world, ask):
    kinds = ("scoped", "oauth") if ask.through_gateway else ("classic",)
    allowed = access.require(world, ask, kinds, "confluence")
    return allowed, world.rates.cloud(ask)


def links(world, ask, start, rows, more):
    """`next` is missing in the envelopes that were captured, so it is off unless set."""
    base = f"{world.scheme}://{ask.host}/wiki"
    found = {"base": base, "context": "/wiki", "self": f"{base}/rest/api/audit"}
    if "foreign_link" in ask.faults:
        found["next"] = "https://evil.example.net/wiki/rest/api/audit?start=1"
    elif "more" in ask.faults or (more and world.settings["confluence_next"] == "on"):
        query = form({**ask.query, "start": start + rows})
        found["next"] = f"/rest/api/audit?{query}"
    return found


def answer(world, ask, store, low, high):
    start = ask.number("start", 0)
    cap = world.settings["confluence_limit_cap"]
    limit = min(ask.number("limit", min(DEFAULT_LIMIT, cap)), cap)
    paging.drift(world, ask, store, low, high)
    text = ask.query.get("searchString", "")
    span, found = paging.search(world, store, low, high, [text] if text else [])
    at, length = paging.shifted(ask, paging.looped(world, ask, start), limit)
    if "empty" in ask.faults or "more" in ask.faults:
        length = 0
    serials = found[at:at + length] if span is None else store.newest_first(*span, at, length)
    total = len(found) if span is None else span[1] - span[0]
    ask.rows = len(serials)
    return page(world, ask, [store.body(s) for s in serials], start, limit,
                start + len(serials) < total)


def page(world, ask, rows, start, limit, more):
    size = len(rows) if world.settings["confluence_size"] == "page" else len(rows) + 35
    more = json.dumps(links(world, ask, start, len(rows), more))
    after = f'],"start":{start},"limit":{limit},"size":{paging.wrong(ask, size)},"_links":{more}}}'
    return Reply(body=envelope(rows, '{"results":[', after))


def records(world, ask, store):
    """startDate and endDate are epoch milliseconds, both inclusive."""
    allowed, headers = require(world, ask)
    low, high = ask.number("startDate", None), ask.number("endDate", None)
    reply = answer(world, ask, store, low, high) if allowed else \
        page(world, ask, [], 0, DEFAULT_LIMIT, False)
    reply.headers += headers
    return reply


def since(world, ask, store):
    allowed, headers = require(world, ask)
    number, units = ask.number("number", 3), ask.query.get("units", "MONTHS")
    if units not in UNITS_MS:
        raise Refused(400, f"units: {units}")
    low = max(0, world.clock.now() - int(number * UNITS_MS[units]))
    reply = answer(world, ask, store, low, None) if allowed else \
        page(world, ask, [], 0, DEFAULT_LIMIT, False)
    reply.headers += headers
    return reply


def export(world, ask, store):
    allowed, headers = require(world, ask)
    what = ask.query.get("format", "csv")
    if what not in ("csv", "zip"):
        raise Refused(400, f"format: {what}")
    span = store.between(ask.number("startDate", None), ask.number("endDate", None))
    out = io.StringIO()
    lines = csv.writer(out)
    lines.writerow(["Date", "Author", "Summary", "Category", "Affected object", "Address"])
    for serial in store.newest_first(*span, 0, span[1] - span[0]) if allowed else ():
        row = json.loads(store.body(serial))
        lines.writerow([row["creationDate"], row["author"]["displayName"], row["summary"],
                        row["category"], row["affectedObject"]["name"], row["remoteAddress"]])
    text = out.getvalue().encode("utf-8", "replace")
    if what == "csv":
        return Reply(200, text, headers, "text/csv")
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("auditlog.csv", text)
    return Reply(200, packed.getvalue(), headers, "application/zip")


def retention(world, ask, _store):
    """At most one year, the newer of the two documented maxima."""
    _, headers = require(world, ask)
    if ask.method == "PUT":
        try:
            given = json.loads(ask.body)
            span = int(given["number"]) * UNITS_MS[given["units"]]
        except (ValueError, KeyError, TypeError):
            raise Refused(400, "expected {number, units}") from None
        if not 0 < span <= YEAR_MS:
            raise Refused(400, "the retention period is at most one year")
        world.retention = {"number": int(given["number"]), "units": given["units"]}
    return of_json(world.retention, 200, headers)


def insert(world, ask, store):
    """Administrators may insert any record, with author and date as they like."""
    _, headers = require(world, ask)
    try:
        given = json.loads(ask.body)
        when = int(given.get("creationDate", world.clock.now()))
        given["creationDate"] = when
    except (ValueError, TypeError, AttributeError):
        raise Refused(400, "expected a record") from None
    raw = json.dumps(given, ensure_ascii=False, separators=(",", ":")).encode()
    store.add(when, raw=raw)
    return Reply(200, raw, headers)
