"""What the bot does with the permissions that it has, and without those that it lacks."""

from __future__ import annotations

from typing import TYPE_CHECKING

import discord
import pytest

from connectors.discord.client import PERMISSIONS

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractAsyncContextManager

    from tests.connectors.discord.conftest import World

    Open = Callable[..., AbstractAsyncContextManager[World]]

pytestmark = pytest.mark.counterpart("simcord")


def only(**changes: bool) -> discord.PermissionOverwrite:
    """Forbid everything but the permissions of the invite link, with these changes."""
    allowed = discord.Permissions(PERMISSIONS.value)
    allowed.update(**changes)
    return discord.PermissionOverwrite.from_pair(allowed, ~allowed)


async def test_the_permissions_of_the_invite_link_are_enough(discord_world: Open) -> None:
    """With them alone the bot answers in a thread, finds its post, and goes on."""
    async with discord_world() as world:
        me = world.env.bot.user
        channel = world.guild.create_text_channel("narrow", overwrites={me: only()})
        await world.ada.send(channel, f"{world.mention} How do I reset it?")
        (thread,) = channel.threads
        (reply,) = world.said(thread)
        assert reply.embeds
        found = await world.connector.find_post(
            world.desk.message.address, world.desk.metadata_id(world.desk.message)
        )
        assert found == str(reply.id)


async def test_without_the_permission_for_embeds_the_sources_are_in_the_text(discord_world: Open) -> None:
    """Discord would drop an embed without a word."""
    async with discord_world() as world:
        me = world.env.bot.user
        channel = world.guild.create_text_channel("narrow", overwrites={me: only(embed_links=False)})
        await world.ada.send(channel, f"{world.mention} How do I reset it?")
        (thread,) = channel.threads
        (reply,) = world.said(thread)
        assert not reply.embeds
        assert "updated 3 weeks ago" in reply.content


async def test_without_the_permission_for_threads_none_is_tried(discord_world: Open) -> None:
    """The reply refers to the question in the channel, and the conversation is the channel's."""
    async with discord_world() as world:
        me = world.env.bot.user
        channel = world.guild.create_text_channel(
            "narrow", overwrites={me: only(create_public_threads=False)}
        )
        asked = await world.ada.send(channel, f"{world.mention} How do I reset it?")
        (reply,) = world.said(channel)
        assert reply.reference.message_id == asked.id
        assert world.requests("POST", "/threads") == []
        assert world.desk.message.address.thread is None
        assert not world.desk.message.starts_thread
