# SPDX-License-Identifier: Apache-2.0
"""What a row must hold, worked out a second time: from the schema files and the input lines alone, with
Python's JSON library. Knows nothing of how the program does it."""
import calendar
import ipaddress
import json
import os
import re
import time

import lake


# ---- the part of YAML that the schema files use ------------------------------------------------

def _inline(text, at):
    """A flow value that begins at text[at]: (value, where it ends)."""
    while text[at] == " ":
        at += 1
    if text[at] in "[{":
        opener, closer = text[at], "]" if text[at] == "[" else "}"
        value, at = ([] if opener == "[" else {}), at + 1
        while True:
            while text[at] in " ,":
                at += 1
            if text[at] == closer:
                return value, at + 1
            if opener == "[":
                item, at = _inline(text, at)
                value.append(item)
            else:
                key, at = re.match(r"[^:]+", text[at:]).group(), text.index(":", at) + 1
                value[key.strip()], at = _inline(text, at)
    if text[at] == '"':
        end = text.index('"', at + 1)
        return text[at + 1:end], end + 1
    word = re.match(r"[^,\]}]*", text[at:]).group()
    return word.strip(), at + len(word)


def _block(lines, indent):
    """The mapping or sequence whose lines begin at `indent`; takes them from the list."""
    result = None
    while lines and lines[0][0] >= indent:
        depth, text = lines[0]
        assert depth == indent, f"odd indentation: {text}"
        lines.pop(0)
        if text.startswith("- "):
            result = result if result is not None else []
            result.append(_inline(text[2:], 0)[0])
            continue
        result = result if result is not None else {}
        key, rest = text.split(":", 1)
        if rest.strip():
            result[key.strip()] = _inline(rest.strip(), 0)[0]
        else:
            result[key.strip()] = _block(lines, lines[0][0]) if lines and lines[0][0] > indent else None
    return result


def yaml(path):
    lines = []
    for line in open(path, encoding="utf-8"):
        line = line.rstrip("\n")
        if line.strip() and not line.lstrip().startswith("#"):
            lines.append((len(line) - len(line.lstrip()), line.strip()))
    return _block(lines, 0)


# ---- times ---------------------------------------------------------------------------------------

def time_of(value):
    """Microseconds, or None; and whether the form is the odd one of the guide."""
    if isinstance(value, dict):
        return value["epochSecond"] * 1000000 + value["nano"] // 1000, False
    if isinstance(value, int):
        return value * 1000, False
    match = re.fullmatch(r"(\d{4}-\d\d-\d\d)(?:T(\d\d):(\d\d):(\d\d)|:(\d\d):(\d\d))"
                         r"(?:\.(\d{1,9}))?(Z|[+-]\d\d:?\d\d)?", value)
    if not match:
        return None, False
    date, h, m, s, oddh, oddm, fraction, zone = match.groups()
    if h is None:  # 2022-08-03:00:00.000+0000
        h, m, s = oddh, oddm, "0"
    try:
        seconds = calendar.timegm(time.strptime(f"{date} {h} {m} {s}", "%Y-%m-%d %H %M %S"))
    except ValueError:
        return None, False
    if zone and zone != "Z":
        digits = zone[1:].replace(":", "")
        offset = int(digits[:2]) * 3600 + int(digits[2:]) * 60
        seconds -= offset if zone[0] == "+" else -offset
    return seconds * 1000000 + int(((fraction or "") + "000000")[:6]), oddh is not None


# ---- rows ----------------------------------------------------------------------------------------

SYSTEM = ("actor", "actor_id", "action", "category", "ip", "summary")


class Schema:
    def __init__(self, table):
        self.plan = yaml(os.path.join(lake.ROOT, "schemas", f"{lake.full(table)}.yml"))
        self.scalars, self.lists = {}, {}
        for name, what in self.plan["columns"].items():
            if isinstance(what, dict) and "list" in what:
                fields = {f: self.column(w) for f, w in what["fields"].items()}
                self.lists[name] = (what["list"], fields, held(fields))
            else:
                self.scalars[name] = self.column(what)
        self.held = held(self.scalars)
        every = [p for paths, _ in self.scalars.values() for p in paths]
        every += [path for path, _, _ in self.lists.values()] + self.paths(self.plan["time"])
        self.objects = {p for path in every for p in prefixes(path)}

    @staticmethod
    def paths(what):
        what = what["paths"] if isinstance(what, dict) else what
        return what if isinstance(what, list) else [what]

    @staticmethod
    def column(what):
        return Schema.paths(what), what.get("type", "string") if isinstance(what, dict) else "string"


def prefixes(path):
    keys = path.split(".")
    return [".".join(keys[:i]) for i in range(1, len(keys))]


def held(columns):
    """The objects that a column of JSON keeps whole while others take parts of them."""
    whole = {p for paths, kind in columns.values() if kind == "json" for p in paths}
    return {p for paths, _ in columns.values() for path in paths for p in prefixes(path)} & whole


