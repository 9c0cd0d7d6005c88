"""The terminal, through a pipe."""

from __future__ import annotations

import asyncio
import os
import tempfile
from io import StringIO
from pathlib import Path
from typing import TYPE_CHECKING

from bot.app import utc_now
from connectors.base import Person
from connectors.console import ConsoleConnector
from tests.parity.driver import LacksError, Shown

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from bot.app import App
    from tests.parity.driver import Who

_NO_FORMS = "a terminal has no forms; `helpdesk-bot articles edit` opens an editor"
_ALONE = "one person sits at it, and is spoken to always"


class Lines(StringIO):
    """Says when something was written."""

    def __init__(self) -> None:
        super().__init__()
        self.news = asyncio.Event()

    def flush(self) -> None:
        """Tell of it."""
        self.news.set()


class ConsoleDriver:
    """The operator is everybody."""

    name = "Terminal"
    lacks: Mapping[str, str] = {
        "auto-answer": _ALONE,
        "mute": _ALONE,
        "edit": "no form; `helpdesk-bot articles edit` does it",
    }

    def __init__(self, folder: Path) -> None:
        reading, self._writing = os.pipe()
        self._stdin = os.fdopen(reading)
        self._out = Lines()
        self.connector = ConsoleConnector(
            history_dir=folder,
            person=Person("console:operator"),
            clock=utc_now,
            stdin=self._stdin,
            stdout=self._out,
        )

    async def ready(self, app: App) -> None:
        """Wait for the bot."""
        await app.delivery()

    def close(self) -> None:
        """End the input."""
        os.close(self._writing)
        self._stdin.close()

    async def ask(self, text: str, who: Who = "ana") -> Shown:  # noqa: ARG002 - there is one person
        """Type a line."""
        before = len(self._out.getvalue())
        self._out.news.clear()
        os.write(self._writing, f"{text}\n".encode())
        async with asyncio.timeout(30):
            await self._out.news.wait()
        return Shown((self._out.getvalue()[before:].strip(),))

    async def go_on(self, shown: Shown, text: str, who: Who = "ana") -> Shown:  # noqa: ARG002 - one conversation
        """Type another."""
        return await self.ask(text, who)

    async def click(self, shown: Shown, button: str, who: Who = "ana") -> Shown:  # noqa: ARG002 - no buttons
        """Type the button's command."""
        return await self.ask(f"/{button}", who)

    async def command(self, name: str, arguments: str = "", who: Who = "admin") -> Shown:
        """Type it after a slash."""
        return await self.ask(f"/{name} {arguments}".strip(), who)

    async def fill(self, shown: Shown, values: Mapping[str, str], who: Who = "admin") -> Shown:  # noqa: ARG002
        """Fill in nothing."""
        raise LacksError(self.name)

    async def share(self, files: Sequence[tuple[str, bytes]], who: Who = "admin") -> Shown:
        """Name a file to `/add`."""
        with tempfile.TemporaryDirectory() as folder:
            name, content = files[0]
            path = Path(folder) / name
            path.write_bytes(content)
            return await self.command("add", str(path), who)

    async def overhear(self, text: str) -> Shown:  # noqa: ARG002
        """Hear nothing."""
        raise LacksError(self.name)
