"""The bot as a whole: real database, model, index, Valkey, web server; only the platform is the test's."""

from __future__ import annotations

import asyncio
import os
import signal
import stat
import time
from datetime import timedelta
from typing import TYPE_CHECKING

import httpx
import pytest
from pydantic import SecretStr
from starlette.responses import PlainTextResponse
from starlette.routing import BaseRoute, Route

from bot.app import App
from bot.errors import NothingToRun, WebServerError
from bot.inbox import Inbox
from config.settings import Settings
from connectors.errors import ConnectorConfigError
from tests.bot.conftest import Platform, command, message

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence
    from pathlib import Path

    from starlette.requests import Request

    from connectors.base import Address, Event, Handler, Reply

ARTICLE = """# Reset your password

1. Open **Settings** and choose **Security**.
2. Press **Reset password**.
3. Follow the link in the e-mail; it works for 60 minutes.
"""


SECRET = """# Open the vault

Turn the Zanzibar wheel twice to open the vault door. Ask Quentin for the Zanzibar code.
"""


class Scripted(Platform):
    """A platform that does what the test says with the handler."""

    def __init__(self, act: Callable[[Handler], Awaitable[object]]) -> None:
        super().__init__()
        self._act = act

    async def run(self, handler: Handler) -> None:
        """Do it, and end."""
        await self._act(handler)


@pytest.fixture
def settings(tmp_path: Path, request: pytest.FixtureRequest) -> Settings:
    """A public article, an internal one, and U1 who reads both; the exported model is kept from run to run."""
    articles, data = tmp_path / "articles", tmp_path / "data"
    articles.mkdir()
    (articles / "reset.md").write_text(ARTICLE)
    data.mkdir()
    assert request.config.cache is not None
    (data / "models").symlink_to(request.config.cache.mkdir("embedding-models"))
    secrets = tmp_path / "secrets"
    secrets.mkdir()
    (secrets / "vault.md").write_text(SECRET)
    sources = [
        {"name": "secrets", "type": "folder", "path": str(secrets), "audience": ["internal"]},
        {"name": "docs", "type": "folder", "path": str(articles), "audience": ["public"]},
    ]
    people = {"slack:T1/U1": ["internal"]}
    return Settings.model_validate({"data_dir": data, "sources": sources, "access": {"people": people}})


async def once_synced(app: App) -> None:
    """Wait for the scheduler's first syncs."""
    runs = await app.runs()
    async with asyncio.timeout(60):
        while len(await runs.last_of_each()) < 2:
            await asyncio.sleep(0.05)


async def test_a_question_is_answered_from_what_the_scheduler_synced(settings: Settings) -> None:
    """From nothing: the scheduler syncs, the platform asks, the bot answers, and the run ends."""
    replies: list[Reply | None] = []

    async def ask(handler: Handler) -> None:
        await once_synced(app)
        asked: list[Event] = [message("How do I reset my password?"), message("How do I reset my password?")]
        replies.extend([await handler.handle(event) for event in asked])

    async with App(settings) as app:
        await app.run([Scripted(ask)])
    assert len(replies) == 2
    for reply in replies:
        assert reply is not None
        assert "Reset password" in reply.text
        assert [link.title for link in reply.links] == ["Reset your password"]


async def test_nobody_reads_what_they_may_not(settings: Settings) -> None:
    """In a channel nothing of an internal article shows, not even a title; its reader gets it in private."""
    asked = [message("How do I open the vault door?", direct=direct) for direct in (True, False)]
    told: list[str] = []

    async def ask(handler: Handler) -> None:
        await once_synced(app)
        events = (*asked, command("why", platform="slack", person="slack:T1/U9"))
        told.extend([repr(await handler.handle(event)) for event in events])

    async with App(settings) as app:
        await app.run([Scripted(ask)])
    private, in_the_channel, why = told
    assert "Zanzibar" in private
    for text in (in_the_channel, why):
        assert "Zanzibar" not in text
        assert "Open the vault" not in text.replace("open the vault door?", "")


async def test_without_redis_the_bot_answers(settings: Settings) -> None:
    """A Redis that cannot be reached costs the cache, never the answer, and /readyz would warn of it."""
    replies: list[Reply | None] = []
    settings = settings.model_copy(
        update={"redis": settings.redis.model_copy(update={"url": SecretStr("redis://127.0.0.1:1/0")})}
    )

    async def ask(handler: Handler) -> None:
        await once_synced(app)
        replies.append(await handler.handle(message("How do I reset my password?")))

    async with App(settings) as app:
        await app.run([Scripted(ask)])
        problems = {problem.part: problem.required for problem in await (await app.health()).problems()}
    assert replies[0] is not None
    assert "Reset password" in replies[0].text
    assert problems == {"redis": False, "connectors": True}  # the platform has ended by then


