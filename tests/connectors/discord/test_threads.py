"""What was said before, what was put right, and what was deleted."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from connectors.base import Reply, Said

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractAsyncContextManager

    from tests.connectors.discord.conftest import World

    Open = Callable[..., AbstractAsyncContextManager[World]]

pytestmark = pytest.mark.counterpart("simcord")


async def test_a_question_in_a_thread_comes_with_what_was_said_there(discord_world: Open) -> None:
    """The newest fifteen lines, by whoever asks, the bot and others, the oldest first."""
    async with discord_world() as world:
        bob = world.guild.add_member(world.env.create_user("bob"))
        await world.ada.send(world.channel, f"{world.mention} How do I reset it?")
        await bob.send(world.thread, f"{world.ada.mention} did you try it?")
        await world.ada.send(world.thread, "And on a phone?")
        assert world.desk.message.earlier == (
            Said("bot", "Press **Forgot password**."),
            Said("other", "@ada did you try it?"),
        )
        for number in range(20):
            await bob.send(world.thread, f"{world.ada.mention} line {number}")
        await world.ada.send(world.thread, "And now?")
        assert len(world.desk.message.earlier) == 15
        assert world.desk.message.earlier[-1] == Said("other", "@ada line 19")


async def test_a_thread_that_cannot_be_read_costs_no_reply(discord_world: Open) -> None:
    """The question is answered without what was said before."""
    async with discord_world() as world:
        await world.ada.send(world.channel, f"{world.mention} How do I reset it?")
        world.env.inject_error("GET", "/channels/*/messages", status=403, code=50001, times=1)
        await world.ada.send(world.thread, "And on a phone?")
        assert world.desk.message.earlier == ()
        assert len(world.said(world.thread)) == 2


async def test_a_question_put_right_is_answered_in_the_same_post(discord_world: Open) -> None:
    """Within a minute the reply is changed, its further parts too."""
    async with discord_world() as world:
        world.desk.answer_with = Reply("word " * 1_000)
        asked = await world.ada.send(world.channel, f"{world.mention} How do I rest it?")
        before = world.said(world.thread)
        assert len(before) == 3
        world.desk.answer_with = Reply("Press **Forgot password**.")
        await world.ada.edit(asked, f"{world.mention} How do I reset it?")
        assert world.desk.message.text == "How do I reset it?"
        assert world.desk.message.message_id.startswith(f"{asked.id}/edit/")
        (reply,) = world.said(world.thread)
        assert (reply.id, reply.content) == (before[0].id, "Press **Forgot password**.")
        assert world.desk.steps == ["accept", "answer", "sent"] * 2


async def test_a_question_put_right_in_a_later_process_is_answered_in_the_same_post(
    discord_world: Open,
) -> None:
    """The sweeper takes up an edit that was accepted, and finds the reply."""
    async with discord_world() as world:
        asked = await world.ada.send(world.channel, f"{world.mention} How do I rest it?")
        await world.ada.edit(asked, f"{world.mention} How do I reset it?")
        event = world.desk.message
        assert await world.connector.find_post(event.address, world.desk.metadata_id(event)) is None
        await world.env.restart_bot(world.connector.client(world.desk))
        await world.connector.reply(event, Reply("Press it."))
        assert [message.content for message in world.said(world.thread)] == ["Press it."]


async def test_a_mention_that_comes_by_an_edit_is_answered(discord_world: Open) -> None:
    """Somebody forgot it."""
    async with discord_world() as world:
        asked = await world.ada.send(world.channel, "How do I reset it?")
        await world.ada.edit(asked, f"{world.mention} How do I reset it?")
        assert len(world.said(world.thread)) == 1
        assert world.desk.message.message_id == str(asked.id)


async def test_an_edit_after_a_minute_is_not_answered(discord_world: Open) -> None:
    """The talk has gone on."""
    async with discord_world() as world:
        asked = await world.ada.send(world.channel, f"{world.mention} How do I rest it?")
        await world.env.advance_time(61)
        await world.ada.edit(asked, f"{world.mention} How do I reset it?")
        assert world.desk.steps == ["accept", "answer", "sent"]


async def test_an_edit_waits_for_the_answer_to_what_it_changes(discord_world: Open) -> None:
    """Two answers at once would be two posts."""
    async with discord_world() as world:
        done = asyncio.Event()
        world.desk.before_answer = lambda: world.env.external_wait(done.wait(), reason="a slow model")
        sending = asyncio.create_task(world.ada.send(world.channel, f"{world.mention} How do I rest it?"))
        asked = await sending
        assert world.desk.steps == ["accept", "answer"]
        done.set()
        await world.ada.edit(asked, f"{world.mention} How do I reset it?")
        await world.env.settle()
        assert len(world.said(world.thread)) == 1
        assert world.desk.steps == ["accept", "answer", "sent"] * 2


async def test_a_deleted_question_is_forgotten(discord_world: Open) -> None:
    """Where it was, by the channel and the thread."""
    async with discord_world() as world:
        asked = await world.ada.send(world.channel, f"{world.mention} How do I reset it?")
        more = await world.ada.send(world.thread, "And on a phone?")
        await world.ada.delete(more)
        await world.ada.delete(asked)
        (first, second) = world.desk.gone
        assert first[1] == str(more.id)
        assert (first[0].channel, first[0].thread) == (str(world.channel.id), str(world.thread.id))
        assert (second[0].channel, second[0].thread, second[1]) == (
            str(world.channel.id),
            None,
            str(asked.id),
        )
