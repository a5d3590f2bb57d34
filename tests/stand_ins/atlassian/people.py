# SPDX-License-Identifier: Apache-2.0
"""Names, addresses and texts that the records are about: plain ones, and ones that break readers.
All are JSON text already, since rendering is nothing but joining."""
import json

from dice import mix

FIRST = "anna omar lea kofi maria stefan vera frank joe quentin mei tomáš zoë andré".split()
LAST = "yilmaz king popescu carter garcia nguyen virtanen schmidt o'neill müller 陈 иванов".split()
GROUPS = ["jira-administrators", "site-admins", "team-cache", "confluence-users", "Übersicht-Team",
          "dev \"core\"", "gruppe\\ost", "グループ", "a&b <ops>"]
PROJECTS = ["Payments", "Client Portal", "Zahlungsverkehr", "R&D", "Проект", "O'Hara \"beta\""]
SPACES = ["Engineering", "HR – vertraulich", "Runbooks", "検索", "Sales \\ EMEA"]
REPOSITORIES = ["client-payments", "infra.tf", "web_front", "tools", "käse-api"]
ODD = ["=cmd|'/C calc'!A0", "<script>alert(1)</script>", "tab\there", "line\nbreak", "\u001b[31mred",
       "\u202eevil", "nul\u0000in", "😀 done", "100 %", "{\"json\":\"inside\"}", "' OR 1=1 --", ""]


def text(value):
    """JSON text; half of the values in escapes, half in UTF-8, as servers differ in it."""
    return json.dumps(value, ensure_ascii=mix(len(value), 3) & 1 == 0)


def account_id(n):
    """The two shapes of Atlassian account ids."""
    h = f"{mix(4711, n):016x}{mix(4712, n):016x}"
    return f"557058:{h[:8]}-{h[8:12]}-{h[12:16]}-{h[16:20]}-{h[20:]}" if n & 1 else h[:24]


def person(n):
    first, last = FIRST[n % len(FIRST)], LAST[n // len(FIRST) % len(LAST)]
    return {"name": f"{first}.{last}", "shown": f"{first.title()} {last.title()}",
            "account": account_id(n), "key": f"ug:{mix(9, n):x}", "mail": f"{first}{n}@example.com",
            "number": str(2000 + n)}


PEOPLE = [{k: text(v) for k, v in person(n).items()} for n in range(len(FIRST) * len(LAST))]
GROUP_TEXTS = [text(v) for v in GROUPS]
PROJECT_TEXTS = [text(v) for v in PROJECTS]
SPACE_TEXTS = [text(v) for v in SPACES]
REPOSITORY_TEXTS = [text(v) for v in REPOSITORIES]
ODD_TEXTS = [json.dumps(v) for v in ODD] + [r'"half \ud83d of a pair"']
UNKNOWN = [',"newThing":{"version":2,"labels":["a","b"],"deep":{"x":null}}',
           ',"riskScore":17.5', ',"_internal":[]', ',"big":18446744073709551615']


def address(dice):
    """Private and public ones, and IPv6."""
    how = dice.below(8)
    if how < 4:
        return f'"10.8{dice.below(10)}.{dice.below(256)}.{1 + dice.below(254)}"'
    if how < 7:
        return f'"198.51.100.{1 + dice.below(254)}"'
    return f'"2001:db8::{dice.below(65536):x}"'


def unknown(dice):
    """A field that no document mentions, in one record of twenty."""
    return dice.pick(UNKNOWN) if dice.below(20) == 0 else ""


def value(dice):
    """A changed value: mostly plain, sometimes odd."""
    return dice.pick(ODD_TEXTS) if dice.below(8) == 0 else f'"value {dice.below(100000)}"'
