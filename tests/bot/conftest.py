"""A real SQLite database with the bot's tables, a clock that the test moves, and events."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import count
from typing import TYPE_CHECKING

import pytest

from bot.access import Access
from bot.personas import Personas
from config.persona import Persona, load_persona
from config.settings import AccessSettings
from connectors.base import Address, Command, IncomingMessage, Person
from knowledge.database import Database
from knowledge.models import Answer, CacheStatus, Verdict

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable
    from pathlib import Path

    from connectors.base import Handler, Reply
    from tests.bot.people_desk import PeopleDesk

NOW = datetime(2030, 6, 15, 12, 0, tzinfo=UTC)


class Clock:
    """Time stands still until a test moves it."""

    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> datetime:
        """Give the time that it is."""
        return self.now

    def advance(self, **parts: float) -> None:
        """Move on by the parts of a timedelta."""
        self.now += timedelta(**parts)


class ScriptedHelpdesk:
    """Stands where the articles would: answers what the test says, or does what it says."""

    def __init__(self) -> None:
        self.asked: list[dict[str, object]] = []
        self.act: Callable[[], Awaitable[None]] | None = None
        self.verdict = Verdict.ANSWERED
        self.confidence = 0.9
        self.pieces: tuple[str, ...] = ()

    async def answer(
        self,
        text: str,
        *,
        audience: frozenset[str] | None,
        persona: Persona,
        sources: frozenset[str] | None = None,
        on_text: Callable[[str], Awaitable[None]] | None = None,
    ) -> Answer:
        """Answer, or do what the test says; what is in `pieces` is said before."""
        self.asked.append({"text": text, "audience": audience, "persona": persona.name, "sources": sources})
        if self.act is not None:
            await self.act()
        for piece in self.pieces:
            if on_text is not None:
                await on_text(piece)
        words = f"The answer to {text!r}."
        return Answer(
            f"answer{len(self.asked)}",
            text,
            words,
            self.verdict,
            self.confidence,
            persona=persona.name,
            cache=CacheStatus.MISS,
        )


class Platform:
    """A chat platform in memory: keeps what is posted, can refuse, and can look for its posts."""

    name = "slack"

    def __init__(self) -> None:
        self.posts: list[tuple[Address, Reply]] = []
        self.found: dict[str, str] = {}
        self.refuse: Exception | None = None

    async def run(self, handler: Handler) -> None:
        """Refuse: these tests call the handler themselves."""
        raise NotImplementedError

    async def send(self, address: Address, reply: Reply) -> None:
        """Post, or refuse."""
        if self.refuse is not None:
            raise self.refuse
        self.posts.append((address, reply))

    async def find_post(self, address: Address, metadata_id: str) -> str | None:  # noqa: ARG002
        """Look for a post of ours."""
        return self.found.get(metadata_id)


_numbers = count(1)


def message(
    text: str = "How do I reset my password?",
    *,
    message_id: str | None = None,
    addressed: bool = True,
    direct: bool = False,
    platform: str = "slack",
    workspace: str | None = "T1",
    thread: str | None = None,
) -> IncomingMessage:
    """Give a message as a platform would deliver it."""
    address = Address(platform, "C1", thread, workspace)
    identity = message_id or f"m{next(_numbers)}"
    sender = Person("slack:T1/U1", "Ada")
    return IncomingMessage(identity, address, sender, text, NOW, addressed=addressed, direct=direct)


def command(
    name: str, arguments: str = "", *, platform: str = "console", person: str = "slack:T1/U1"
) -> Command:
    """Give a command as a platform would deliver it."""
    return Command(f"c{next(_numbers)}", Address(platform, "C1"), Person(person), name, arguments, NOW)


@pytest.fixture
def clock() -> Clock:
    """A clock that stands at NOW."""
    return Clock()


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    """An open SQLite database with all tables."""
    async with Database(Database.url_for("", tmp_path)) as opened:
        await opened.upgrade("knowledge:migrations", "knowledge_version")
        await opened.upgrade("bot:migrations", "bot_version")
        yield opened


@pytest.fixture
def persona() -> Persona:
    """The default persona."""
    return load_persona("friendly")


@pytest.fixture
def personas(persona: Persona) -> Personas:
    """The shipped personas, the friendly one first."""
    return Personas(persona, load_persona)


@pytest.fixture
def helpdesk() -> ScriptedHelpdesk:
    """A helpdesk that answers everything until told otherwise."""
    return ScriptedHelpdesk()


@pytest.fixture
def access() -> Access:
    """Nobody is an admin, everybody is public."""
    return Access(AccessSettings())


@pytest.fixture
async def desk(tmp_path: Path, clock: Clock) -> AsyncIterator[PeopleDesk]:
    """The whole bot but for the model; see `tests.bot.people_desk`."""
    from tests.bot.people_desk import DeskApp, PeopleDesk, desk_settings  # noqa: PLC0415 - it needs this module

    async with DeskApp(desk_settings(tmp_path / "data"), clock=clock) as app:
        yield PeopleDesk(app, await app.delivery(), clock)
