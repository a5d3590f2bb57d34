#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Every function of a public header (src/<room>/<room>.h, all of base/ and net/, and what another room
includes) has its contract, a comment, directly above it. One comment may stand above a run of declarations that have no blank
line between them (a struct and the functions on it). Prints the ones without."""

import glob
import os
import re
import sys


def included_from_outside():
    """Headers that another room includes."""
    for path in glob.glob("src/*/*.[ch]"):
        room = os.path.basename(os.path.dirname(path))
        with open(path, encoding="utf-8") as file:
            for header in re.findall(r'^#include "((\w+)/\w+\.h)"', file.read(), re.M):
                if header[1] != room:
                    yield "src/" + header[0]


def public_headers():
    outside = set(included_from_outside())
    for path in sorted(glob.glob("src/*/*.h")):
        room = os.path.basename(os.path.dirname(path))
        name = os.path.basename(path)
        if path in outside or name == room + ".h" or (
                room in ("base", "net") and "private" not in name):
            yield path


def blank(match):
    return re.sub(r"[^\n]", " ", match.group(0))


def declarations(text):
    """Yields (first line, last line, text) of what stands at depth 0, lines from 0."""
    code = re.sub(r"/\*.*?\*/", blank, text, flags=re.S)
    code = re.sub(r"^[ \t]*#(?:[^\n\\]|\\.|\\\n)*", blank, code, flags=re.M)
    code = re.sub(r"""'(?:[^'\\]|\\.)'|"(?:[^"\\]|\\.)*\"""", blank, code)
    depth, start, line = 0, None, 0
    for at, char in enumerate(code):
        if start is None and not char.isspace():
            start = (at, line)
        if char == "\n":
            line += 1
        depth += (char in "{(") - (char in "})")
        ended = depth == 0 and (char == ";" or (char == "}" and is_function(code[start[0]:at])))
        if start is not None and ended:
            yield start[1], line, code[start[0]:at + 1]
            start = None


def is_function(code):
    head = code.split("{")[0]
    if re.match(r"\s*(typedef|enum|_Static_assert)\b", head) or "=" in head.split("(")[0]:
        return False
    return re.search(r"\w\s*\(", head) is not None and not re.match(r"\s*struct\s+\w+\s*$", head)


def missing_contracts(path):
    with open(path, encoding="utf-8") as file:
        text = file.read()
    lines = text.split("\n")
    covered_until = -2  # the last line of the run below a comment
    for first, last, code in declarations(text):
        above = lines[first - 1].rstrip() if first else ""
        if above.endswith("*/") or covered_until == first - 1:
            covered_until = last
        elif is_function(code):
            name = re.search(r"(\w+)\s*\(", code).group(1)
            yield f"{path}:{first + 1}: {name} has no contract above it"


def main():
    os.chdir(os.path.dirname(os.path.abspath(__file__)) + "/..")
    problems = [p for path in public_headers() for p in missing_contracts(path)]
    print("\n".join(problems), end="\n" if problems else "")
    return 1 if problems else 0


sys.exit(main())
