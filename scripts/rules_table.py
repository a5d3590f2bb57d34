#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""rules_table.py: writes docs/detections.md, the table of the shipped rules, from rules/.

    scripts/rules_table.py            writes it
    scripts/rules_table.py --check    says whether it is up to date (exit status 1: it is not)

Also the reader of the rules' files for the tests (tests/rules.py). It knows the part of YAML in which the shipped rules are written, and
nothing more: mappings and lists by four spaces, one line a value, and `>-` for the description. All else is an error.
"""
import os
import re
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
RULES = os.path.join(ROOT, "rules")
TABLE = os.path.join(ROOT, "docs", "detections.md")
FOLDERS = [("bitbucket", "Bitbucket"), ("jira", "Jira"), ("confluence", "Confluence"), ("organisation", "Organisation"), ("all", "Across products"), ("alerts", "Other products")]
LEVELS = ["critical", "high", "medium", "low", "informational"]


class Wrong(Exception):
    pass


class Reader:
    """One document: nested mappings, lists of texts, texts. true and false are booleans."""

    def __init__(self, name, first, lines):
        self.name, self.first, self.lines, self.at = name, first, lines, 0

    def wrong(self, what):
        raise Wrong(f"{self.name}:{self.first + self.at}: {what}")

    def indent(self):
        line = self.lines[self.at]
        spaces = len(line) - len(line.lstrip(" "))
        if spaces % 4 or not line.strip() or "\t" in line or line != line.rstrip():
            self.wrong("indented by four spaces, no empty lines, no blanks at the end")
        return spaces

    def text(self, value):
        if value.startswith("'"):
            if not re.fullmatch(r"'(?:[^']|'')*'", value):
                self.wrong(f"not one text in quotes: {value}")
            return value[1:-1].replace("''", "'")
        if value in ("true", "false"):
            return value == "true"
        if value[:1] in " \"&*!|>%@`[]{},#?:-" or ": " in value or " #" in value or value.endswith(":"):
            self.wrong(f"quote it: {value}")
        return value

    def folded(self, depth):
        words = []
        while self.at < len(self.lines) and self.indent() == depth:
            words.append(self.lines[self.at].strip())
            self.at += 1
        return " ".join(words)

    def list(self, depth):
        items = []
        while self.at < len(self.lines) and self.indent() == depth:
            line = self.lines[self.at].strip()
            if not line.startswith("- "):
                self.wrong("an item of a list is missing")
            items.append(self.text(line[2:]))
            self.at += 1
        return items

    def mapping(self, depth):
        found = {}
        while self.at < len(self.lines) and self.indent() == depth:
            match = re.fullmatch(r"([A-Za-z0-9_.|-]+):(?: (.+))?", self.lines[self.at].strip())
            if not match:
                self.wrong("not `key: value`")
            key, value = match.groups()
            if key in found:
                self.wrong(f"{key} stands twice")
            self.at += 1
            if value == ">-":
                found[key] = self.folded(depth + 4)
            elif value is not None:
                found[key] = self.text(value)
            elif self.at < len(self.lines) and self.lines[self.at].strip().startswith("- "):
                found[key] = self.list(depth + 4)
            else:
                found[key] = self.mapping(depth + 4)
            if found[key] in ("", [], {}):
                self.wrong(f"{key} is empty")
        return found

    def document(self):
        found = self.mapping(0)
        if self.at < len(self.lines):
            self.wrong("too far to the right")
        return found


def read(name, rules=RULES):
    """The documents of a rule, by its name: folder/file without .yml. The last one raises the alerts."""
    with open(os.path.join(rules, name + ".yml"), encoding="utf-8") as file:
        lines = file.read().split("\n")
    if lines.pop() != "":
        raise Wrong(f"{name}: the last line does not end")
    if not lines[0].startswith("# SPDX-License-Identifier: "):
        raise Wrong(f"{name}: the first line is not the licence's")
    documents, begin = [], 1
    for at in [i for i, line in enumerate(lines) if line == "---"] + [len(lines)]:
        documents.append(Reader(name, begin + 1, lines[begin:at]).document())
        begin = at + 1
    return documents


def names(rules=RULES):
    found = []
    for folder, _, files in os.walk(rules):
        found += [os.path.relpath(os.path.join(folder, file), rules)[:-4] for file in files if file.endswith(".yml")]
    return sorted(found)


def products(name, documents):
    """What the rule looks at, in a word each."""
    found = []
    for document in documents:
        product = document.get("logsource", {}).get("product")
        if product and product not in found:
            found.append(product)
    return "organisation" if name.startswith("organisation/") else ", ".join("all" if p == "atlassian" else p for p in found)


def techniques(document):
    return ", ".join(tag[len("attack."):].upper() for tag in document.get("tags", []) if re.fullmatch(r"attack\.t\d.*", tag))


def row(name, documents):
    document = documents[-1]
    kind = document["correlation"]["type"] if "correlation" in document else "event"
    title = document["title"] + (" *" if document["status"] == "experimental" else "")
    return f"| [{title}](../rules/{name}.yml) | {document['level']} | {techniques(document)} | {document.get('coverage', '–')} | {products(name, documents)} | {kind} |"


def table(rules=RULES):
    """The whole page."""
    found = [(name, read(name, rules)) for name in names(rules)]
    correlations = sum("correlation" in documents[-1] for _, documents in found)
    out = ["# The rules that ship", "",
           "Made by `scripts/rules_table.py` from the files in `rules/`; change those. What a rule means and what to look at is in its description:",
           "`pugmark detect explain RULE` shows it, and whether it can fire here.", "",
           f"{len(found)} rules, {correlations} of them over several events. **Level** is how soon somebody should look. **ATT&CK** as of version 19.",
           "**Coverage** is the audit level of Data Center that the events need (`–`: not known, or none in the Cloud). **Kind**: `event` is a rule of",
           "single events, all else a correlation ([sigma.md](sigma.md)). A star marks what is experimental: how the product writes the event was not seen.",
           "Which key or text comes from where is in [rules-keys.md](rules-keys.md)."]
    for folder, title in FOLDERS:
        some = [one for one in found if one[0].startswith(folder + "/")]
        some.sort(key=lambda one: (LEVELS.index(one[1][-1]["level"]), one[1][-1]["title"]))
        out += ["", f"## {title}", "", "| rule | level | ATT&CK | coverage | product | kind |", "|---|---|---|---|---|---|"]
        out += [row(name, documents) for name, documents in some]
    return "\n".join(out) + "\n"


def main():
    text = table()
    if sys.argv[1:] == ["--check"]:
        with open(TABLE, encoding="utf-8") as file:
            if file.read() != text:
                sys.exit("docs/detections.md is not what the rules say: run scripts/rules_table.py")
    elif sys.argv[1:]:
        sys.exit(__doc__)
    else:
        with open(TABLE, "w", encoding="utf-8") as file:
            file.write(text)


if __name__ == "__main__":
    main()
