# SPDX-License-Identifier: Apache-2.0
"""The files of the web page over HTTP: what is sent, packed and kept; its policy; what is not the page's."""
import gzip
import os
import re

import lake
from http_tests import Api
from lake import Lake

POLICY = ("default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; base-uri 'none'; "
          "form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'")


def files_of(api):
    """Path and bytes of everything that the page can load: what index.html names, and what those files import."""
    found, wanted = {}, ["/"]
    while wanted:
        path = wanted.pop()
        if path in found:
            continue
        status, headers, body = api.ask("GET", path, role=None)
        assert status == 200, f"{path}: {status}"
        found[path] = (headers, body)
        text = body.decode()
        wanted += [name for name in re.findall(r'(?:href|src)="(/[^"]+)"', text)]
        wanted += ["/assets/" + name for name in re.findall(r'"(?:\./|assets/)([\w.-]+\.(?:js|css))"', text)]
    return found


def test_every_view_is_the_page_and_nobody_needs_to_be_signed_in_for_it(folder):
    with Api(Lake(folder)) as api:
        views = re.findall(r'\bpath: "([a-z]*)"', open(os.path.join(lake.ROOT, "web/src/app/views.ts"), encoding="utf-8").read())
        assert {"", "search", "ioc", "alerts", "rules", "sources", "settings"} <= set(views)
        first = api.ask("GET", "/", role=None)[2]
        assert b'<div id="app">' in first
        for view in views:
            for path in (f"/{view}", f"/{view}/some/thing?q=a%20b"):
                status, headers, body = api.ask("GET", path, role=None)
                if view == "" and path != "/":
                    assert status == 404  # "//some/thing" is no view
                    continue
                assert status == 200 and body == first and headers["Content-Type"] == "text/html; charset=utf-8", path
        for path in ("/searches", "/Search", "/assets/", "/assets/x.js", "/index", "/../README.md", "/%2e%2e/README.md", "/favicon.ico"):
            status, headers, _ = api.ask("GET", path, role=None)
            assert status == 404 and headers["Content-Type"] == "application/problem+json", path
        assert api.ask("POST", "/search", b"{}", role=None)[0] == 404


def test_files_have_a_policy_and_are_kept_as_long_as_they_stay_the_same(folder):
    with Api(Lake(folder)) as api:
        files = files_of(api)
        assert sum(path.endswith(".js") for path in files) >= 8 and sum(path.endswith(".css") for path in files) == 1, list(files)
        kinds = {"js": "text/javascript; charset=utf-8", "css": "text/css; charset=utf-8", "svg": "image/svg+xml"}
        for path, (headers, body) in files.items():
            assert headers["Content-Security-Policy"] == POLICY and headers["X-Content-Type-Options"] == "nosniff", path
            assert headers["Cross-Origin-Opener-Policy"] == "same-origin" and headers["Referrer-Policy"] == "no-referrer"
            assert path == "/" or headers["Content-Type"] == kinds[path.rsplit(".", 1)[1]], path
            kept = "public, max-age=31536000, immutable" if path.startswith("/assets/") else "no-cache"
            assert headers["Cache-Control"] == kept, path
            status, again, none = api.ask("GET", path, role=None, If_None_Match=headers["ETag"])
            assert status == 304 and none == b"" and again["ETag"] == headers["ETag"], path
            assert api.ask("GET", path, role=None, If_None_Match='"other"')[2] == body
            status, head, none = api.ask("HEAD", path, role=None)
            assert status == 200 and none == b"" and int(head["Content-Length"]) == len(body)


def test_files_are_packed_for_those_who_can_unpack_them(folder):
    with Api(Lake(folder)) as api:
        weight = 0
        for path, (headers, body) in files_of(api).items():
            assert "Content-Encoding" not in headers and headers["Vary"] == "Accept-Encoding"
            status, headers, packed = api.ask("GET", path, role=None, Accept_Encoding="br, gzip;q=0.5")
            assert status == 200 and headers["Content-Encoding"] == "gzip" and gzip.decompress(packed) == body, path
            assert "Content-Encoding" not in api.ask("GET", path, role=None, Accept_Encoding="gzip;q=0")[1]
            weight += len(packed)
        assert weight <= 500 * 1000, f"the whole page weighs {weight} bytes"


def test_nothing_of_the_page_is_from_elsewhere_or_inline(folder):
    with Api(Lake(folder)) as api:
        for path, (_, body) in files_of(api).items():
            text = body.decode()
            if path == "/":
                assert not re.search(r"<script(?![^>]*\bsrc=)|<style|\son\w+=|style=", text), text
            # Names of namespaces, and the examples that fields show, are not asked for.
            hosts = set(re.findall(r"https?://([\w.-]+)", text)) - {"www.w3.org"}
            assert path.endswith(".js") or not hosts, f"{path}: {hosts}"


def test_the_page_is_for_hosts_that_are_ours(folder):
    with Api(Lake(folder)) as api:
        status, headers, _ = api.ask("GET", "/", role=None, Host="evil.example")
        assert status == 403 and headers["Content-Type"] == "application/problem+json"
        # A link in a mail or on another page may lead here.
        assert api.ask("GET", "/search", role=None, Sec_Fetch_Site="cross-site")[0] == 200
