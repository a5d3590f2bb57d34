# SPDX-License-Identifier: Apache-2.0
"""Data Center's events as lines of log/audit (SOURCES.md, section 3): the same facts as the REST API
gives, in the other shape: keys in order of the alphabet, auditType with area and level, time as
epochSecond and nano, `version`."""
import json

AREAS = {"user": "USER_MANAGEMENT", "group": "USER_MANAGEMENT", "login": "SECURITY",
         "authentication": "SECURITY", "repository": "LOCAL_CONFIG_AND_ADMINISTRATION",
         "space": "LOCAL_CONFIG_AND_ADMINISTRATION", "project": "LOCAL_CONFIG_AND_ADMINISTRATION",
         "page": "END_USER_ACTIVITY", "audit": "AUDIT_LOG"}


def area_of(key):
    last = key.rpartition("action.")[2] or key
    return next((area for word, area in AREAS.items() if word in last),
                "GLOBAL_CONFIG_AND_ADMINISTRATION")


def line(entity, ms):
    """One line, without its end."""
    kind = entity["type"]
    area = area_of(kind["actionI18nKey"])
    found = {k: v for k, v in entity.items() if k not in ("timestamp", "type", "author")}
    found["author"] = {k: v for k, v in entity["author"].items() if k != "avatarUri"}
    found["auditType"] = {**kind, "area": area, "level": "ADVANCED" if area == "SECURITY" else "BASE"}
    found["timestamp"] = {"epochSecond": ms // 1000, "nano": ms % 1000 * 1_000_000}
    found["version"] = "1.0"
    return json.dumps(found, sort_keys=True, ensure_ascii=True, separators=(",", ":")).encode()


def lines(store):
    """Of all events that were ever visible, in the order in which they became so."""
    for serial in sorted(store.ever_visible(), key=lambda s: (store.visible[s], s)):
        yield line(json.loads(store.body(serial)), store.times[serial])
