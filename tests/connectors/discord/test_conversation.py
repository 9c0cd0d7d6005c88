"""Messages on Discord: who is answered, where, and once."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from connectors.base import Reply
from tests.fakes.discord_desk import ANSWER

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractAsyncContextManager

    from tests.connectors.discord.conftest import World

    Open = Callable[..., AbstractAsyncContextManager[World]]

pytestmark = pytest.mark.counterpart("simcord")


async def test_a_mention_is_answered_in_a_thread_made_from_it(discord_world: Open) -> None:
    """The reply stands in a thread named by the question, with its dated source and its buttons."""
    async with discord_world() as world:
        asked = await world.ada.send(world.channel, f"{world.mention} How do I reset it?")
        (reply,) = world.said(world.thread)
        assert world.said(world.channel) == []
        assert world.thread.id == asked.id
        assert world.thread.name == "How do I reset it?"
        assert reply.content == "Press **Forgot password**."
        assert "updated 3 weeks ago" in reply.embeds[0].description
        assert [button.label for button in reply.components[0].children] == [
            "👍 Helpful",
            "👎 Not helpful",
            "Talk to a human",
        ]
        assert world.desk.message.text == "How do I reset it?"
        assert world.desk.message.starts_thread
        assert world.desk.steps == ["accept", "answer", "sent"]
        assert world.desk.posts == [str(reply.id)]


async def test_the_thread_goes_on_without_mentions(discord_world: Open) -> None:
    """In a thread that the bot opened a follow-up needs no mention, and is answered there."""
    async with discord_world() as world:
        await world.ada.send(world.channel, f"{world.mention} How do I reset it?")
        await world.ada.send(world.thread, "And on a phone?")
        assert len(world.said(world.thread)) == 2
        assert world.desk.message.address.channel == str(world.channel.id)
        assert world.desk.message.address.thread == str(world.thread.id)
        assert not world.desk.message.starts_thread


async def test_who_names_another_person_in_the_thread_speaks_to_them(discord_world: Open) -> None:
    """The bot keeps out of what people say to each other."""
    async with discord_world() as world:
        bob = world.guild.add_member(world.env.create_user("bob"))
        await world.ada.send(world.channel, f"{world.mention} How do I reset it?")
        await world.ada.send(world.thread, f"{bob.mention} did you try it?")
        assert len(world.said(world.thread)) == 1


async def test_what_is_not_said_to_the_bot_gets_no_reply(discord_world: Open) -> None:
    """A message without a mention is not answered."""
    async with discord_world() as world:
        await world.ada.send(world.channel, "How do I reset it?")
        assert world.desk.steps == []
        assert world.said(world.channel) == []


async def test_a_direct_message_is_a_conversation(discord_world: Open) -> None:
    """It needs no mention, and its sender is known as a member of a server that counts."""
    async with discord_world() as world:
        await world.ada.send_dm("How do I reset it?")
        (reply,) = world.said(world.ada.user.dm_channel)
        assert reply.content == "Press **Forgot password**."
        assert world.desk.message.direct
        assert not world.desk.message.sender.guest
        assert world.desk.message.sender.groups == frozenset()


async def test_a_stranger_who_writes_directly_is_a_guest(discord_world: Open) -> None:
    """Who is in no server of the config reads `public` and nothing else."""
    async with discord_world() as world:
        await world.env.create_user("eve").send_dm("What is internal?")
        assert world.desk.message.sender.guest


async def test_roles_count_in_the_servers_of_the_config_only(discord_world: Open) -> None:
    """A role is a group there; elsewhere everybody is a guest, and the channel is for the public."""
    async with discord_world() as world:
        role = world.guild.create_role("agents")
        agent = world.guild.add_member(world.env.create_user("agent"), roles=[role])
        await agent.send(world.channel, f"{world.mention} hello")
        assert f"discord:{role.id}" in world.desk.message.sender.groups
        assert world.desk.message.sender.id == f"discord:{agent.id}"
        assert not world.desk.message.outsiders
    async with discord_world(counts=False) as world:
        role = world.guild.create_role("agents")
        agent = world.guild.add_member(world.env.create_user("agent"), roles=[role])
        await agent.send(world.channel, f"{world.mention} hello")
        assert world.desk.message.sender.guest
        assert world.desk.message.sender.groups == frozenset()
        assert world.desk.message.outsiders


async def test_bots_webhooks_and_system_messages_are_ignored(discord_world: Open) -> None:
    """Two bots would talk for ever."""
    async with discord_world() as world:
        robot = world.guild.add_member(world.env.create_user("robot", bot=True))
        await robot.send(world.channel, f"{world.mention} hello")
        await world.guild.create_webhook(world.channel).send(f"{world.mention} hello")
        assert world.desk.steps == []


async def test_without_the_permission_for_threads_it_replies_in_the_channel(discord_world: Open) -> None:
    """The reply refers to the question."""
    async with discord_world() as world:
        world.env.inject_error("POST", "/channels/*/messages/*/threads", status=403, code=50013)
        asked = await world.ada.send(world.channel, f"{world.mention} How do I reset it?")
        (reply,) = world.said(world.channel)
        assert reply.reference.message_id == asked.id
        assert world.desk.steps == ["accept", "answer", "sent"]


async def test_no_post_calls_anybody(discord_world: Open) -> None:
    """Every post forbids mentions, and carries a nonce that Discord enforces, made from the question's id."""
    async with discord_world() as world:
        asked = await world.ada.send(world.channel, f"{world.mention} @everyone?")
        (post,) = world.requests("POST", f"/channels/{world.thread.id}/messages")
        assert post.json["allowed_mentions"] == {"parse": []} | {
            key: value for key, value in post.json["allowed_mentions"].items() if key == "replied_user"
        }
        assert post.json["nonce"] == f"{asked.id}.0"
        assert len(post.json["nonce"]) <= 25
        assert post.json["enforce_nonce"] is True


