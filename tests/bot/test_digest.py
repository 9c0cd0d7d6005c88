"""The staff is told of the week when it is due, once, and of nothing that not all of them may read."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from bot.app import App
from bot.digest import due_moment
from bot.event_json import load_address, load_reply
from config.durations import Schedule
from connectors.base import Address
from knowledge.models import Article
from tests.bot.admin_desk import Desk, open_desk
from tests.bot.test_gaps import asked

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

MONDAY = datetime(2030, 6, 17, 9, 0, tzinfo=UTC)


@pytest.fixture
async def desk(tmp_path: Path, request: pytest.FixtureRequest) -> AsyncIterator[Desk]:
    """A desk with a staff channel that reads `public`, on a Monday before nine."""
    async for opened in open_desk(tmp_path, request):
        settings = opened.app.settings.desk.model_copy(
            update={"staff_channel": "slack:T1/STAFF", "digest": "0 9 * * mon", "stale_after": "30d"}
        )
        opened.app.settings = opened.app.settings.model_copy(update={"desk": settings})
        await opened.do("sync")
        opened.clock.now = MONDAY - timedelta(minutes=5)
        yield opened


async def told(desk: Desk) -> list[str]:
    """What is to be said in the staff channel."""
    rows = await (await desk.app.outbox()).claim(["slack"])
    assert {load_address(row.address) for row in rows} <= {Address("slack", "STAFF", None, "T1")}
    return [load_reply(row.reply).text for row in rows]


async def test_it_is_told_once_when_it_is_due(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """Not before its time; then by one of two processes, also after a restart; the next week again."""
    monkeypatch.setenv("TZ", "UTC")
    first = await desk.app.digest()
    assert not await first.run_once()
    desk.clock.now = MONDAY
    async with App(desk.app.settings, clock=desk.clock) as other:
        second = await other.digest()
        assert [await first.run_once(), await second.run_once(), await first.run_once()] == [
            True,
            False,
            False,
        ]
    assert len(await told(desk)) == 1
    desk.clock.now = MONDAY + timedelta(days=7, hours=1)
    assert await first.run_once()


async def test_it_counts_and_names_what_all_there_may_read(desk: Desk) -> None:
    """Counts of the seven days, public gaps, old public articles; private words and internal titles never."""
    await asked(desk, "Where is the coffee machine?", public=True)
    await asked(desk, "Where is the coffee machine?", public=True, verdict="answered")
    await asked(desk, "May I see my divorce papers?", public=False)
    await asked(desk, "Hello", verdict="smalltalk")
    await asked(desk, "Long ago?", asked_at=(MONDAY - timedelta(days=8)).timestamp(), public=False)
    library = await desk.app.library()
    for name, audience in (("Fax machines", "public"), ("Vault codes", "internal")):
        old = MONDAY - timedelta(days=400)
        await library.put(Article("help", name, name, "Text.", "r1", frozenset({audience}), updated_at=old))
    text = await (await desk.app.digest()).text()
    assert "asked: 3 · answered: 1 · unsure: 0 · declined: 2 · failed: 0 · handed to people: 0" in text
    assert "coffee machine" in text
    assert "Fax machines" in text
    assert "updated 1 year ago" in text
    for hidden in ("divorce", "Vault"):
        assert hidden not in text


async def test_without_a_channel_or_a_time_there_is_none(desk: Desk) -> None:
    """Either switches it off."""
    desk.clock.now = MONDAY
    for off in ({"staff_channel": ""}, {"digest": ""}):
        settings = desk.app.settings.desk.model_copy(update=off)
        assert settings.schedule is None


@pytest.mark.parametrize(
    ("text", "now", "due"),
    [
        ("0 9 * * mon", MONDAY, MONDAY),
        ("0 9 * * mon", MONDAY - timedelta(seconds=1), None),
        ("0 9 * * mon", MONDAY + timedelta(hours=23), MONDAY),
        ("0 9 * * mon", MONDAY + timedelta(hours=25), None),
        ("0 9,10 * * *", MONDAY + timedelta(hours=2), MONDAY + timedelta(hours=1)),
        ("1d", MONDAY, MONDAY.replace(hour=0)),
    ],
)
def test_when_it_is_due(text: str, now: datetime, due: datetime | None) -> None:
    """The newest moment of the schedule, made up for within a day."""
    assert due_moment(Schedule.parse(text), now, UTC) == due
