"""A whole bot beside a fake Zendesk, to see when an answer shows a change: for tests and bench/freshness.py."""

from __future__ import annotations

import asyncio
import os
import time
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import httpx

from bot.app import App
from config.settings import Settings
from tests.bot.conftest import Platform, message
from tests.bot.test_webhooks import SECRET, signed
from tests.fakes.helpdesks.zendesk import EMAIL, TOKEN, FakeZendesk

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from connectors.base import Handler, Reply

QUESTION = "How much does the gold plan cost?"
POLL_SECONDS = 0.02
_FIRST_PRICE = 10
_TEXT = "<p>The gold plan costs {} euros a month.</p>"


class FreshDesk:
    """The bot that runs, the helpdesk that it reads, and how one asks and changes."""

    def __init__(self, zendesk: FakeZendesk, handler: Handler, address: str) -> None:
        self.zendesk = zendesk
        self._handler = handler
        self._address = address
        self._price = _FIRST_PRICE

    def change(self) -> str:
        """Write another price into the article; gives what an answer must show."""
        self._price += 1
        self.zendesk.desk.put(1, "Gold plan", _TEXT.format(self._price), section_id=10)
        return f"{self._price} euros"

    async def announce(self, body: bytes | None = None) -> int:
        """Post a webhook as Zendesk does; gives the status."""
        body = body or f'{{"type":"zen:event-type:article.published","price":{self._price}}}'.encode()
        async with httpx.AsyncClient(trust_env=False) as client:
            headers = signed("zendesk", body, at=datetime.now(UTC))
            url = f"{self._address}/webhooks/help-centre"
            return (await client.post(url, content=body, headers=headers)).status_code

    async def ask(self) -> Reply:
        """Ask for the price."""
        reply = await self._handler.handle(message(QUESTION))
        assert reply is not None
        return reply

    async def until_answered(self, wanted: str, seconds: float = 60.0) -> float:
        """Ask until an answer shows what is wanted; gives how long it took."""
        started = time.perf_counter()
        async with asyncio.timeout(seconds):
            while wanted not in (await self.ask()).text:
                await asyncio.sleep(POLL_SECONDS)
        return time.perf_counter() - started


class _Standing(Platform):
    """A platform that hands its handler over, and stays until it is told to end."""

    def __init__(self) -> None:
        super().__init__()
        self.handler: asyncio.Future[Handler] = asyncio.get_running_loop().create_future()
        self.ended = asyncio.Event()

    async def run(self, handler: Handler) -> None:
        """Stay."""
        self.handler.set_result(handler)
        await self.ended.wait()


@asynccontextmanager
async def fresh_desk(
    folder: Path, *, every: str = "1d", articles: int = 20, models: Path | None = None
) -> AsyncIterator[FreshDesk]:
    """Run a bot that has synced once."""
    zendesk = FakeZendesk()
    zendesk.desk.categories[1] = {"name": "Help"}
    zendesk.desk.sections[10] = {"name": "Plans", "category_id": 1, "parent_section_id": None}
    for number in range(2, articles + 1):
        text = f"<p>Setting number {number} is under <b>Menu {number}</b>, and switches light {number}.</p>"
        zendesk.desk.put(number, f"Setting {number}", text, section_id=10)
    os.environ |= {"FRESH_DESK_TOKEN": TOKEN, "FRESH_DESK_HOOK": SECRET}
    if models is not None:
        folder.mkdir(exist_ok=True)
        (folder / "models").symlink_to(models)
    platform, announced = _Standing(), asyncio.get_running_loop().create_future()
    async with zendesk.running() as url:
        first = f"{_FIRST_PRICE} euros"
        zendesk.desk.put(1, "Gold plan", _TEXT.format(_FIRST_PRICE), section_id=10)
        source = {
            "name": "help-centre",
            "type": "zendesk",
            "url": url,
            "email": EMAIL,
            "token_env": "FRESH_DESK_TOKEN",
            "webhook_secret_env": "FRESH_DESK_HOOK",
            "every": every,
            "audience": ["public"],
        }
        limits = {"per_person": 0, "per_channel": 0}
        settings = Settings.model_validate(
            {"data_dir": folder, "sources": [source], "web": {"port": 0}, "limits": limits}
        )
        async with App(settings) as app, asyncio.TaskGroup() as group:
            group.create_task(app.run([platform], announce=announced.set_result))
            desk = FreshDesk(
                zendesk, await platform.handler, (await announced).removeprefix("web server on ")
            )
            await desk.until_answered(first, 120)
            try:
                yield desk
            finally:
                platform.ended.set()
