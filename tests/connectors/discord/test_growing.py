"""Replies that are shown while they are made."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from connectors.base import Reply
from connectors.discord import answering, growing
from connectors.discord.format import GROWING, is_growing
from connectors.discord.growing import Growing
from tests.fakes.discord_desk import ANSWER

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractAsyncContextManager

    from connectors.base import Live
    from tests.connectors.discord.conftest import World

    Open = Callable[..., AbstractAsyncContextManager[World]]

pytestmark = pytest.mark.counterpart("simcord")


async def shown(world: World, number: int) -> None:
    """Wait until that many posts and edits are out."""
    async with asyncio.timeout(10):
        while sum(GROWING.strip() in str(request.json) for request in world.env.http_requests) < number:
            await asyncio.sleep(0.01)


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let an edit go out every tenth of a second."""
    monkeypatch.setattr(growing, "SECONDS", 0.1)


@pytest.mark.usefixtures("quick")
async def test_a_long_answer_ends_in_further_posts(discord_world: Open) -> None:
    """The first looks unfinished until the others are out."""
    async with discord_world() as world:

        async def talk(live: Live) -> None:
            await live.say("word " * 1_000)
            await shown(world, 1)

        world.desk.talk = talk
        world.desk.answer_with = Reply("word " * 1_000)
        await world.ada.send_dm("How do I reset it?")
        posts = world.said(world.ada.user.dm_channel)
        assert len(posts) == 3
        assert not any(is_growing(post.content) for post in posts)
        methods = [
            request.method
            for request in world.env.http_requests
            if "/messages" in request.path and request.method in {"POST", "PATCH"}
        ]
        assert methods == ["POST", "POST", "POST", "PATCH"]


@pytest.mark.usefixtures("quick")
async def test_progress_is_not_shown_where_others_read(discord_world: Open) -> None:
    """A command said in a channel is answered in private, and so is what it does."""
    async with discord_world() as world:

        async def talk(live: Live) -> None:
            await live.progress("embedding: 1 of 2 …")
            await asyncio.sleep(0.05)

        world.desk.talk = talk
        world.desk.answer_with = world.desk.command_with
        await world.ada.send(world.channel, f"{world.mention} reindex")
        assert world.said(world.channel) == []
        assert [message.content for message in world.said(world.ada.user.dm_channel)] == ["Done."]


@pytest.mark.usefixtures("quick")
async def test_a_post_left_half_made_is_finished_by_the_next_process(discord_world: Open) -> None:
    """It is not taken for the reply, and becomes it."""
    async with discord_world() as world:

        async def die(live: Live) -> None:
            await live.say("Press ")
            await shown(world, 1)
            raise OSError("the process dies here")

        world.desk.talk = die
        await world.ada.send(world.channel, f"{world.mention} How do I reset it?")
        (half,) = world.said(world.thread)
        assert is_growing(half.content)
        assert world.desk.steps[-1] == "unsent"
        event = world.desk.message
        await world.env.restart_bot(world.connector.client(world.desk))
        assert await world.connector.find_post(event.address, world.desk.metadata_id(event)) is None
        assert await world.connector.reply(event, ANSWER, str(half.id)) == str(half.id)
        (reply,) = world.said(world.thread)
        assert reply.content == "Press **Forgot password**."
        assert await world.connector.find_post(event.address, world.desk.metadata_id(event)) == str(half.id)


@pytest.mark.usefixtures("quick")
async def test_a_half_made_post_that_somebody_deleted_is_made_anew(discord_world: Open) -> None:
    """Its nonce would bring the deleted one back, so it gets another."""
    async with discord_world() as world:
        await world.ada.send(world.channel, f"{world.mention} How do I reset it?")
        (reply,) = world.said(world.thread)
        await world.admin_of_messages().delete(reply)
        again = await world.connector.reply(world.desk.message, ANSWER, str(reply.id))
        assert [str(message.id) for message in world.said(world.thread)] == [again]


@pytest.mark.usefixtures("quick")
async def test_a_post_that_cannot_be_edited_costs_no_reply(discord_world: Open) -> None:
    """After a failure nothing more is shown until the whole reply is there."""
    async with discord_world() as world:
        world.env.inject_error("PATCH", "/webhooks/*", status=500, times=1)

        async def talk(live: Live) -> None:
            await live.say("Press ")
            await asyncio.sleep(0.2)
            await live.say("it.")

        world.desk.talk = talk
        result = await world.ada.slash(world.channel, "ask", question="How do I reset it?")
        assert result.response.content == "Press **Forgot password**."


async def test_it_shows_that_it_writes(discord_world: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    """To whoever spoke to it, when the answer takes a moment."""
    monkeypatch.setattr(answering, "TYPING_AFTER", 0.01)
    async with discord_world() as world:
        world.desk.before_answer = lambda: asyncio.sleep(0.1)
        await world.ada.send(world.channel, f"{world.mention} How do I reset it?")
        assert len(world.requests("POST", f"/channels/{world.channel.id}/typing")) == 1
        world.desk.before_answer = None
        await world.ada.send(world.thread, "And on a phone?")
        assert len(world.requests("POST", "/typing")) == 1


async def test_what_follows_the_end_is_not_shown() -> None:
    """The reply is there already."""
    put: list[str] = []

    class Wall:
        async def open(self, text: str) -> str:
            put.append(text)
            return "1"

        async def change(self, text: str) -> None:
            put.append(text)

    async def begun(message_id: str) -> None:
        put.append(message_id)

    async with Growing(Wall(), begun) as live:
        await live.say("one")
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        await live.say(" two")
    await live.say(" three")
    await live.progress("four")
    assert put == ["one", "1"]
    assert live.message_id == "1"
