# SPDX-License-Identifier: Apache-2.0
"""The stand-in's clock: the real one with an offset, or one that stands until it is moved."""
import calendar
import time

DAY = 86_400_000


def parse_iso(text):
    """Milliseconds of `2026-01-02T03:04:05[.678]Z`."""
    main, _, rest = text.removesuffix("Z").partition(".")
    seconds = time.strptime(main, "%Y-%m-%dT%H:%M:%S")
    return calendar.timegm(seconds) * 1000 + int((rest + "000")[:3])


class Clock:
    def __init__(self, manual, start):
        self.manual, self.offset = manual, 0
        if manual:
            self.stands_at = start
        elif start is not None:
            self.offset = start - self.real()

    @staticmethod
    def real():
        return time.time_ns() // 1_000_000

    def now(self):
        return self.stands_at if self.manual else self.real() + self.offset

    def advance(self, ms):
        if self.manual:
            self.stands_at += ms
        else:
            self.offset += ms
