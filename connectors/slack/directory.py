"""Who people are and who reads a channel, asked of Slack and kept for a while; in doubt, somebody is a guest."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import aiohttp
import structlog
from slack_sdk.errors import SlackApiError

from connectors.base import Event, IncomingMessage, Person
from connectors.slack.posting import reason_of

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from slack_sdk.web.async_client import AsyncWebClient

KEPT_SECONDS = 600.0
"""A guest who was let in is noticed at once where Slack tells of it, else after so long."""
RETRY_SECONDS = 60.0
LOOK_SECONDS = 8.0
ALONE = ("D", "U", "W")
"""How the ids of places begin where one person reads alone."""
PAGES = 50
PAGE = 1_000


@dataclass(frozen=True, slots=True)
class _Known:
    value: Any
    until: float


class Directory:
    """Looks people and channels up; `now` gives monotonic seconds. Never raises: what it cannot learn is a guest."""

    def __init__(self, client: AsyncWebClient, now: Callable[[], float]) -> None:
        self._client = client
        self._now = now
        self._known: dict[str, _Known] = {}
        self._looking: dict[str, asyncio.Lock] = {}
        self._log = structlog.get_logger()

    async def complete(self, event: Event, team: str) -> Event:
        """Give the event with the sender's groups and whether guests are involved."""
        sender, channel = await self.person(event.sender, team), event.address.channel
        if channel.startswith(ALONE) or (isinstance(event, IncomingMessage) and event.direct):
            return replace(event, sender=sender)
        readers, members = await self._readers(channel), await self._members()
        outsiders = readers is None or not readers <= members.keys()
        return replace(event, sender=sender, outsiders=outsiders)

    async def person(self, sender: Person, team: str) -> Person:
        """Give a person with their name and groups; whoever is no full member of the workspace is a guest."""
        members, user = await self._members(), sender.id.rpartition("/")[2]
        if not sender.id.startswith(f"slack:{team}/") or user not in members:
            return sender
        groups = frozenset(f"slack:{team}/{group}" for group, users in await self._groups() if user in users)
        return Person(sender.id, members[user], groups)

    def forget(self, channel: str = "") -> None:
        """Ask anew who reads a channel, or who is there at all."""
        self._known.pop(f"channel {channel}" if channel else "members", None)

    async def _members(self) -> dict[str, str]:
        """Give the names of the full members of the workspace by id, bots among them."""

        async def look() -> dict[str, str]:
            users = await self._all("users.list", "members", {})
            return {user["id"]: user.get("real_name") or "" for user in users if _is_full(user)}

        found: dict[str, str] | None = await self._get("members", look)
        return found or {}

    async def _readers(self, channel: str) -> set[str] | None:
        async def look() -> set[str]:
            return set(await self._all("conversations.members", "members", {"channel": channel}))

        found: set[str] | None = await self._get(f"channel {channel}", look)
        return found

    async def _groups(self) -> list[tuple[str, set[str]]]:
        async def look() -> list[tuple[str, set[str]]]:
            answer = await self._client.usergroups_list(include_users=True)
            return [(group["id"], set(group.get("users") or ())) for group in answer["usergroups"]]

        found: list[tuple[str, set[str]]] | None = await self._get("groups", look)
        return found or []

    async def _get(self, key: str, look: Callable[[], Awaitable[Any]]) -> Any:
        """Give what is known or can be learnt in time, else None; the same is asked once at a time."""
        async with self._looking.setdefault(key, asyncio.Lock()):
            known = self._known.get(key)
            if known is not None and self._now() < known.until:
                return known.value
            try:
                async with asyncio.timeout(LOOK_SECONDS):
                    value = await look()
            except (SlackApiError, aiohttp.ClientError, TimeoutError, KeyError, TypeError) as error:
                self._log.warning("slack_lookup_failed", what=key.partition(" ")[0], error=reason_of(error))
                self._known[key] = _Known(None, self._now() + RETRY_SECONDS)
                return None
            self._known[key] = _Known(value, self._now() + KEPT_SECONDS)
            return value

    async def _all(self, method: str, name: str, arguments: dict[str, Any]) -> list[Any]:
        found: list[Any] = []
        cursor = ""
        for _ in range(PAGES):
            params = {**arguments, "limit": PAGE, **({"cursor": cursor} if cursor else {})}
            answer = await self._client.api_call(method, http_verb="GET", params=params)
            found += answer[name]
            cursor = (answer.get("response_metadata") or {}).get("next_cursor") or ""
            if not cursor:
                return found
        raise TimeoutError(f"{method} has more than {PAGES} pages")


def _is_full(user: dict[str, Any]) -> bool:
    limited = ("deleted", "is_restricted", "is_ultra_restricted", "is_stranger")
    return not any(user.get(mark) for mark in limited)
