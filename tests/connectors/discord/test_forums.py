"""Forums and channels in auto-answer mode: posts answered, tagged, or left alone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from connectors.base import Action, Reply

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractAsyncContextManager

    from tests.connectors.discord.conftest import World

    Open = Callable[..., AbstractAsyncContextManager[World]]

pytestmark = pytest.mark.counterpart("simcord")
NO_ANSWER = Reply("I found nothing.", actions=(Action("human", "Talk to a human"),))


class Forum:
    """A forum with the two tags, in which a member posts."""

    def __init__(self, world: World, *tags: str, moderated: bool = False) -> None:
        self.world = world
        self.channel: Any = world.guild.create_forum_channel("help")
        self.backend: Any = world.env.backend
        stored = self.backend.get_channel(self.channel.id)
        stored.available_tags = [
            {
                "id": str(self.backend.snowflake()),
                "name": name,
                "moderated": moderated,
                "emoji_id": None,
                "emoji_name": None,
            }
            for name in tags
        ]
        self.names = {int(tag["id"]): tag["name"] for tag in stored.available_tags}
        self.backend.announce_channel_update(self.channel.id)

    async def post(self, text: str) -> Any:
        """Let the member open a post; gives its thread."""
        backend, member = self.backend, self.world.ada
        thread = backend.create_thread(self.channel.id, "A question", member.id, broadcast=False)
        backend.announce_thread_create(thread)
        first = backend.prepare_message(thread.id, member.id, text)
        first.id = thread.id  # so it is in Discord
        backend.commit_message(first)
        await self.world.env.settle()
        (found,) = [each for each in self.channel.threads if each.id == thread.id]
        return found

    def tags(self, thread: Any) -> list[str]:
        """Give the names of a post's tags."""
        return [self.names[int(tag)] for tag in self.backend.get_channel(thread.id).applied_tags]


async def test_an_answered_post_is_tagged(discord_world: Open) -> None:
    """The first message of a post opens a thread of its own, and is answered there without a mention."""
    async with discord_world() as world:
        world.desk.auto = True
        forum = Forum(world, "Answered", "Needs a human", "other")
        thread = await forum.post("How do I reset it?")
        (reply,) = world.said(thread)
        assert reply.content == "Press **Forgot password**."
        assert world.desk.message.starts_thread
        assert not world.desk.message.addressed
        address = world.desk.message.address
        assert (address.channel, address.thread) == (str(forum.channel.id), str(thread.id))
        assert forum.tags(thread) == ["Answered"]
        (patch,) = world.requests("PATCH", f"/channels/{thread.id}")
        assert list(patch.json) == ["applied_tags"]


async def test_a_post_that_the_articles_do_not_answer_waits_for_a_human(discord_world: Open) -> None:
    """The bot is silent, and the tag tells the staff."""
    async with discord_world() as world:
        world.desk.auto = True
        world.desk.answer_with = None
        forum = Forum(world, "answered", "needs a human")
        thread = await forum.post("What is the weather like?")
        assert world.said(thread) == []
        assert forum.tags(thread) == ["needs a human"]
        assert world.requests("POST", "/typing") == []


async def test_whoever_asks_for_a_person_changes_the_tag(discord_world: Open) -> None:
    """The post is not answered any more; when it is, it says so again."""
    async with discord_world() as world:
        world.desk.auto = True
        forum = Forum(world, "answered", "needs a human")
        thread = await forum.post("How do I reset it?")
        (reply,) = world.said(thread)
        await world.ada.click(reply, label="Talk to a human")
        assert forum.tags(thread) == ["needs a human"]
        await world.ada.send(thread, f"{world.mention} and on a phone?")
        assert forum.tags(thread) == ["answered"]
        world.desk.answer_with = NO_ANSWER
        await world.ada.send(thread, f"{world.mention} and on a fridge?")
        assert forum.tags(thread) == ["needs a human"]


async def test_a_forum_without_such_tags_is_left_alone(discord_world: Open) -> None:
    """So is one in which the bot may not tag."""
    async with discord_world() as world:
        world.desk.auto = True
        forum = Forum(world, "bug")
        thread = await forum.post("How do I reset it?")
        assert len(world.said(thread)) == 1
        assert world.requests("PATCH", f"/channels/{thread.id}") == []


async def test_a_tag_that_is_refused_costs_no_reply(discord_world: Open) -> None:
    """Discord may say no for reasons of its own."""
    async with discord_world() as world:
        world.desk.auto = True
        forum = Forum(world, "answered")
        world.env.inject_error("PATCH", "/channels/*", status=403, code=50013, times=1)
        thread = await forum.post("How do I reset it?")
        assert len(world.said(thread)) == 1
        assert world.desk.steps == ["accept", "answer", "sent"]


async def test_a_text_channel_in_auto_mode_is_answered_in_a_thread(discord_world: Open) -> None:
    """When there is an answer; else nothing is said, and no thread is opened."""
    async with discord_world() as world:
        world.desk.auto = True
        await world.ada.send(world.channel, "How do I reset it?")
        assert len(world.said(world.thread)) == 1
        world.desk.answer_with = None
        await world.ada.send(world.channel, "What is the weather like?")
        assert len(world.channel.threads) == 1
        assert world.said(world.channel) == []
