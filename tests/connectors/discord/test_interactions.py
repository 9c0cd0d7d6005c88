"""Slash commands, buttons, forms and menus on Discord: answered in time, privately, also after a restart."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from bot import commands
from connectors.base import IncomingMessage, Reply

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractAsyncContextManager

    from tests.connectors.discord.conftest import World

    Open = Callable[..., AbstractAsyncContextManager[World]]

EVERYBODYS = ["help", "status", "sources", "list", "why", "persona", "mute", "forget-me"]
pytestmark = pytest.mark.counterpart("simcord")


async def test_ask_is_private_unless_it_is_shared(discord_world: Open) -> None:
    """The answer is for the asker's eyes and audience; shared, it is for the channel's."""
    async with discord_world() as world:
        result = await world.ada.slash(world.channel, "ask", question="How do I reset it?")
        assert result.response.ephemeral
        assert result.response.content == "Press **Forgot password**."
        assert world.desk.message.direct
        assert world.desk.message.message_id.startswith("interaction/")
        shared = await world.ada.slash(world.channel, "ask", question="How do I reset it?", share=True)
        assert not shared.response.ephemeral
        assert not world.desk.message.direct
        assert world.desk.steps == ["accept", "answer", "sent"] * 2


async def test_it_is_deferred_before_anything_else(discord_world: Open) -> None:
    """Discord waits three seconds, a cold model takes longer."""
    async with discord_world() as world:
        seen: list[str] = []

        async def look() -> None:
            seen.extend(request.path for request in world.env.http_requests if "/callback" in request.path)

        world.desk.before_answer = look
        await world.ada.slash(world.channel, "ask", question="How do I reset it?")
        assert len(seen) == 1
        (callback,) = world.requests("POST", "/callback")
        assert callback.json == {"type": 5, "data": {"flags": 64}}


@pytest.mark.parametrize("name", EVERYBODYS)
async def test_everybody_has_the_helpdesk_commands(discord_world: Open, name: str) -> None:
    """Each goes to the router as the command of its name, and is answered to the sender alone."""
    async with discord_world() as world:
        result = await world.ada.slash(world.channel, f"helpdesk {name}")
        assert world.desk.command.name == name.replace("-", "_")
        assert result.response.ephemeral
        assert result.response.content == "Done."


@pytest.mark.parametrize(
    ("name", "options", "arguments"),
    [
        ("reindex", {}, ""),
        ("sync", {"source": "help-centre"}, "help-centre"),
        ("remove", {"article": "local/a1"}, "local/a1"),
    ],
)
async def test_admins_have_their_own_command(
    discord_world: Open, name: str, options: dict[str, str], arguments: str
) -> None:
    """Discord shows it to those who manage the server; the router checks again by the sender."""
    async with discord_world() as world:
        assert not any(
            command.startswith("helpdesk-admin") for command in world.ada.available_commands(world.channel)
        )
        grace = world.admin()
        await grace.slash(world.channel, f"helpdesk-admin {name}", **options)
        assert (world.desk.command.name, world.desk.command.arguments) == (name, arguments)
        assert world.desk.command.sender.id == f"discord:{grace.id}"


async def test_every_command_of_the_bot_is_there(discord_world: Open) -> None:
    """What the terminal can do, Discord can do: for admins what is for admins."""
    async with discord_world() as world:
        shown = set(world.admin().available_commands(world.channel))
        for spec in commands.COMMANDS:
            if not spec.hidden:
                name = spec.name.replace("_", "-")
                assert f"{'helpdesk-admin' if spec.admin else 'helpdesk'} {name}" in shown


async def test_a_message_is_answered_from_its_menu(discord_world: Open) -> None:
    """For whoever asked for it alone."""
    async with discord_world() as world:
        said = await world.ada.send(world.channel, "How do I reset it?")
        result = await world.ada.context_menu(world.channel, "Answer this", said)
        assert result.response.ephemeral
        assert world.desk.message.text == "How do I reset it?"


async def test_buttons_work_after_a_restart(discord_world: Open) -> None:
    """What a button does stands in its id, so another process serves it a year later."""
    async with discord_world() as world:
        await world.ada.send(world.channel, f"{world.mention} How do I reset it?")
        (reply,) = world.said(world.thread)
        await world.env.restart_bot(world.connector.client(world.desk))
        await world.env.advance_time(365 * 86_400)
        result = await world.ada.click(reply, label="👍 Helpful")
        assert (world.desk.command.name, world.desk.command.arguments) == ("helpful", "a1")
        assert result.response.content == "Done."
        assert result.response.ephemeral
        await world.ada.click(reply, label="Talk to a human")
        assert world.desk.command.name == "human"


@pytest.mark.parametrize("share", [False, True])
async def test_a_reply_after_fifteen_minutes_goes_elsewhere(discord_world: Open, *, share: bool) -> None:
    """Its interaction has expired: a private one goes to the direct messages, a shared one to the channel."""
    async with discord_world() as world:
        done = asyncio.Event()
        world.desk.before_answer = lambda: world.env.external_wait(done.wait(), reason="a slow model")
        await world.ada.slash(world.channel, "ask", question="How do I reset it?", share=share)
        await world.env.advance_time(16 * 60)
        done.set()
        await world.env.settle()
        place = world.channel if share else world.ada.user.dm_channel
        assert [message.content for message in world.said(place)][-1] == "Press **Forgot password**."
        assert world.desk.steps == ["accept", "answer", "sent"]


async def test_an_interaction_that_discord_forgot_is_still_answered(discord_world: Open) -> None:
    """Its token is refused: the answer comes as a message."""
    async with discord_world() as world:
        world.env.inject_error("PATCH", "/webhooks/*", status=404, code=10015, message="Unknown Webhook")
        await world.ada.slash(world.channel, "ask", question="How do I reset it?")
        assert len(world.said(world.ada.user.dm_channel)) == 1
        assert world.desk.steps == ["accept", "answer", "sent"]


async def test_an_interaction_that_came_too_late_is_still_answered(discord_world: Open) -> None:
    """Discord refuses to defer it (10062): the answer comes as a message."""
    async with discord_world() as world:
        world.env.inject_error(
            "POST", "/interactions/*/callback", status=404, code=10062, message="Unknown interaction", times=1
        )
        await world.ada.slash(world.channel, "ask", question="How do I reset it?")
        assert len(world.said(world.ada.user.dm_channel)) == 1
        assert world.desk.steps == ["accept", "answer", "sent"]


async def test_a_question_left_behind_is_answered_by_the_next_process(discord_world: Open) -> None:
    """Its interaction is gone with the process that had it; the asker is written to directly."""
    async with discord_world() as world:
        await world.ada.slash(world.channel, "ask", question="How do I reset it?")
        await world.connector.reply(world.desk.message, world.desk.answer_with or Reply(""))
        assert len(world.said(world.ada.user.dm_channel)) == 1


async def test_a_private_reply_to_a_shared_question_is_not_shared(discord_world: Open) -> None:
    """What only the asker may read is shown to them alone."""
    async with discord_world() as world:
        world.desk.answer_with = Reply("For you.", private=True)
        result = await world.ada.slash(world.channel, "ask", question="status", share=True)
        assert [(m.content, m.ephemeral) for m in result.followups] == [("For you.", True)]
        assert result.response is None


async def test_who_asks_while_nothing_can_be_committed_is_told(discord_world: Open) -> None:
    """Nobody waits for a reply that never comes."""
    async with discord_world() as world:
        world.desk.refuse_to_accept = 1
        result = await world.ada.slash(world.channel, "ask", question="How do I reset it?")
        assert result.response.content == "Something failed here (ref 1)"


async def test_a_long_answer_goes_on_below(discord_world: Open) -> None:
    """Each part is within Discord's limit and for the same eyes."""
    async with discord_world() as world:
        world.desk.answer_with = Reply("word " * 1_000)
        result = await world.ada.slash(world.channel, "ask", question="How do I reset it?")
        assert len(result.followups) == 2
        assert all(part.ephemeral for part in result.followups)


