# SPDX-License-Identifier: Apache-2.0
"""A mix of faults drawn from a seed, for series of many seeds. Only such faults are in it as a good
reader survives by itself: after them, all that is visible can be had, once."""
from dice import Dice

RETRY = ("0", "1", "date:1", None, "-1", "soon")


def status(dice):
    form = dice.pick((None, "modern", "beta", "both", "dc"))
    return {"kind": "status", "status": dice.pick((429, 429, 500, 502, 503, 504)),
            "retry_after": dice.pick(RETRY), "rate_headers": form}


def fixed(kind, **more):
    return lambda _: {"kind": kind, **more}


DRAWS = [
    status, status, status,
    lambda dice: {"kind": "cut", "share": dice.below(100) / 100, "how": dice.pick(("close", "reset"))},
    lambda dice: {"kind": "cut", "at": -dice.below(150)},
    lambda dice: {"kind": "close", "how": dice.pick(("close", "reset"))},
    lambda dice: {"kind": "hang", "seconds": dice.below(10) / 20},
    lambda dice: {"kind": "slow", "bytes_per_second": 200_000 + dice.below(2_000_000)},
    lambda dice: {"kind": "pad", "bytes": dice.below(300_000)},
    lambda dice: {"kind": "total", "set": dice.pick((-1, 0, 1, 1_000_000))},
    lambda dice: {"kind": "drift", "add": 1 + dice.below(5), "back_ms": dice.below(600_000)},
    lambda dice: {"kind": "repeat", "rows": 1 + dice.below(30)},
    lambda dice: {"kind": "short_page", "rows": 1 + dice.below(400)},
    lambda dice: {"kind": "gzip", "on": bool(dice.below(2))},
    lambda dice: {"kind": "chunked", "on": bool(dice.below(2))},
    lambda dice: {"kind": "skew", "ms": dice.below(1_000_000) - 500_000},
    fixed("bad_gzip"), fixed("bad_chunk"), fixed("short_length"), fixed("error_json"),
    fixed("foreign_link"),
]


def rules(given):
    """{"seed", "share": how many requests an average rule meets, "rules": how many, "times": at most
    so often each, "source"}: the rules, with the label "storm"."""
    dice = Dice(int(given.get("seed", 1)), 0x570)
    share, found = float(given.get("share", 0.05)), []
    for _ in range(int(given.get("rules", 8))):
        rule = dice.pick(DRAWS)(dice)
        rule["probability"] = share * 2 * dice.below(1000) / 1000
        rule["label"] = "storm"
        for name in ("times", "source"):
            if name in given:
                rule[name] = given[name]
        found.append(rule)
    return found
