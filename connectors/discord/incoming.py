"""What Discord delivers, as events: who wrote, where, and whether it speaks to the bot. Pure."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

import discord

from connectors.base import Address, Command, IncomingMessage, Person, SharedFile
from connectors.forms import Wanted

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import datetime

    from discord.abc import MessageableChannel

    from connectors.discord.options import Kind

PLATFORM = "discord"
SPOKEN = frozenset({discord.MessageType.default, discord.MessageType.reply})
"""All other types are system messages: somebody joined, pinned, opened a thread."""
NO_WORDS = "help"
"""What a bare mention of the bot asks for."""
INTERACTION = "interaction/"
"""Begins the message id of a question that came by a command and not by a message."""
EDIT_SECONDS = 60.0
"""An edit after that is not answered again."""
_EDIT = "/edit/"

_USER = re.compile(r"<@!?(\d+)>")
_ROLE = re.compile(r"<@&(\d+)>")
_CHANNEL = re.compile(r"<#(\d+)>")


class Incoming:
    """Makes events of what discord.py delivers. `guilds` are the servers whose members and roles count."""

    def __init__(self, guilds: frozenset[str]) -> None:
        self._guilds = guilds

    @property
    def guilds(self) -> frozenset[str]:
        """The servers whose members and roles count."""
        return self._guilds

    def message(self, message: discord.Message, me: discord.ClientUser) -> IncomingMessage | None:
        """Give the message as an event; None for what the bot never answers: bots, itself, system messages."""
        if message.author.bot or message.webhook_id is not None or message.type not in SPOKEN:
            return None
        own_roles = _own_roles(message.guild)
        named = any(user.id == me.id for user in message.mentions) or any(
            role.id in own_roles for role in message.role_mentions
        )
        direct = isinstance(message.channel, discord.DMChannel)
        files = _files(message)
        text = _words(message, me, own_roles)
        if not text and not files and named:
            text = NO_WORDS
        if not text and not files:
            return None  # without the message content intent most messages come without words
        address = place_of(message.channel, message.guild)
        starts_thread = self._starts_thread(message)
        if starts_thread:
            address = Address(PLATFORM, address.channel, str(message.id), address.workspace)
        return IncomingMessage(
            str(message.id),
            address,
            self.person(message.author),
            text,
            message.created_at,
            addressed=direct or named or _goes_on(message, me),
            direct=direct,
            files=files,
            starts_thread=starts_thread,
            outsiders=not direct and not self._counts(message.guild),
        )

    def edited(self, event: IncomingMessage, edited_at: datetime) -> IncomingMessage:
        """Give a message that was answered and then edited as an event of its own."""
        return replace(event, message_id=f"{event.message_id}{_EDIT}{int(edited_at.timestamp() * 1000)}")

    def question(
        self, interaction: discord.Interaction[discord.Client], text: str, *, shared: bool
    ) -> IncomingMessage:
        """Give a question that came by a command; unless it is shared, only who asks reads the answer."""
        return IncomingMessage(
            f"{INTERACTION}{interaction.id}",
            _place(interaction),
            self.person(interaction.user),
            text.strip() or NO_WORDS,
            interaction.created_at,
            direct=not shared or interaction.guild_id is None,
            outsiders=shared
            and interaction.guild_id is not None
            and str(interaction.guild_id) not in self._guilds,
            asked_in=None if shared or interaction.guild_id is None else _place(interaction),
        )

    def command(
        self,
        interaction: discord.Interaction[discord.Client],
        name: str,
        arguments: str = "",
        *,
        fields: Mapping[str, str] | None = None,
        files: Sequence[discord.Attachment] = (),
        origin: str = "",
    ) -> Command:
        """Give a command that a slash command, a button, a form or a menu stands for."""
        clicked = interaction.message
        return Command(
            str(interaction.id),
            _place(interaction),
            self.person(interaction.user),
            name,
            arguments,
            interaction.created_at,
            fields=dict(fields or {}),
            files=tuple(map(_shared, files)),
            origin=origin or (str(clicked.id) if clicked is not None else ""),
            outsiders=interaction.guild_id is not None and str(interaction.guild_id) not in self._guilds,
        )

    def wanted(self, interaction: discord.Interaction[discord.Client], kind: Kind, typed: str) -> Wanted:
        """Give what somebody is choosing while they type."""
        outside = interaction.guild_id is not None and str(interaction.guild_id) not in self._guilds
        return Wanted(kind, _place(interaction), self.person(interaction.user), typed, outsiders=outside)

    def words(self, message: discord.Message, me: discord.ClientUser) -> str:
        """Give what a message says, names written out."""
        return _words(message, me, _own_roles(message.guild))

    def person(self, author: discord.abc.User) -> Person:
        """Give who wrote; roles count in the configured servers only, and who is in none of them is a guest."""
        identity, name = f"{PLATFORM}:{author.id}", author.display_name
        if not isinstance(author, discord.Member) or not self._counts(author.guild):
            return Person(identity, name, guest=True)
        groups = frozenset(f"{PLATFORM}:{role.id}" for role in author.roles)
        return Person(identity, name, groups)

    def _counts(self, guild: discord.Guild | None) -> bool:
        return guild is not None and str(guild.id) in self._guilds

    def _starts_thread(self, message: discord.Message) -> bool:
        """Whether the reply to it opens a thread, or it is itself the first post of one (in a forum)."""
        channel = message.channel
        if isinstance(channel, discord.Thread):
            return channel.id == message.id
        if not isinstance(channel, discord.TextChannel):
            return False
        return may_open_thread(channel)


def may_open_thread(channel: discord.TextChannel) -> bool:
    """Whether the bot may open a thread from a message here and write in it."""
    may = channel.permissions_for(channel.guild.me)
    return may.create_public_threads and may.send_messages_in_threads


def _files(message: discord.Message) -> tuple[SharedFile, ...]:
    attached = map(_shared, message.attachments)
    return (*attached, *(SharedFile(sticker.name, 0) for sticker in message.stickers))


def _shared(file: discord.Attachment) -> SharedFile:
    return SharedFile(file.filename, file.size, file.url)


def is_edit(message_id: str) -> bool:
    """Whether the id is that of an edited message's event."""
    return _EDIT in message_id


