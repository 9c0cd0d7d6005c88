"""Replies that grow, over a real socket and in real time."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from connectors.discord import growing
from connectors.discord.format import GROWING
from tests.fakes.discord_payloads import CHANNEL
from tests.fakes.discord_rest import DROP, Fault

if TYPE_CHECKING:
    from connectors.base import Live
    from tests.connectors.discord.session import Session

POSTING = f"/channels/{CHANNEL}/messages"


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let an edit go out every twentieth of a second."""
    monkeypatch.setattr(growing, "SECONDS", 0.05)


def shown(session: Session) -> list[str]:
    """Give what was posted and edited, in order."""
    return [body.json.get("content") or "" for body in session.server.bodies if "/messages" in body.path]


async def until_shown(session: Session, number: int) -> None:
    """Wait until that many posts and edits are out."""
    async with asyncio.timeout(10), session.server.changed:
        await session.server.changed.wait_for(lambda: len(shown(session)) >= number)


@pytest.mark.usefixtures("quick")
async def test_an_answer_grows_where_it_was_asked(session: Session) -> None:
    """It is posted once, marked as unfinished, kept by its id, edited, and becomes the reply."""

    async def talk(live: Live) -> None:
        await live.say("Press ")
        await until_shown(session, 1)
        await live.say("**Forgot ")
        await live.say("password**.")
        await until_shown(session, 2)

    session.desk.talk = talk
    async with session.running():
        await session.server.until("identified", 1)
        await session.server.say("How do I reset it?")
        await session.until("sent")
    (post,) = session.server.posts
    assert shown(session) == [
        f"Press{GROWING}",
        f"Press **Forgot password**.{GROWING}",
        "Press **Forgot password**.",
    ]
    assert session.desk.steps == ["accept", "answer", f"begun {post['id']}", "sent"]


async def test_what_is_said_goes_out_once_a_second(session: Session) -> None:
    """However many pieces there are, and whoever makes them never waits."""

    async def talk(live: Live) -> None:
        for _ in range(120):
            await live.say("word ")
            await asyncio.sleep(0.01)

    session.desk.talk = talk
    async with session.running():
        await session.server.until("identified", 1)
        await session.server.say("How do I reset it?")
        await session.until("sent")
    assert len(shown(session)) == 3


@pytest.mark.usefixtures("quick")
async def test_progress_is_shown_to_whoever_gave_the_command(session: Session) -> None:
    """In place of what was told before; then comes the reply."""

    async def talk(live: Live) -> None:
        for number in (1, 2):
            await live.progress(f"embedding: {number} of 2 …")
            await until_shown(session, number)

    session.desk.talk = talk
    async with session.running():
        await session.server.until("identified", 1)
        command = {"type": 1, "name": "reindex", "options": []}
        data = {"id": "1", "type": 1, "name": "helpdesk-admin", "options": [command]}
        token = await session.server.interact(data)
        await session.until("sent")
    assert session.server.callbacks == [{"type": 5, "data": {"flags": 64}}]
    assert shown(session) == [f"embedding: 1 of 2 …{GROWING}", f"embedding: 2 of 2 …{GROWING}", "Done."]
    assert session.server.responses[token]["content"] == "Done."
    assert "begun" not in " ".join(session.desk.steps)


@pytest.mark.usefixtures("quick")
async def test_a_beginning_whose_response_is_lost_becomes_the_reply(session: Session) -> None:
    """Its nonce brings it back, and it is put right: one post."""
    session.server.faults.append(Fault("POST", POSTING, DROP))

    async def talk(live: Live) -> None:
        await live.say("Press ")
        await until_shown(session, 1)
        await asyncio.sleep(0.1)
        await live.say("it.")

    session.desk.talk = talk
    async with session.running():
        await session.server.until("identified", 1)
        await session.server.say("How do I reset it?")
        await session.until("sent")
    (post,) = session.server.posts
    assert post["content"] == "Press **Forgot password**."


@pytest.mark.usefixtures("quick")
async def test_a_connection_that_breaks_in_the_middle_of_an_answer_costs_nothing(session: Session) -> None:
    """The post goes on growing by REST, and is the only one."""

    async def talk(live: Live) -> None:
        await live.say("Press ")
        await until_shown(session, 1)
        await session.server.break_connection()
        await live.say("it.")
        await session.server.until("resumed", 1)

    session.desk.talk = talk
    async with session.running():
        await session.server.until("identified", 1)
        await session.server.say("How do I reset it?")
        await session.until("sent")
    (post,) = session.server.posts
    assert post["content"] == "Press **Forgot password**."
    assert session.desk.steps.count("answer") == 1
