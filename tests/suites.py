# SPDX-License-Identifier: Apache-2.0
"""Imports every file of samples/ (its name says the table and how many events) and runs
JSONTestSuite, AWS's vectors of Signature Version 4, Sigma cases (sigma_cases.py), and proofs of Merkle trees
(merkle_suite.py)."""
import collections
import json
import os
import re
import subprocess
import sys
import tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))


def program(name, variable):
    for path in (os.environ.get(variable), *(os.path.join(ROOT, "build", b, name) for b in ("release", "dev"))):
        if path and os.access(path, os.X_OK):
            return os.path.abspath(path)
    sys.exit(f"suites.sh: {name} is not built: type make, or set {variable}=")


def records_of(path):
    """The records of a file in any layout as a plain JSON library reads them, and whether all of the
    file is JSON."""
    text = open(path, encoding="utf-8").read()
    decoder, at, found = json.JSONDecoder(), 0, []
    while True:
        at = re.compile(r"\s*").match(text, at).end()
        if at == len(text):
            return found, True
        try:
            value, at = decoder.raw_decode(text, at)
        except ValueError:  # a page whose end is broken: its records may be whole
            array = re.search(r'"(entities|records|results)":', text)
            return (found + decoder.raw_decode(text, array.end())[0] if array else found), False
        while isinstance(value, dict):
            inner = [value[k] for k in ("entities", "records", "results") if isinstance(value.get(k), list)]
            if not inner:
                value = [value]
            else:
                value = inner[0]
        found += value


def check_sample(pugmark, path, data):
    """What is wrong with the import of one file; empty where nothing is."""
    name = os.path.basename(path)
    table = name.split("-")[0] + "_audit_logs"
    records, whole = records_of(path)
    imported = subprocess.run([pugmark, "import", "--data", data, "--json", path], capture_output=True, text=True)
    if imported.returncode not in ((0,) if whole else (0, 3)):
        return [f"status {imported.returncode}: {imported.stderr.strip()}"], len(records), whole
    said = json.loads(imported.stdout)
    wrong = []
    if list(said["tables"]) != [table]:
        wrong.append(f"went into {list(said['tables'])}, not {table}")
    if said["rejected"] > (0 if whole else 1):
        wrong.append(f"{said['rejected']} rejected")
    number = re.search(r"-(\d+)\.log$|-(71|8)\.json$", name)
    if number and "api" not in name and int(number.group(1) or number.group(2)) != len(records):
        wrong.append(f"holds {len(records)} records by a JSON library, the name says otherwise")
    if said["stored"] != len(records):
        wrong.append(f"{said['stored']} stored of {len(records)}")
    asked = subprocess.run([pugmark, "sql", "--data", data, "--format", "ndjson",
                            f"select action, summary, event_time is null no_time from {table}"],
                           capture_output=True, text=True)
    rows = [json.loads(line) for line in asked.stdout.splitlines()]
    want = collections.Counter(
        (r.get("auditType") or r.get("type") or {}).get("action") or r.get("summary") for r in records)
    if collections.Counter(r["action"] for r in rows) != want:
        wrong.append("the actions in the table are not those of the file")
    if any(r["no_time"] for r in rows):
        wrong.append("some events have no time")
    return wrong, len(records), whole


def main():
    if len(sys.argv) != 2 or not os.path.isdir(os.path.join(sys.argv[1], "samples")):
        sys.exit("usage: suites.sh FOLDER (one that holds samples/ and suites/)")
    folder = sys.argv[1]
    pugmark, json_suite = program("pugmark", "PUGMARK"), program("json_suite", "JSON_SUITE")
    sigv4_suite = program("sigv4_suite", "SIGV4_SUITE")
    failed = events = files = 0
    with tempfile.TemporaryDirectory(prefix="pugmark-suites-") as work:
        samples = os.path.join(folder, "samples")
        for name in sorted(os.listdir(samples)):
            wrong, n, whole = check_sample(pugmark, os.path.join(samples, name), os.path.join(work, name))
            right = f"{n} events, " + ("no reject" if whole else "its end is no JSON and is rejected")
            print(f"{'FAIL' if wrong else 'ok  '} samples/{name}: {'; '.join(wrong) or right}")
            failed, events, files = failed + bool(wrong), events + n, files + 1
    print(f"samples: {files} files, {events} events, {failed} files failed", flush=True)
    parsing = os.path.join(folder, "suites", "JSONTestSuite", "test_parsing")
    failed += subprocess.run([json_suite, parsing]).returncode != 0
    vectors = os.path.join(folder, "suites", "aws-sigv4", "tests", "aws-signing-test-suite", "v4")
    failed += subprocess.run([sigv4_suite, vectors]).returncode != 0
    if os.path.isdir(os.path.join(folder, "sigma-cases")):
        failed += subprocess.run([sys.executable, os.path.join(ROOT, "tests", "sigma_cases.py"), folder],
                                 env={**os.environ, "PUGMARK": pugmark}).returncode != 0
        files += 1
    merkle = os.path.join(folder, "suites", "merkle", "testdata")
    if os.path.isdir(merkle):  # of github.com/transparency-dev/merkle
        failed += subprocess.run([sys.executable, "-B", os.path.join(ROOT, "tests", "merkle_suite.py"),
                                  program("merkle_suite", "MERKLE_SUITE"), merkle]).returncode != 0
        files += 1
    print(f"{files + 2 - failed} passed, {failed} failed")
    return 1 if failed or not files else 0


if __name__ == "__main__":
    sys.exit(main())
