#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""completion.py SHELL SCRIPT PUGMARK: types into a real shell (bash, zsh) on a terminal, presses
Tab, and looks at the line that it makes of that. Ends with "N passed, N failed"."""
import os
import pty
import re
import select
import signal
import subprocess
import sys
import tempfile
import time

LIMIT_SECONDS = 20

# What is typed, and the line after Tab.
LINES = (
    ("pugmark imp", "pugmark import "),
    ("pugmark stat", "pugmark status "),
    ("pugmark help exp", "pugmark help export "),
    ("pugmark --data lake exp", "pugmark --data lake export "),
    ("pugmark --data la", "pugmark --data lake/"),
    ("pugmark import --ta", "pugmark import --table "),
    ("pugmark import --table b", "pugmark import --table bitbucket "),
    ("pugmark search --table o", "pugmark search --table org "),
    ("pugmark compact al", "pugmark compact alerts "),
    ("pugmark import sam", "pugmark import sample.ndjson "),
    ("pugmark import --table jira sam", "pugmark import --table jira sample.ndjson "),
    ("pugmark export --format p", "pugmark export --format parquet "),
    ("pugmark sql --format j", "pugmark sql --format json "),
    ("pugmark alerts cl", "pugmark alerts close "),
    ("pugmark alerts --state ack", "pugmark alerts --state acknowledged "),
    ("pugmark user pas", "pugmark user passwd "),
    ("pugmark user add x --role an", "pugmark user add x --role analyst "),
    ("pugmark notify add sl", "pugmark notify add slack "),
    ("pugmark cluster in", "pugmark cluster init "),
    ("pugmark cluster init --dry", "pugmark cluster init --dry-run "),
    ("pugmark checkpoint wi", "pugmark checkpoint witness "),
    ("pugmark checkpoint witness re", "pugmark checkpoint witness remove "),
    ("pugmark verify --witness own", "pugmark verify --witness own.yml "),
    ("pugmark backup l", "pugmark backup lake/"),
    ("pugmark ship --dry", "pugmark ship --dry-run "),
    ("pugmark ship --every 5 la", "pugmark ship --every 5 lake/"),
    ("pugmark ship --ca-file own", "pugmark ship --ca-file own.yml "),
    ("pugmark rejects re", "pugmark rejects retry "),
    ("pugmark schema inf", "pugmark schema infer "),
    ("pugmark schema show c", "pugmark schema show confluence "),
    ("pugmark schema check own", "pugmark schema check own.yml "),
    ("pugmark compact j", "pugmark compact jira "),
    ("pugmark import --source x", "pugmark import --source x"),
    ("pugmark search targ", "pugmark search target"),
    ("pugmark search --since -9999d actor:zo", "pugmark search --since -9999d actor:zoe.example "),
    ("pugmark search --values targ", "pugmark search --values target"),
    ("pugmark nothing-like-it", "pugmark nothing-like-it"),
)

# Ctrl-X prints the line and empties it.
START = {
    "bash": """PS1='ready> '
bind 'set enable-bracketed-paste off'; bind 'set bell-style none'
bind 'set show-all-if-ambiguous on'
show_line() { printf '\\n<<%s>>\\n' "$READLINE_LINE"; READLINE_LINE= READLINE_POINT=0; }
bind -x '"\\C-xp": show_line'
. {script}
""",
    "zsh": """PS1='ready> '; unset zle_bracketed_paste; unsetopt beep prompt_cr prompt_sp
fpath=({folder} $fpath); autoload -Uz compinit; compinit -u -D
show_line() { zle -I; print -r -- "<<$BUFFER>>"; BUFFER=; }
zle -N show_line; bindkey '^Xp' show_line; bindkey '^I' complete-word
""",
}
ARGUMENTS = {"bash": ["bash", "--norc", "--noprofile", "-i"], "zsh": ["zsh", "-f", "-i"]}


class Shell:
    def __init__(self, name, script, program, folder):
        self.said = ""
        pid, self.terminal = pty.fork()
        if pid == 0:
            os.chdir(folder)
            env = {"PATH": os.path.dirname(program) + ":/usr/bin:/bin", "TERM": "dumb",
                   "HOME": folder, "PUGMARK_DATA": os.path.join(folder, "data"), "LC_ALL": "C.UTF-8", "COLUMNS": "200", "LINES": "100"}
            os.execvpe(name, ARGUMENTS[name], env)
        self.pid = pid
        start = os.path.join(folder, "start")
        text = START[name].replace("{script}", script).replace("{folder}", os.path.dirname(script))
        with open(start, "w", encoding="utf-8") as file:
            file.write(text)
        self.type(f". {start}\n")
        self.wait_for("ready> $")

    def type(self, text):
        os.write(self.terminal, text.encode())

    def wait_for(self, pattern):
        end = time.monotonic() + LIMIT_SECONDS
        while True:
            found = re.search(pattern, self.said, re.M)
            if found:
                self.said = self.said[found.end():]
                return found
            left = end - time.monotonic()
            if left <= 0 or not select.select([self.terminal], [], [], left)[0]:
                raise AssertionError(f"the shell does not say {pattern!r}: {self.said[-300:]!r}")
            self.said += os.read(self.terminal, 65536).decode("utf-8", "replace").replace("\r", "")

    def complete(self, typed):
        self.said = ""
        self.type(typed + "\t")
        time.sleep(0.05)  # what is typed while a completion runs may be taken for its answer
        self.type("\x18p")
        return self.wait_for("^<<(.*)>>$").group(1)

    def offered(self, typed, last):
        """What Tab shows where it cannot choose; `last` is the last word of it."""
        self.said = ""
        self.type(typed + "\t")
        return self.wait_for(rf"(?s).*\b{re.escape(last)}\b.*ready> ").group(0)

    def close(self):
        os.kill(self.pid, signal.SIGKILL)
        os.waitpid(self.pid, 0)
        os.close(self.terminal)


def main():
    name, script, program = sys.argv[1], *map(os.path.abspath, sys.argv[2:4])
    commands = subprocess.run([program, "help", "--list"], check=True, capture_output=True,
                              text=True).stdout.split()
    passed, failed = 0, 0
    with tempfile.TemporaryDirectory(prefix="pugmark-completion-") as folder:
        os.mkdir(os.path.join(folder, "lake"))
        for file in ("sample.ndjson", "own.yml", "lake.txt"):
            open(os.path.join(folder, file), "w", encoding="utf-8").close()
        line = '{"auditType":{"action":"x","actionI18nKey":"bitbucket.x"},"author":{"name":"zoe.example"},"timestamp":1}\n'
        subprocess.run([program, "import", "--data", os.path.join(folder, "data"), "-"], input=line, text=True, check=True,
                       capture_output=True)
        shell = Shell(name, script, program, folder)
        for typed, expected in LINES:
            got = shell.complete(typed)
            if got == expected:
                passed += 1
            else:
                failed += 1
                print(f"FAILED: {name}: {typed!r} became {got!r}, not {expected!r}")
        shown = shell.offered("pugmark ", sorted(commands)[-1])
        missing = [c for c in commands if not re.search(rf"\b{c}\b", shown)]
        passed, failed = passed + (not missing), failed + bool(missing)
        if missing:
            print(f"FAILED: {name}: not offered: {' '.join(missing)}")
        shell.close()
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
