# SPDX-License-Identifier: Apache-2.0
"""Atlassian's cloud and Data Center audit APIs, as SOURCES.md describes them, for tests. README.md
beside this folder lists end points, settings and faults.

Prints one JSON line when ready; ends on SIGTERM or SIGINT (and with --hold when stdin ends)."""
import sys

sys.dont_write_bytecode = True
import argparse  # noqa: E402
import json  # noqa: E402
import os  # noqa: E402
import signal  # noqa: E402
import threading  # noqa: E402

import access  # noqa: E402
import certificates  # noqa: E402
import control  # noqa: E402
import proxy  # noqa: E402
from clock import DAY, Clock, parse_iso  # noqa: E402
from server import Server, tls_context  # noqa: E402
from world import PRODUCTS, World  # noqa: E402


def words():
    parser = argparse.ArgumentParser(prog="atlassian", description=__doc__.splitlines()[0])
    add = parser.add_argument
    add("--port", type=int, default=0, help="the common port")
    add("--control-port", type=int, default=0)
    add("--certificates", metavar="DIR", help="where ca.pem and others are made")
    add("--http", action="store_true", help="plain HTTP")
    add("--seed", type=int, default=1)
    add("--sites", default="acme,other", help="names of the sites, the first one on the common port")
    add("--events", default="2500", help="N for each source, or jira=N,org=N,… and 0 for the rest")
    add("--last", default="2026-06-01T12:00:00Z", help="time of the newest event, or now")
    add("--days", type=float, default=30, help="over how long the events lie")
    add("--clock", choices=("real", "manual"), default="real")
    add("--now", help="where the clock starts (manual: default is --last)")
    add("--records", action="append", default=[], metavar="NAME=FILE",
        help="serve the records of this file, one a line, from this source too")
    add("--late-share", type=float, default=0, help="of the events that become visible late")
    add("--late-ms", type=int, default=3_600_000, help="by at most so much")
    add("--set", action="append", default=[], metavar="NAME=VALUE", help="a setting")
    add("--hold", action="store_true", help="end when standard input does")
    return parser


def counts(text, names):
    if text.isdigit():
        return dict.fromkeys(names, int(text))
    found = dict.fromkeys(names, 0)
    for part in text.split(","):
        name, _, number = part.partition("=")
        if name not in found:
            sys.exit(f"atlassian: --events: {name}: not one of {', '.join(names)}")
        found[name] = int(number)
    return found


def make_world(given):
    last = Clock.real() if given.last == "now" else parse_iso(given.last)
    start = parse_iso(given.now) if given.now else last if given.clock == "manual" else None
    world = World(given.seed, Clock(given.clock == "manual", start), given.sites.split(","))
    for pair in given.set:
        name, _, value = pair.partition("=")
        world.settings.put(name, value)
    for name, count in counts(given.events, list(world.stores)).items():
        world.stores[name].fill(count, last, int(given.days * DAY), given.late_share, given.late_ms)
    for pair in given.records:
        name, _, path = pair.partition("=")
        if name not in world.stores:
            sys.exit(f"atlassian: --records: {name}: not one of {', '.join(world.stores)}")
        world.stores[name].load(path)
    return world


def listen(world, given):
    """Starts all servers; returns their ports by name."""
    tls = {}
    if not given.http:
        certificates.make(given.certificates)
        for name in ("server", "expired", "wrong-host", "untrusted"):
            path = os.path.join(given.certificates, name)
            tls[name] = tls_context(path + ".pem", path + ".key")
    good = tls.get("server")
    world.scheme = "http" if given.http else "https"
    ports = {"port": Server(world, ("any",), given.port, good).start()}
    for site in world.sites:
        ports[site] = Server(world, ("site", site), tls=good).start()
    ports["api"] = Server(world, ("api",), tls=good).start()
    for product in PRODUCTS:
        name = f"{product}-dc"
        world.dc_ports[name] = ports[name] = Server(world, ("dc", product), tls=good).start()
    for name in () if given.http else ("expired", "wrong-host", "untrusted"):
        ports[name] = Server(world, ("any",), tls=tls[name]).start()
    tunnel = Server(world, None, handler=proxy.Tunnel)
    tunnel.target, tunnel.seen = ports["port"], []
    ports["proxy"] = tunnel.start()
    ports["control"] = Server(world, None, given.control_port, make=control.answer).start()
    return ports


def main():
    given = words().parse_args()
    if not given.http and not given.certificates:
        sys.exit("atlassian: --certificates DIR or --http is needed")
    signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
    signal.signal(signal.SIGINT, lambda *_: os._exit(0))
    world = make_world(given)
    ports = listen(world, given)
    ready = {"port": ports["port"], "control_port": ports["control"], "ports": ports,
             "ca": os.path.join(given.certificates, "ca.pem") if not given.http else None,
             "mail": access.MAIL, "tokens": {k: world.tokens.of_kind(k).secret for k in access.KINDS},
             "cloud_ids": world.cloud_ids, "org_id": world.org_id, "now": world.clock.now()}
    print(json.dumps(ready), flush=True)
    if given.hold:
        threading.Thread(target=lambda: (sys.stdin.read(), os._exit(0)), daemon=True).start()
    while True:
        signal.pause()


main()
