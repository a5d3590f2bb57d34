#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""docs_sources.py PUGMARK: what the pages of docs/sources (and docs/ship.md) say is so: commands and options that the program
has, links that lead somewhere, a page for every kind of source, messages that the program can give. Then each check finds a
planted defect. Ends with "N passed, M failed"."""
import glob
import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
LINES_MOST = 150
FOREIGN = {"--delete"}  # options of other programs that the text names
COMMAND = re.compile(r"(sudo .*)?pugmark(-ship)? ")
SEPARATORS = {"|", "||", "&", "&&", ";", "(", ")", "|&"}


def read(path):
    with open(path, encoding="utf-8") as file:
        return file.read()


class Program:
    """What `pugmark help` says: commands, and which options each has (option: takes a value)."""

    def __init__(self, path):
        self.path = path
        self.commands = {name: self.options(name) for name in self.ask("help", "--list")[0].split()}
        self.all = {option for options in self.commands.values() for option in options}
        self.known = {}

    def ask(self, *words):
        """What it says on standard output and on standard error. In an empty data folder."""
        with tempfile.TemporaryDirectory(prefix="pugmark-docs.") as folder:
            env = {"PATH": "/usr/bin:/bin", "HOME": folder, "PUGMARK_DATA": os.path.join(folder, "data"), "LC_ALL": "C.UTF-8"}
            done = subprocess.run([self.path, *words], env=env, cwd=folder, stdin=subprocess.DEVNULL, capture_output=True,
                                  text=True, timeout=60, check=False)
        return done.stdout, done.stderr

    def options(self, command):
        rows = re.findall(r"^  --([a-z0-9-]+)(?: (\[-\][A-Z]+|[A-Z]+))?(?: |$)", self.ask("help", command)[0], re.M)
        return {"--" + name: bool(value) for name, value in rows}

    def refuses(self, *words):
        """What it says where the words themselves are wrong: a kind of source, an action."""
        if words not in self.known:
            said = self.ask(*words)[1]
            wrong = re.search(r"there is no kind of source|is none of|there is no command", said)
            self.known[words] = said.strip() if wrong else ""
        return self.known[words]


# ---- command lines -----------------------------------------------------------------------------

def blocks(text):
    """Fenced blocks as lists of lines, and the text without them."""
    found = re.findall(r"^[ ]*```[a-z]*\n(.*?)^[ ]*```", text, re.M | re.S)
    return [block.split("\n") for block in found], re.sub(r"^[ ]*```[a-z]*\n.*?^[ ]*```", "", text, flags=re.M | re.S)


def lines_of(block):
    """The command lines of a block: behind a prompt where it has one, else all; continued ones as one."""
    lines = re.sub(r"\\\n\s*", " ", "\n".join(block)).split("\n")
    prompted = [line[2:] for line in lines if line.startswith("$ ")]
    return prompted or [line.strip() for line in lines]


def simple_commands(line):
    """A shell's line as lists of words, each without what stands in front of pugmark (sudo, systemd-run, NAME=value)."""
    lexer = shlex.shlex(line, posix=True, punctuation_chars="();|&")
    lexer.whitespace_split, lexer.commenters = True, "#"
    try:
        words = list(lexer)
    except ValueError:  # text with an apostrophe, not a command
        return
    while words:
        end = next((i for i, word in enumerate(words) if word in SEPARATORS), len(words))
        yield without_wrappers(words[:end])
        words = words[end + 1:]


def without_wrappers(words):
    while words and (re.fullmatch(r"[A-Z_]+=.*", words[0]) or words[0] in ("sudo", "systemd-run")):
        wrapper = words.pop(0)
        while wrapper in ("sudo", "systemd-run") and words and words[0].startswith("-"):
            if words.pop(0) in ("-u", "-p"):
                words = words[1:]
    return words


def complain_of(program, words):
    """What is wrong with `pugmark …`, or None."""
    options, positional = {}, []
    if words[0] == "pugmark-ship":
        words = ["pugmark", "ship", *words[1:]]
    rest = words[1:]
    command = next((word for word in rest if not word.startswith("-")), None)
    if command is None or (command == "ship" and command not in program.commands):
        return None  # the page of a command may come before it
    if command not in program.commands:
        return f"there is no command {command}"
    options = program.commands[command]
    while rest:
        word = rest.pop(0)
        if re.match(r"\d*[<>]", word):
            rest = rest[1:] if re.fullmatch(r"\d*[<>]+", word) else rest
        elif word == "--":
            positional += rest
            rest = []
        elif word.startswith("--"):
            name, equals, _ = word.partition("=")
            if name not in options:
                return f"{command} has no option {name}"
            if options[name] and not equals:
                if not rest or rest[0].startswith("--"):
                    return f"{command} {name} lacks its value"
                rest = rest[1:]
        else:
            positional.append(word)
    return wrong_word(program, positional)


