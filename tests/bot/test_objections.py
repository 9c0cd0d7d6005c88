"""Two people's "wrong" makes evidence unsure until it is revised; the cached answer goes at the first."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from bot.event_json import load_reply
from connectors.base import Address, IncomingMessage, Person, Reply
from tests.bot.admin_desk import ADA, GRACE, MEMBER, PLACE, SOURCES, Desk, open_desk

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

OTHER = "slack:T1/U8"
ASKED = "How do I reset my password?"
UNSURE = "People told me that this is wrong"


@pytest.fixture
async def desk(tmp_path: Path, request: pytest.FixtureRequest) -> AsyncIterator[Desk]:
    """A desk with a staff channel and one article."""
    async for opened in open_desk(tmp_path, request):
        desk = replace_desk(opened)
        await desk.do("sync")
        yield desk


def replace_desk(opened: Desk) -> Desk:
    """Give the desk a staff channel."""
    app = opened.app
    app.settings = app.settings.model_copy(
        update={"desk": app.settings.desk.model_copy(update={"staff_channel": "slack:T1/STAFF"})}
    )
    return opened


async def ask(desk: Desk, person: str = MEMBER, text: str = ASKED) -> Reply:
    """Ask in the channel."""
    event = IncomingMessage(f"o{desk.clock()}", PLACE, Person(person), text, desk.clock())
    reply = await (await desk.app.delivery()).handle(event)
    assert reply is not None
    return reply


async def told(desk: Desk) -> list[str]:
    """What waits to be said to the staff."""
    return [load_reply(row.reply).text for row in await (await desk.app.outbox()).claim(["slack"])]


async def call_it(desk: Desk, answer: Reply, person: str, reason: str = "wrong") -> None:
    """Rate an answer with the form."""
    fields = {"reason": reason, "comment": ""}
    assert "Noted" in (await desk.do("not_helpful", answer.reference, person=person, fields=fields)).text


async def test_two_people_make_it_unsure_and_a_revision_ends_that(desk: Desk) -> None:
    """The first takes the cached answer out, the second makes it unsure for all and tells the staff, once."""
    cache = await desk.app.answer_cache()
    first = await ask(desk)
    assert await cache.size() == 1
    await call_it(desk, first, MEMBER)
    assert await cache.size() == 0
    second = await ask(desk, OTHER)
    assert UNSURE not in second.text
    await call_it(desk, first, MEMBER, "outdated")
    assert await cache.size() == 1, "one removal for each person and answer"
    assert await told(desk) == []

    await call_it(desk, second, OTHER)
    assert await cache.size() == 0
    assert UNSURE in (await ask(desk)).text
    (words,) = await told(desk)
    assert ASKED in words
    assert "Reset your password" in words

    (desk.folder / "reset-password.md").write_text(SOURCES + "\nIt was checked today.\n")
    await desk.do("sync")
    assert UNSURE not in (await ask(desk)).text
    assert await (await desk.app.objections()).doubted() == []


async def test_one_person_is_not_two(desk: Desk) -> None:
    """Neither by objecting twice, nor to two copies of one answer; other reasons doubt nothing."""
    for _ in range(3):
        await call_it(desk, await ask(desk), MEMBER)
    await call_it(desk, await ask(desk), OTHER, "incomplete")
    assert UNSURE not in (await ask(desk)).text
    assert await told(desk) == []


async def test_whoever_takes_it_back_does_not_count(desk: Desk) -> None:
    """A person who says "helpful" after "wrong" objects no more; being forgotten takes nothing back."""
    first = await ask(desk)
    await call_it(desk, first, MEMBER)
    await call_it(desk, first, OTHER)
    assert UNSURE in (await ask(desk)).text
    forgotten = await desk.do("forget_me", person=OTHER)
    assert "objections to answers: 1" in forgotten.text
    assert UNSURE in (await ask(desk)).text
    await desk.do("helpful", first.reference, person=MEMBER)
    assert UNSURE not in (await ask(desk)).text


async def test_another_process_sees_it(desk: Desk) -> None:
    """What another replica was told counts here after its refresh."""
    from bot.objections import Objections  # noqa: PLC0415 - the other process

    other = Objections(await desk.app.database(), await desk.app.library(), desk.clock)
    answer = await ask(desk)
    for person in (MEMBER, OTHER):
        await call_it(desk, answer, person)
    assert await other.doubted() == []
    assert await other.refresh()
    assert len(await other.doubted()) == 1
    assert not await other.refresh()


async def test_the_staff_reads_what_all_there_may_read(desk: Desk) -> None:
    """Neither a private question nor the title of an internal article is told in a public staff channel."""
    await desk.do("add", "The vault code\nThe vault code is kept by Grace in the green safe.", person=ADA)
    private = Address("slack", "D1", None, "T1")
    answers = []
    for person in (ADA, GRACE):
        event = IncomingMessage(
            f"v{person}", private, Person(person), "Who keeps the vault code?", desk.clock(), direct=True
        )
        reply = await (await desk.app.delivery()).handle(event)
        assert reply is not None
        answers.append(reply)
    await call_it(desk, answers[0], ADA)
    await call_it(desk, answers[1], GRACE)
    (words,) = await told(desk)
    assert "vault" not in words.casefold()
    assert "an article of local" in words
