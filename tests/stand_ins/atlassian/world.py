# SPDX-License-Identifier: Apache-2.0
"""All that is served: sites, Data Center instances, the organisation; and what acts on it."""
import threading
import zlib
from collections import deque

import shape_confluence
import shape_dc
import shape_jira
import shape_org
from access import Tokens
from dice import mix
from faults import Faults
from rates import Rates
from settings import Settings
from store import Store

PRODUCTS = ("jira", "confluence", "bitbucket")
SHAPES = {"jira": (shape_jira.FIRST_ID, shape_jira.render),
          "confluence": (shape_confluence.FIRST_ID, shape_confluence.render),
          "org": (shape_org.FIRST_ID, shape_org.render)}


def uuid(seed, n):
    h = f"{mix(seed, n):016x}{mix(seed ^ 0x55, n):016x}"
    return f"{h[:8]}-{h[8:12]}-4{h[13:16]}-8{h[17:20]}-{h[20:]}"


class World:
    """Everything in it is used under `lock`."""

    def __init__(self, seed, clock, sites):
        self.seed, self.clock, self.sites = seed, clock, sites
        self.lock = threading.RLock()
        self.settings, self.tokens, self.faults = Settings(), Tokens(seed), Faults(seed)
        self.rates = Rates(self.settings, clock)
        self.retention = {"number": 1, "units": "YEARS"}
        self.cloud_ids = {site: uuid(seed ^ 0xC1D, n) for n, site in enumerate(sites)}
        self.org_id = uuid(seed ^ 0x0F6, 0)
        self.requests, self.asked = deque(maxlen=100_000), 0
        self.last_place, self.dc_ports, self.scheme = {}, {}, "https"
        self.stores = {name: self.new_store(name) for name in self.names()}

    def names(self):
        """The first site's sources go by the product alone."""
        for n, site in enumerate(self.sites):
            prefix = "" if n == 0 else site + "/"
            yield from (prefix + "jira", prefix + "confluence")
        yield from (f"{p}-dc" for p in PRODUCTS)
        yield "org"

    def new_store(self, name):
        product = name.rpartition("/")[2]
        if product.endswith("-dc"):
            product = product[:-3]
            shape = (shape_dc.FIRST_ID, shape_dc.renderer(product, f"https://{product}.example.com"))
        else:
            shape = SHAPES[product]
        return Store(name, mix(self.seed, zlib.crc32(name.encode())), shape, self.clock, self.settings)

    def source_of_site(self, site, product):
        return product if site == self.sites[0] else f"{site}/{product}"

    def base_of(self, source):
        """The address of a Data Center instance."""
        product = source[:-3]
        port = self.dc_ports.get(source)
        return f"{self.scheme}://127.0.0.1:{port}" if port else f"https://{product}.example.com"

    def note(self, ask, status):
        """The log of requests. No secret is in it."""
        self.asked += 1
        self.requests.append({
            "n": self.asked, "at": self.clock.now(), "method": ask.method, "target": ask.target,
            "host": ask.host, "source": ask.source, "status": status, "rows": ask.rows,
            "token": ask.token.kind if ask.token else None, "faults": sorted(ask.faults),
            "agent": ask.headers.get("User-Agent", "")})
