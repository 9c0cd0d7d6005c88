"""A connector that runs against the Discord on a real socket."""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING

from connectors.discord.connector import DiscordConnector
from connectors.forms import CommandInfo
from tests.fakes.discord_desk import ScriptedDesk
from tests.fakes.discord_payloads import GUILD
from tests.fakes.discord_rest import TOKEN

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from tests.fakes.discord_server import DiscordServer

INFOS = (
    CommandInfo("help", "", "what I can do"),
    CommandInfo("reindex", "", "make the search index anew", admin=True),
)


class Session:
    """A connector that runs against the server."""

    def __init__(self, server: DiscordServer) -> None:
        self.server = server
        self.desk = ScriptedDesk()
        self.connector = self.another()

    def another(self) -> DiscordConnector:
        """Give a connector to the same server."""
        return DiscordConnector(
            TOKEN,
            guilds=frozenset({GUILD}),
            api_url=self.server.url,
            gateway_url=self.server.gateway_url,
            commands=INFOS,
        )

    @contextlib.asynccontextmanager
    async def running(self, connector: DiscordConnector | None = None) -> AsyncIterator[None]:
        """Run it, or another, until the block ends."""
        test = asyncio.current_task()
        assert test is not None
        task = asyncio.create_task((connector or self.connector).run(self.desk))
        task.add_done_callback(lambda done: None if done.cancelled() else test.cancel())
        try:
            yield
        finally:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task

    async def until(self, *steps: str) -> None:
        """Wait until the desk was called so."""
        async with asyncio.timeout(20):
            while self.desk.steps[-len(steps) :] != list(steps):
                await asyncio.sleep(0.01)