def original_of(message_id: str) -> str:
    """Give Discord's own id of the message or the interaction."""
    return message_id.removeprefix(INTERACTION).partition(_EDIT)[0]


def place_of(channel: MessageableChannel | discord.abc.GuildChannel, guild: discord.Guild | None) -> Address:
    """Give where a channel is: of a thread, the channel that it belongs to and itself."""
    workspace = str(guild.id) if guild is not None else None
    if isinstance(channel, discord.Thread):
        return Address(PLATFORM, str(channel.parent_id), str(channel.id), workspace)
    return Address(PLATFORM, str(channel.id), None, workspace)


def _place(interaction: discord.Interaction[discord.Client]) -> Address:
    channel = interaction.channel
    workspace = str(interaction.guild_id) if interaction.guild_id is not None else None
    if isinstance(channel, discord.Thread):
        return Address(PLATFORM, str(channel.parent_id), str(channel.id), workspace)
    return Address(PLATFORM, str(interaction.channel_id), None, workspace)


def _goes_on(message: discord.Message, me: discord.ClientUser) -> bool:
    """Whether it continues a thread that the bot opened; who names another person there speaks to that one."""
    channel = message.channel
    if not isinstance(channel, discord.Thread) or channel.owner_id != me.id:
        return False
    return not message.mentions and not message.role_mentions and not message.mention_everyone


def _own_roles(guild: discord.Guild | None) -> frozenset[int]:
    """Give the role that Discord made for the bot: people pick it from the list as often as the bot itself."""
    role = guild.self_role if guild is not None else None
    return frozenset({role.id}) if role is not None else frozenset()


def _words(message: discord.Message, me: discord.ClientUser, own_roles: frozenset[int]) -> str:
    """Give the text with the bot's name taken out and everybody else's written out."""
    content = message.content
    if not content and message.message_snapshots:
        content = message.message_snapshots[0].content
    people = {user.id: user.display_name for user in message.mentions}
    roles = {role.id: role.name for role in message.role_mentions}
    channels = {channel.id: channel.name for channel in message.channel_mentions}
    roles.update(dict.fromkeys(own_roles, ""))
    people[me.id] = ""
    text = _USER.sub(_name(people, "@"), content)
    text = _ROLE.sub(_name(roles, "@"), text)
    return _CHANNEL.sub(_name(channels, "#"), text).strip()


def _name(names: dict[int, str], sign: str) -> Callable[[re.Match[str]], str]:
    def named(found: re.Match[str]) -> str:
        name = names.get(int(found[1]))
        if name is None:
            return found[0]
        return f"{sign}{name}" if name else ""

    return named
