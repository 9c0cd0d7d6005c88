"""Warm start, with the whole bot: who asks after a change, or in the morning, meets an entry that is ready."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import pytest
import structlog

from bot.app import App
from bot.people_parts import build_warming
from config.settings import Settings
from connectors.base import Address, IncomingMessage, Person
from knowledge.models import ArticleRef
from tests.knowledge.answering.conftest import article

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from bot.warming import Warming
    from connectors.base import Reply
    from knowledge.models import Article

CHANNEL = Address("slack", "C1", None, "T1")
STAFF = Address("slack", "C2", None, "T1")
VPN, PASSWORD = "How do I connect to the VPN?", "How do I reset my password?"


def vpn(server: str) -> Article:
    """Give the article on the VPN."""
    return article(
        "vpn", "Connect to the VPN", f"To connect to the VPN, enter the server {server} and press Go."
    )


class Desk:
    """A bot with two articles, and people in two channels."""

    def __init__(self, app: App, warming: Warming) -> None:
        self.app = app
        self.warming = warming
        self._number = 0

    async def put(self, *articles: Article) -> None:
        """Write articles into library and index."""
        library, index = await self.app.library(), await self.app.index()
        for each in articles:
            await library.put(each)
        await index.reconcile(library)

    async def ask(self, text: str, address: Address = CHANNEL, person: str = "U1") -> Reply:
        """Ask in a channel."""
        self._number += 1
        event = IncomingMessage(
            address=address,
            sender=Person(f"slack:T1/{person}"),
            text=text,
            message_id=str(self._number),
            received_at=self.app.clock(),
        )
        reply = await (await self.app.delivery()).handle(event)
        assert reply is not None
        return reply

    async def outcome(self, text: str, address: Address = CHANNEL) -> str:
        """Ask, and tell what the cache did."""
        await self.ask(text, address)
        asked = await (await self.app.questions()).last(address, None)
        assert asked is not None
        return asked.cache


@asynccontextmanager
async def desk_of(folder: Path, models: Path, **cache: object) -> AsyncIterator[Desk]:
    """Open a desk."""
    (folder / "data").mkdir()
    (folder / "data" / "models").symlink_to(models)
    settings = Settings.model_validate(
        {
            "data_dir": folder / "data",
            "cache": {"warm_at": "", **cache},
            "channels": [{"id": "slack:T1/C2", "audience": ["internal"]}],
            "limits": {"per_person": 0, "per_channel": 0},
        }
    )
    async with App(settings) as app:
        desk = Desk(app, await build_warming(app))
        await desk.put(vpn("one.example"), article("password", "Reset your password", "Press **Reset**."))
        yield desk


@pytest.fixture
def models(request: pytest.FixtureRequest) -> Path:
    """Where the exported model is kept."""
    cache = request.config.cache
    assert cache is not None
    return cache.mkdir("embedding-models")


async def test_who_asks_after_a_change_meets_a_warm_entry(tmp_path: Path, models: Path) -> None:
    """What was asked is answered afresh once the articles stand still, and nothing is done twice."""
    async with desk_of(tmp_path, models) as desk:
        for person in ("U1", "U2", "U3"):
            await desk.ask(VPN, person=person)
        await desk.ask(PASSWORD)
        await desk.put(vpn("two.example"))
        assert await desk.warming.run_once() is None, "the articles may be changing still"
        with structlog.testing.capture_logs() as logs:
            done = await desk.warming.run_once()
        assert done is not None
        assert (done.looked, done.failed, done.end) == (2, 0, "all")
        assert done.made >= 1
        (line,) = [log for log in logs if log["event"] == "answers_warmed"]
        assert (line["reason"], line["made"]) == ("articles", done.made)
        assert "VPN" not in str(line), "a log line holds nobody's words"
        assert await desk.warming.run_once() is None
        assert await desk.outcome(VPN) == "hit"
        assert "two.example" in (await desk.ask(VPN)).text


async def test_the_most_asked_come_first_and_no_more_than_set(tmp_path: Path, models: Path) -> None:
    """`warm` bounds what is answered afresh; the same words, from whoever, are one question."""
    async with desk_of(tmp_path, models, warm=1) as desk:
        await desk.ask(PASSWORD)
        for person in ("U1", "U2"):
            await desk.ask(VPN.lower() if person == "U2" else VPN, person=person)
        frequent = await desk.warming.frequent()
        assert [(entry.asked, entry.question.text.lower()) for entry in frequent] == [
            (2, VPN.lower()),
            (1, PASSWORD.lower()),
        ]
        await (await desk.app.answer_cache()).clear()
        done = await desk.warming.warm("articles")
        assert done is not None
        assert (done.made, done.end) == (1, "number")


async def test_each_place_is_warmed_for_its_own_readers(tmp_path: Path, models: Path) -> None:
    """What was asked in a channel of the staff is made for the staff, and stays there."""
    async with desk_of(tmp_path, models) as desk:
        secret = article(
            "vpn-staff",
            "VPN of the staff",
            "Staff connect to the VPN by staff.example.",
            audience=frozenset({"internal"}),
        )
        await desk.ask(VPN)
        await desk.ask(VPN, STAFF)
        await desk.put(secret)
        done = await desk.warming.warm("articles")
        assert done is not None
        assert done.looked == 2
        assert {entry.question.audience for entry in await desk.warming.frequent()} == {
            frozenset({"public"}),
            frozenset({"public", "internal"}),
        }
        assert "staff.example" not in (await desk.ask(VPN)).text
        assert await desk.outcome(VPN) == "hit"
        assert await desk.outcome(VPN, STAFF) == "hit"


async def test_an_operators_questions_and_small_talk_are_left_out(tmp_path: Path, models: Path) -> None:
    """The terminal sees every audience; nobody in a chat would meet that entry. What was forgotten is gone."""
    async with desk_of(tmp_path, models) as desk:
        await desk.ask(VPN, Address("console", "terminal", None, None))
        await desk.ask("hello")
        assert await desk.warming.frequent() == []


async def test_people_go_first(tmp_path: Path, models: Path) -> None:
    """While somebody is being answered, nothing is warmed; the time that a run may take passes meanwhile."""
    async with desk_of(tmp_path, models, warm_seconds=0.3) as desk:
        await desk.ask(VPN)
        answers = await desk.app.cached_answers()
        answers._quiet.clear()
        done = await desk.warming.warm("articles")
        assert done is not None
        assert (done.looked, done.end) == (0, "time")
        answers._quiet.set()
        done = await desk.warming.warm("articles")
        assert done is not None
        assert done.looked == 1


async def test_what_is_spent_is_left_to_people(tmp_path: Path, models: Path) -> None:
    """Where half of the language model's day is spent, nothing is warmed; nor by two processes at once."""
    async with desk_of(tmp_path, models) as desk:
        await desk.ask(VPN)

        async def spent() -> bool:
            return False

        desk.warming._may_spend = spent
        done = await desk.warming.warm("articles")
        assert done is not None
        assert (done.looked, done.end) == (0, "budget")
        async with (await desk.app.leases()).hold("warming") as lease:
            assert lease is not None
            assert await desk.warming.warm("articles") is None


async def test_at_night_what_ended_is_made_again(tmp_path: Path, models: Path) -> None:
    """By the clock, too: entries end by age, and the morning's first asker should not be the one who waits."""
    async with desk_of(tmp_path, models, warm_at="1h") as desk:
        await desk.ask(VPN)
        desk.warming._warmed = desk.warming._version()
        desk.warming._night = desk.warming._due()
        assert await desk.warming.run_once() is None
        await (await desk.app.answer_cache()).clear()
        desk.warming._night = None
        with structlog.testing.capture_logs() as logs:
            done = await desk.warming.run_once()
        assert done is not None
        assert done.made == 1
        assert [log["reason"] for log in logs if log["event"] == "answers_warmed"] == ["schedule"]
        assert await desk.outcome(VPN) == "hit"


async def test_an_article_that_went_is_not_in_a_warm_answer(tmp_path: Path, models: Path) -> None:
    """Warming goes the way of every question: what it leaves in the cache is checked like the rest."""
    async with desk_of(tmp_path, models) as desk:
        await desk.ask(VPN)
        await desk.warming.warm("articles")
        await (await desk.app.library()).remove(ArticleRef("desk", "vpn"))
        assert "one.example" not in (await asyncio.wait_for(desk.ask(VPN), 30)).text
