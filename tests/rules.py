#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""rules.py PUGMARK [NAME…]: the shipped rules. Each file says all that it must, in the plain part of YAML; names only fields that its tables have,
and keys that are sourced (docs/rules-keys.md); docs/detections.md is up to date; and with all rules on, each rule finds its hits and leaves
its misses, by importing them as a user would, and by `detect eval`. Then each check finds a planted defect. Ends with "N passed, M failed".
NAME…: only the hits and misses of rules with such a word in their name."""
import concurrent.futures
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import uuid

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path.insert(0, os.path.join(ROOT, "scripts"))
import rules_table  # noqa: E402

RULES_LEAST, JIRA_CLOUD_LEAST, CONFLUENCE_CLOUD_LEAST = 70, 10, 8
NEEDED = ("title", "id", "status", "description", "references", "author", "date", "falsepositives", "level")
ALLOWED = {*NEEDED, "name", "tags", "logsource", "detection", "correlation", "coverage", "group", "window"}
BASE = {"title", "id", "name", "status", "level", "coverage", "logsource", "detection", "correlation"}
CORRELATION = {"type", "rules", "group-by", "timespan", "condition", "field", "aliases", "generate", "learn", "most"}
TACTICS = {"reconnaissance", "resource-development", "initial-access", "execution", "persistence", "privilege-escalation", "defense-impairment",
           "stealth", "defense-evasion", "credential-access", "discovery", "lateral-movement", "collection", "command-and-control",
           "exfiltration", "impact"}  # of version 19, and the one that it renamed
TABLES = {"jira": ["jira_audit_logs"], "confluence": ["confluence_audit_logs"], "bitbucket": ["bitbucket_audit_logs"], "alerts": ["third_party_alerts"],
          "atlassian": ["jira_audit_logs", "confluence_audit_logs", "bitbucket_audit_logs", "atlassian_org_events", "third_party_alerts"]}
# Fields whose values must be sourced; the first ones tell an event by themselves.
TELLING = ("auditType.actionI18nKey", "auditType.action", "attributes.action", "summary", "message.content")
SOURCED = (*TELLING, "auditType.category", "category", "changedValues.i18nKey", "extraAttributes.nameI18nKey")
SOURCES = set("ACDEGJKMPSVXU")


def listed(value):
    return value if isinstance(value, list) else [value]


def tests_of(document):
    """(field without modifiers, values) of a rule's selections."""
    for name, selection in document.get("detection", {}).items():
        if name != "condition":
            for field, value in selection.items():
                yield field.split("|")[0], listed(value)


# ---- the files ------------------------------------------------------------------------------------


def check_base(name, document):
    if set(document) - BASE:
        yield f"{name}: {document.get('name')}: a rule that a correlation stands on has no {sorted(set(document) - BASE)}"
    folder = name.split("/")[0]
    if not document.get("name", "").startswith(folder + "_"):
        yield f"{name}: {document.get('title')}: its name must begin with {folder}_"


def check_document(name, document):
    for key in NEEDED:
        if key not in document:
            yield f"{name}: {key} is missing"
            return
    if set(document) - ALLOWED:
        yield f"{name}: unknown keys {sorted(set(document) - ALLOWED)}"
    if document["author"] != "pugmark" or not re.fullmatch(r"\d{4}-\d\d-\d\d", document["date"]):
        yield f"{name}: author or date"
    if document["status"] not in ("stable", "test", "experimental"):
        yield f"{name}: status {document['status']}"
    if document["level"] not in rules_table.LEVELS:
        yield f"{name}: level {document['level']}"
    if len(document["description"]) < 120:
        yield f"{name}: the description says too little"
    if not all(re.fullmatch(r"https://[^ ]+", link) for link in listed(document["references"])):
        yield f"{name}: references"
    yield from check_tags(name, document)
    yield from check_logic(name, document)


def check_tags(name, document):
    tags = document.get("tags", [])
    tactics = [tag for tag in tags if re.fullmatch(r"attack\.[a-z-]+", tag)]
    techniques = [tag for tag in tags if re.fullmatch(r"attack\.t\d{4}(\.\d{3})?", tag)]
    if len(tactics) + len(techniques) != len(tags) or {tag[7:] for tag in tactics} - TACTICS:
        yield f"{name}: a tag is not well formed"
    if not (tactics and techniques) and not name.startswith("alerts/"):
        yield f"{name}: it needs a tactic and a technique"