def wrong_word(program, positional):
    command, word = positional[0], positional[1] if len(positional) > 1 else None
    if command in ("connect", "sources", "help") and word and re.fullmatch(r"[a-z-]+", word):
        return program.refuses(command, word) or None
    return None


def check_commands(program, root):
    for path in sources_pages(root) + [os.path.join(root, "docs/ship.md")]:
        if not os.path.exists(path):
            continue
        fenced, text = blocks(read(path))
        inline = re.findall(r"`([^`\n]+)`", text)
        shown = [line for block in fenced for line in lines_of(block)] + [code for code in inline if COMMAND.match(code)]
        for words in (words for line in shown for words in simple_commands(line)):
            if words and words[0] in ("pugmark", "pugmark-ship"):
                wrong = complain_of(program, words)
                if wrong:
                    yield f"{os.path.relpath(path, root)}: {' '.join(words)}: {wrong}"
        if path.endswith("ship.md"):
            continue
        for code in inline:
            named = set() if COMMAND.match(code) else set(re.findall(r"(?<![\w-])--[a-z][a-z0-9-]*", code))
            for option in sorted(named - program.all - FOREIGN):
                yield f"{os.path.relpath(path, root)}: `{code}`: no command has {option}"


# ---- links and pages ---------------------------------------------------------------------------

def anchors(text):
    """The anchors of a page's headings, as GitHub makes them."""
    for heading in re.findall(r"^#+ (.*)$", blocks(text)[1], re.M):
        plain = re.sub(r"[^\w\- ]", "", heading.lower().replace("`", ""))
        yield plain.replace(" ", "-")


def check_links(program, root):
    pages = [os.path.join(root, "README.md"), *glob.glob(os.path.join(root, "docs/**/*.md"), recursive=True)]
    for page in sorted(pages):
        for link in re.findall(r"\]\(([^)\s]+)\)", blocks(read(page))[1]):
            if re.match(r"[a-z]+:", link):
                continue
            path, _, anchor = link.partition("#")
            target = os.path.normpath(os.path.join(os.path.dirname(page), path)) if path else page
            shown = f"{os.path.relpath(page, root)}: the link {link}"
            if os.path.relpath(target, root) == "docs/ship.md" and "ship" not in program.commands:
                continue  # comes with the command
            if not os.path.exists(target):
                yield f"{shown} leads nowhere"
            elif anchor and anchor not in anchors(read(target)):
                yield f"{shown} names no heading"


def sources_pages(root):
    return sorted(glob.glob(os.path.join(root, "docs/sources/*.md")))


def check_pages(program, root):
    """A page for every kind, all of them in the table of README.md, and none too long."""
    rows = re.search(r"source_kinds\[\] = \{(.*?)\{0\}", read(os.path.join(root, "src/collect/kinds.c")), re.S)
    kinds = re.findall(r'^\t\{"([a-z0-9-]+)", "', rows.group(1) if rows else "", re.M)
    if len(kinds) < 6:
        yield f"src/collect/kinds.c: only {len(kinds)} kinds are found there"
    index = read(os.path.join(root, "docs/sources/README.md"))
    for name in kinds + ["bitbucket"]:
        if not os.path.exists(os.path.join(root, "docs/sources", name + ".md")):
            yield f"docs/sources: no page {name}.md of a kind of source"
        elif f"]({name}.md)" not in index:
            yield f"docs/sources/README.md does not link {name}.md"
        if program.refuses("connect", name):
            yield f"connect does not take {name}"
    for page in sources_pages(root):
        lines = read(page).count("\n")
        if lines > LINES_MOST:
            yield f"{os.path.relpath(page, root)}: {lines} lines, more than {LINES_MOST}"


# ---- messages ----------------------------------------------------------------------------------

def texts_of_the_program():
    """All texts in the sources: adjacent literals as one; a line break stands for what printf fills in."""
    texts = []
    for path in glob.glob(os.path.join(ROOT, "src/**/*.c"), recursive=True):
        if path.endswith(("_test.c", "_fuzz.c")):
            continue
        code = re.sub(r'%[0-9.]*"\s*PRI\w+\s*"', "\n", read(path))
        code = re.sub(r'("(?:\\.|[^"\\])*")|/\*.*?\*/|\'(?:\\.|[^\'\\])+\'', lambda m: m.group(1) or " ", code, flags=re.S)
        for run in re.findall(r'"(?:\\.|[^"\\])*"(?:\s*"(?:\\.|[^"\\])*")*', code):
            joined = "".join(re.findall(r'"((?:\\.|[^"\\])*)"', run))
            joined = re.sub(r"%[-0-9.*+ #]*(?:hh|h|ll|l|z|j|t)?[a-zA-Z]", "\n", joined)
            texts.append(re.sub(r"\\(.)", r"\1", joined))
    return "\n\n".join(texts)


