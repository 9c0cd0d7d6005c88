"""What somebody wants by a command, a click, a form or a menu: the form first, then the command."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import structlog

from connectors.base import Action, Reply
from connectors.discord.commands import ANSWER_THIS, WHY
from connectors.discord.format import shortened
from connectors.discord.interactions import ALREADY_ACKNOWLEDGED
from connectors.discord.modals import submitted, to_files
from connectors.discord.places import FAILURES
from connectors.errors import DeliveryError

if TYPE_CHECKING:
    from collections.abc import Mapping

    import discord

    from connectors.base import Command
    from connectors.discord.answering import Answering
    from connectors.discord.assisting import Assistance
    from connectors.discord.incoming import Incoming
    from connectors.discord.interactions import Interactions
    from connectors.forms import Form

FORM_SECONDS = 1.5
"""Discord waits three seconds for a form, which must be the first answer, and the network takes its share."""
TITLE_LENGTH = 120
TOO_SLOW = "I was too slow to show the form. Please try again."
TOO_LONG = (
    "This does not fit into a form of Discord, which holds five fields of 4,000 characters. Here is the text as a "
    "file: change it, and give it back with `/helpdesk-admin add`. Under the same title it is the "
    "same article, and you see what changes before anything does."
)
FORGOTTEN = "I have been started anew since this form was opened, and do not know what it was for. You wrote:"


class Wants:
    """Shows forms before what needs them, and hands on the rest."""

    def __init__(
        self, answering: Answering, assistance: Assistance, interactions: Interactions, incoming: Incoming
    ) -> None:
        self._answering = answering
        self._assistance = assistance
        self._interactions = interactions
        self._incoming = incoming
        self._log = structlog.get_logger()

    async def command(self, interaction: discord.Interaction[Any], command: Command) -> None:
        """Show the command's form, or do it where there is none.

        A form must be the first answer to an interaction: when it is not known soon, the interaction is deferred,
        and a button opens it.
        """
        asking = asyncio.ensure_future(self._assistance.form(command))
        try:
            await asyncio.wait({asking}, timeout=FORM_SECONDS)
            if asking.done():
                form = asking.result()
                if form is not None:
                    await self._open(interaction, command, form)
                    return
                await self._answering.interaction(interaction, command, private=True)
                return
            waiting = await self._interactions.defer(interaction, private=True)
            with self._interactions.open(command, waiting):
                form = await asking
                if form is not None:
                    again = (
                        () if command.files else (Action(command.name, "Open the form", command.arguments),)
                    )
                    await self._say(command, Reply(TOO_SLOW, actions=again, private=True))
                    return
            await self._answering.interaction(interaction, command, private=True, waiting=waiting)
        finally:
            asking.cancel()

    async def form_sent(self, interaction: discord.Interaction[Any], data: Mapping[str, Any]) -> None:
        """Do what a filled in form stands for; what somebody wrote is given back if that is not known any more."""
        form = submitted(data)
        if form is None:
            return
        arguments = self._assistance.arguments(form.arguments)
        command = self._incoming.command(interaction, form.command, arguments or "", fields=form.fields)
        if arguments is not None:
            await self._answering.interaction(interaction, command, private=True)
            return
        written = "\n\n".join(value for value in form.fields.values() if value)
        waiting = await self._interactions.defer(interaction, private=True)
        with self._interactions.open(command, waiting):
            await self._say(command, Reply(f"{FORGOTTEN}\n\n{written}", private=True))

    async def menu(
        self, interaction: discord.Interaction[Any], menu: str, words: str, message_id: str, answer: str
    ) -> None:
        """Answer a message, tell how the `answer` that it shows came about, or make an article of what it says."""
        if menu == ANSWER_THIS:
            event = self._incoming.question(interaction, words, shared=False)
            await self._answering.interaction(interaction, event, private=True)
            return
        name, arguments = ("why", answer) if menu == WHY else ("add", f"{title_of(words)}\n{words}")
        command = self._incoming.command(interaction, name, arguments, origin=message_id)
        await self.command(interaction, command)

    async def _open(self, interaction: discord.Interaction[Any], command: Command, form: Form) -> None:
        modal = self._assistance.modal(form)
        if modal is None:
            await self._interactions.tell(interaction, TOO_LONG, to_files(form))
            return
        try:
            await interaction.response.send_modal(modal)
        except FAILURES as error:
            self._log.warning("form_not_shown", command=command.name, reason=str(error))
            if getattr(error, "code", 0) != ALREADY_ACKNOWLEDGED:  # by another process of ours
                await self._say(command, Reply(TOO_SLOW, private=True))

    async def _say(self, command: Command, reply: Reply) -> None:
        try:
            await self._answering.show(command, reply)
        except DeliveryError as error:
            self._log.warning("reply_not_sent", command=command.name, reason=str(error))


def title_of(words: str) -> str:
    """Give the first line of what was said, as long as a title may be."""
    line = next((line for line in words.splitlines() if line.strip()), "")
    return shortened(line, TITLE_LENGTH)
