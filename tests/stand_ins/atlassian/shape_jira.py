# SPDX-License-Identifier: Apache-2.0
"""Records of Jira Cloud's audit API. Optional fields are missing as often as in the samples that
SOURCES.md, section 1, counts."""
from dice import Dice, iso, origin
from people import (GROUP_TEXTS, PEOPLE, PROJECT_TEXTS, address, unknown, value)

FIRST_ID = 11_000
# summary, category, kind of the object, changed fields, kind of the associated item
ACTIONS = [
    ("User created", "user management", "USER", ("Active / Inactive", "Email", "Full name"), ""),
    ("User added to group", "group management", "GROUP", (), "USER"),
    ("User removed from group", "group management", "GROUP", (), "USER"),
    ("Group created", "group management", "GROUP", (), ""),
    ("Group deleted", "group management", "GROUP", (), ""),
    ("Project created", "projects", "PROJECT", ("Name", "Key", "Project lead"), ""),
    ("Project roles changed", "projects", "PROJECT", ("Users",), "PROJECT_ROLE"),
    ("Permission scheme updated", "permissions", "SCHEME", ("Permission", "Type"), ""),
    ("Global permission added", "permissions", "PERMISSIONS", ("Permission", "Group"), ""),
    ("Custom field created", "fields", "CUSTOM_FIELD", ("Name", "Type"), ""),
    ("Workflow updated", "workflows", "WORKFLOW", ("Status", "Transition"), "SCHEME"),
    ("API token created", "auditing", "USER", ("Label",), ""),
]


def item(dice, what):
    if what == "GROUP":
        return f'{{"name":{dice.pick(GROUP_TEXTS)},"typeName":"GROUP","parentId":"10000",' \
               f'"parentName":"IDP Directory"}}'
    if what == "USER":
        who = dice.pick(PEOPLE)
        return f'{{"id":{who["account"]},"name":{who["name"]},"typeName":"USER",' \
               f'"parentId":"10000","parentName":"IDP Directory"}}'
    name = dice.pick(PROJECT_TEXTS)
    return f'{{"id":"{10000 + dice.below(900)}","name":{name},"typeName":"{what}"}}'


def change(dice, field):
    before = f'"changedFrom":{value(dice)},' if dice.below(4) == 0 else ""
    return f'{{"fieldName":"{field}",{before}"changedTo":{value(dice)}}}'


def render(seed, serial, when, ident):
    base, near = origin(seed, serial)
    dice = Dice(seed, base)
    summary, category, what, fields, associated = dice.pick(ACTIONS)
    parts = [f'{{"id":{ident},"summary":"{summary}"']
    if dice.below(71) >= 19:
        parts.append(f',"remoteAddress":{address(dice)}')
    who = dice.pick(PEOPLE)
    how = dice.below(10)
    if how >= 2:
        parts.append(f',"authorKey":{who["key"]}')
    if how >= 1:
        parts.append(f',"authorAccountId":{who["account"]}')
    source = '"com.atlassian.scim"' if dice.below(15) == 0 else '""'
    parts.append(f',"created":"{iso(when, "+0000")}","category":"{category}","eventSource":{source}')
    if near or dice.below(60) == 0:
        parts.append(',"description":"again"' if near else f',"description":{value(dice)}')
    parts.append(f',"objectItem":{item(dice, what)}')
    if fields:
        parts.append(f',"changedValues":[{",".join([change(dice, f) for f in fields])}]')
    if associated:
        parts.append(f',"associatedItems":[{item(dice, associated)}]')
    parts.append(unknown(dice) + "}")
    return "".join(parts).encode()
