"""More questions than the bot can answer: the whole bot, in Slack."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import select

from bot.tables import inbox
from bot.turns import Turns
from config.desk import LimitSettings
from tests.connectors.slack.test_modes import settled
from tests.connectors.slack.test_whole_bot import ASKER, Whole, whole
from tests.fakes.slack.workspace import BOT_USER, Channel

if TYPE_CHECKING:
    from tests.fakes.slack_server import FakeSlack

__all__ = ["whole"]
QUESTION = f"<@{BOT_USER}> How do I reset my password?"


async def turns_of(whole: Whole, says_so_after: float = 60.0, **limits: float) -> Turns:
    """Let one question in at a time."""
    router = (await whole.app.delivery())._router
    router._turns = Turns(LimitSettings(at_once=1, **limits), says_so_after)
    return router._turns


async def test_what_is_said_while_one_waits_becomes_the_reply(whole: Whole, slack: FakeSlack) -> None:
    """A direct conversation has a word after a while, and in the end one reply: the answer, in that word's place."""
    turns, channel = await turns_of(whole, 0.0), slack.workspace.direct(ASKER).id
    async with turns.take("elsewhere"):
        await slack.say(ASKER, "How do I reset my password?", channel)
        await slack.until(lambda: slack.posts(channel))
        assert "in line" in str(slack.posts(channel))
    await settled(whole)
    (post,) = slack.posts(channel)
    assert "red button" in str(post)
    assert "in line" not in str(post)


async def test_in_a_channel_the_status_tells_that_it_is_being_worked_on(
    whole: Whole, slack: FakeSlack
) -> None:
    """What is said of a wait would go to the asker alone there, and the answer with it: it stays in its thread."""
    turns = await turns_of(whole, 0.0)
    async with turns.take("elsewhere"):
        asked = await slack.say(ASKER, QUESTION)
        await slack.until(lambda: turns.waiting and slack.workspace.statuses)
    await settled(whole)
    (post,) = slack.posts()
    assert (post["thread_ts"], "red button" in str(post)) == (asked["ts"], True)


async def test_who_waits_in_vain_gets_one_honest_reply(whole: Whole, slack: FakeSlack) -> None:
    """It asks to come again, the question is done with, and the next one is answered."""
    turns = await turns_of(whole, patience_seconds=0.05)
    async with turns.take("elsewhere"):
        await slack.say(ASKER, QUESTION)
        await slack.until(slack.posts)
        await settled(whole)
    (post,) = slack.posts()
    assert "Please try again in a minute" in str(post)
    async with (await whole.app.database()).read() as connection:
        assert (await connection.execute(select(inbox.c.state))).scalars().all() == ["sent"]
    await slack.say(ASKER, QUESTION)
    await slack.until(lambda: len(slack.posts()) == 2)
    assert "red button" in str(slack.posts()[-1])


async def test_a_busy_channel_starves_no_other(whole: Whole, slack: FakeSlack) -> None:
    """Six questions in one channel, then one in another: that is the second to be answered; all seven are."""
    slack.workspace.channels["C9"] = Channel("C9", {ASKER, BOT_USER})
    turns = await turns_of(whole)
    async with turns.take("elsewhere"):
        for number in range(6):
            await slack.say(ASKER, f"{QUESTION} {number}")
        await slack.until(lambda: turns.waiting == 6)
        await slack.say(ASKER, f"{QUESTION} elsewhere", "C9")
        await slack.until(lambda: turns.waiting == 7)
    await slack.until(lambda: len(slack.posts()) == 6 and slack.posts("C9"))
    helpdesk = await whole.app.helpdesk()
    assert [text.rsplit(" ", 1)[-1] for text in helpdesk.asked].index("elsewhere") == 1
    assert len(helpdesk.asked) == 7
