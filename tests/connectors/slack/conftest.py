"""A real bot behind a real connector, on a strict Slack at the far end of a wire."""

from __future__ import annotations

import asyncio
import contextlib
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import func, select

from bot.access import Access
from bot.delivery import Delivery
from bot.inbox import EventKey, Inbox
from bot.personas import Personas
from bot.questions import Questions
from bot.router import Router
from bot.tables import inbox
from config.persona import load_persona
from config.settings import AccessSettings, ChannelSettings
from connectors.base import Command, Reply
from connectors.slack.connector import SlackConnector
from knowledge.database import Database
from tests.bot.conftest import Clock, ScriptedHelpdesk
from tests.fakes.slack.workspace import APP_TOKEN, BOT_TOKEN
from tests.fakes.slack_server import FakeSlack

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
    from pathlib import Path

    from connectors.base import Address, Live, Person
    from connectors.forms import Choice, Form, Wanted

LEASE = timedelta(seconds=60)


class Echo:
    """Does every command by saying who may read what of it."""

    def __init__(self) -> None:
        self.done: list[tuple[Command, frozenset[str] | None]] = []
        self.act: Callable[[Command, Live | None], Awaitable[Reply | None]] | None = None

    async def run(self, command: Command, audience: frozenset[str] | None, live: Live | None = None) -> Reply:
        """Say the command, or do what the test says."""
        self.done.append((command, audience))
        reply = await self.act(command, live) if self.act else None
        return reply or Reply(f"done: {command.name} {command.arguments}".strip(), private=True)


class Assisting(Delivery):
    """A delivery that asks and shows what a test says, in place of the commands' own forms and pages."""

    forms: dict[str, Callable[[Command], Form | None]]
    asked: list[Command]
    page: Reply
    choices: Sequence[Choice] = ()
    wanted: list[Wanted]
    gone: list[tuple[Address, str]]

    async def form(self, command: Command) -> Form | None:
        """See `connectors.base.Assists`."""
        self.asked.append(command)
        return self.forms[command.name](command) if command.name in self.forms else None

    async def suggest(self, wanted: Wanted) -> Sequence[Choice]:
        """See `connectors.base.Assists`."""
        self.wanted.append(wanted)
        return self.choices

    async def home(self, address: Address, person: Person) -> Reply:
        """See `connectors.base.Assists`."""
        return replace(self.page, text=f"{self.page.text} {address.channel} {person.id} {person.guest}")

    async def deleted(self, address: Address, message_id: str) -> None:
        """See `connectors.base.Assists`: the message is not answered any more."""
        self.gone.append((address, message_id))
        await self._inbox.ignore(EventKey(address.platform, address.channel, message_id))


@dataclass
class Desk:
    """A bot process: its delivery, its connector, and what stands behind them."""

    delivery: Assisting
    connector: SlackConnector
    database: Database
    clock: Clock
    helpdesk: ScriptedHelpdesk
    commands: Echo
    tasks: list[asyncio.Task[None]] = field(default_factory=list)

    async def states(self) -> list[str]:
        """The states of all inbox rows."""
        async with self.database.read() as connection:
            return [row.state for row in (await connection.execute(select(inbox).order_by(inbox.c.id))).all()]

    async def settled(self) -> list[str]:
        """Wait until nothing is being worked on, and give the states."""
        assert await self.delivery.drain(10)
        self.delivery._closing = False
        return await self.states()

    async def released(self) -> None:
        """Wait until the lease of what was not sent is given back."""
        async with asyncio.timeout(10):
            while True:
                async with self.database.read() as connection:
                    if (await connection.scalar(select(func.min(inbox.c.lease_until)))) == 0:
                        return

    async def begun(self) -> None:
        """Wait until the id of a post that grows is kept."""
        async with asyncio.timeout(10):
            while True:
                async with self.database.read() as connection:
                    if await connection.scalar(select(inbox.c.id).where(inbox.c.platform_id != "")):
                        return

    async def stop(self) -> None:
        """Kill the process: nothing is finished."""
        for task in self.tasks:
            task.cancel()
        await asyncio.gather(*self.tasks, return_exceptions=True)
        self.tasks.clear()

    async def sweep(self) -> int:
        """Take up what was left."""
        return await self.delivery.sweep({"slack": self.connector})


class Office:
    """Starts bot processes on one database and one Slack."""

    def __init__(self, slack: FakeSlack, database: Database) -> None:
        self.slack = slack
        self.database = database
        self.clock = Clock()
        self.helpdesk = ScriptedHelpdesk()
        self.commands = Echo()
        self.channels: tuple[ChannelSettings, ...] = ()
        self.access = AccessSettings(members=frozenset({"internal"}))
        self.forms: dict[str, Callable[[Command], Form | None]] = {}
        self.desks: list[Desk] = []

    def make(self, **more: Any) -> Desk:
        """Make a process that is not connected yet."""
        persona = load_persona("friendly")
        router = Router(
            helpdesk=self.helpdesk,
            commands=self.commands,
            access=Access(self.access, self.channels),
            personas=Personas(persona, load_persona),
            questions=Questions(self.database, self.clock),
            clock=self.clock,
            timeout_seconds=20,
        )
        delivery = Assisting(Inbox(self.database, self.clock, LEASE), router, self.clock)
        delivery.forms, delivery.asked, delivery.page = self.forms, [], Reply("Hello")
        delivery.wanted, delivery.gone = [], []
        arguments = {"bot_token": BOT_TOKEN, "app_token": APP_TOKEN, "api_url": self.slack.api_url}
        connector = SlackConnector(**{**arguments, "clock": self.clock, "ping_seconds": 0.3, **more})
        desk = Desk(delivery, connector, self.database, self.clock, self.helpdesk, self.commands)
        self.desks.append(desk)
        return desk

    async def start(self, desk: Desk) -> None:
        """Start a process that listens to HTTP, and wait until it does."""
        desk.tasks.append(asyncio.create_task(desk.connector.run(desk.delivery)))
        await desk.connector._connected.wait()

    async def open(self, **more: Any) -> Desk:
        """Start a process and wait until it is connected."""
        desk = self.make(**more)
        before = self.slack.connections()
        desk.tasks.append(asyncio.create_task(desk.connector.run(desk.delivery)))
        waiting = asyncio.create_task(self.slack.until(lambda: self.slack.connections() > before))
        done, _ = await asyncio.wait([waiting, *desk.tasks], return_when=asyncio.FIRST_COMPLETED)
        waiting.cancel()
        for task in done:
            task.result()
        return desk


@pytest.fixture
async def slack(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[FakeSlack]:
    """A workspace; whatever the bot did against the protocol fails the test."""
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy"):
        monkeypatch.delenv(name, raising=False)
    async with FakeSlack() as fake:
        yield fake
        assert fake.violations == []


@pytest.fixture
async def office(slack: FakeSlack, tmp_path: Path) -> AsyncIterator[Office]:
    """An office in which no process runs yet; all are stopped at the end."""
    async with Database(Database.url_for("", tmp_path)) as database:
        await database.upgrade("knowledge:migrations", "knowledge_version")
        await database.upgrade("bot:migrations", "bot_version")
        made = Office(slack, database)
        async with contextlib.AsyncExitStack() as stack:
            stack.push_async_callback(lambda: asyncio.gather(*(desk.stop() for desk in made.desks)))
            yield made


@pytest.fixture
async def desk(office: Office) -> Desk:
    """One process, connected."""
    return await office.open()
