"""Discord with the bot's own inbox and router: one reply for a question, whatever dies."""

from __future__ import annotations

import asyncio
import contextlib
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from bot.access import Access
from bot.delivery import Delivery
from bot.inbox import Inbox
from bot.personas import Personas
from bot.questions import Questions
from bot.router import Router
from config.persona import load_persona
from config.settings import AccessSettings
from connectors.base import Command, Reply
from connectors.discord.connector import DiscordConnector
from connectors.discord.format import is_growing
from knowledge.database import Database
from tests.bot.conftest import ScriptedHelpdesk
from tests.fakes.discord_payloads import CHANNEL, GUILD
from tests.fakes.discord_rest import DROP, TOKEN, Fault
from tests.fakes.discord_server import DiscordServer

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from tests.fakes.discord_spec import DiscordSpec


class NoCommands:
    """Stands where the command table would."""

    async def run(self, command: Command, audience: frozenset[str] | None) -> Reply:  # noqa: ARG002
        """Say the command's name."""
        return Reply(command.name)


class Halting(ScriptedHelpdesk):
    """Says the beginning of an answer, and thinks for ever."""

    async def answer(self, text: str, **details: Any) -> Any:
        """Say something, and halt."""
        await details["on_text"](f"The answer to {text!r}")
        await asyncio.Event().wait()


class Process:
    """One process of the bot: its own connector and lease, on a database that it shares."""

    def __init__(
        self, server: DiscordServer, database: Database, helpdesk: ScriptedHelpdesk | None = None
    ) -> None:
        self.helpdesk = helpdesk or ScriptedHelpdesk()
        self.connector = DiscordConnector(
            TOKEN, guilds=frozenset({GUILD}), api_url=server.url, gateway_url=server.gateway_url
        )
        self._now = datetime.now(UTC)
        router = Router(
            helpdesk=self.helpdesk,
            commands=NoCommands(),
            access=Access(AccessSettings()),
            personas=Personas(load_persona("friendly"), load_persona),
            questions=Questions(database, self.clock),
            clock=self.clock,
            timeout_seconds=20,
        )
        self.delivery = Delivery(Inbox(database, self.clock, timedelta(seconds=30)), router, self.clock)

    def clock(self) -> datetime:
        """Give the time, which the test may have moved."""
        return self._now

    def later(self) -> None:
        """Move on until every lease has run out."""
        self._now += timedelta(minutes=1)

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Run until the block ends, and die at once."""
        task = asyncio.create_task(self.connector.run(self.delivery))
        try:
            yield
        finally:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task


@pytest.fixture
async def server(spec: DiscordSpec | None) -> AsyncIterator[DiscordServer]:
    """Discord on a socket; every body that it got is held against the spec."""
    async with DiscordServer().running() as running:
        yield running
    if spec is not None:
        assert running.bodies
        assert spec.problems(running.bodies) == []


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    """An open SQLite database with the bot's tables."""
    async with Database(Database.url_for("", tmp_path)) as opened:
        await opened.upgrade("bot:migrations", "bot_version")
        yield opened


async def test_a_question_left_behind_is_answered_once_by_the_next(
    database: Database, server: DiscordServer
) -> None:
    """The first process dies at its answer; the next reads the gap, sweeps the inbox, and answers once."""
    first, second = Process(server, database), Process(server, database)
    thinking = asyncio.Event()

    async def think() -> None:
        thinking.set()
        await asyncio.Event().wait()

    first.helpdesk.act = think
    async with first.running():
        await server.until("identified", 1)
        await server.say("How do I reset it?")
        async with asyncio.timeout(20):
            await thinking.wait()
    second.later()
    async with second.running():
        assert await second.delivery.sweep({"discord": second.connector}) == 1
        assert await second.delivery.sweep({"discord": second.connector}) == 0
    (post,) = server.posts
    assert post["content"].startswith("The answer to 'How do I reset it?'.")


async def test_a_post_that_nobody_noted_is_found(database: Database, server: DiscordServer) -> None:
    """Discord took it and the response was lost: the sweeper finds the post and repeats nothing."""
    process = Process(server, database)
    server.faults.append(Fault("POST", f"/channels/{CHANNEL}/messages", DROP))
    async with process.running():
        await server.until("identified", 1)
        await server.say("How do I reset it?")
        await server.until("posts", 1)
        assert await process.delivery.drain(20)
        process.delivery._closing = False
        process.later()
        assert await process.delivery.sweep({"discord": process.connector}) == 1
    assert len(server.posts) == 1
    assert (
        len([request for request in server.requests if request == ("POST", f"/channels/{CHANNEL}/messages")])
        == 1
    )


async def test_two_processes_give_one_reply(database: Database, server: DiscordServer) -> None:
    """While one version of the bot replaces another, both hear the question."""
    processes = [Process(server, database), Process(server, database)]
    async with processes[0].running(), processes[1].running():
        await server.until("identified", 2)
        await server.say("How do I reset it?")
        await server.until("posts", 1)
        for process in processes:
            assert await process.delivery.drain(20)
    assert len(server.posts) == 1


async def test_an_answer_left_half_made_is_finished_in_its_post_by_the_next(
    database: Database, server: DiscordServer
) -> None:
    """The post that the first process began becomes the reply of the second, and nothing else is posted."""
    first, second = Process(server, database, Halting()), Process(server, database)
    async with first.running():
        await server.until("identified", 1)
        await server.say("How do I reset it?")
        await server.until("posts", 1)
    (post,) = server.posts
    assert is_growing(post["content"])
    second.later()
    async with second.running():
        assert await second.delivery.sweep({"discord": second.connector}) == 1
        assert await second.delivery.sweep({"discord": second.connector}) == 0
    (post,) = server.posts
    assert post["content"].startswith("The answer to 'How do I reset it?'.")
    assert not is_growing(post["content"])
