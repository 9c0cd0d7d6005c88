"""What helps people to ask, in the three seconds that Discord waits: forms and suggestions."""

from __future__ import annotations

import asyncio
import secrets
from collections import OrderedDict
from dataclasses import replace
from typing import TYPE_CHECKING

import structlog

from connectors.base import Assists, Command
from connectors.discord.format import CUSTOM_ID_LIMIT, length
from connectors.discord.modals import FORM_PREFIX, to_modal
from connectors.discord.options import choices

if TYPE_CHECKING:
    from collections.abc import Sequence

    import discord

    from connectors.base import Address, DurableHandler
    from connectors.discord.people import Members
    from connectors.forms import Choice, Form, Wanted

SUGGEST_SECONDS = 2.0
LATE_SECONDS = 10.0
KEPT = 1_000
_KEPT_PREFIX = "="


class Assistance:
    """Asks the handler, if it assists. Nothing here raises."""

    def __init__(self, handler: DurableHandler, members: Members) -> None:
        self._assists = handler if isinstance(handler, Assists) else None
        self._members = members
        self._kept: OrderedDict[str, str] = OrderedDict()
        self._log = structlog.get_logger()

    async def form(self, command: Command) -> Form | None:
        """Give what is to be filled in before the command is done."""
        if self._assists is None:
            return None
        try:
            async with asyncio.timeout(LATE_SECONDS):
                known = await self._members.look_up(command)
                return await self._assists.form(known) if isinstance(known, Command) else None
        except Exception:  # noqa: BLE001 - then the command is done as it is, and tells what it lacks
            self._log.warning("form_not_known", command=command.name, exc_info=True)
            return None

    async def suggest(self, wanted: Sequence[Wanted], typed: str, *, many: bool) -> list[Choice]:
        """Give what could be meant; nothing when that takes too long."""
        if self._assists is None:
            return []
        last = typed.rpartition(" ")[2] if many else typed
        found: list[Choice] = []
        try:
            async with asyncio.timeout(SUGGEST_SECONDS):
                for each in wanted:
                    person = await self._members.known(each.address, each.person)
                    found += await self._assists.suggest(replace(each, person=person, typed=last))
        except Exception:  # noqa: BLE001 - Discord then shows that there is nothing
            self._log.info("nothing_suggested", exc_info=True)
            return []
        return choices(found, typed, many=many)

    def modal(self, form: Form) -> discord.ui.Modal | None:
        """Give the form as a modal; None when it does not fit into one.

        Arguments that are too long for a custom id stay here, so that form ends with this process.
        """
        arguments = form.arguments
        whole = f"{FORM_PREFIX}:{form.command}:{arguments}"
        if length(whole) > CUSTOM_ID_LIMIT or "\n" in arguments or arguments.startswith(_KEPT_PREFIX):
            key = f"{_KEPT_PREFIX}{secrets.token_hex(8)}"
            self._kept[key] = arguments
            while len(self._kept) > KEPT:
                self._kept.popitem(last=False)
            arguments = key
        return to_modal(form, arguments)

    def arguments(self, submitted: str) -> str | None:
        """Give the arguments of a form that came back; None when they are not known any more."""
        return self._kept.get(submitted) if submitted.startswith(_KEPT_PREFIX) else submitted

    async def deleted(self, address: Address, message_id: str) -> None:
        """Let the handler forget a message that its author deleted."""
        if self._assists is None:
            return
        try:
            await self._assists.deleted(address, message_id)
        except Exception:  # noqa: BLE001 - a deletion must not end anything
            self._log.warning("deletion_not_noted", message_id=message_id, exc_info=True)