async def test_a_post_that_fails_is_left_to_the_sweeper(discord_world: Open) -> None:
    """The reply is not lost: the inbox keeps the question, and `reply` posts it later."""
    async with discord_world() as world:
        world.env.inject_error("POST", "/channels/*/messages", status=403, code=50001, times=1)
        await world.ada.send(world.channel, f"{world.mention} How do I reset it?")
        assert world.desk.steps == ["accept", "answer", "unsent"]
        again = await world.connector.look_up(world.desk.message)
        assert await world.connector.find_post(again.address, world.desk.metadata_id(again)) is None
        post = await world.connector.reply(again, ANSWER)
        assert await world.connector.find_post(again.address, world.desk.metadata_id(again)) == post


async def test_a_post_is_found_again_in_a_conversation(discord_world: Open) -> None:
    """By the question that it refers to, also where no thread was opened."""
    async with discord_world() as world:
        await world.ada.send_dm("How do I reset it?")
        await world.ada.send_dm("And on a phone?")
        (first, second) = world.said(world.ada.user.dm_channel)
        found = [
            await world.connector.find_post(event.address, world.desk.metadata_id(event))
            for event in world.desk.events
        ]
        assert found == [str(first.id), str(second.id)]


async def test_a_private_reply_to_a_public_message_is_whispered(discord_world: Open) -> None:
    """What only the asker may read goes to their direct messages."""
    async with discord_world() as world:
        world.desk.answer_with = world.desk.command_with
        await world.ada.send(world.channel, f"{world.mention} status")
        assert world.said(world.channel) == []
        assert [message.content for message in world.said(world.ada.user.dm_channel)] == ["Done."]


async def test_a_bare_mention_asks_for_help(discord_world: Open) -> None:
    """Whoever only calls the bot is told what it can do."""
    async with discord_world() as world:
        await world.ada.send(world.channel, world.mention)
        assert world.desk.message.text == "help"


async def test_names_are_written_out(discord_world: Open) -> None:
    """The articles know no ids."""
    async with discord_world() as world:
        bob = world.guild.add_member(world.env.create_user("bob"))
        await world.ada.send(
            world.channel, f"{world.mention} may {bob.mention} read {world.channel.mention}?"
        )
        assert world.desk.message.text == "may @bob read #support?"