def _take(record, path, kept=()):
    """Takes a value out of the record, which keeps what nobody takes, and all of an object that is kept."""
    keys, at = path.split("."), record
    for key in keys[:-1]:
        at = at.get(key) if isinstance(at, dict) else None
    if not isinstance(at, dict) or keys[-1] not in at:
        return None
    return at[keys[-1]] if any(p in kept for p in prefixes(path)) else at.pop(keys[-1])


def _columns(record, columns, kept, where, odd):
    """The values of columns. What does not go into a column whole goes to `odd`, by its path."""
    row = {}
    for name, (paths, kind) in sorted(columns.items(), key=lambda c: c[1][1] == "json"):  # the whole after its parts
        row[name] = None
        for path in paths:
            value = _take(record, path, kept)
            if value is None or row[name] is not None:
                continue
            row[name] = _scalar(value, kind)
            if kind == "time" and cut(value):
                odd[where + path] = value
    return row


def cut(value):
    """Whether a time has more digits than a column takes."""
    return isinstance(value, str) and re.search(r"\.\d{6}0*[1-9]", value) is not None


def _rest(value, schema, path=""):
    """What nobody took, by the path at which it leaves what the schema knows."""
    left = {}
    for key, inner in value.items():
        full = f"{path}.{key}" if path else key
        if full in schema.objects and isinstance(inner, dict):
            left.update(_rest(inner, schema, full))
        else:
            left[full] = inner
    return left


def _scalar(value, kind):
    if value is None:
        return None
    if kind == "json":
        return json.dumps(value, separators=(",", ":"), ensure_ascii=False)
    if kind == "time":
        return time_of(value)[0]
    return value


def _first(row, columns):
    """The first column that holds a text, else the first that is not null."""
    return next((row[c] for c in columns if row.get(c)), next((row[c] for c in columns if row.get(c) is not None), None))


def common(row, schema):
    """Fills the common fields. What paths feed directly stands wherever it is not null."""
    for name in SYSTEM:
        more = schema.plan["common"].get(name, [])
        if row.get(name) is None:
            row[name] = _first(row, more if isinstance(more, list) else [more])
    row["targets"], row["target"], row["target_type"] = _targets(row, schema)
    row["ip_bytes"] = address_of(row["ip"])


def address_of(text):
    """16 bytes in hexadecimal, or None; a port, brackets, a zone and a list's rest are passed over."""
    text = (text or "").split(",")[0].strip()
    match = re.fullmatch(r"\[([^\]]*)\](?::\d+)?|(\d+\.\d+\.\d+\.\d+):\d+", text)
    text = (match[1] or match[2] if match else text).split("%")[0]
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return None
    return (address.packed if address.version == 6 else bytes(10) + b"\xff\xff" + address.packed).hex()


def _targets(row, schema):
    """The names of all objects, and the one that the row shows with its type."""
    order = [o.lower() for o in schema.plan.get("target_order", [])]
    names, best = [], None
    for number, rule in enumerate(schema.plan["targets"]):
        if "." in rule["name"]:
            items = row[rule["name"].split(".")[0]] or []
            field = {k: v.split(".")[1] for k, v in rule.items()}
        else:
            items, field = [row], rule
        for item in items:
            name = item.get(field["name"]) or item.get(field.get("id"))
            kind = item.get(field.get("type"))
            if not name:
                continue
            names += [] if name in names else [name]
            lower = (kind or "").lower()
            rank = (number, order.index(lower) + 1 if lower in order else 0 if lower else len(order) + 1)
            if best is None or (rank[0] == best[0][0] and rank < best[0]):
                best = rank, name, kind
    return names, best[1] if best else None, best[2] if best else None


def row_of(line, schema, source, instance=None):
    """The row of one input line."""
    record = json.loads(line, parse_float=str)  # 2.50 is not 2.5
    row, odd = {"lenient_time": False}, {}
    for path in Schema.paths(schema.plan["time"]):
        value = _take(record, path)
        if value is not None:
            row["event_time"], row["lenient_time"] = time_of(value)
    row.update(_columns(record, schema.scalars, schema.held, "", odd))
    for name, (path, fields, kept) in schema.lists.items():
        items = _take(record, path)
        row[name] = None if items is None else [
            _columns(item, fields, kept, f"{path}[{i}].", odd) for i, item in enumerate(items)]
        for i, item in enumerate(items or []):
            odd.update({f"{path}[{i}].{k}": v for k, v in item.items()})
    if row.get("event_time") is None and "time_fallback" in schema.plan:
        others = schema.plan["time_fallback"]
        row["event_time"] = next((row[c] for c in (others if isinstance(others, list) else [others])
                                  if row[c] is not None), None)
    common(row, schema)
    row["extra"] = {**_rest(record, schema), **odd} or None
    own = row.get(schema.plan.get("instance"))
    row.update(source=source, instance=instance or own or "", repaired=False, secondary=False)
    return row
