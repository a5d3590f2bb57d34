# SPDX-License-Identifier: Apache-2.0
"""The events of one source, in order of time, and the ledger of truth about them.

An event is its serial number: the generator renders it again whenever it is asked for. The order is
an array of 64-bit keys (41 bits of time in ms, 22 of serial), so that a million events take 32 MB."""
import hashlib
import json
from array import array
from bisect import bisect_left, bisect_right, insort

from clock import parse_iso
from dice import Dice, identifiers, step, timeline

BITS = 22
LIMIT = 1 << BITS


class Store:
    def __init__(self, name, seed, shape, clock, settings):
        self.name, self.seed, self.clock, self.settings = name, seed, clock, settings
        self.first_id, self.render = shape
        self.keys = array("q")  # of the visible ones
        self.times, self.ids, self.visible = array("q"), array("q"), array("q")
        self.waiting = []  # (visible_at, serial), the next one last
        self.raw = {}  # bytes of those that the generator did not make
        self.gone = set()

    def fill(self, count, last, span, late_share=0.0, late_ms=0):
        """The events that are there at the start; some may become visible later than they happened."""
        self.times = timeline(self.seed, count, last, span)
        self.ids = identifiers(self.seed, count, self.first_id)
        self.visible = array("q", self.times)
        for serial in range(count) if late_share else ():
            dice = Dice(self.seed ^ 0x1A7E, serial)
            if dice.chance(late_share):
                self.visible[serial] += 1 + dice.below(late_ms)
        now = self.clock.now()
        self.keys = array("q", [self.pack(time, serial) for serial, time in enumerate(self.times)
                                if self.visible[serial] <= now])
        if len(self.keys) < count:
            self.waiting = sorted(((at, s) for s, at in enumerate(self.visible) if at > now),
                                  reverse=True)

    def load(self, path):
        """Records out of a file, to be served as they are; they are visible from their time on."""
        found = []
        with open(path, "rb") as file:
            for line in file:
                record = json.loads(line)
                when = record.get("created") or record.get("creationDate") or record["timestamp"]
                found.append((when if isinstance(when, int) else parse_iso(when), line.rstrip(b"\n")))
        for when, raw in sorted(found, key=lambda pair: pair[0]):
            self.add(when, when, raw)

    def add(self, time, visible_at=None, raw=None):
        """A new event; its id is higher than all before, whatever its time. Returns its serial."""
        serial = len(self.times)
        if serial >= LIMIT:
            raise ValueError("a store holds 4,194,304 events")
        now = self.clock.now()
        self.times.append(time)
        previous = self.ids[-1] + step(self.seed, serial - 1) if serial else self.first_id
        self.ids.append(previous)
        self.visible.append(now if visible_at is None else visible_at)
        if raw is not None:
            self.raw[serial] = raw
        if self.visible[serial] <= now:
            insort(self.keys, self.key(serial))
        else:
            self.waiting.append((self.visible[serial], serial))
            self.waiting.sort(reverse=True)
        return serial

    def settle(self):
        """Lets those appear whose time has come."""
        now = self.clock.now()
        while self.waiting and self.waiting[-1][0] <= now:
            _, serial = self.waiting.pop()
            key = self.key(serial)
            if not self.keys or key > self.keys[-1]:
                self.keys.append(key)
            else:
                insort(self.keys, key)

    def between(self, low=None, high=None):
        """The range of `keys` from `low` to `high`, both inclusive, that retention has left."""
        self.settle()
        days = self.settings["retention_days"]
        oldest = self.clock.now() - days * 86_400_000 if days else None
        if oldest is not None and (low is None or low < oldest):
            low = oldest
        start = 0 if low is None else bisect_left(self.keys, low << BITS)
        end = len(self.keys) if high is None else bisect_left(self.keys, (high + 1) << BITS)
        return start, max(start, end)

    def before(self, time, ident):
        """Where in `keys` the ones start that are not older than (time, id)."""
        low = bisect_left(self.keys, time << BITS)
        high = bisect_right(self.keys, (time << BITS) + LIMIT - 1)
        while low < high and self.ids[self.keys[low] & (LIMIT - 1)] < ident:
            low += 1
        return low

    @staticmethod
    def pack(time, serial):
        return time << BITS | serial

    def key(self, serial):
        return self.pack(self.times[serial], serial)

    def place_after(self, key):
        return bisect_right(self.keys, key)

    def serial(self, place):
        return self.keys[place] & (LIMIT - 1)

    def body(self, serial):
        raw = self.raw.get(serial)
        if raw is not None:
            return raw
        return self.render(self.seed, serial, self.times[serial], self.ids[serial])

    def newest_first(self, start, end, offset, limit):
        """Serials of one page of the range."""
        high = max(start, end - offset)
        low = max(start, high - limit)
        return [key & (LIMIT - 1) for key in reversed(self.keys[low:high])]

    def oldest_first(self, start, end, limit):
        return [key & (LIMIT - 1) for key in self.keys[start:min(end, start + limit)]]

    def remove(self, places):
        """Takes events away again, as a server does that cleans up."""
        for place in sorted(places, reverse=True):
            self.gone.add(self.serial(place))
            del self.keys[place]

    def ever_visible(self):
        """The serials of all events that are visible or were."""
        self.settle()
        hidden = {serial for _, serial in self.waiting}
        return [serial for serial in range(len(self.times)) if serial not in hidden]

    def ledger(self):
        """One line for each of those, made when it is asked for."""
        for serial in self.ever_visible():
            body = self.body(serial)
            yield {"source": self.name, "serial": serial, "id": self.ids[serial],
                   "time": self.times[serial], "visible_at": self.visible[serial],
                   "bytes": len(body), "sha256": hashlib.sha256(body).hexdigest(),
                   "gone": serial in self.gone}

    def summary(self):
        self.settle()
        return {"events": len(self.times), "visible": len(self.keys), "waiting": len(self.waiting),
                "gone": len(self.gone), "newest": self.times[self.serial(-1)] if self.keys else None,
                "oldest": self.times[self.serial(0)] if self.keys else None}
