"""Where the bot speaks unasked, and the links that lead back to a place."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from connectors.base import Address, LinksBack, Reply
from connectors.discord.connector import DiscordConnector
from connectors.errors import DeliveryError
from tests.connectors.discord.conftest import GUILD

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractAsyncContextManager

    from tests.connectors.discord.conftest import World

    Open = Callable[..., AbstractAsyncContextManager[World]]

WEB = f"https://discord.com/channels/{GUILD}"
pytestmark = pytest.mark.counterpart("simcord")


async def test_a_person_is_written_to_directly(discord_world: Open) -> None:
    """A channel of `@` and a person's id means their direct messages, and nobody else reads it."""
    async with discord_world() as world:
        address = Address("discord", f"@{world.ada.id}", None, str(GUILD))
        await world.connector.send(address, Reply("Grace says hello.", id="outbox/7"))
        (told,) = world.said(world.ada.user.dm_channel)
        assert told.content == "Grace says hello."
        assert world.said(world.channel) == []


@pytest.mark.parametrize("channel", ["support", "@", "@ada", ""])
async def test_what_is_no_id_is_told_with_its_remedy(discord_world: Open, channel: str) -> None:
    """A channel by its name in the config fails in words, not in a traceback."""
    async with discord_world() as world:
        with pytest.raises(DeliveryError, match="by its id"):
            await world.connector.send(Address("discord", channel, None, str(GUILD)), Reply("Hello."))


async def test_a_link_leads_back_to_the_thread(discord_world: Open) -> None:
    """A ticket links the channel, the thread, or the direct messages in which somebody asked."""
    async with discord_world() as world:
        await world.ada.send(world.channel, f"{world.mention} How do I reset it?")
        asked = world.desk.message.address
        assert isinstance(world.connector, LinksBack)
        assert world.connector.link_to(asked) == f"{WEB}/{world.thread.id}"
        assert world.connector.link_to(replace(asked, thread=None)) == f"{WEB}/{world.channel.id}"
        await world.ada.send_dm("And on a phone?")
        direct = world.desk.message.address
        assert world.connector.link_to(direct) == f"https://discord.com/channels/@me/{direct.channel}"
        assert world.connector.link_to(Address("discord", f"@{world.ada.id}", None, str(GUILD))) is None


def test_a_compatible_server_has_no_such_links() -> None:
    """Its client is not Discord's."""
    address = Address("discord", "1", "3", "2")
    assert DiscordConnector("token").link_to(address) == "https://discord.com/channels/2/3"
    assert DiscordConnector("token", api_url="http://127.0.0.1:1").link_to(address) is None
