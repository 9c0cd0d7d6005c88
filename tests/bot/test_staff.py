"""What the staff should know reaches the staff channel, once a day."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.event_json import load_address, load_reply
from bot.outbox import Outbox
from bot.staff import Staff
from connectors.base import Address

if TYPE_CHECKING:
    from knowledge.database import Database
    from tests.bot.conftest import Clock


async def test_the_staff_is_told_once_a_day(database: Database, clock: Clock) -> None:
    """The same words again the same day are not said, also by another process; the next day they are."""
    box = Outbox(database, clock)
    for _ in range(2):
        staff = Staff(box, "slack:T1/STAFF", clock)
        await staff.tell("The limit is reached.")
        await staff.tell("The limit is reached.")
    await staff.tell("Something else.")
    said = await box.claim(["slack"])
    assert [load_reply(row.reply).text for row in said] == ["The limit is reached.", "Something else."]
    assert {load_address(row.address) for row in said} == {Address("slack", "STAFF", None, "T1")}
    clock.advance(days=1)
    await staff.tell("The limit is reached.")
    assert await box.waiting() == 3


async def test_without_a_staff_channel_nobody_is_told(database: Database, clock: Clock) -> None:
    """Nothing waits in the outbox for a channel that there is not."""
    box = Outbox(database, clock)
    staff = Staff(box, "", clock)
    await staff.tell("The limit is reached.")
    assert not await staff.say("digest", "The week.")
    assert await box.waiting() == 0
