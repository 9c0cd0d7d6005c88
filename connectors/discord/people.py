"""Who writes to the bot directly: a member of a server that counts, or a guest."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import TYPE_CHECKING

import discord

if TYPE_CHECKING:
    from collections.abc import Callable

    from connectors.base import Address, Event, Person
    from connectors.discord.incoming import Incoming

REMEMBERED_SECONDS = 300.0
REMEMBERED = 10_000


class Members:
    """Looks up members by Discord's API, for without a privileged intent nobody tells who they are."""

    def __init__(
        self, client: discord.Client, incoming: Incoming, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._client = client
        self._incoming = incoming
        self._clock = clock
        self._known: dict[int, tuple[float, bool]] = {}

    async def look_up(self, event: Event) -> Event:
        """Give a direct event with whether its sender is a guest. In a direct message no role counts.

        Raises what discord.py raises when Discord does not tell.
        """
        return replace(event, sender=await self.known(event.address, event.sender))

    async def known(self, address: Address, person: Person) -> Person:
        """Give the person, who may be known from a direct message alone, with whether they are a guest."""
        if address.workspace is not None:
            return person
        return replace(person, guest=not await self._is_member(int(person.id.rpartition(":")[2])))

    async def _is_member(self, user_id: int) -> bool:
        known = self._known.get(user_id)
        if known is not None and self._clock() - known[0] < REMEMBERED_SECONDS:
            return known[1]
        member = await self._fetch(user_id)
        if len(self._known) >= REMEMBERED:
            self._known.clear()
        self._known[user_id] = (self._clock(), member)
        return member

    async def _fetch(self, user_id: int) -> bool:
        for guild_id in sorted(self._incoming.guilds):
            guild = self._client.get_guild(int(guild_id))
            if guild is None:
                continue
            try:
                await guild.fetch_member(user_id)
            except discord.NotFound:
                continue
            return True
        return False