async def test_what_a_killed_process_left_is_answered_at_the_start(settings: Settings) -> None:
    """An event accepted before a kill is answered through the platform, without anybody asking again."""
    left = message("hello")
    async with App(settings) as app:
        await Inbox(await app.database(), app.clock, timedelta(seconds=-1)).accept(left)

    posted: list[tuple[Address, Reply]] = []

    async def wait(_handler: Handler) -> None:
        async with asyncio.timeout(60):
            while not platform.posts:
                await asyncio.sleep(0.05)
        posted.extend(platform.posts)

    platform = Scripted(wait)
    async with App(settings) as app:
        await app.run([platform])
    assert [address for address, _ in posted] == [left.address]


async def test_a_signal_lets_the_replies_in_flight_out(settings: Settings) -> None:
    """SIGTERM: the reply that is being made goes out, then everything ends, within ten seconds."""
    answered: list[Reply | None] = []
    ended: list[float] = []

    async def ask(handler: Handler) -> None:
        await once_synced(app)
        work = asyncio.create_task(handler.handle(message("How do I reset my password?")))
        await asyncio.sleep(0)
        os.kill(os.getpid(), signal.SIGTERM)
        ended.append(time.monotonic())
        answered.append(await work)
        await asyncio.Event().wait()

    async with App(settings) as app:
        await app.run([Scripted(ask)])
    assert time.monotonic() - ended[0] < 10
    assert answered[0] is not None


async def test_the_web_server_tells_when_the_bot_is_ready(settings: Settings) -> None:
    """Port 0 takes a free one and announces it; /readyz is 200 while the platforms run."""
    said: list[str] = []
    got: list[httpx.Response] = []

    async def look(_handler: Handler) -> None:
        async with httpx.AsyncClient(trust_env=False, timeout=30) as client:
            got.append(await client.get(f"{said[0].rsplit(' ', 1)[1]}/readyz"))

    settings = settings.model_copy(update={"web": settings.web.model_copy(update={"port": 0})})
    async with App(settings) as app:
        await app.run([Scripted(look)], announce=said.append)
    assert got[0].status_code == 200
    assert got[0].json() == {"ready": True, "missing": [], "warnings": []}


class Hooked(Scripted):
    """A platform that calls the bot over HTTP."""

    def http_routes(self) -> Sequence[BaseRoute]:
        """Take what is posted to /hook."""

        async def hook(request: Request) -> PlainTextResponse:
            return PlainTextResponse(f"got {(await request.body()).decode()}")

        return [Route("/hook", hook, methods=["POST"])]


async def test_what_a_platform_posts_reaches_its_connector(settings: Settings) -> None:
    """A connector's own routes are served beside the health checks."""
    said: list[str] = []
    got: list[str] = []

    async def post(_handler: Handler) -> None:
        async with httpx.AsyncClient(trust_env=False, timeout=30) as client:
            got.append((await client.post(f"{said[0].rsplit(' ', 1)[1]}/hook", content="this")).text)

    settings = settings.model_copy(update={"web": settings.web.model_copy(update={"port": 0})})
    async with App(settings) as app:
        await app.run([Hooked(post)], announce=said.append)
    assert got == ["got this"]


async def test_what_is_posted_takes_a_port(settings: Settings) -> None:
    """A platform that calls the bot, and no web server: the start fails with what to set, and nothing is silent."""

    async def nothing(_handler: Handler) -> None:
        raise AssertionError

    async with App(settings) as app:
        with pytest.raises(NothingToRun, match=r"port = 8080"):
            await app.run([Hooked(nothing)])


async def test_nothing_to_run_is_said(settings: Settings) -> None:
    """No platform and no port: an error that names both remedies."""
    async with App(settings) as app:
        with pytest.raises(NothingToRun, match="SLACK_BOT_TOKEN"):
            await app.run([])


async def test_a_refused_token_ends_the_run_plainly(settings: Settings) -> None:
    """The connector's own error comes out, not a group of errors."""

    async def refuse(_handler: Handler) -> None:
        raise ConnectorConfigError("slack: the token was refused (invalid_auth)")

    async with App(settings) as app:
        with pytest.raises(ConnectorConfigError, match="invalid_auth"):
            await app.run([Scripted(refuse)])


async def test_a_taken_port_ends_the_run_before_it_starts(settings: Settings) -> None:
    """Nothing was started that would have to be stopped."""
    said: list[str] = []
    settings = settings.model_copy(update={"web": settings.web.model_copy(update={"port": 0})})

    async def start_another(_handler: Handler) -> None:
        port = int(said[0].rsplit(":", 1)[1])
        taken = settings.model_copy(update={"web": settings.web.model_copy(update={"port": port})})
        async with App(taken) as other:
            with pytest.raises(WebServerError, match=str(port)):
                await other.run([])

    async with App(settings) as app:
        await app.run([Scripted(start_another)], announce=said.append)


async def test_the_data_folder_is_its_owners_alone(settings: Settings, tmp_path: Path) -> None:
    """A folder that the bot makes cannot be read by others."""
    settings = settings.model_copy(update={"data_dir": tmp_path / "new" / "data"})
    async with App(settings):
        pass
    assert stat.S_IMODE((tmp_path / "new" / "data").stat().st_mode) == 0o700
