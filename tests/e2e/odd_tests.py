# SPDX-License-Identifier: Apache-2.0
"""Records as nobody writes them, by docs/format.md: values of other types, keys that stand twice,
nulls, unknown fields at every level, times of all forms. A second reading of that page, in Python,
says what each row must hold."""
import json
import random
import re

import expect
import lake
from lake import Lake, joined, slow, write
from values_tests import by_peer, by_sql, differ


class Number(str):
    """A number as the source wrote it."""


class Pairs(list):
    """An object as the source wrote it: keys may stand twice."""


def parse(text):
    return json.loads(text, object_pairs_hook=Pairs, parse_int=Number, parse_float=Number,
                      parse_constant=lambda word: 1 / 0)


def text_of(value):
    """JSON without blanks, numbers as they were."""
    if isinstance(value, Pairs):
        return "{" + ",".join(f"{json.dumps(k, ensure_ascii=False)}:{text_of(v)}" for k, v in value) + "}"
    if isinstance(value, list):
        return "[" + ",".join(map(text_of, value)) + "]"
    return str(value) if isinstance(value, Number) else json.dumps(value, ensure_ascii=False)


class Scope:
    """What stands where: in a record, or in an element of a list."""

    def __init__(self, columns, held, objects=(), lists=(), times=()):
        self.columns = {p: (name, kind) for name, (paths, kind) in columns.items() for p in paths}
        self.held, self.lists, self.times = held, dict(lists), times
        self.objects = set(objects) | {p for path in self.columns for p in expect.prefixes(path)}

    def knows(self, path):
        return path in self.columns or path in self.lists or path in self.times or path in self.objects


class Reading:
    """One record read by the rules of the page."""

    def __init__(self, schema, pairs):
        self.extra, self.row, self.repaired, self.time, self.lenient = {}, {}, False, None, None
        lists = {path: (name, fields, held) for name, (path, fields, held) in schema.lists.items()}
        scope = Scope(schema.scalars, schema.held, schema.objects, lists, expect.Schema.paths(schema.plan["time"]))
        self.walk(pairs, "", scope, self.row, "", False)
        others = schema.plan.get("time_fallback", [])
        for name in others if isinstance(others, list) else [others]:
            if self.time is None:
                self.time = self.row.get(name)

    def keep(self, path, value, kept):
        """In `extra`, unless a column has it within the whole of an object."""
        name, n = path, 1
        while name in self.extra:
            n += 1
            name = f"{path}#{n}"
        if not kept:
            self.extra[name] = value

    def walk(self, pairs, path, scope, row, where, kept):
        seen = set()
        for key, value in pairs:
            full = f"{path}.{key}" if path else key
            if key in seen:
                self.repaired |= not kept or scope.knows(full)
                self.keep(where + full, value, kept)
                continue
            seen.add(key)
            if full in scope.times:
                self.take_time(where + full, value, kept)
            elif full in scope.columns:
                self.take(row, *scope.columns[full], where + full, value, kept)
                if full in scope.held and isinstance(value, Pairs):
                    self.walk(value, full, scope, row, where, True)
            elif full in scope.lists:
                self.take_list(*scope.lists[full], where + full, value, kept)
            elif full in scope.objects and isinstance(value, Pairs):
                self.walk(value, full, scope, row, where, kept)
            elif full not in scope.objects or value is not None:
                self.keep(where + full, value, kept)

    def take(self, row, name, kind, full, value, kept):
        if value is None:
            return
        fits, taken, whole = convert(value, kind)
        if not fits or row.get(name) is not None:
            whole = False
        else:
            row[name] = taken
        if not whole:
            self.keep(full, value, kept)

    def take_list(self, name, fields, held, full, value, kept):
        if value is None:
            return
        if not isinstance(value, list) or isinstance(value, Pairs):
            self.keep(full, value, kept)
            return
        self.row[name] = items = []
        for i, element in enumerate(value):
            items.append({f: None for f in fields})
            if isinstance(element, Pairs):
                self.walk(element, "", Scope(fields, held), items[i], f"{full}[{i}].", kept)
            elif element is not None:
                self.keep(f"{full}[{i}]", element, kept)

    def take_time(self, full, value, kept):
        if value is None:
            return
        micros, lenient, whole = read_time(value)
        if micros is None or self.time is not None:
            self.keep(full, value, kept)
            return
        self.time, self.lenient = micros, lenient
        if not whole:
            self.keep(full, value, kept)


