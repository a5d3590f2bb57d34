# SPDX-License-Identifier: Apache-2.0
"""The faults that act on pages, for all end points alike."""
from dice import Dice


def search(world, store, low, high, words):
    """The range of a window, or None and the serials in it that contain one of the words, newest
    first. Words are looked for in the whole record."""
    start, end = store.between(low, high)
    if not words:
        return (start, end), None
    wanted = [w.lower().encode() for w in words]
    found = []
    for serial in store.newest_first(start, end, 0, end - start):
        body = store.body(serial).lower()
        if any(w in body for w in wanted):
            found.append(serial)
    return None, found


def drift(world, ask, store, low, high):
    """{"add": N, "back_ms": M, "inside": bool, "remove": N}: before the page is made. `inside` gives
    the new events times of the window's newest twentieth, where they move all that follows."""
    given = ask.faults.get("drift")
    if not given:
        return
    dice = Dice(world.seed ^ 0xD21F7, len(store.times))
    at = world.clock.now() - given.get("back_ms", 0)
    start, end = store.between(low, high)
    for _ in range(given.get("add", 0)):
        if given.get("inside") and end > start:
            at = store.times[store.serial(end - 1 - dice.below(1 + (end - start) // 20))]
        store.add(at)
    start, end = store.between(low, high)
    places = set()
    while len(places) < min(given.get("remove", 0), end - start):
        places.add(start + dice.below(end - start))
    store.remove(places)


def shifted(ask, offset, limit):
    """Where the page starts and how long it is, under the faults "repeat" and "short_page"."""
    again = ask.faults.get("repeat")
    if again and offset:
        offset = max(0, offset - again.get("rows", 1))
    short = ask.faults.get("short_page")
    if short:
        limit = max(1, min(limit, short.get("rows", max(1, limit // 2))))
    return offset, limit


def looped(world, ask, place):
    """The place that the last page of this source started at, under the fault "loop"."""
    last = world.last_place.get(ask.source)
    if "loop" in ask.faults and last is not None and place != last:
        return last
    world.last_place[ask.source] = place
    return place


def wrong(ask, number):
    """{"set": N} or {"add": N}: the wrong total."""
    given = ask.faults.get("total")
    if not given:
        return number
    return given["set"] if "set" in given else number + given.get("add", 1000)
