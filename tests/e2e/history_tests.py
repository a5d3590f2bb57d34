# SPDX-License-Identifier: Apache-2.0
"""Random histories of a lake: slices, overlaps, repeats, twins, logs of nodes that grow, kills,
compaction, rebuilding, restoring. After each history, stored equals what a model of DESIGN's
section 6 says, in a dozen lines."""
import collections
import gzip
import os
import random

import lake
from lake import Lake, generate, joined, write

SLOW = True  # not in make quick


class Model:
    """Logs of nodes add up by place; any other import overlaps everything."""

    def __init__(self):
        self.logs, self.most = {}, collections.Counter()

    def plain(self, lines):
        self.most |= collections.Counter(lines)

    def log(self, name, lines):
        if len(lines) > len(self.logs.get(name, ())):
            self.logs[name] = lines

    def stored(self):
        total = collections.Counter()
        for lines in self.logs.values():
            total += collections.Counter(lines)
        return list((total | self.most).elements())


def some_slice(rng, lines):
    a, b = sorted(rng.randrange(len(lines) + 1) for _ in range(2))
    return lines[a:b]


def packed(rng, name, data):
    kind = rng.randrange(4)
    if kind == 0:
        return write(name + ".gz", gzip.compress(data))
    if kind == 1:
        return write(name + ".zst", lake.zstd(data))
    return write(name, data)


def load(rng, one, *args):
    """An import, now and then after some that were stopped half-way."""
    for _ in range(rng.choice((0, 0, 0, 1, 2))):
        one.run("import", *args, env={"PUGMARK_FAULT": f"change:{rng.randrange(1, 120)}:{rng.choice(('kill', 'after', 'torn', 'EIO'))}"})
    one.load(*args)


def step(rng, one, model, lines, number):
    what = rng.choice(("plain", "plain", "patchwork", "log", "log", "again", "compact", "rebuild", "restore"))
    if what == "plain":
        part = some_slice(rng, lines)
        load(rng, one, "--source", rng.choice(("import", "other")), packed(rng, f"part{number}", joined(part)))
        model.plain(part)
    elif what == "patchwork":
        part = some_slice(rng, lines) + some_slice(rng, lines)
        load(rng, one, packed(rng, f"patch{number}", joined(part)))
        model.plain(part)
    elif what == "log":
        node, log = rng.choice("ab"), rng.choice(("20260105.00000.audit.log", "20260106.00000.audit.log"))
        begin = (ord(node) * 31 + len(log) + int(log[7])) % 40
        part = lines[begin:begin + rng.randrange(len(lines))]
        load(rng, one, "--node", node, packed(rng, log, joined(part)))
        model.log((node, log), part)
    elif what == "again":
        load(rng, one, write(f"all{number}", joined(lines[:len(lines) // 2])))
        model.plain(lines[:len(lines) // 2])
    elif what == "restore" and os.path.isdir(one.data):
        copy = Lake(os.path.dirname(one.data), f"copy{number}")
        backup = os.path.join(os.path.dirname(one.data), f"backup{number}")
        assert one.run("backup", backup).status == 0
        assert copy.run("restore", backup).status == 0
        lake.remove_tree(one.data)
        lake.remove_tree(backup)
        one.data = copy.data
    elif os.path.isdir(one.data):
        result = one.run(what if what != "restore" else "compact")
        assert result.status == 0, result.err
    return what


def histories(folder, table, seeds):
    for seed in seeds:
        rng = random.Random(f"{table} {seed}")
        lines, _, _ = generate("pool", table, 120, "--seed", seed, "--twins", "--shape", "file")
        lines += [l for l in lines[::17]]  # more twins
        one, model, told = Lake(folder, f"data{seed}"), Model(), []
        for number in range(rng.randrange(3, 12)):
            told.append(step(rng, one, model, lines, number))
        want = model.stored()
        if not want:
            continue
        try:
            one.holds(table, want)
        except AssertionError as error:
            raise AssertionError(f"seed {seed}, {', '.join(told)}: {error}") from error
        lake.remove_tree(one.data)


def seeds(quick, normal, many):
    return range(many if lake.LONG else quick if lake.QUICK else normal)


def test_random_histories_of_bitbucket(folder):
    histories(folder, "bitbucket", seeds(2, 12, 400))


@lake.slow
def test_random_histories_of_confluence(folder):
    histories(folder, "confluence", seeds(0, 8, 200))
