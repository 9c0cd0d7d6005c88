"""Who asked what had no answer is told once when there is one, and only of what they may read."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from bot.event_json import load_address, load_reply
from bot.people_parts import build_wish_watch
from bot.wishes import A_ROUND, MOST_OF_ONE, WishWatch
from connectors.base import Address, IncomingMessage, Person, Reply
from tests.bot.admin_desk import ADA, MEMBER, PLACE, Desk, clicked, open_desk

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

COFFEE = "Where is the coffee machine?"
BUTTON = "Tell me when there is an answer"


@pytest.fixture
async def desk(tmp_path: Path, request: pytest.FixtureRequest) -> AsyncIterator[Desk]:
    """A desk that knows how to reset a password, and nothing else."""
    async for opened in open_desk(tmp_path, request):
        await opened.do("sync")
        yield opened


async def ask(desk: Desk, text: str = COFFEE, person: str = MEMBER, platform: str = "slack") -> Reply:
    """Ask in the channel."""
    address = PLACE if platform == "slack" else Address(platform, "C1")
    event = IncomingMessage(f"w{desk.clock()}", address, Person(person), text, desk.clock())
    reply = await (await desk.app.delivery()).handle(event)
    assert reply is not None
    return reply


async def wish(desk: Desk, text: str = COFFEE, person: str = MEMBER) -> Reply:
    """Ask, and click the button."""
    name, answer_id = clicked(await ask(desk, text, person), BUTTON)
    return await desk.do(name, answer_id, person=person)


async def told(desk: Desk) -> list[tuple[Address, str]]:
    """Take what is to be said unasked."""
    box = await desk.app.outbox()
    rows = await box.claim(["slack"])
    for row in rows:
        await box.sent(row.id)
    return [(load_address(row.address), load_reply(row.reply).text) for row in rows]


async def watching(desk: Desk) -> WishWatch:
    """What looks at the wishes."""
    return await build_wish_watch(desk.app)


async def test_whoever_wished_is_told_once_when_an_article_answers(desk: Desk) -> None:
    """By a direct message, after a sync brought the article; a second look and a second wish tell nothing more."""
    assert "I will write to you" in (await wish(desk)).text
    await wish(desk)
    watch = await watching(desk)
    assert await watch.run_once() == 0
    (desk.folder / "coffee.md").write_text("# Coffee machine\n\nThe coffee machine is on the second floor.\n")
    await desk.do("sync")
    assert await watch.run_once() == 1
    ((address, text),) = await told(desk)
    assert address == Address("slack", "@U9", None, "T1")
    assert COFFEE in text
    assert "second floor" not in text
    assert await (await desk.app.wishes()).unchecked("another version") == [], "it is not looked at for ever"
    assert await watch.run_once() == 0
    assert await told(desk) == []


async def test_an_article_that_the_person_may_not_read_tells_nothing(desk: Desk) -> None:
    """An internal article answers a colleague's wish, and not that of somebody who holds `public` alone."""
    await wish(desk)
    await wish(desk, person=ADA)
    await desk.do("add", "Coffee machine\nThe coffee machine is on the second floor.", person=ADA)
    assert await (await watching(desk)).run_once() == 1
    ((address, _),) = await told(desk)
    assert address.channel == "@U1"


async def test_the_articles_are_looked_at_once_a_change(desk: Desk) -> None:
    """While nothing changes no question is asked again, and one look takes so many and no more."""
    wishes = await desk.app.wishes()
    for number in range(A_ROUND + 5):
        assert await wishes.add(
            f"Who is number {number}?", PLACE, f"slack:T1/P{number}", frozenset({"public"})
        )
    looked: list[str] = []

    async def never(one: object) -> bool:
        looked.append(str(one))
        return False

    index = await desk.app.index()
    watch = WishWatch(wishes, await desk.app.outbox(), await desk.app.leases(), index.version, never)
    for expected in (A_ROUND, A_ROUND + 5, A_ROUND + 5):
        await watch.run_once()
        assert len(looked) == expected
    await desk.do("add", "Tea\nThe tea is free.")
    await watch.run_once()
    assert len(looked) == 2 * A_ROUND + 5


async def test_wishes_are_forgotten_with_their_person_and_when_old(desk: Desk) -> None:
    """`forget me` counts them; after half a year nobody waits any more."""
    await wish(desk)
    assert "wishes to be told: 1" in (await desk.do("forget_me", person=MEMBER)).text
    wishes = await desk.app.wishes()
    assert await wishes.unchecked("v") == []
    await wish(desk)
    desk.clock.now = desk.clock.now.replace(year=2031)
    assert await wishes.prune() == 1


async def test_what_cannot_be_wished_is_refused(desk: Desk) -> None:
    """An unknown answer, one that was an answer, and more than twenty of one person; a terminal offers no button."""
    assert "do not know" in (await desk.do("wish", "nothing", person=MEMBER)).text
    answered = await ask(desk, "How do I reset my password?")
    assert BUTTON not in {action.label for action in answered.actions}
    assert "has an answer" in (await desk.do("wish", answered.reference, person=MEMBER)).text
    wishes = await desk.app.wishes()
    for number in range(MOST_OF_ONE):
        await wishes.add(f"Who is number {number}?", PLACE, MEMBER, None)
    assert "as many as I keep" in (await wish(desk)).text
    assert (await ask(desk, platform="console")).actions == ()
