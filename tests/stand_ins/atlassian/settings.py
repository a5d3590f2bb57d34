# SPDX-License-Identifier: Apache-2.0
"""What can be set, at the start (`--set name=value`) and later (`POST /_stand_in/settings`). Where
SOURCES.md says "not verified", the behaviour is a setting."""

# name: default, allowed values (None: any of the default's type), what it does
TABLE = {
    "plan": ("paid", ("paid", "free"), "free: Jira's audit answers 403"),
    "no_permission": ("403", ("403", "empty"), "empty: 200 without records instead of 403"),
    "site_zone_minutes": (0, None, "how a classic token's zone-less from/to are read"),
    "jira_over_limit": ("cap", ("cap", "reject"), "what a limit above 1000 does"),
    "jira_page_cap": (0, None, "records that paging reaches; total still counts all; 0: no cap"),
    "confluence_limit_cap": (1000, None, "the fixed system limit of a page"),
    "confluence_next": ("off", ("off", "on"), "on: _links.next where there is a next page"),
    "confluence_size": ("page", ("page", "wrong"), "wrong: size is not that of the page"),
    "dc_limit_cap": (100_000, None, "maximum of limit on Jira and Confluence Data Center"),
    "bitbucket_limit_cap": (10_000, None, "maximum of limit on Bitbucket Data Center"),
    "dc_over_limit": ("cap", ("cap", "reject"), "what a limit above the maximum does"),
    "dc_self_audit": ("off", ("off", "on"), "on: each search makes an event of its own"),
    "dc_link_window": ("off", ("off", "on"), "on: nextPageLink carries from and to"),
    "dc_cursor": ("after", ("after", "repeat"), "repeat: a page begins with its cursor's event"),
    "dc_rate": (0, None, "requests in dc_rate_seconds before 429; 0: no limit"),
    "dc_rate_seconds": (60, None, "the window of dc_rate"),
    "org_guard": ("on", ("on", "off"), "off: without Guard Standard, 403"),
    "org_rate": (10, None, "requests in a minute to /events before 429; 0: no limit"),
    "org_stream_rate": (0, None, "the same for /events-stream"),
    "org_stream_end": ("cursor", ("cursor", "null"), "null: meta.next is null on an empty page"),
    "burst_per_second": (0, None, "requests in a second to a site before 429; 0: no limit"),
    "oauth_points_per_hour": (0, None, "requests with OAuth in an hour before 429; 0: no limit"),
    "rate_headers": ("none", ("none", "modern", "beta", "both"), "on good replies and 429"),
    "retention_days": (0, None, "older events are not served; 0: all are"),
    "gzip": ("on", ("on", "off"), "gzip where the client accepts it"),
    "chunked": ("off", ("on", "off"), "chunked replies in place of Content-Length"),
    "skew_ms": (0, None, "error of the clock in the Date header"),
}


class Settings(dict):
    def __init__(self):
        super().__init__((name, row[0]) for name, row in TABLE.items())

    def put(self, name, value):
        """Takes text or JSON; refuses what the table does not allow."""
        if name not in TABLE:
            raise ValueError(f"no setting {name!r}")
        default, allowed, _ = TABLE[name]
        if isinstance(default, int):
            value = int(value)
        elif value not in allowed:
            raise ValueError(f"{name}: one of {', '.join(allowed)}")
        self[name] = value