def check_logic(name, document):
    if document.get("coverage", "base") not in ("base", "advanced", "full"):
        yield f"{name}: coverage {document['coverage']}"
    if ("detection" in document) == ("correlation" in document):
        yield f"{name}: {document['title']}: either a detection or a correlation"
    elif "correlation" in document:
        if set(document["correlation"]) - CORRELATION:
            yield f"{name}: {document['title']}: unknown keys in the correlation"
    elif document.get("logsource", {}).get("product") not in TABLES or document["logsource"].get("service") != "audit":
        yield f"{name}: {document['title']}: logsource"


def check_ids(found):
    seen = {}
    for name, documents in found.items():
        for document in documents:
            for key in ("id", "name"):
                value = document.get(key)
                if value and seen.setdefault((key, value), name) != name:
                    yield f"{name}: the {key} {value} is that of {seen[(key, value)]} too"
            try:
                if uuid.UUID(document["id"]).version != 4 or str(uuid.UUID(document["id"])) != document["id"]:
                    yield f"{name}: the id is no UUID of version 4"
            except (KeyError, ValueError):
                yield f"{name}: the id is no UUID"


def check_events(name, rules):
    for kind in ("hit", "miss"):
        path = os.path.join(rules, f"{name}.{kind}.json")
        try:
            with open(path, encoding="utf-8") as file:
                events = json.load(file)
            if not events or not all(isinstance(event, dict) for event in events):
                yield f"{name}: {kind}.json has no events"
        except (OSError, ValueError) as error:
            yield f"{name}: {kind}.json: {error}"


def check_counts(found, rules):
    if len(found) < RULES_LEAST:
        yield f"there are {len(found)} rules, {RULES_LEAST} are the least"
    for folder, mark, least in (("jira", "objectItem", JIRA_CLOUD_LEAST), ("confluence", "creationDate", CONFLUENCE_CLOUD_LEAST)):
        n = 0
        for name in found:
            path = os.path.join(rules, name + ".hit.json")
            if name.startswith(folder + "/") and os.path.exists(path):
                with open(path, encoding="utf-8") as file:
                    n += any(mark in event for event in json.load(file))
        if n < least:
            yield f"{n} rules of {folder} have a hit of the Cloud, {least} are the least"


def read_keys(text):
    return {(field, value): letters.split(", ") for field, value, letters in re.findall(r"^\| ([^|`]+) \| `([^`]+)` \| ([^|]+) \|$", text, re.M)}


def check_keys(found, keys):
    used = set()
    for name, documents in found.items():
        status = documents[-1].get("status")
        for document in documents:
            telling = [(field, value) for field, values in tests_of(document) if field in TELLING for value in values]
            for field, values in tests_of(document):
                for value in values if field in SOURCED else []:
                    used.add((field, value))
                    if not SOURCES.issuperset(keys.get((field, value), "?")):
                        yield f"{name}: {field} {value} is not in docs/rules-keys.md, or without a source"
            if telling and status != "experimental" and all(keys.get(one) == ["U"] for one in telling):
                yield f"{name}: nothing of it is sourced: it must be experimental"
    for field, value in sorted(set(keys) - used):
        yield f"docs/rules-keys.md: no rule has {field} {value}"


def fields_of(pugmark, table):
    """Columns, common fields and original paths of a table."""
    said = subprocess.run([pugmark, "schema", "show", table], capture_output=True, text=True, check=True, timeout=60).stdout
    known = set()
    for row in said.split("\ncolumn ", 1)[1].split("\n")[1:]:
        known.update(re.split(r", | +(?:else )?", row.replace("[]", "")))
    return known


def check_fields(found, known):
    for name, documents in found.items():
        for document in documents:
            product = document.get("logsource", {}).get("product")
            has = set().union(*(known[table] for table in TABLES.get(product, known)))
            names = [field for field, _ in tests_of(document)] + listed(document.get("group", []))
            correlation = document.get("correlation", {})
            aliases = correlation.get("aliases", {})
            names += [field for field in listed(correlation.get("group-by", [])) if field not in aliases]
            names += [field for alias in aliases.values() for field in alias.values()]
            names += listed(correlation.get("field", [])) + listed(correlation.get("condition", {}).get("field", []))
            yield from (f"{name}: no table that it watches has {field}" for field in names if field not in has)


def check_files(rules, docs, known):
    """Everything but hits and misses."""
    found, said = {}, []
    for name in rules_table.names(rules):
        try:
            found[name] = rules_table.read(name, rules)
        except rules_table.Wrong as wrong:
            said.append(str(wrong))
            continue
        for document in found[name][:-1]:
            said += [*check_base(name, document), *check_logic(name, document)]
        said += [*check_document(name, found[name][-1]), *check_events(name, rules)]
    said += [*check_ids(found), *check_counts(found, rules), *check_fields(found, known)]
    with open(os.path.join(docs, "rules-keys.md"), encoding="utf-8") as file:
        said += check_keys(found, read_keys(file.read()))
    with open(os.path.join(docs, "detections.md"), encoding="utf-8") as file:
        if not said and file.read() != rules_table.table(rules):
            said.append("docs/detections.md is not what the rules say: run scripts/rules_table.py")
    return said


