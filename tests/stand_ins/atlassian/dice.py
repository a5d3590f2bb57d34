# SPDX-License-Identifier: Apache-2.0
"""Seeded draws and times. All that the stand-in makes up is a function of (seed, stream, serial), so
that any record can be rendered alone, in any order, and a million of them need no memory."""
import time
from array import array

MASK = (1 << 64) - 1
PLAIN, TWIN, NEAR = 0, 1, 2


def mix(seed, n):
    x = (seed * 0x9E3779B97F4A7C15 + n * 0xBF58476D1CE4E5B9 + 0x1234567) & MASK
    x = ((x ^ (x >> 30)) * 0xBF58476D1CE4E5B9) & MASK
    x = ((x ^ (x >> 27)) * 0x94D049BB133111EB) & MASK
    return x ^ (x >> 31)


class Dice:
    __slots__ = ("x",)

    def __init__(self, seed, n=0):
        self.x = mix(seed, n)

    def below(self, n):
        self.x = (self.x * 6364136223846793005 + 1442695040888963407) & MASK
        return (self.x >> 33) % n

    def pick(self, among):
        return among[self.below(len(among))]

    def chance(self, share):
        return self.below(1_000_000) < share * 1_000_000


def kind(seed, serial):
    """A twin is the record before it once more; a near one differs from it in one field."""
    draw = mix(seed ^ 0x7717, serial) % 40 if serial else 40
    return TWIN if draw == 0 else NEAR if draw == 1 else PLAIN


def origin(seed, serial):
    """Where the content of this record comes from, and whether it differs in the one field."""
    near = False
    while (what := kind(seed, serial)) != PLAIN:
        near = near or what == NEAR
        serial -= 1
    return serial, near


def timeline(seed, count, last, span):
    """`count` times in milliseconds, rising, the newest one `last`, over about `span`: half of them
    apart, the others a few milliseconds or none after the one before, as real logs have them."""
    times = array("q", bytes(8 * count))
    now, wide = last, max(1, 4 * span // max(1, count))
    for serial in range(count - 1, -1, -1):
        times[serial] = now
        draw = mix(seed ^ 0x71E, serial)
        if kind(seed, serial) != PLAIN:
            continue
        how = draw & 15
        if how >= 8:
            now -= (draw >> 8) % wide
        elif how >= 4:
            now -= 1 + (draw >> 8) % 7
    return times


def identifiers(seed, count, first):
    """Rising numbers with gaps: one in twelve, up to 200 wide."""
    ids = array("q", bytes(8 * count))
    number = first
    for serial in range(count):
        ids[serial] = number
        number += step(seed, serial)
    return ids


def step(seed, serial):
    draw = mix(seed ^ 0x1D5, serial)
    return 1 if draw % 12 else 1 + (draw >> 8) % 200


def iso(ms, zone="Z", fraction=True):
    seconds, rest = divmod(ms, 1000)
    text = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(seconds))
    return f"{text}.{rest:03d}{zone}" if fraction else text + zone
