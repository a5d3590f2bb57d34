# SPDX-License-Identifier: Apache-2.0
"""Who may read what. Five kinds of tokens, as SOURCES.md tells them apart: `classic` (Basic, on the
site's host), `scoped` (Basic, through the gateway only), `oauth` (Bearer, through the gateway),
`pat` (Bearer, Data Center; as a password of Basic too), `org` (Bearer, organisation)."""
import base64
import binascii

from dice import mix
from message import Refused

MAIL = "admin@example.com"
KINDS = ("classic", "scoped", "oauth", "pat", "org")
DENIED = [("WWW-Authenticate", 'OAuth realm="https%3A%2F%2Fsite.example"')]


class Token:
    def __init__(self, kind, secret, mail=MAIL):
        self.kind, self.secret, self.mail = kind, secret, mail
        self.revoked, self.requests_left, self.expires_at = False, None, None
        self.permission = {"jira": True, "confluence": True, "dc": True, "org": True}
        self.scopes = "granular"

    def alive(self, now):
        """Counts the request where the token lives for a number of them."""
        if self.revoked or (self.expires_at is not None and now >= self.expires_at):
            return False
        if self.requests_left is not None:
            if self.requests_left == 0:
                return False
            self.requests_left -= 1
        return True

    def change(self, given):
        for name in ("revoked", "requests_left", "expires_at", "mail", "scopes"):
            if name in given:
                setattr(self, name, given[name])
        permission = given.get("permission")
        if isinstance(permission, bool):
            self.permission = dict.fromkeys(self.permission, permission)
        elif permission:
            self.permission.update(permission)


def made_up(seed, n, kind):
    """Of different lengths, as theirs are; up to 200 characters, with what Base64 has."""
    text = "".join(f"{mix(seed ^ 0x70CE, n * 100 + i):016x}" for i in range(1 + (5 * n + 10) % 13))
    return f"{kind}-token_{text}=" if n % 2 == 0 else f"{kind}-token-{text}"


class Tokens:
    def __init__(self, seed):
        self.all = {}
        for n, kind in enumerate(KINDS):
            self.put({"kind": kind, "token": made_up(seed, n, kind)})

    def put(self, given):
        """Makes a token, or changes one: {"token", "kind", "revoked", "permission", …}."""
        secret = given.get("token") or self.of_kind(given["kind"]).secret
        token = self.all.get(secret)
        if token is None:
            if given.get("kind") not in KINDS:
                raise ValueError(f"kind: one of {', '.join(KINDS)}")
            token = self.all[secret] = Token(given["kind"], secret)
        token.change(given)
        return token

    def of_kind(self, kind):
        return next(t for t in self.all.values() if t.kind == kind)

    def find(self, headers):
        """The token that a request shows, with the right mail beside it; None if there is none."""
        scheme, _, value = headers.get("Authorization", "").partition(" ")
        if scheme.lower() == "bearer":
            token = self.all.get(value.strip())
            return token if token and token.kind in ("oauth", "pat", "org") else None
        if scheme.lower() != "basic":
            return None
        try:
            mail, _, secret = base64.b64decode(value, validate=True).decode().partition(":")
        except (binascii.Error, UnicodeDecodeError):
            return None
        token = self.all.get(secret)
        if token and token.kind in ("classic", "scoped", "pat") and token.mail == mail:
            return token
        return None


def require(world, ask, kinds, area):
    """Ends with 401 or 403 where the token is not one of these kinds, or has no right to the area.
    Returns False where settings say that a lack of permission shows as "200 but empty"."""
    token = world.tokens.find(ask.headers)
    ask.token = token
    if token is None or token.kind not in kinds or not token.alive(world.clock.now()):
        raise Refused(401, "Client must be authenticated to access this resource.", DENIED)
    if token.permission.get(area, True):
        return True
    if world.settings["no_permission"] == "empty":
        return False
    raise Refused(403, "The user does not have the permission to read the audit log.")
