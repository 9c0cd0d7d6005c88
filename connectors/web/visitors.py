"""Who a visitor of a web site is: anybody, or whom the site's own signed token names."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

import jwt

from connectors.base import Person

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

WEB = "web"
LONGEST_LIFE = 3600
"""Seconds; a token that lives longer is refused, since nobody can take it back."""


class TokenRefusedError(Exception):
    """The token is not one that this site signed just now; the message says why, and names no secret."""


@dataclass(frozen=True, slots=True)
class Visitor:
    """Who it is, and for how many seconds from now on that holds; None for ever."""

    person: Person
    seconds: float | None = None


@dataclass(frozen=True, slots=True)
class Site:
    """A site: `origins` may embed the chat, and `secret` signs its tokens, which may hold labels of `audience`."""

    key: str
    origins: frozenset[str]
    audience: frozenset[str]
    secret: str = ""

    def visitor(self, token: str, client: str, clock: Callable[[], datetime]) -> Visitor:
        """Give who a token names, or somebody anonymous by the network address. Raises TokenRefusedError.

        The token is a JWT (RFC 7519) signed with HS256: `sub`, `exp` at most an hour ahead, `aud` the site's key,
        and `labels`, a list. A visitor is always a guest to the rest of the bot: never an admin.
        """
        if not token:
            known = hashlib.sha256(f"{self.key} {client}".encode()).hexdigest()[:16]
            return Visitor(Person(f"{WEB}:{self.key}~{known}", guest=True))  # no `sub` makes such an id
        if not self.secret:
            raise TokenRefusedError(
                "this site takes no tokens; set secret_env or secret_file in its [[sites]]"
            )
        now = clock().timestamp()
        try:
            required = ["sub", "exp", "aud"]
            claims = jwt.decode(
                token,
                self.secret,
                algorithms=["HS256"],
                audience=self.key,
                options={"require": required, "verify_exp": False},
            )
            subject, expires = str(claims["sub"]), float(claims["exp"])
            labels = claims.get("labels", [])
        except (jwt.InvalidTokenError, ValueError, TypeError) as error:
            raise TokenRefusedError(f"the token is not valid: {error}") from error
        if not now < expires <= now + LONGEST_LIFE:
            raise TokenRefusedError("the token has expired, or lives for more than an hour")
        if not subject or not isinstance(labels, list) or not all(isinstance(label, str) for label in labels):
            raise TokenRefusedError("the token needs a sub, and its labels must be a list of words")
        held = frozenset(labels) & self.audience
        return Visitor(Person(f"{WEB}:{self.key}/{subject}", guest=True, labels=held), expires - now)
