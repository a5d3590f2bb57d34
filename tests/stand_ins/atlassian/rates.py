# SPDX-License-Identifier: Apache-2.0
"""Rate limits that are counted, and all the forms in which Atlassian speaks of them (SOURCES.md,
sections 1 and 3): Retry-After in seconds, X-RateLimit-*, RateLimit-Reason, the Beta names, Data
Center's names. The reset time is a minute in ISO form, not an epoch."""
import email.utils
import time

from dice import iso
from message import Refused


class Window:
    """At most `limit` requests in `seconds`, by the real clock."""

    def __init__(self):
        self.times = []

    def wait(self, limit, seconds):
        """0 when the request may pass (it is counted then), else the seconds to wait."""
        now = time.monotonic()
        self.times = [t for t in self.times if t > now - seconds]
        if len(self.times) >= limit:
            return self.times[0] + seconds - now
        self.times.append(now)
        return 0


def minute(ms):
    """`yyyy-MM-ddTHH:mmZ`, the minute in which the limit is over."""
    return iso(ms + 59_999)[:16] + "Z"


def cloud_headers(form, reason, limit, left, reset_ms):
    """What Jira and Confluence Cloud send, in the old form, the new one, or both."""
    found = []
    seconds = max(0, reset_ms // 1000)
    if form in ("modern", "both"):
        found += [("X-RateLimit-Limit", str(limit)), ("X-RateLimit-Remaining", str(left))]
        if left == 0:
            found.append(("RateLimit-Reason", reason))
    if form in ("beta", "both"):
        found += [("X-Beta-Ratelimit-Limit", str(limit)), ("X-Beta-Ratelimit-Remaining", str(left)),
                  ("Beta-Ratelimit", f'"tenant-app-quota";r={left};t={seconds}'),
                  ("Beta-Ratelimit-Policy", f'"tenant-app-quota";q={limit};w=3600')]
        if left * 5 <= limit:
            found.append(("X-Beta-Ratelimit-Nearlimit", "true"))
        if left == 0:
            found.append(("X-Beta-Ratelimit-Reason", "jira-quota-tenant-based"))
    return found


def dc_headers(limit, left, seconds, fill):
    return [("X-RateLimit-Limit", str(limit)), ("X-RateLimit-Remaining", str(left)),
            ("X-RateLimit-Interval-Seconds", str(seconds)), ("X-RateLimit-FillRate", str(fill))]


def retry_after(given, now):
    """The header of a fault: a number, "date", "date:SECONDS", or any text as it is."""
    if given is None:
        return []
    text = str(given)
    if text.startswith("date"):
        ahead = float(text.partition(":")[2] or 1)
        text = email.utils.formatdate(now / 1000 + ahead, usegmt=True)
    return [("Retry-After", text)]


def fault_headers(given, now):
    """Headers of the fault "status": {"retry_after", "reset_ms", "rate_headers", "reason", "headers"}."""
    found = retry_after(given.get("retry_after"), now)
    reset = given.get("reset_ms")
    prefix = "X-Beta-Ratelimit" if given.get("rate_headers") == "beta" else "X-RateLimit"
    if reset is not None:
        found.append((f"{prefix}-Reset", minute(now + reset)))
    form = given.get("rate_headers")
    if form == "dc":
        found += dc_headers(10, 0, 60, 10)
    elif form:
        found += cloud_headers(form, given.get("reason", "jira-burst-based"), 100, 0, reset or 1000)
    return found + [(name, str(value)) for name, value in given.get("headers", {}).items()]


class Rates:
    def __init__(self, settings, clock):
        self.settings, self.clock, self.windows = settings, clock, {}

    def window(self, *key):
        return self.windows.setdefault(key, Window())

    def too_many(self, wait, headers):
        seconds = max(1, int(wait + 0.999))
        raise Refused(429, "Rate limit exceeded.", [("Retry-After", str(seconds))] + headers)

    def cloud(self, ask):
        """Points are for OAuth alone; a token of a person meets the burst limit only. Returns the
        headers of the good reply."""
        form, now = self.settings["rate_headers"], self.clock.now()
        limit = self.settings["burst_per_second"]
        wait = self.window("burst", ask.host).wait(limit, 1) if limit else 0
        reason, per = "jira-burst-based", 1
        points = self.settings["oauth_points_per_hour"]
        if not wait and points and ask.token and ask.token.kind == "oauth":
            wait = self.window("points", ask.token.secret).wait(points, 3600)
            limit, reason, per = points, "jira-quota-tenant-based", 3600
        if wait:
            reset = [("X-RateLimit-Reset", minute(now + int(wait * 1000)))] if form != "none" else []
            self.too_many(wait, cloud_headers(form, reason, limit, 0, int(wait * 1000)) + reset)
        used = len(self.window("burst" if per == 1 else "points",
                               ask.host if per == 1 else ask.token.secret).times)
        return cloud_headers(form, reason, limit or 350, max(1, (limit or 350) - used), per * 1000)

    def data_center(self, ask):
        limit, seconds = self.settings["dc_rate"], self.settings["dc_rate_seconds"]
        if not limit:
            return []
        window = self.window("dc", ask.source, ask.token.secret if ask.token else "")
        wait = window.wait(limit, seconds)
        fill = max(1, limit // seconds)
        if wait:
            self.too_many(wait, dc_headers(limit, 0, seconds, fill))
        return dc_headers(limit, limit - len(window.times), seconds, fill)

    def organisation(self, ask, stream):
        limit = self.settings["org_stream_rate" if stream else "org_rate"]
        wait = self.window("org", stream).wait(limit, 60) if limit else 0
        if wait:
            self.too_many(wait, [])
        return []
