"""One bot, every platform, the same capabilities: what one can do, another can, or the table says why not."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import pytest

from bot.app import App
from bot.commands.table import COMMANDS
from config.settings import Settings
from tests.fakes.discord_spec import DiscordSpec
from tests.fakes.slack.workspace import Channel
from tests.fakes.slack_server import FakeSlack
from tests.parity import discord, slack
from tests.parity.capabilities import CAPABILITIES
from tests.parity.console import ConsoleDriver
from tests.parity.discord import DiscordDriver
from tests.parity.slack import SlackDriver
from tests.parity.table import within
from tests.parity.web import WebDriver

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

ARTICLES = {
    "mac.md": "# Connect to the VPN on a Mac\n\n1. Install Tunnelblick.\n2. Import `acme.ovpn` from the IT portal.\n",
    "windows.md": "# Connect to the VPN on Windows\n\n1. Install WireGuard.\n2. Scan the code from the IT portal.\n",
    "password.md": "# Reset your password\n\n1. Open **Settings**.\n2. Press **Reset password**.\n",
    "invoice.md": "# Download an invoice\n\nOpen **Billing**, choose the month and press **Download**.\n",
}
SECRET = "# Open the Vault\n\nTurn the Zanzibar wheel twice.\n"
COMMON: dict[str, Any] = {
    "web": {"port": 0},
    "handoff": {"to": "channel", "channel": "slack:T1/C1"},
    "limits": {"per_person": 1000, "per_channel": 1000},
}


def settings_in(folder: Path, models: Path, **more: Any) -> Settings:
    """Give settings with four public articles and a secret one."""
    data, public, secret = folder / "data", folder / "public", folder / "secret"
    for path in (data, public, secret):
        path.mkdir()
    (data / "models").symlink_to(models)
    for name, text in ARTICLES.items():
        (public / name).write_text(text)
    (secret / "vault.md").write_text(SECRET)
    sources = [
        {"name": "docs", "type": "folder", "path": str(public), "audience": ["public"]},
        {"name": "vault", "type": "folder", "path": str(secret), "audience": ["internal"]},
    ]
    return Settings.model_validate({"data_dir": data, "sources": sources, **COMMON, **more})


@asynccontextmanager
async def running(settings: Settings, driver: Any, said: list[str]) -> AsyncIterator[None]:
    """Run the whole bot with one platform until the block ends."""
    async with App(settings) as app:
        for source in await (await app.upkeep()).sync():
            assert source.error is None
        bot = asyncio.create_task(app.run([driver.connector], announce=said.append))
        ready = asyncio.create_task(driver.ready(app))
        try:
            await asyncio.wait([bot, ready], return_when=asyncio.FIRST_COMPLETED)
            await ready
            yield
        finally:
            for task in (bot, ready):
                task.cancel()
            await asyncio.gather(bot, ready, return_exceptions=True)


async def tried(driver: Any, subtests: pytest.Subtests) -> None:
    """Try every capability that the platform does not lack."""
    assert set(driver.lacks) <= set(CAPABILITIES)
    for name, capability in CAPABILITIES.items():
        if name not in driver.lacks:
            with subtests.test(capability=name):
                async with asyncio.timeout(60):
                    await capability(driver)


def test_the_docs_hold_the_table(repository: Path) -> None:
    """docs/connectors.md says what the suite tries; `python -m tests.parity.table docs/connectors.md` writes it."""
    page = (repository / "docs" / "connectors.md").read_text(encoding="utf-8")
    assert "| ask |" in page
    assert within(page) == page


@pytest.fixture
def models(request: pytest.FixtureRequest) -> Path:
    """Where the exported model is kept from run to run."""
    assert request.config.cache is not None
    return request.config.cache.mkdir("embedding-models")


@pytest.mark.timeout(300)
async def test_slack(tmp_path: Path, models: Path, subtests: pytest.Subtests) -> None:
    """Everything, by mentions, `/helpdesk`, buttons, modals and shared files."""
    async with FakeSlack() as fake:
        fake.workspace.channels[slack.AUTO] = Channel(slack.AUTO, {"U1", "U2", "UBOT"})
        driver = SlackDriver(fake)
        async with running(settings_in(tmp_path, models, **slack.SETTINGS), driver, []):
            await tried(driver, subtests)
        assert fake.violations == []


@pytest.mark.timeout(300)
@pytest.mark.counterpart("simcord")
async def test_discord(tmp_path: Path, models: Path, subtests: pytest.Subtests, repository: Path) -> None:
    """Everything, by mentions, slash commands, buttons, modals and attachments; Discord would take every body."""
    pytest.importorskip("simcord", reason="needs simcord: pip install simcord==3.2.1")
    driver = DiscordDriver()
    async with running(settings_in(tmp_path, models, **discord.SETTINGS), driver, []):
        await tried(driver, subtests)
        requests = list(driver.connector.env.http_requests)
    spec = repository.parent / "shared" / "specs" / "discord-openapi.json"
    if spec.exists():
        assert DiscordSpec.load(spec).problems(requests) == []


@pytest.mark.timeout(300)
async def test_terminal(tmp_path: Path, models: Path, subtests: pytest.Subtests) -> None:
    """Everything that one person can do with lines."""
    driver = ConsoleDriver(tmp_path)
    try:
        async with running(settings_in(tmp_path, models), driver, []):
            await tried(driver, subtests)
    finally:
        driver.close()


@pytest.mark.timeout(300)
async def test_web(tmp_path: Path, models: Path, subtests: pytest.Subtests) -> None:
    """Everything that a visitor may do."""
    said: list[str] = []
    driver = WebDriver(said)
    async with running(settings_in(tmp_path, models), driver, said):
        try:
            await tried(driver, subtests)
            await no_admin_commands(driver)
        finally:
            await driver.close()


async def no_admin_commands(driver: WebDriver) -> None:
    """By a click, by words, and by a form that was never shown: a visitor changes nothing."""
    for spec in COMMANDS:
        if not spec.admin:
            continue
        for shown in (
            await driver.command(spec.name, "Title\nText"),
            await driver.submit(spec.name, {"title": "Vault", "text": "Open to all.", "reason": "x"}),
        ):
            assert f"`{spec.name}` is for the bot's admins" in shown.text, spec.name
            assert shown.form is None
    before = [(await driver.command(name)).text for name in ("list", "persona", "help")]
    for said in ("reindex", "sync docs", "remove docs/mac", "add Vault\nOpen to all.", "persona formal"):
        assert (await driver.ask(said)).texts, said
    assert [(await driver.command(name)).text for name in ("list", "persona", "help")] == before
    assert "Tunnelblick" in (await driver.ask("How do I get on the VPN with my MacBook?")).text
    assert "Open to all" not in (await driver.ask("How do I open the vault?")).text
