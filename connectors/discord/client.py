"""The bot on Discord: what the gateway delivers, taken to what answers it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, cast

import aiohttp
import discord
import structlog
from discord import app_commands

from connectors.discord.answering import Answering
from connectors.discord.assisting import Assistance
from connectors.discord.commands import build_tree, register
from connectors.discord.gap import Gap
from connectors.discord.incoming import EDIT_SECONDS, place_of
from connectors.discord.interactions import Interactions
from connectors.discord.people import Members
from connectors.discord.places import FAILURES
from connectors.discord.posting import Poster
from connectors.discord.tags import TagNames, Tags
from connectors.discord.threads import Threads
from connectors.discord.views import AnswerButton, answer_of
from connectors.discord.wanted import Wants

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Sequence

    from connectors.base import Address, DurableHandler, Event, IncomingMessage
    from connectors.discord.incoming import Incoming
    from connectors.discord.options import Kind
    from connectors.forms import CommandInfo
    from connectors.remembering import Remembered

PERMISSIONS = discord.Permissions(
    view_channel=True,
    send_messages=True,
    create_public_threads=True,
    send_messages_in_threads=True,
    embed_links=True,
    read_message_history=True,
)
"""What the bot needs in a server; `docs/discord.md` shows them in its invite link."""


@dataclass(frozen=True, slots=True)
class ClientOptions:
    """What a client is made of beside its handler."""

    commands: Sequence[CommandInfo] = ()
    test_guild: str = ""
    tags: TagNames = field(default_factory=TagNames)
    store: Remembered | None = None


def intents(*, message_content: bool) -> discord.Intents:
    """Give what the bot asks Discord to be told: where it is, and what is said there."""
    wanted = discord.Intents.none()
    wanted.guilds = True
    wanted.guild_messages = True
    wanted.dm_messages = True
    wanted.message_content = message_content
    return wanted


class HelpdeskClient(discord.AutoShardedClient):
    """A connection to Discord; implements `connectors.discord.commands.Desk`."""

    def __init__(
        self,
        handler: DurableHandler,
        incoming: Incoming,
        *,
        ready: asyncio.Event,
        message_content: bool,
        options: ClientOptions,
    ) -> None:
        discord.VoiceClient.warn_nacl = discord.VoiceClient.warn_dave = False  # it has no voice to miss
        super().__init__(
            intents=intents(message_content=message_content),
            allowed_mentions=discord.AllowedMentions.none(),
            max_messages=None,
            chunk_guilds_at_startup=False,
            member_cache_flags=discord.MemberCacheFlags.none(),
        )
        self._incoming = incoming
        self._ready_event = ready
        self._test_guild = discord.Object(int(options.test_guild)) if options.test_guild else None
        self._members = Members(self, incoming)
        self._threads = Threads(self, incoming)
        self._gap = Gap(self, options.store)
        self._assistance = Assistance(handler, self._members)
        self.poster = Poster(self)
        interactions = Interactions(self.poster)
        self.answering = Answering(handler, self.look_up, self.poster, interactions, Tags(self, options.tags))
        self._wants = Wants(self.answering, self._assistance, interactions, incoming)
        self._log = structlog.get_logger()
        self.tree = build_tree(self, self, options.commands)

    async def setup_hook(self) -> None:
        """Serve the buttons of all answers, and register the commands if they changed."""
        self.add_dynamic_items(AnswerButton)
        if self.application_id is None:
            return
        try:
            await register(self.tree, self.application_id, self._test_guild)
        except (discord.DiscordException, aiohttp.ClientError) as error:
            self._log.warning("discord_commands_not_registered", reason=str(error))

    async def close(self) -> None:
        """End the connection, and what is still worked on: discord.py would leave it running."""
        await self.answering.close()
        await super().close()

    async def look_up(self, event: Event) -> Event:
        """Give the event with what takes a call: whether who wrote belongs to us, and what was said before."""
        return await self._threads.read(await self._members.look_up(event))

    # Messages ---------------------------------------------------------------------------------------------

    async def on_ready(self) -> None:
        """Answer what came while nobody listened; a resumed session gets it from Discord itself."""
        self._ready_event.set()
        self._log.info("discord_connected", servers=len(self.guilds), shards=self.shard_count)
        if not self.guilds and self.application_id is not None:
            invite = discord.utils.oauth_url(self.application_id, permissions=PERMISSIONS)
            self._log.warning("discord_in_no_server", remedy="invite the bot", invite=invite)
        strangers = [guild.name for guild in self.guilds if str(guild.id) not in self._incoming.guilds]
        if strangers:
            self._log.warning(
                "discord_guests_only",
                servers=strangers,
                remedy="members of these servers count as guests; add the servers' ids to [discord] guilds",
            )
        async for message in self._gap.messages():
            await self.on_message(message)

    async def on_message(self, message: discord.Message) -> None:
        """Answer a message that speaks to the bot."""
        event = await self._event(message)
        if event is None:
            return
        if isinstance(message.channel, discord.DMChannel):
            await self._gap.note(message.channel)
        await self.answering.message(event)

    async def on_raw_message_edit(self, payload: discord.RawMessageUpdateEvent) -> None:
        """Answer a message anew that its author soon put right."""
        message = payload.message
        if message.edited_at is None:
            return
        if (message.edited_at - message.created_at).total_seconds() > EDIT_SECONDS:
            return
        event = await self._event(message)
        if event is not None:
            await self.answering.edited(event, self._incoming, message.edited_at)

    async def on_raw_message_delete(self, payload: discord.RawMessageDeleteEvent) -> None:
        """Forget a message that was deleted."""
        await self._assistance.deleted(await self._address(payload.channel_id), str(payload.message_id))

    async def on_raw_bulk_message_delete(self, payload: discord.RawBulkMessageDeleteEvent) -> None:
        """Forget messages that were deleted together."""
        address = await self._address(payload.channel_id)
        for message_id in sorted(payload.message_ids):
            await self._assistance.deleted(address, str(message_id))

    async def on_error(self, event_method: str, /, *args: Any, **kwargs: Any) -> None:  # noqa: ARG002
        """Log what fell through everything else."""
        self._log.exception("discord_event_failed", method=event_method)

    async def _event(self, message: discord.Message) -> IncomingMessage | None:
        if self.user is None:
            return None
        if isinstance(message.channel, discord.PartialMessageable):  # a thread that was asleep
            message.channel = await self._known_channel(message.channel)
        return self._incoming.message(message, self.user)

    async def _known_channel(self, partial: discord.PartialMessageable) -> Any:
        try:
            found = await self.fetch_channel(partial.id)
        except FAILURES as error:
            self._log.warning("channel_not_known", channel=partial.id, reason=str(error))
            return partial
        return found if isinstance(found, discord.Thread | discord.DMChannel) else partial

    async def _address(self, channel_id: int) -> Address:
        channel: Any = self.get_channel(channel_id)
        if channel is None:
            channel = await self._known_channel(self.get_partial_messageable(channel_id))
        return place_of(channel, getattr(channel, "guild", None))

    # Commands, buttons, forms: see `Desk` ------------------------------------------------------------------

    async def on_interaction(self, interaction: discord.Interaction[Any]) -> None:
        """Do what a form stands for; commands and buttons come by discord.py's own ways."""
        if interaction.type is discord.InteractionType.modal_submit:
            await self._wants.form_sent(interaction, cast("dict[str, Any]", interaction.data or {}))

    async def ask(self, interaction: discord.Interaction[Any], question: str, *, shared: bool) -> None:
        """Answer a question that came by a command."""
        event = self._incoming.question(interaction, question, shared=shared)
        await self.answering.interaction(interaction, event, private=not shared)

    async def do(
        self,
        interaction: discord.Interaction[Any],
        name: str,
        arguments: str,
        files: Sequence[discord.Attachment] = (),
    ) -> None:
        """Do a command, and tell whoever gave it alone."""
        await self._wants.command(
            interaction, self._incoming.command(interaction, name, arguments, files=files)
        )

    async def on_message_menu(
        self, interaction: discord.Interaction[Any], menu: str, message: discord.Message
    ) -> None:
        """Do what stands in the menu of a message."""
        assert self.user is not None
        words = self._incoming.words(message, self.user)
        answer = answer_of(message) if message.author.id == self.user.id else ""
        await self._wants.menu(interaction, menu, words, str(message.id), answer)

    async def offer(
        self, interaction: discord.Interaction[Any], kinds: Sequence[Kind], typed: str, *, many: bool
    ) -> list[app_commands.Choice[str]]:
        """Give what could be meant; nothing when that takes too long."""
        wanted = [self._incoming.wanted(interaction, kind, typed) for kind in kinds]
        found = await self._assistance.suggest(wanted, typed, many=many)
        return [app_commands.Choice(name=choice.label, value=choice.value) for choice in found]
