"""The bot on Discord: each event is committed, answered and shown, once."""

from __future__ import annotations

import asyncio
import contextlib
from datetime import timedelta
from typing import TYPE_CHECKING, Any, cast

import aiohttp
import discord
import structlog

from connectors.discord.commands import build_tree, register
from connectors.discord.interactions import Interactions
from connectors.discord.people import Members
from connectors.discord.posting import FAILURES, Poster
from connectors.discord.views import AnswerButton, submitted
from connectors.errors import DeliveryError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from connectors.base import DurableHandler, Event, IncomingMessage, Reply
    from connectors.discord.incoming import Incoming
    from connectors.discord.interactions import Waiting

ACCEPT_PAUSES = (0.5, 2.0, 8.0)
"""Discord does not deliver a message again, so a database that is away for a moment is waited for."""
GAP = timedelta(minutes=15)
GAP_CHANNELS = 50
REFUSED = "I do not answer here."
PERMISSIONS = discord.Permissions(
    view_channel=True,
    send_messages=True,
    create_public_threads=True,
    send_messages_in_threads=True,
    embed_links=True,
    read_message_history=True,
)
"""What the bot needs in a server; `docs/discord.md` shows them in its invite link."""


def intents(*, message_content: bool) -> discord.Intents:
    """Give what the bot asks Discord to be told: where it is, and what is said there."""
    wanted = discord.Intents.none()
    wanted.guilds = True
    wanted.guild_messages = True
    wanted.dm_messages = True
    wanted.message_content = message_content
    return wanted


