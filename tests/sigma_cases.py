#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Runs Sigma cases that nobody here wrote through `pugmark detect eval`.

    tests/sigma_cases.py FOLDER     one that holds sigma-cases/ (its README says what a case is)

Cases must come out as they say, but for those that tests/sigma_otherwise.tsv names: these must not. They are
contested ones (we decided otherwise, docs/sigma.md says why), or contradict themselves.
PUGMARK names the program (default: build/release, then build/dev)."""
import csv
import json
import os
import subprocess
import sys
import tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
EPOCH = 1700000000  # cases count seconds from a small number


def program():
    for path in (os.environ.get("PUGMARK"), *(os.path.join(ROOT, "build", b, "pugmark") for b in ("release", "dev"))):
        if path and os.access(path, os.X_OK):
            return os.path.abspath(path)
    sys.exit("sigma_cases.py: pugmark is not built: type make, or set PUGMARK=")


def whole(text):
    """A partial document made a rule: title and logsource are taken as given."""
    documents = text.split("\n---\n")
    out = []
    for document in documents:
        keys = {line.split(":")[0] for line in document.splitlines() if line[:1] not in (" ", "#", "-", "")}
        if not keys & {"detection", "correlation", "filter", "action"}:
            document = "detection:\n" + "".join(f"  {line}\n" for line in document.splitlines())
            keys = {"detection"}
        if "action" not in keys:
            document = document if "title" in keys else "title: case\n" + document
            shared = any("action: global" in d for d in documents)
            if "detection" in keys and "logsource" not in keys and not shared:
                document = "logsource:\n" + document
        out.append(document)
    return "\n---\n".join(out)


def run(pugmark, work, name, folder, kind):
    """What the program says of a case, as the .expect file would."""
    base = os.path.join(folder, name)
    text = open(base + ".yml", encoding="utf-8").read()
    events = json.load(open(base + ".json", encoding="utf-8"))
    rule, data = os.path.join(work, "rule.yml"), os.path.join(work, "events.json")
    with open(rule, "w", encoding="utf-8") as out:
        out.write(whole(text))
    if kind == "correlation":
        events = [{**e["event"], "pugmark_case_time": EPOCH + e["t"]} for e in events]
    with open(data, "w", encoding="utf-8") as out:
        json.dump(events, out)
    command = [pugmark, "detect", "eval", "--json", "--time-field", "pugmark_case_time"]
    if os.path.exists(base + ".params"):
        settings = os.path.join(work, "settings.yml")
        with open(settings, "w", encoding="utf-8") as out:
            json.dump({"placeholders": json.load(open(base + ".params", encoding="utf-8"))}, out)
        command += ["--settings", settings]
    elif kind != "reject" and "|expand" in text:
        command.append("--expand-from-event")
    done = subprocess.run([*command, rule, data], capture_output=True, text=True, timeout=60)
    if done.returncode not in (0, 3):
        return None, done.stderr
    if "refused: " in done.stderr:
        return ["reject"], done.stderr
    said = [json.loads(line) for line in done.stdout.splitlines()]
    if kind == "correlation":
        return [str(len(e["alerts"])) for e in said], done.stderr
    return (["match" if e["rules"] else "nomatch" for e in said] or ["accepted"]), done.stderr


def as_expected(said, expected):
    return said is not None and len(said) == len(expected) and all(
        e in ("-", s) for s, e in zip(said, expected))


def main():
    if len(sys.argv) != 2 or not os.path.isdir(os.path.join(sys.argv[1], "sigma-cases")):
        sys.exit("usage: sigma_cases.py FOLDER (one that holds sigma-cases/)")
    folder, pugmark = os.path.join(sys.argv[1], "sigma-cases"), program()
    with open(os.path.join(ROOT, "tests", "sigma_otherwise.tsv"), encoding="utf-8") as rows:
        ours = {row[0]: row[1:] for row in (
            line.rstrip("\n").split("\t") for line in rows if line[:1] not in ("#", "\n"))}
    passed, failed = {}, 0
    with tempfile.TemporaryDirectory(prefix="pugmark-sigma-") as work, \
            open(os.path.join(folder, "index.tsv"), encoding="utf-8", newline="") as index:
        for row in csv.DictReader(index, delimiter="\t", quoting=csv.QUOTE_NONE):
            name, kind, status = row["case"].rsplit("/", 1)[-1], row["kind"], row["status"]
            expected = open(os.path.join(folder, name + ".expect"), encoding="utf-8").read().split()
            said, words = run(pugmark, work, name, folder, kind)
            right, otherwise = as_expected(said, expected), name in ours
            if otherwise and status != ours[name][0]:
                print(f"FAIL {name}: it is {status}, and tests/sigma_otherwise.tsv calls it {ours[name][0]}")
            elif right == otherwise:
                what = "as it expects, and tests/sigma_otherwise.tsv says otherwise" if right else words.strip()
                print(f"FAIL {name} ({kind}, {status}): expected {expected}, got {said}: {what}")
            else:
                key = f"{kind}, {status}" + (", otherwise" if otherwise else "")
                passed[key] = passed.get(key, 0) + 1
                continue
            failed += 1
    for key in sorted(passed):
        print(f"sigma: {passed[key]:3} {key}")
    for name, (status, why) in sorted(ours.items()):
        print(f"sigma: {name} ({status}) is not met: {why}")
    print(f"sigma: {sum(passed.values())} cases passed, {failed} failed")
    return 1 if failed or not passed else 0


if __name__ == "__main__":
    sys.exit(main())