async def test_commands_work_in_direct_messages(discord_world: Open) -> None:
    """There no role counts, and the sender is looked up."""
    async with discord_world() as world:
        await world.ada.send_dm("hello")
        await world.ada.user.slash("ask", question="How do I reset it?")
        event = world.desk.message
        assert isinstance(event, IncomingMessage)
        assert event.direct
        assert event.address.workspace is None
        assert not event.sender.guest


async def test_commands_are_registered_once(discord_world: Open) -> None:
    """A restart with the same commands registers nothing."""
    async with discord_world() as world:
        assert len(world.requests("PUT", "/commands")) == 1
        await world.env.restart_bot(world.connector.client(world.desk))
        assert len(world.requests("PUT", "/commands")) == 1


async def test_a_channel_that_is_switched_off_says_so_to_a_command(discord_world: Open) -> None:
    """The bot keeps out of it, but whoever asked it is not left waiting."""
    async with discord_world() as world:
        world.desk.off = True
        result = await world.ada.slash(world.channel, "ask", question="How do I reset it?")
        assert result.response.content == "I do not answer here."
        assert world.desk.events == []


async def test_a_shared_answer_is_found_again(discord_world: Open) -> None:
    """By the command that it answers, so that it is not given twice."""
    async with discord_world() as world:
        result = await world.ada.slash(world.channel, "ask", question="How do I reset it?", share=True)
        event = world.desk.message
        found = await world.connector.find_post(event.address, world.desk.metadata_id(event))
        assert found == str(result.response.id)


async def test_commands_are_tried_in_one_server(discord_world: Open) -> None:
    """With a test guild nothing is registered anywhere else."""
    async with discord_world(test_guild=True) as world:
        (put,) = world.requests("PUT", "/commands")
        assert f"/guilds/{world.guild.id}/" in put.path
        result = await world.ada.slash(world.channel, "ask", question="How do I reset it?")
        assert result.response.content == "Press **Forgot password**."
