"""Files that people share: given with a command or a message, and fetched from Discord alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from aiohttp import web

from connectors.base import Address, SharedFile
from connectors.discord.connector import DiscordConnector
from connectors.discord.files import Files
from connectors.errors import DeliveryError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from contextlib import AbstractAsyncContextManager

    from tests.connectors.discord.conftest import World

    Open = Callable[..., AbstractAsyncContextManager[World]]

WORDS = b"# Reset it\n\nPress it." * 10


@pytest.fixture
async def host() -> AsyncIterator[str]:
    """A host of files, as Discord's is."""

    async def give(request: web.Request) -> web.StreamResponse:
        match request.match_info["name"]:
            case "gone.md":
                raise web.HTTPNotFound
            case "elsewhere.md":
                raise web.HTTPFound("http://127.0.0.1:1/inside")
            case "endless.md":
                response = web.StreamResponse()
                await response.prepare(request)
                for _ in range(100):
                    await response.write(WORDS)
                return response
        return web.Response(body=WORDS)

    app = web.Application()
    app.router.add_get("/attachments/{name}", give)
    runner = web.AppRunner(app, shutdown_timeout=0.5)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    await runner.cleanup()


async def test_a_file_is_fetched(host: str) -> None:
    """By the address that came with it."""
    connector = DiscordConnector("token", api_url=f"{host}/api")
    file = SharedFile("reset.md", len(WORDS), f"{host}/attachments/reset.md")
    assert await connector.fetch(file, Address("discord", "1"), len(WORDS)) == WORDS


@pytest.mark.parametrize(
    ("name", "size", "says"),
    [
        ("reset.md", 5_000, "reset.md is larger than 1,000 bytes"),
        ("endless.md", 10, "endless.md is larger than 1,000 bytes"),
        ("gone.md", 10, r"does not give gone.md any more \(HTTP 404\); attach it again"),
        ("elsewhere.md", 10, r"does not give elsewhere.md any more \(HTTP 302\)"),
    ],
)
async def test_what_cannot_be_fetched_is_told(host: str, name: str, size: int, says: str) -> None:
    """A file that is larger than it said is not read to its end, and nobody is followed elsewhere."""
    with pytest.raises(DeliveryError, match=says):
        await Files(host).fetch(SharedFile(name, size, f"{host}/attachments/{name}"), 1_000)


async def test_a_host_that_is_away_is_told(unused_tcp_port: int) -> None:
    """It may be back soon."""
    host = f"http://127.0.0.1:{unused_tcp_port}"
    with pytest.raises(DeliveryError, match="could not be fetched"):
        await Files(host).fetch(SharedFile("a.md", 1, f"{host}/a.md"), 1_000)


@pytest.mark.parametrize(
    "url",
    [
        "http://169.254.169.254/latest/meta-data",
        "https://cdn.discordapp.com.evil.example/a.md",
        "https://user@evil.example/cdn.discordapp.com",
        "http://cdn.discordapp.com/a.md",
        "file:///etc/passwd",
        "https://[broken",
        "",
    ],
)
async def test_only_discords_own_hosts_are_asked(url: str) -> None:
    """Whoever writes an address must not send the bot anywhere."""
    with pytest.raises(DeliveryError, match="not a file on Discord"):
        await Files().fetch(SharedFile("a.md", 1, url), 1_000)


@pytest.mark.counterpart("simcord")
async def test_files_come_with_a_command(discord_world: Open) -> None:
    """Up to three, by their names, sizes and addresses."""
    async with discord_world() as world:
        grace = world.admin()
        await grace.slash(
            world.channel, "helpdesk-admin add", file=("reset.md", WORDS), file2=("more.txt", b"More.")
        )
        first, second = world.desk.command.files
        assert (first.name, first.size) == ("reset.md", len(WORDS))
        assert second.name == "more.txt"
        assert first.key.startswith("https://")
        assert first.key.endswith("/reset.md")


@pytest.mark.counterpart("simcord")
async def test_files_come_with_a_message(discord_world: Open) -> None:
    """Without a word too: what an admin means by that is the bot's to know."""
    async with discord_world() as world:
        await world.ada.send(world.channel, world.mention, attachments=[("reset.md", WORDS)])
        assert world.desk.message.text == ""
        assert [file.name for file in world.desk.message.files] == ["reset.md"]
