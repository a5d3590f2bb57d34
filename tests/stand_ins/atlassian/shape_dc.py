# SPDX-License-Identifier: Apache-2.0
"""Entities of the Data Center audit REST API (SOURCES.md, section 3): no id in them, ISO times, the
absolute addresses of the server, `type` without area and level."""
from dice import Dice, iso, origin
from people import (GROUP_TEXTS, PEOPLE, PROJECT_TEXTS, REPOSITORY_TEXTS, SPACE_TEXTS, address,
                    unknown, value)

FIRST_ID = 1
NODE = "8c1f6f0e-41a7-4a55-9f0e-2f6a5f2b7c11"
USER_TYPES = {"jira": "ApplicationUser", "confluence": "user", "bitbucket": "NORMAL"}
SHARED = [("Audit configuration updated", "atlassian.audit.event.action.audit.config.updated",
           "Auditing", "atlassian.audit.event.category.audit", "", ())]
JIRA, CONFLUENCE = "jira.auditing.", "audit.logging.summary."
BITBUCKET = "bitbucket.service.user.audit.action."
# action, its key, category, its key, kind of the object, changed fields
ACTIONS = {
    "jira": SHARED + [
        ("User created", JIRA + "user.created", "user management",
         JIRA + "category.usermanagement", "USER", ("Full name", "Email")),
        ("User login failed", JIRA + "user.login.failed", "auditing", JIRA + "category.auditing",
         "USER", ()),
        ("User added to group", JIRA + "user.added.to.group", "group management",
         JIRA + "category.groupmanagement", "GROUP", ()),
        ("Project created", JIRA + "project.created", "projects", JIRA + "category.projects",
         "PROJECT", ("Name", "Key")),
        ("Board created", "Board created", "boards", "boards", "BOARD", ("Name",))],
    "confluence": SHARED + [
        ("User login failed", CONFLUENCE + "login.failed", "Security",
         "audit.logging.category.security", "USER", ()),
        ("Space created", CONFLUENCE + "space.created", "Spaces", "audit.logging.category.space",
         "SPACE", ("Name", "Space key")),
        ("Group membership added", CONFLUENCE + "group.membership.added", "Users and groups",
         "audit.logging.category.user.management", "GROUP", ()),
        ("Page deleted", CONFLUENCE + "page.deleted", "Pages", "audit.logging.category.page",
         "PAGE", ())],
    "bitbucket": SHARED + [
        ("User login failed", BITBUCKET + "authenticationfailure", "Authentication",
         "bitbucket.service.audit.category.authentication", "USER", ()),
        ("Repository accessed by user",
         "bitbucket.service.repository.audit.action.repositoryaccessed", "Repositories",
         "bitbucket.service.audit.category.repositories", "REPOSITORY", ()),
        ("Repository change requested",
         "bitbucket.service.repository.audit.action.repositorymodificationrequested", "Repositories",
         "bitbucket.service.audit.category.repositories", "REPOSITORY", ("Name", "Project")),
        ("Group membership granted", BITBUCKET + "groupmembershipscreated.user", "Users and groups",
         "bitbucket.service.audit.category.usersandgroups", "GROUP", ())],
}
NAMES = {"GROUP": GROUP_TEXTS, "PROJECT": PROJECT_TEXTS, "BOARD": PROJECT_TEXTS, "SPACE": SPACE_TEXTS,
         "PAGE": SPACE_TEXTS, "REPOSITORY": REPOSITORY_TEXTS}


def author(dice, product, system):
    how = dice.below(12)
    if how == 0:
        return '{"name":"System","type":"system","id":"-1"}'
    if how == 1:
        return '{"name":"Anonymous","type":"user","id":"-2"}'
    who = dice.pick(PEOPLE)
    return f'{{"name":{who["name"]},"type":"{USER_TYPES[product]}","id":{who["number"]},' \
           f'"uri":"{system}/users/{who["number"][1:-1]}","avatarUri":""}}'


def affected(dice, what):
    if not what:
        return ""
    number = dice.below(900)
    if what == "USER":
        who = dice.pick(PEOPLE)
        return f'{{"name":{who["name"]},"type":"USER","id":{who["number"]}}}'
    ident = "" if what == "GROUP" else f',"id":"{number}"'
    return f'{{"name":{dice.pick(NAMES[what])},"type":"{what}"{ident}}}'


def change(dice, field):
    old = f'"from":{value(dice)},' if dice.below(2) else ""
    return f'{{"key":"{field}","i18nKey":"{field}",{old}"to":{value(dice)}}}'


def extras(dice, product):
    if product != "bitbucket" or dice.below(2):
        return ""
    return '{"nameI18nKey":"bitbucket.audit.attribute.legacy.details","name":"details",' \
           f'"value":"{{\\"repository\\":{{\\"id\\":{dice.below(900)}}}}}"}}'


def renderer(product, system):
    """The renderer of one instance."""
    actions = ACTIONS[product]
    node = f'"node":"{NODE}",' if product == "bitbucket" else ""

    def render(seed, serial, when, _ident):
        base, near = origin(seed, serial)
        dice = Dice(seed, base)
        action, key, category, category_key, what, fields = dice.pick(actions)
        who = author(dice, product, system)
        source = "" if '"-1"' in who else f'"source":{address(dice) if dice.below(9) else chr(34) * 2},'
        changes = ",".join([change(dice, field) for field in fields])
        method = "System" if '"-1"' in who else "Browser"
        more = '{"nameI18nKey":"again","name":"again","value":"1"}' if near else extras(dice, product)
        return (f'{{"timestamp":"{iso(when)}","author":{who},"type":{{'
                f'"categoryI18nKey":"{category_key}","category":"{category}",'
                f'"actionI18nKey":"{key}","action":"{action}"}},'
                f'"affectedObjects":[{affected(dice, what)}],"changedValues":[{changes}],'
                f'{source}"system":"{system}",{node}"method":"{method}",'
                f'"extraAttributes":[{more}]{unknown(dice)}}}').encode()
    return render