# ---- hits and misses -------------------------------------------------------------------------------


def table_of(event):
    """Which table an event is of. Ours to know: import takes a file as a whole."""
    if "attributes" in event:
        return "org"
    if "objectItem" in event:
        return "jira"
    if "creationDate" in event:
        return "confluence"
    match = re.fullmatch(r"https://(jira|wiki|bitbucket)\.example\.com", event.get("system", ""))
    return {"jira": "jira", "wiki": "confluence", "bitbucket": "bitbucket"}[match[1]] if match else "alerts"


def ask(pugmark, *words, data=None):
    env = {"PATH": "/usr/bin:/bin", "HOME": data or "/nonexistent", "LC_ALL": "C.UTF-8", "PUGMARK_DATA": data or "/nonexistent"}
    done = subprocess.run([pugmark, *words], env=env, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=120, check=False)
    if done.returncode != 0:
        raise RuntimeError(f"pugmark {' '.join(words)}: {done.returncode}: {done.stderr}")
    return done.stdout


def alerts_of(pugmark, events, rule):
    """The alerts of that rule, with all shipped rules on: (number, events in them)."""
    with tempfile.TemporaryDirectory(prefix="pugmark-rules.") as folder:
        data = os.path.join(folder, "data")
        for table in sorted({table_of(event) for event in events}):
            path = os.path.join(folder, table + ".json")
            with open(path, "w", encoding="utf-8") as file:
                json.dump([event for event in events if table_of(event) == table], file)
            ask(pugmark, "import", "--table", table, path, data=data)
        found = json.loads(ask(pugmark, "alerts", "list", "--json", "--state", "all", "--limit", "0", data=data))["alerts"]
    own = [alert for alert in found if alert["rule"] == rule]
    return len(own), sum(alert["events"] for alert in own)


def check_fires(pugmark, rules, name):
    """What is wrong with a rule's hits and misses, in words."""
    document = rules_table.read(name, rules)[-1]
    for kind in ("hit", "miss"):
        path = os.path.join(rules, f"{name}.{kind}.json")
        with open(path, encoding="utf-8") as file:
            events = json.load(file)
        alerts, matched = alerts_of(pugmark, events, document["id"])
        if kind == "miss" and alerts:
            yield f"{name}: the misses raise {alerts} alerts"
        elif kind == "hit" and "correlation" in document and alerts != 1:
            yield f"{name}: the hits raise {alerts} alerts, not one"
        elif kind == "hit" and "correlation" not in document and matched != len(events):
            yield f"{name}: {matched} of {len(events)} hits match"
        if "correlation" not in document:
            yield from check_eval(pugmark, rules, name, document, path, events, kind)


def as_named(event, document):
    """Whether the event's fields have the names that the rule gives them: without a table there is no other name."""
    if isinstance(event.get("type"), dict):
        return False  # a reply of Data Center's API, not a line of its log
    return "objectItem" in event or all(field != "changedValues.changedTo" for field, _ in tests_of(document))


def check_eval(pugmark, rules, name, document, path, events, kind):
    """The same by `detect eval`, which knows no tables."""
    if any(field == "event_id" for field, _ in tests_of(document)):
        return
    said = ask(pugmark, "detect", "eval", "--json", os.path.join(rules, name + ".yml"), path)
    for event, line in zip(events, map(json.loads, said.splitlines()), strict=True):
        named = any(rule["id"] == document["id"] for rule in line["rules"])
        if as_named(event, document) and named != (kind == "hit"):
            yield f"{name}: {kind} {line['event']}: eval says {'it matches' if named else 'it does not match'}"


# ---- planted defects -------------------------------------------------------------------------------


def change(path, old, new):
    with open(path, encoding="utf-8") as file:
        text = file.read()
    assert old in text, f"{path} has no {old}"
    with open(path, "w", encoding="utf-8") as file:
        file.write(text.replace(old, new, 1))


