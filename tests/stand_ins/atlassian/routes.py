# SPDX-License-Identifier: Apache-2.0
"""Which end point answers a request. The real hosts are told apart by name (the Host header); each
has a port of its own too, and on the common port the path tells."""
import functools
import re

import confluence_cloud
import data_center
import jira_cloud
import organisation
from message import LOGIN_PAGE, Refused, Reply, of_json

AUDIT = "/rest/api/audit"
# method, path below the product's base, product, end point, whether it reads the records
CLOUD = [
    ("GET", re.compile(r"/rest/api/[23]/auditing/record$"), "jira", jira_cloud.records, True),
    ("GET", re.compile(r"/rest/api/[23]/myself$"), "jira", jira_cloud.myself, False),
    ("GET", re.compile(r"/rest/api/[23]/mypermissions$"), "jira", jira_cloud.permissions, False),
    ("GET", re.compile(f"/wiki{AUDIT}$"), "confluence", confluence_cloud.records, True),
    ("GET", re.compile(f"/wiki{AUDIT}/since$"), "confluence", confluence_cloud.since, True),
    ("GET", re.compile(f"/wiki{AUDIT}/export$"), "confluence", confluence_cloud.export, True),
    ("GET", re.compile(f"/wiki{AUDIT}/retention$"), "confluence", confluence_cloud.retention, False),
    ("PUT", re.compile(f"/wiki{AUDIT}/retention$"), "confluence", confluence_cloud.retention, False),
    ("POST", re.compile(f"/wiki{AUDIT}$"), "confluence", confluence_cloud.insert, False),
]
DATA_CENTER = [
    ("GET", re.compile(r"/rest/auditing/1\.0/events$"), data_center.events, True),
    ("GET", re.compile(r"/rest/auditing/1\.0/configuration/coverage$"), data_center.coverage, False),
    ("GET", re.compile(r"/rest/auditing/1\.0/configuration/denylist$"), data_center.denylist, False),
    ("GET", re.compile(r"/rest/auditing/1\.0/configuration/retention$"), data_center.retention, False),
]
GATEWAY = re.compile(r"/ex/(jira|confluence)/([^/]+)(/.*)$")
ORGANISATION = re.compile(r"/admin/v1/orgs/([^/]+)/(events|events-stream)$")
WITH_CONTEXT = re.compile(r"/(jira|confluence|bitbucket)(/rest/(?:auditing|applinks)/.*)$")
MANIFEST = "/rest/applinks/1.0/manifest"
NO_SITE = b"<!DOCTYPE html><html><body><h1>Your Atlassian Cloud site is currently unavailable." \
          b"</h1></body></html>"


def not_found(path):
    raise Refused(404, f"null for uri: {path}")


def role_of(world, ask, role):
    """Roles: ("site", name), ("api",), ("dc", product); the common port has ("any",)."""
    host = ask.host.partition(":")[0].lower()
    if host.endswith(".atlassian.net"):
        return "site", host[:-len(".atlassian.net")]
    if host == "api.atlassian.com":
        return ("api",)
    if host in ("jira.example.com", "confluence.example.com", "bitbucket.example.com"):
        return "dc", host.partition(".")[0]
    if role != ("any",):
        return role
    match = WITH_CONTEXT.match(ask.path)
    if match:
        ask.path = match[2]
        return "dc", match[1]
    return ("api",) if ask.path.startswith(("/ex/", "/admin/")) else ("site", world.sites[0])


def cloud(world, ask, site, path, only=None):
    """The end point of a site. `only` is the product that the gateway's path names."""
    found = None
    for method, pattern, product, end_point, reads in CLOUD:
        if pattern.match(path) and only in (None, product):
            found = found or 405
            if method == ask.method:
                found = (end_point, product, reads)
    if found is None:
        not_found(path)
    if found == 405:
        raise Refused(405, "method not allowed")
    end_point, product, reads = found
    source = world.source_of_site(site, product)
    ask.source = source if reads else None
    return lambda: end_point(world, ask, world.stores[source])


def tenant(world, site):
    """Without login, on the site's own host."""
    return lambda: of_json({"cloudId": world.cloud_ids[site]})


def gateway(world, ask):
    match = GATEWAY.match(ask.path)
    if match:
        site = next((s for s, i in world.cloud_ids.items() if i == match[2]), None)
        if site is None:
            not_found(ask.path)
        ask.through_gateway = True
        return cloud(world, ask, site, match[3], match[1])
    match = ORGANISATION.match(ask.path)
    if not match or match[1] != world.org_id or ask.method != "GET":
        not_found(ask.path)
    ask.source = "org"
    end_point = organisation.stream if match[2] == "events-stream" else organisation.events
    return lambda: end_point(world, ask, world.stores["org"])


def manifest(ask, product):
    """What the product is, told without login: in JSON where that is asked for, else in XML."""
    kind, version = {"jira": ("jira", "9.12.4"), "confluence": ("confluence", "8.5.3"), "bitbucket": ("stash", "8.19.1")}[product]
    if "json" in ask.headers.get("Accept", ""):
        return of_json({"id": f"a1-{product}", "name": product.title(), "typeId": kind, "version": version})
    return Reply(200, f"<manifest><typeId>{kind}</typeId><version>{version}</version></manifest>".encode(),
                 content_type="application/xml")


def data_center_of(world, ask, product):
    if ask.path == MANIFEST and ask.method == "GET":
        return lambda: manifest(ask, product)
    for method, pattern, end_point, reads in DATA_CENTER:
        if pattern.match(ask.path) and method == ask.method:
            source = f"{product}-dc"
            ask.source = source if reads else None
            return functools.partial(end_point, world, ask, world.stores[source])
    return not_found(ask.path)


def find(world, ask, role):
    """The end point for this request, as a function without parameters; sets ask.source."""
    role = role_of(world, ask, role)
    if role[0] == "site":
        site = role[1]
        if site not in world.cloud_ids:
            return lambda: Reply(404, NO_SITE, content_type="text/html;charset=UTF-8")
        if ask.path == "/_edge/tenant_info":
            return tenant(world, site)
        if ask.path in ("/", "/login", "/login.jsp", "/wiki", "/wiki/"):
            return lambda: Reply(200, LOGIN_PAGE, content_type="text/html;charset=UTF-8")
        return cloud(world, ask, site, ask.path)
    if role[0] == "api":
        return gateway(world, ask)
    return data_center_of(world, ask, role[1])
