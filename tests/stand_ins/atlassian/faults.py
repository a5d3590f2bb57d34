# SPDX-License-Identifier: Apache-2.0
"""Faults on demand. A rule names a kind, which requests it meets, and how often:

    {"kind": "status", "status": 503, "source": "jira", "path": "regex", "page": "first|later",
     "skip": 2, "times": 3, "probability": 0.1, "label": "mine", …}

`skip` lets so many matching requests pass, `times` ends the rule (default: never), `probability`
draws from the seed of the run and the rule's number. Several rules can meet one request."""
import re

from dice import Dice

# kind: what it does. The parameters are described in README.md.
KINDS = {
    "status": "answer with this status, instead of the records",
    "html": "200 with an HTML login page",
    "error_json": "200 with JSON that is an error",
    "empty": "200 with an empty envelope",
    "redirect": "302 to a login page or another host",
    "hang": "no answer for so long",
    "close": "the connection ends before the answer",
    "cut": "the answer ends early",
    "slow": "so many bytes per second",
    "flood": "headers without end",
    "pad": "so many bytes of white space before the answer",
    "bad_gzip": "a broken gzip body",
    "bad_chunk": "a broken chunk size",
    "short_length": "Content-Length is smaller than the body",
    "content_type": "another Content-Type",
    "gzip": "gzip on or off for this answer",
    "chunked": "chunked on or off for this answer",
    "skew": "the Date header is wrong by so much",
    "total": "total (Jira) or size (Confluence) is wrong",
    "drift": "events appear, or vanish, before this page is made",
    "repeat": "the page starts with rows of the page before",
    "short_page": "fewer rows than asked for, though there are more",
    "loop": "the page is the same as the last one, and so is its cursor",
    "more": "the page is empty, but says that there is another",
    "foreign_link": "the next link points to another host",
    "expire": "the token used is revoked before this request",
}


class Rule:
    def __init__(self, number, given, seed):
        if given.get("kind") not in KINDS:
            raise ValueError(f"no fault {given.get('kind')!r}")
        self.number, self.given = number, given
        self.kind, self.source = given["kind"], given.get("source")
        self.path = re.compile(given["path"]) if "path" in given else None
        self.skip, self.times = given.get("skip", 0), given.get("times")
        self.probability, self.dice = given.get("probability"), Dice(seed, number)
        self.met = 0

    def meets(self, ask):
        """Whether this request meets it; counts."""
        if self.source is None and ask.source is None and self.path is None:
            return False  # a rule without aim is meant for the audit end points
        if self.source is not None and ask.source != self.source:
            return False
        if self.path is not None and not self.path.search(ask.target):
            return False
        if "page" in self.given and (self.given["page"] == "later") != ask.later_page():
            return False
        if self.skip > 0:
            self.skip -= 1
            return False
        if self.times is not None and self.met >= self.times:
            return False
        if self.probability is not None and not self.dice.chance(self.probability):
            return False
        self.met += 1
        return True

    def state(self):
        return {"number": self.number, "met": self.met, **self.given}


class Faults:
    def __init__(self, seed):
        self.seed, self.rules, self.next = seed, [], 1

    def add(self, given):
        rule = Rule(self.next, given, self.seed)
        self.next += 1
        self.rules.append(rule)
        return rule

    def remove(self, number=None, label=None):
        self.rules = [r for r in self.rules
                      if (number is not None and r.number != number) or
                      (label is not None and r.given.get("label") != label)]

    def of(self, ask):
        """{kind: parameters} for this request; the first rule of a kind counts."""
        found = {}
        for rule in self.rules:
            if rule.kind not in found and rule.meets(ask):
                found[rule.kind] = rule.given
        return found
