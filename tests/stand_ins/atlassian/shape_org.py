# SPDX-License-Identifier: Apache-2.0
"""Events of an organisation (SOURCES.md, section 4). The store's time is `processedAt`; the event's
own time lies before it by seconds, for one in twenty by hours."""
from dice import Dice, iso, mix, origin
from people import PEOPLE, address, unknown

FIRST_ID = 1
ACTIONS = ["user_added_to_group", "user_removed_from_group", "api_token_created", "user_login",
           "policy_updated", "confluence_page_viewed", "jira_issue_exported", "user_invited"]


def event_time(seed, serial, processed):
    draw = mix(seed ^ 0x0E6, origin(seed, serial)[0])
    lag = (draw >> 8) % 40_000
    return processed - (lag * 2_000 if draw % 20 == 0 else lag)


def event_id(seed, ident):
    h = f"{mix(seed ^ 0xE1D, ident):016x}{mix(seed ^ 0xE1E, ident):016x}"
    return f"{h[:8]}-{h[8:12]}-{h[12:16]}-{h[16:20]}-{h[20:]}"


def actor(dice):
    if dice.below(9) == 0:
        return '{"id":"confluence","name":"Confluence","email":"Atlassian app"}'
    who = dice.pick(PEOPLE)
    auth = f',"auth":{{"authType":"apiToken","tokenId":"t{dice.below(999)}","tokenLabel":"ci"}}' \
        if dice.below(5) == 0 else ""
    return f'{{"id":{who["account"]},"name":{who["shown"]},"email":{who["mail"]}{auth}}}'


def render(seed, serial, when, ident):
    base, near = origin(seed, serial)
    dice = Dice(seed, base)
    action = dice.pick(ACTIONS)
    ip = f'"ip":{address(dice)},' if dice.below(6) else ""
    before = event_time(seed, serial, when)
    return (f'{{"type":"events","id":"{event_id(seed, ident)}","attributes":{{'
            f'"time":"{iso(before, fraction=before % 1000 != 0)}","processedAt":"{iso(when)}",'
            f'"action":"{action}","actor":{actor(dice)},'
            f'"context":[{{"id":"ari:cloud:identity::user/{dice.below(999)}","type":"users"}}],'
            f'"container":[{{"id":"ari:cloud:platform::site/{dice.below(9)}","type":"sites"}}],'
            f'"location":{{{ip}"geo":"CH","countryName":"Switzerland","regionName":"Zürich",'
            f'"city":"Zürich"}}}},"message":{{"content":"{"again" if near else action}",'
            f'"format":"simple"}}{unknown(dice)}}}').encode()