def convert(value, kind):
    """Whether the column takes the value, as what, and whether that is all of it."""
    if kind == "json":
        return True, text_of(value), True
    if kind == "time":
        micros, _, whole = read_time(value)
        return micros is not None, micros, whole
    if isinstance(value, list):
        return False, None, False
    if kind == "bool":
        return isinstance(value, bool), value, True
    if kind == "int":
        if isinstance(value, str) and re.fullmatch(r"0|-?[1-9][0-9]*", value) and -2**63 <= int(value) < 2**63:
            return True, int(value), True
        return False, None, False
    if isinstance(value, bool):
        return True, "true" if value else "false", True
    return True, str(value), True


def by_size(number):
    """Microseconds of a number whose unit its size tells; and whether they are all of it."""
    match = re.fullmatch(r"(-?)(0|[1-9]\d*)(?:\.(\d+))?", number)
    if not match or number == "-0":
        return None, False
    whole, fraction = int(match[2]), match[3] or ""
    if whole >= 2**63:
        return None, False
    for limit, digits in ((10**11, 6), (10**14, 3), (10**17, 0), (10**30, -3)):
        if whole < limit:
            break
    scaled = int(str(whole) + (fraction + "0" * 40)[:max(digits, 0)]) if digits >= 0 else whole // 1000
    rest = fraction[digits:].strip("0") if digits >= 0 else str(whole % 1000).strip("0") + fraction.strip("0")
    if match[1]:
        scaled = -scaled - (1 if rest else 0)
    return scaled, not rest


def read_time(value):
    """(microseconds or None, lenient, no digit is lost)"""
    if isinstance(value, Pairs):
        fields = dict(value)
        seconds, nano = fields.get("epochSecond"), fields.get("nano", Number("0"))
        if isinstance(seconds, Number) and isinstance(nano, Number) \
                and re.fullmatch(r"-?\d+", seconds) and re.fullmatch(r"\d+", nano) and int(nano) < 10**9:
            whole = int(nano) % 1000 == 0 and set(fields) <= {"epochSecond", "nano"}
            return int(seconds) * 10**6 + int(nano) // 1000, False, whole
        return None, False, False
    if isinstance(value, (bool, list)):
        return None, False, False
    if re.fullmatch(r"-?\d+(\.\d+)?", value):
        micros, whole = by_size(value)
        return micros, False, whole
    if isinstance(value, Number):
        return None, False, False
    micros, lenient = expect.time_of(value)
    fraction = re.search(r"\.(\d+)", value)
    return micros, lenient, not fraction or not fraction[1][6:].strip("0")


def row_of(line, schema):
    reading = Reading(schema, parse(line))
    row = {name: None for name in (*schema.scalars, *schema.lists)}
    row.update(reading.row)
    row["event_time"], row["lenient_time"] = reading.time, bool(reading.lenient)
    expect.common(row, schema)
    row["extra"] = {k: text_of(v) for k, v in reading.extra.items()} or None
    row.update(source="import", instance="here", repaired=reading.repaired, secondary=False)
    return row


# ---- records ------------------------------------------------------------------------------------

SCALARS = [None, True, False, Number("0"), Number("-0"), Number("17"), Number("1e400"), Number("1.10"), Number("-2.5E-3"),
           Number("9007199254740993"), Number("9223372036854775807"), Number("9223372036854775808"),
           Number("12345678901234567890123"), "", "text", "12", "012", "true", "null", "caf\u00e9 \U0001f43e", "a\"b\\c\n\t/",
           "\u2028", "10.0.0.1", "10.0.0.1:443", "[2001:db8::1]:443", "fe80::1%eth0", "10.0.0.1, 10.0.0.2", " ::1 ", "010.0.0.1", "x" * 40]