DEFECTS = (  # file, what stands there, what is put there, what must be found
    ("rules/jira/project-deleted.yml", "level: medium\n", "", "level is missing"),
    ("rules/jira/project-deleted.yml", "level: medium", "level: grave", "level grave"),
    ("rules/jira/project-deleted.yml", "author: pugmark", "author: pugmark\nlicence: MIT", "unknown keys"),
    ("rules/jira/project-deleted.yml", "status: test", "status:  test", "quote it"),
    ("rules/jira/project-deleted.yml", "attack.t1485", "attack.T1485", "not well formed"),
    ("rules/jira/project-deleted.yml", "attack.impact", "attack.harm", "not well formed"),
    ("rules/jira/project-deleted.yml", "coverage: base", "coverage: much", "coverage much"),
    ("rules/jira/project-deleted.yml", "jira.auditing.project.deleted", "jira.auditing.project.erased", "not in docs/rules-keys.md"),
    ("rules/jira/project-deleted.yml", "auditType.actionI18nKey:", "auditType.actionKey:", "no table that it watches has auditType.actionKey"),
    ("rules/jira/project-deleted.yml", "product: jira", "product: trello", "logsource"),
    ("rules/jira/project-deleted.yml", "id: ", "id: 1", "no UUID"),
    ("rules/jira/many-projects-deleted.yml", "    - actor\n", "    - who\n", "no table that it watches has who"),
    ("rules/jira/many-projects-deleted.yml", "name: jira_project_deleted", "name: gone", "must begin with jira_"),
    ("rules/confluence/public-link-enabled.yml", "status: experimental", "status: test", "must be experimental"),
    ("rules/confluence/space-removed.miss.json", "[\n", "", "miss.json"),
    ("docs/rules-keys.md", "| summary | `Project deleted` | X |\n", "", "summary Project deleted is not in"),
    ("docs/rules-keys.md", "| summary | `Project deleted` | X |\n", "| summary | `Project deleted` | Z |\n", "summary Project deleted is not in"),
    ("docs/rules-keys.md", "| summary | `Project deleted` | X |\n", "| summary | `Project deleted` | X |\n| summary | `Board deleted` | X |\n", "no rule has summary Board deleted"),
    ("docs/detections.md", "# The rules that ship", "# The rules", "run scripts/rules_table.py"),
)
FIRING = (  # rule, whose events are put in the place of which
    ("jira/project-deleted", "miss", "hit", "of 2 hits match"),
    ("jira/project-deleted", "hit", "miss", "the misses raise"),
    ("bitbucket/login-after-failures", "miss", "hit", "raise 0 alerts, not one"),
    ("bitbucket/login-after-failures", "hit", "miss", "the misses raise 1"),
)


def planted(pugmark, known):
    """What is not found of the defects."""
    for file, old, new, wanted in DEFECTS:
        with tempfile.TemporaryDirectory(prefix="pugmark-rules.") as folder:
            shutil.copytree(os.path.join(ROOT, "rules"), os.path.join(folder, "rules"))
            shutil.copytree(os.path.join(ROOT, "docs"), os.path.join(folder, "docs"))
            change(os.path.join(folder, file), old, new)
            found = check_files(os.path.join(folder, "rules"), os.path.join(folder, "docs"), known)
            yield None if any(wanted in one for one in found) else f"{new!r} in {file} is not found; found is {found[:3]}"
    for name, source, place, wanted in FIRING:
        with tempfile.TemporaryDirectory(prefix="pugmark-rules.") as folder:
            rules = os.path.join(folder, "rules")
            shutil.copytree(os.path.join(ROOT, "rules"), rules)
            shutil.copy(os.path.join(ROOT, "rules", f"{name}.{source}.json"), os.path.join(rules, f"{name}.{place}.json"))
            found = list(check_fires(pugmark, rules, name))
            yield None if any(wanted in one for one in found) else f"the {source} of {name} as {place} is not found; found is {found[:3]}"


def main():
    pugmark, words = os.path.abspath(sys.argv[1]), sys.argv[2:]
    rules, passed, failed = os.path.join(ROOT, "rules"), 0, []
    known = {table: fields_of(pugmark, table) for table in TABLES["atlassian"]}
    found = check_files(rules, os.path.join(ROOT, "docs"), known) if not words else []
    failed += found
    passed += not found
    shipped = {rule["id"] for rule in json.loads(ask(pugmark, "detect", "list", "--json"))["rules"]}
    some = [name for name in rules_table.names(rules) if not words or any(word in name for word in words)]
    with concurrent.futures.ThreadPoolExecutor(max_workers=(os.cpu_count() or 1) + 1) as pool:
        for name, wrong in zip(some, pool.map(lambda name: list(check_fires(pugmark, rules, name)), some)):
            if rules_table.read(name)[-1]["id"] not in shipped:
                wrong = [f"{name}: the program does not have it: build it again"]
            failed += wrong
            passed += not wrong
    for wrong in planted(pugmark, known) if not words else ():
        failed += [wrong] if wrong else []
        passed += not wrong
    for one in failed:
        print(f"FAILED: rules: {one}")
    print(f"{passed} passed, {len(failed)} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