class HelpdeskClient(discord.AutoShardedClient):
    """A connection to Discord. `ask` and `do` are what commands, buttons and forms call."""

    def __init__(
        self,
        handler: DurableHandler,
        incoming: Incoming,
        *,
        ready: asyncio.Event,
        message_content: bool,
        test_guild: str = "",
    ) -> None:
        discord.VoiceClient.warn_nacl = discord.VoiceClient.warn_dave = False  # it has no voice to miss
        super().__init__(
            intents=intents(message_content=message_content),
            allowed_mentions=discord.AllowedMentions.none(),
            max_messages=None,
            chunk_guilds_at_startup=False,
            member_cache_flags=discord.MemberCacheFlags.none(),
        )
        self._handler = handler
        self._incoming = incoming
        self._ready_event = ready
        self._test_guild = discord.Object(int(test_guild)) if test_guild else None
        self._members = Members(self, incoming)
        self._poster = Poster(self)
        self._interactions = Interactions(self._poster)
        self._direct_channels: set[int] = set()
        self._work: set[asyncio.Task[Any]] = set()
        self._log = structlog.get_logger()
        self.tree = build_tree(self)

    async def setup_hook(self) -> None:
        """Serve the buttons of all answers, and register the commands if they changed."""
        self.add_dynamic_items(AnswerButton)
        if self.application_id is None:
            return
        try:
            await register(self.tree, self.application_id, self._test_guild)
        except (discord.DiscordException, aiohttp.ClientError) as error:
            self._log.warning("discord_commands_not_registered", reason=str(error))

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
        await self._fill_gap()

    async def on_message(self, message: discord.Message) -> None:
        """Answer a message that speaks to the bot."""
        if self.user is None:
            return
        if isinstance(message.channel, discord.DMChannel):
            self._direct_channels.add(message.channel.id)
        if isinstance(message.channel, discord.PartialMessageable):  # a thread that was asleep
            message.channel = await self._thread(message)
        event = self._incoming.message(message, self.user)
        if event is not None:
            await self._message(event)

    async def on_interaction(self, interaction: discord.Interaction[Any]) -> None:
        """Do what a form stands for; commands and buttons come by discord.py's own ways."""
        if interaction.type is discord.InteractionType.modal_submit:
            form = submitted(cast("dict[str, Any]", interaction.data or {}))
            if form is not None:
                await self.do(interaction, *form)

    async def close(self) -> None:
        """End the connection, and what is still worked on: discord.py would leave it running."""
        work = [task for task in self._work if task is not asyncio.current_task()]
        for task in work:
            task.cancel()
        await asyncio.gather(*work, return_exceptions=True)
        await super().close()

    async def on_error(self, event_method: str, /, *args: Any, **kwargs: Any) -> None:  # noqa: ARG002
        """Log what fell through everything else."""
        self._log.exception("discord_event_failed", method=event_method)

    async def ask(
        self, interaction: discord.Interaction[Any], question: str, *, shared: bool = False
    ) -> None:
        """Answer a question that came by a command."""
        waiting = await self._interactions.defer(interaction, private=not shared)
        await self._interaction(waiting, self._incoming.question(interaction, question, shared=shared))

    async def do(self, interaction: discord.Interaction[Any], name: str, arguments: str) -> None:
        """Do a command, and tell whoever gave it alone."""
        waiting = await self._interactions.defer(interaction, private=True)
        await self._interaction(waiting, self._incoming.command(interaction, name, arguments))

    # What the connector calls -----------------------------------------------------------------------------

    @property
    def poster(self) -> Poster:
        """What posts unasked."""
        return self._poster

    async def look_up(self, event: Event) -> Event:
        """Give the event with what takes a call to Discord: whether who wrote directly belongs to us."""
        return await self._members.look_up(event)

    async def show(self, event: Event, reply: Reply) -> str:
        """Show the reply where the event asks for it; gives its id. Raises DeliveryError."""
        return await self._interactions.reply(event, reply)

    # One event --------------------------------------------------------------------------------------------

    @contextlib.contextmanager
    def _working(self) -> Iterator[None]:
        task = asyncio.current_task()
        assert task is not None
        self._work.add(task)
        try:
            yield
        finally:
            self._work.discard(task)

    async def _message(self, event: IncomingMessage) -> None:
        with self._working():
            if await self._accepted(event):
                await self._answer(event)

    async def _accepted(self, event: IncomingMessage) -> bool:
        for pause in (*ACCEPT_PAUSES, None):
            try:
                return await self._handler.accept(event)
            except Exception:  # noqa: BLE001 - whatever the database raises
                if pause is None:
                    self._log.exception("message_not_accepted", message_id=event.message_id)
                else:
                    await asyncio.sleep(pause)
        await self._apologise(event)
        return False

    async def _interaction(self, waiting: Waiting, event: Event) -> None:
        with self._working(), self._interactions.open(event, waiting):
            try:
                if not await self._handler.accept(event):
                    await self._interactions.say(waiting, REFUSED)
                    return
            except Exception:  # noqa: BLE001 - whatever the database raises
                self._log.exception("interaction_not_accepted", interaction=waiting.interaction.id)
                await self._apologise(event)
                return
            await self._answer(event)

    async def _apologise(self, event: Event) -> None:
        """Discord delivers nothing again: whoever waits is told now."""
        reply = await self._handler.handle(event)
        if reply is not None:
            with contextlib.suppress(DeliveryError):
                await self.show(event, reply)

    async def _answer(self, event: Event) -> None:
        try:
            reply = await self._handler.answer(await self.look_up(event))
            if reply is None:
                return
            platform_id = await self.show(event, reply)
        except (DeliveryError, *FAILURES) as error:
            self._log.warning("reply_not_sent", channel=event.address.channel, reason=str(error))
        except Exception:  # noqa: BLE001 - whatever it is, the question is not to stay open until the next start
            self._log.exception("reply_not_sent", channel=event.address.channel)
        else:
            await self._handler.sent(event, platform_id)
            return
        await self._handler.unsent(event)

    async def _thread(self, message: discord.Message) -> discord.Thread | discord.PartialMessageable:
        partial = cast("discord.PartialMessageable", message.channel)
        try:
            found = await self.fetch_channel(partial.id)
        except FAILURES as error:
            self._log.warning("channel_not_known", channel=partial.id, reason=str(error))
            return partial
        return found if isinstance(found, discord.Thread) else partial

    # What came in a gap -----------------------------------------------------------------------------------

    async def _fill_gap(self) -> None:
        since = discord.utils.time_snowflake(discord.utils.utcnow() - GAP)
        for channel in self._spoken_in_since(since):
            try:
                async for message in channel.history(
                    limit=100, after=discord.Object(since), oldest_first=True
                ):
                    await self.on_message(message)
            except FAILURES as error:
                self._log.info("gap_not_read", reason=str(error))

    def _spoken_in_since(self, since: int) -> list[discord.abc.Messageable]:
        """Give the channels where something was said since; direct channels are those known to this process."""
        found: list[discord.abc.Messageable] = []
        for guild in self.guilds:
            places: list[discord.TextChannel | discord.VoiceChannel | discord.Thread] = [
                *guild.text_channels,
                *guild.voice_channels,
                *guild.threads,
            ]
            found += [place for place in places if (place.last_message_id or 0) >= since]
        direct = [self.get_partial_messageable(identity) for identity in sorted(self._direct_channels)]
        return [*direct, *found[:GAP_CHANNELS]]