TIMES = [{"epochSecond": "1644624007", "nano": "410000000"}, {"epochSecond": "1644624007", "nano": "410000001"},
         {"epochSecond": "1644624007"}, {"epochSecond": "-5", "nano": "1000"}, {"nano": "5"}, {"epochSecond": "5", "nano": "1000000000"},
         {"epochSecond": "5", "other": "1"}, "2022-01-24T08:48:05.645+0000", "2022-01-24T08:48:05Z", "2022-01-24T08:48:05.123456789-03:30",
         "2023-09-20T17:22:54.432", "2022-08-03:00:00.000+0000", "1661412506867", Number("1661412506867"), Number("1644624007"),
         Number("1644624007.41"), Number("1644624007123456"), Number("1644624007123456789"), Number("-1"), "yesterday", "",
         Number("1e9"), True, "2022-13-01T00:00:00Z", "2022-02-30T00:00:00Z", "1969-12-31T23:59:59.999999Z"]


TIME_KEYS = ("timestamp", "created", "creationDate", "time", "processedAt", "detectionTime", "start", "loginTime")


def some_time(rng):
    value = rng.choice(TIMES)
    if isinstance(value, dict):
        return Pairs((k, Number(v)) for k, v in value.items())
    return value


def some_value(rng, depth=0):
    kind = rng.randrange(12)
    if kind == 0 and depth < 3:
        return [some_value(rng, depth + 1) for _ in range(rng.randrange(4))]
    if kind == 1 and depth < 3:
        return Pairs((f"k{i}", some_value(rng, depth + 1)) for i in range(rng.randrange(4)))
    return rng.choice(SCALARS)


def change(rng, pairs, schema, top=True):
    """The same object, made odd in a few places."""
    out = Pairs()
    for key, value in pairs:
        luck = rng.randrange(30) if key not in ("id", "alertId") or not top else 99  # equal ids are one event
        if luck == 0:
            value = some_value(rng)
        elif luck == 1:
            continue
        elif luck == 2:
            out.append((f"new{rng.randrange(3)}", some_value(rng)))
        elif isinstance(value, Pairs) and key not in ("timestamp",):
            value = change(rng, value, schema, False)
        elif isinstance(value, list) and not isinstance(value, Pairs):
            value = [change(rng, v, schema, False) if isinstance(v, Pairs) and rng.randrange(9) else some_value(rng)
                     if rng.randrange(3) == 0 else v for v in value]
        if key in TIME_KEYS and rng.randrange(3) == 0:
            value = some_time(rng)
        out.append((key, value))
        if luck == 3:
            out.append((key, some_value(rng)))
    if top and rng.randrange(4) == 0:
        rng.shuffle(out)
    if top and rng.randrange(6) == 0:
        out.append((rng.choice(("type", "auditType")), Pairs([("action", "other"), ("area", some_value(rng))])))
    return out


def plain(row, schema, *without):
    """As in values_tests, with JSON as the source wrote it."""
    out = {k: v for k, v in row.items() if v is not None and k not in without and k not in
           ("event_id", "received_at", "vault_file", "vault_frame", "vault_offset", "vault_length")}
    if isinstance(out.get("extra"), str):
        out["extra"] = {k: text_of(v) for k, v in parse(out["extra"])}
    for name, (_, kind) in schema.scalars.items():
        if kind == "json" and name in out:
            out[name] = text_of(parse(out[name]))
    for name, (_, fields, _) in schema.lists.items():
        out[name] = [{k: text_of(parse(v)) if fields[k][1] == "json" else v for k, v in item.items() if v is not None}
                     for item in out[name]] if name in out else None
    return json.dumps({k: v for k, v in out.items() if v is not None}, sort_keys=True, ensure_ascii=False)


