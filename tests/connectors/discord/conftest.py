"""A simulated Discord around the real connector: discord.py over simcord, and every REST body checked."""

from __future__ import annotations

from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import discord
import pytest

from bot.commands import COMMANDS
from connectors.discord.connector import DiscordConnector
from connectors.discord.incoming import SPOKEN
from connectors.forms import CommandInfo
from tests.connectors.discord.session import Session
from tests.fakes.discord_desk import ScriptedDesk
from tests.fakes.discord_server import DiscordServer
from tests.fakes.discord_spec import DiscordSpec

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from contextlib import AbstractAsyncContextManager
    from pathlib import Path

GUILD = 100000000000000001
INFOS = tuple(CommandInfo(spec.name, spec.arguments, spec.help, spec.admin, spec.hidden) for spec in COMMANDS)


@dataclass
class World:
    """A server with a channel and a member, and the bot in it."""

    env: Any
    connector: DiscordConnector
    desk: ScriptedDesk
    guild: Any
    channel: Any
    ada: Any

    @property
    def mention(self) -> str:
        """How the bot is spoken to."""
        return f"<@{self.env.bot.user.id}>"

    @property
    def thread(self) -> Any:
        """The one thread of the channel."""
        (thread,) = self.channel.threads
        return thread

    def admin(self) -> Any:
        """Give a member who may manage the server."""
        role = self.guild.create_role("admins", permissions=discord.Permissions(manage_guild=True))
        return self.guild.add_member(self.env.create_user("grace"), roles=[role])

    def admin_of_messages(self) -> Any:
        """Give a member who may delete what others wrote."""
        role = self.guild.create_role("mods", permissions=discord.Permissions(manage_messages=True))
        return self.guild.add_member(self.env.create_user("moderator"), roles=[role])

    def said(self, channel: Any) -> list[Any]:
        """Give what the bot said in a channel."""
        me = self.env.bot.user.id
        return [
            message for message in channel.history() if message.author.id == me and message.type in SPOKEN
        ]

    def requests(self, method: str, ending: str) -> list[Any]:
        """Give the REST calls of a method whose path ends so."""
        return [
            request
            for request in self.env.http_requests
            if request.method == method and request.path.endswith(ending)
        ]


@pytest.fixture(scope="session")
def spec(repository: Path) -> DiscordSpec | None:
    """Discord's own description of its API, where it is at hand."""
    path = repository.parent / "shared" / "specs" / "discord-openapi.json"
    return DiscordSpec.load(path) if path.exists() else None


@pytest.fixture
def discord_world(spec: DiscordSpec | None) -> Callable[..., AbstractAsyncContextManager[World]]:
    """Open a simulated Discord; when it closes, everything that the bot sent is held against the spec."""
    simcord = pytest.importorskip("simcord", reason="needs simcord: pip install simcord==3.2.1")

    @asynccontextmanager
    async def opened(
        *, message_content: bool = True, counts: bool = True, test_guild: bool = False
    ) -> AsyncIterator[World]:
        connector = DiscordConnector(
            "token",
            guilds=frozenset({str(GUILD)}) if counts else frozenset(),
            test_guild=str(GUILD) if test_guild else "",
            commands=INFOS,
        )
        desk = ScriptedDesk()
        client = connector.client(desk, message_content=message_content)
        async with simcord.run(client, shard_count=1, strict_sync=True) as env:
            guild = env.create_guild("Help", id=GUILD)
            channel = guild.create_text_channel("support")
            ada = guild.add_member(env.create_user("ada"))
            yield World(env, connector, desk, guild, channel, ada)
            requests = list(env.http_requests)
        if spec is not None:
            assert spec.problems(requests) == []

    return opened


@pytest.fixture
async def session(spec: DiscordSpec | None) -> AsyncIterator[Session]:
    """A server on a socket, and a connector to it; every body that it got is held against the spec."""
    async with DiscordServer().running() as server:
        yield Session(server)
    if spec is not None:
        assert spec.problems(server.bodies) == []
