# SPDX-License-Identifier: Apache-2.0
"""Records of Confluence Cloud's audit API: no id in them, so twins are equal byte for byte."""
from dice import Dice, origin
from people import GROUP_TEXTS, PEOPLE, SPACE_TEXTS, address, unknown, value

FIRST_ID = 1
# summary, category, kind of the object, changed fields, kind of the associated object
ACTIONS = [
    ("Space created", "Spaces", "Space", ("Name", "Space key", "Space type"), ""),
    ("Space configuration updated", "Spaces", "Space", ("Name", "Description"), ""),
    ("Space permission added", "Permissions", "Space", ("Type", "Group"), "Group"),
    ("Space permission removed", "Permissions", "Space", ("Type", "User"), "User"),
    ("User added to group", "Users and groups", "Group", (), "User"),
    ("User removed from group", "Users and groups", "Group", (), "User"),
    ("User created", "Users and groups", "User", ("Active", "Email"), ""),
    ("Global settings edited", "Global administration", "Global settings", ("Theme",), ""),
    ("Page restriction added", "Pages", "Page", ("User",), "Space"),
    ("Page deleted", "Pages", "Page", (), "Space"),
]
SYSTEM = '{"type":"user","displayName":"System","operations":null,"isExternalCollaborator":false,' \
         '"accountType":"","publicName":"Unknown user","externalCollaborator":false}'


def name_of(dice, what):
    if what == "Group":
        return dice.pick(GROUP_TEXTS)
    return dice.pick(PEOPLE)["shown"] if what == "User" else dice.pick(SPACE_TEXTS)


def author(dice):
    if dice.below(5) == 0:
        return SYSTEM
    who = dice.pick(PEOPLE)
    return f'{{"type":"user","displayName":{who["shown"]},"operations":null,' \
           f'"isExternalCollaborator":false,"username":{who["account"]},"userKey":{who["key"]},' \
           f'"accountId":{who["account"]},"accountType":"","publicName":"Unknown user",' \
           f'"externalCollaborator":false,"isGuest":false}}'


def change(dice, field):
    old = value(dice) if dice.below(3) == 0 else '""'
    return f'{{"name":"{field}","oldValue":{old},"newValue":{value(dice)},' \
           f'"hiddenOldValue":"","hiddenNewValue":""}}'


def render(seed, serial, when, _ident):
    base, near = origin(seed, serial)
    dice = Dice(seed, base)
    summary, category, what, fields, associated = dice.pick(ACTIONS)
    who = author(dice)
    where = '""' if who is SYSTEM or dice.below(6) == 0 else address(dice)
    description = '"again"' if near else '""' if dice.below(4) else value(dice)
    changes = ",".join([change(dice, field) for field in fields])
    others = f'{{"name":{name_of(dice, associated)},"objectType":"{associated}"}}' if associated else ""
    return (f'{{"author":{who},"remoteAddress":{where},"creationDate":{when},"summary":"{summary}",'
            f'"description":{description},"category":"{category}","sysAdmin":false,'
            f'"superAdmin":false,"affectedObject":{{"name":{name_of(dice, what)},'
            f'"objectType":"{what}"}},"changedValues":[{changes}],'
            f'"associatedObjects":[{others}]{unknown(dice)}}}').encode()