async def test_a_database_away_for_a_moment_costs_no_message(discord_world: Open) -> None:
    """Discord does not deliver again, so the commit is tried again."""
    async with discord_world() as world:
        world.desk.refuse_to_accept = 1
        await world.ada.send(world.channel, f"{world.mention} How do I reset it?")
        await world.env.advance_time(1)
        assert world.desk.steps == ["accept", "answer", "sent"]


async def test_without_message_content_mentions_and_direct_messages_go_on(discord_world: Open) -> None:
    """What Discord then delivers without words is left alone."""
    async with discord_world(message_content=False) as world:
        await world.ada.send(world.channel, f"{world.mention} How do I reset it?")
        assert world.desk.message.text == "How do I reset it?"
        await world.ada.send(world.thread, "And on a phone?")
        assert len(world.said(world.thread)) == 1
        await world.ada.send_dm("And in a message?")
        assert world.desk.message.text == "And in a message?"


async def test_what_was_said_in_a_gap_is_answered_once(discord_world: Open) -> None:
    """A new session reads what came in the last fifteen minutes; what was answered before is known."""
    async with discord_world() as world:
        await world.ada.send(world.channel, f"{world.mention} How do I reset it?")
        await world.env.restart_bot(world.connector.client(world.desk))
        assert world.desk.steps == ["accept", "answer", "sent"]


class Kept:
    """Implements `connectors.remembering.Remembered` in memory, for as long as the test is."""

    def __init__(self) -> None:
        self.values: dict[str, None] = {}

    async def remember(self, name: str, value: str) -> None:  # noqa: ARG002 - there is one set
        """Keep it."""
        self.values[value] = None

    async def all(self, name: str) -> list[str]:  # noqa: ARG002 - there is one set
        """Give all."""
        return list(reversed(self.values))


async def test_direct_messages_of_a_gap_are_read_after_a_restart(discord_world: Open) -> None:
    """Discord does not list direct channels, so they are kept; what was answered is not answered again."""
    async with discord_world() as world:
        store = Kept()
        world.connector.remember_in(store)
        await world.env.restart_bot(world.connector.client(world.desk))
        await world.ada.send_dm("How do I reset it?")
        channel = world.ada.user.dm_channel
        assert store.values == {str(channel.id): None}
        first = world.desk.message
        world.env.backend.create_message(channel.id, world.ada.id, "And on a phone?", broadcast=False)
        await world.env.restart_bot(world.connector.client(world.desk))
        assert world.desk.message.text == "And on a phone?"
        assert world.desk.message.direct
        assert world.desk.message.address == first.address
        assert world.desk.steps == ["accept", "answer", "sent"] * 2
        await world.env.advance_time(16 * 60)
        world.env.backend.create_message(channel.id, world.ada.id, "And now?", broadcast=False)
        await world.env.advance_time(16 * 60)
        await world.env.restart_bot(world.connector.client(world.desk))
        assert world.desk.steps == ["accept", "answer", "sent"] * 2


async def test_who_takes_no_direct_messages_is_told_where_they_asked(discord_world: Open) -> None:
    """Without what only they may read."""
    async with discord_world() as world:
        world.desk.answer_with = world.desk.command_with
        world.env.inject_error("POST", "/channels/*/messages", status=403, code=50007, times=1)
        await world.ada.send(world.channel, f"{world.mention} status")
        (told,) = world.said(world.thread)
        assert told.content.startswith("I may not write to you privately.")
        assert world.desk.steps == ["accept", "answer", "sent"]


async def test_something_is_said_unasked(discord_world: Open) -> None:
    """An agent's reply goes to the thread of the question."""
    async with discord_world() as world:
        await world.ada.send(world.channel, f"{world.mention} How do I reset it?")
        assert world.desk.message.address.thread == str(world.thread.id)
        await world.connector.send(world.desk.message.address, Reply("An agent says hello."))
        assert world.said(world.thread)[-1].content == "An agent says hello."