def check_messages(texts, root):
    """First cells of tables headed "message"; … stands for what differs."""
    for page in sources_pages(root):
        in_table = False
        for line in blocks(read(page))[1].split("\n"):
            in_table = line.startswith("|") and (in_table or line.startswith("| message |"))
            if not in_table or line.startswith(("| message |", "|---")):
                continue
            message = line.split("|")[1].replace("`", "").strip()
            parts = [part.strip() for part in message.split("…")]
            missing = [part for part in parts if len(part) > 2 and part not in texts]
            if missing or max(map(len, parts)) < 8:
                yield f"{os.path.relpath(page, root)}: the program does not say {(missing or parts)[0]!r}"


# ---- all together ------------------------------------------------------------------------------

def complaints(program, texts, root):
    return [*check_commands(program, root), *check_links(program, root), *check_pages(program, root),
            *check_messages(texts, root)]


# What is planted (page, text), and what must be found.
DEFECTS = (
    ("docs/sources/jira.md", "```\n$ pugmark colect --once\n```\n", "there is no command colect"),
    ("docs/sources/jira.md", "```\nsudo -u pugmark pugmark collect --twice < token\n```\n", "collect has no option --twice"),
    ("docs/sources/jira.md", "```\npugmark collect --once && pugmark sources --mail a@b\n```\n", "sources has no option --mail"),
    ("docs/sources/jira.md", "```\npugmark connect jira \\\n    --mial a@b\n```\n", "connect has no option --mial"),
    ("docs/sources/jira.md", "Type `pugmark connect jira --mail`.\n", "connect --mail lacks its value"),
    ("docs/sources/jira.md", "Type `pugmark connect bitbucket-cloud`.\n", "there is no kind of source"),
    ("docs/sources/jira.md", "Type `pugmark sources forget NAME`.\n", "is none of list"),
    ("docs/sources/jira.md", "Add `--trust-everybody`.\n", "no command has --trust-everybody"),
    ("docs/sources/jira.md", "See [this](nowhere.md).\n", "leads nowhere"),
    ("docs/sources/jira.md", "See [this](README.md#nothing-like-it).\n", "names no heading"),
    ("README.md", "See [this](docs/nowhere.md).\n", "leads nowhere"),
    ("docs/sources/jira.md", "\n| message | do |\n|---|---|\n| your token is bad: … | x |\n", "does not say 'your token is bad:'"),
    ("docs/sources/jira.md", "\n" * LINES_MOST, f"more than {LINES_MOST}"),
    ("docs/sources/folder.md", None, "no page folder.md"),
)


def plant(folder, page, text):
    for name in ("README.md", "CONTRIBUTING.md", "ARCHITECTURE.md"):
        shutil.copy(os.path.join(ROOT, name), folder)
    for name in ("docs", "bench"):
        shutil.copytree(os.path.join(ROOT, name), os.path.join(folder, name), ignore=shutil.ignore_patterns("data", "*.py", "*.c"))
    os.makedirs(os.path.join(folder, "src/collect"))
    shutil.copy(os.path.join(ROOT, "src/collect/kinds.c"), os.path.join(folder, "src/collect"))
    path = os.path.join(folder, page)
    if text is None:
        os.unlink(path)
        return
    with open(path, "a", encoding="utf-8") as file:
        file.write("\n" + text)


def main():
    program, texts = Program(os.path.abspath(sys.argv[1])), texts_of_the_program()
    passed, failed = 0, 0
    found = complaints(program, texts, ROOT)
    for complaint in found:
        print(f"FAILED: docs: {complaint}")
    failed += len(found)
    passed += not found
    for page, text, wanted in DEFECTS:
        with tempfile.TemporaryDirectory(prefix="pugmark-docs.") as folder:
            plant(folder, page, text)
            new = [c for c in complaints(program, texts, folder) if c not in found]
        good = any(wanted in complaint for complaint in new)
        passed, failed = passed + good, failed + (not good)
        if not good:
            print(f"FAILED: docs: {text!r} in {page} is not found; found is {new}")
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
