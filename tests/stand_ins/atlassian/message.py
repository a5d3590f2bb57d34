# SPDX-License-Identifier: Apache-2.0
"""A request as the end points see it, and their reply."""
import json
import urllib.parse

JSON_TYPE = "application/json;charset=UTF-8"
LOGIN_PAGE = (b"<!DOCTYPE html><html><head><title>Log in with Atlassian account</title></head>"
              b"<body><form action='/login'><input name='username'></form></body></html>")


class Ask:
    def __init__(self, method, target, headers, body, host):
        self.method, self.target, self.headers, self.body, self.host = \
            method, target, headers, body, host
        path, _, query = target.partition("?")
        self.path = urllib.parse.unquote(path)
        self.query = dict(reversed(urllib.parse.parse_qsl(query, keep_blank_values=True)))
        self.source = None  # name of the store that it reads
        self.through_gateway = False
        self.token = None
        self.faults = {}
        self.rows = None

    def number(self, name, default):
        """A parameter that is a number of 0 or more; raises Refused where it is not one."""
        text = self.query.get(name, "")
        if text == "":
            return default
        if not text.isascii() or not text.isdigit():
            raise Refused(400, f"{name}: not a number: {text}")
        return int(text)

    def later_page(self):
        """Whether this asks for another page than the first one."""
        position = self.query.get("offset", self.query.get("start", "0"))
        return position not in ("", "0") or "pageCursor" in self.query or "cursor" in self.query


class Refused(Exception):
    """Ends a request with an error reply."""

    def __init__(self, status, message, headers=()):
        super().__init__(message)
        self.status, self.message, self.headers = status, message, list(headers)


class Reply:
    def __init__(self, status=200, body=b"", headers=(), content_type=JSON_TYPE):
        self.status, self.body, self.headers = status, body, list(headers)
        self.content_type = content_type
        self.pieces = None  # an iterator instead of the body


def of_json(value, status=200, headers=()):
    return Reply(status, json.dumps(value, ensure_ascii=False).encode(), headers)


def envelope(rows, before, after):
    """JSON of a page: the rows are in it byte for byte."""
    return before.encode() + b",".join(rows) + after.encode()


def form(values):
    return urllib.parse.urlencode({k: v for k, v in values.items() if v is not None})
