"""A bot of its own for tests of what admins do: the real library, index, model and cache, driven by commands."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import count
from typing import TYPE_CHECKING, Any

from bot.app import App
from config.settings import Settings
from connectors.base import Address, Command, IncomingMessage, Person, Reply

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    import pytest

    from connectors.base import SharedFile
    from connectors.forms import Form

ADA, GRACE, MEMBER = "slack:T1/U1", "slack:T1/U2", "slack:T1/U9"
PLACE = Address("slack", "C1", None, "T1")
SOURCES = """
# Reset your password

Open **Settings**, choose **Security** and press **Reset password**.
"""


class Ticking:
    """A clock that moves on by a second with each look, so that no two changes have one moment."""

    def __init__(self) -> None:
        self.now = datetime(2030, 6, 15, 12, 0, tzinfo=UTC)

    def __call__(self) -> datetime:
        """Give the time, a second later than before."""
        self.now += timedelta(seconds=1)
        return self.now


class Desk:
    """An app with two admins who hold `internal`, and a folder source called `help`."""

    def __init__(self, app: App, folder: Path, clock: Ticking) -> None:
        self.app = app
        self.folder = folder
        self.clock = clock
        self._numbers = count(1)

    def command(
        self,
        name: str,
        arguments: str = "",
        *,
        person: str = ADA,
        fields: dict[str, str] | None = None,
        files: tuple[SharedFile, ...] = (),
        address: Address = PLACE,
    ) -> Command:
        """A command as a platform delivers it."""
        return Command(
            f"c{next(self._numbers)}",
            address,
            Person(person),
            name,
            arguments,
            self.clock(),
            fields=fields or {},
            files=files,
        )

    async def do(self, name: str, arguments: str = "", **more: Any) -> Reply:
        """Do a command through the delivery, as a connector does."""
        delivery = await self.app.delivery()
        reply = await delivery.handle(self.command(name, arguments, **more))
        assert reply is not None
        assert reply.private
        return reply

    async def form(self, name: str, arguments: str = "", **more: Any) -> Form | None:
        """Ask for a command's form."""
        command = self.command(name, arguments, **more)
        commands = await self.app.commands()
        return await commands.form(command, self.app.access.audience(command))

    async def ask(self, question: str, person: str = ADA) -> str:
        """Ask in a direct message, and give the words of the answer with its links."""
        delivery = await self.app.delivery()
        message = IncomingMessage(
            f"m{next(self._numbers)}",
            Address("slack", "D1", None, "T1"),
            Person(person),
            question,
            self.clock(),
            direct=True,
        )
        reply = await delivery.handle(message)
        assert reply is not None
        return "\n".join([reply.text, *(link.title for link in reply.links)])


def clicked(reply: Reply, label: str) -> tuple[str, str]:
    """Give the command, with its arguments, of a button."""
    (action,) = [action for action in reply.actions if action.label == label]
    return action.name, action.value


async def open_desk(tmp_path: Path, request: pytest.FixtureRequest) -> AsyncIterator[Desk]:
    """Open a desk, and close it after the test."""
    folder = tmp_path / "help"
    folder.mkdir()
    (folder / "reset-password.md").write_text(SOURCES)
    data = tmp_path / "data"
    data.mkdir()
    (data / "models").symlink_to(request.config.cache.mkdir("embedding-models"))
    settings = Settings.model_validate(
        {
            "data_dir": data,
            "access": {
                "admins": [ADA, GRACE],
                "people": {admin: ["internal", "team:billing"] for admin in (ADA, GRACE)},
            },
            "sources": [{"name": "help", "type": "folder", "path": folder, "audience": ["public"]}],
        }
    )
    clock = Ticking()
    async with App(settings, clock=clock) as app:
        yield Desk(app, folder, clock)