def check(folder, table, shape, seed, events):
    rng = random.Random(f"{table} {shape} {seed}")
    schema = expect.Schema(table)
    good, _, _ = lake.generate("pool", table, events, "--shape", shape, "--seed", seed)
    lines = [text_of(change(rng, parse(line), schema)).encode() for line in good]
    one = Lake(folder, f"{table}-{shape}-{seed}")
    # a node's log: each place is an event of its own, whatever stands there
    said = one.load("--table", table, "--instance", "here", "--node", "n", write(f"{table}.log", joined(lines)))
    assert said["stored"] == len(lines) and said["rejected"] == 0, said
    want = [plain(row_of(line, schema), schema) for line in lines]
    differ(f"seed {seed}, {table} {shape}, DuckDB", want, [plain(r, schema) for r in by_sql(one, table, schema)])
    differ(f"seed {seed}, {table} {shape}, hyparquet", want, [plain(r, schema) for r in by_peer(one, table, folder)])
    assert sorted(one.raw(table)) == sorted(lines)
    result = one.run("rebuild")
    assert result.status == 0, result.err
    # that the instance survives too is a test of its own: usage/rebuild_keeps_instances
    differ(f"seed {seed}, {table} {shape}, rebuilt", [plain(row_of(line, schema), schema, "instance") for line in lines],
           [plain(r, schema, "instance") for r in by_sql(one, table, schema)])
    lake.remove_tree(one.data)


@slow
def test_odd_records(folder):
    for seed in range(100 if lake.LONG else 1 if lake.QUICK else 2):
        for table, shape in (("bitbucket", "file"), ("jira", "cloud"), ("jira", "file"), ("confluence", "cloud"),
                             ("org", "cloud"), ("alerts", "cloud")):
            check(folder, table, shape, seed, 150 if lake.QUICK else 800)


def test_events_that_differ_in_an_odd_value_alone(folder):
    """Both are stored, neither is stored again, not by another reading nor after a rebuild."""
    base = b'"timestamp":"2026-01-02T03:04:05Z","auditType":{"action":"x","actionI18nKey":"bitbucket.x"},"node":"n"'
    pairs = [(b'"author":{"id":{"a": 1}}', b'"author":{"id":{"a": 2}}'), (b'"author":"bob"', b'"author":"ann"'),
             (b'"method":"a\xff"', b'"method":"a\xfe"'), (b'"method":"a","method":"b"', b'"method":"a","method":"c"'),
             (b'"affectedObjects":[{"id":[1, 2]}]', b'"affectedObjects":[{"id":[1, 3]}]'),
             (b'"affectedObjects":"x"', b'"affectedObjects":"y"'), (b'"changedValues":[1]', b'"changedValues":[2]')]
    lines = [b"{" + base + b"," + odd + b"}" for pair in pairs for odd in pair]
    lines.append(lines[0].replace(b"05Z", b"05.1234561Z"))
    lines.append(lines[0].replace(b"05Z", b"05.1234562Z"))
    one = Lake(folder)
    write("in", joined(lines))
    assert one.load("--table", "bitbucket", "in")["stored"] == len(lines)
    assert one.load("--table", "bitbucket", "in")["stored"] == 0
    # The same, pretty-printed: a rebuild reads line ends as blanks.
    write("pretty", b"[\n" + b",\n".join(line.replace(b"[1, ", b"[1,\n    ").replace(b",", b",\n  ") for line in lines) + b"]\n")
    assert one.load("--table", "bitbucket", "pretty")["stored"] == 0
    two = Lake(folder, "pretty-first")
    assert two.load("--table", "bitbucket", "pretty")["stored"] == len(lines)
    for here in (one, two):
        assert here.run("rebuild").status == 0
        assert here.load("--table", "bitbucket", "in")["stored"] == 0
        assert here.load("--table", "bitbucket", "pretty")["stored"] == 0
        assert here.count("bitbucket_audit_logs") == len(lines)
