"""What every fake helpdesk can do, so that one set of rules is tried on all of them."""

from __future__ import annotations

import base64
from abc import ABC, abstractmethod
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, ClassVar

from starlette.applications import Starlette

from tests.fakes.helpdesks.faults import Refused, Wire, refusing

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from starlette.requests import Request
    from starlette.routing import Route

TOKEN = "secret-token"


def iso(seconds: int) -> str:
    """Write a time as most APIs do."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def basic(user: str, password: str) -> str:
    """Write the Authorization header of a user and a password."""
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()


class FakeHelpdesk(ABC):
    """A helpdesk with a clock of its own in seconds, which moves with every change."""

    options: ClassVar[dict[str, Any]]
    """The `[[sources]]` table that reads it, without its address."""
    headers: ClassVar[dict[str, str]]
    """What a request must carry."""
    listing: ClassVar[str]
    """What stands in the paths of the pages that list articles."""
    base_path = ""
    extra: ClassVar[frozenset[str]] = frozenset()
    """Ids of articles that are always there."""
    second_page = 1
    """How many listing requests come before the one that faults should hit."""

    def __init__(self) -> None:
        self.now = 1_700_000_000
        self.page_size = 100
        self.hidden = False
        self.articles: dict[int, dict[str, Any]] = {}
        self.url = ""
        app = Starlette(routes=self.routes(), exception_handlers={Refused: refusing})
        self.wire = Wire(app, lambda: self.now)

    @abstractmethod
    def routes(self) -> list[Route]:
        """Give the endpoints."""

    @asynccontextmanager
    async def running(self) -> AsyncIterator[str]:
        """Serve on a free port; gives the address that the config has."""
        async with self.wire.running() as url:
            self.url = url
            yield url + self.base_path

    def id_of(self, number: int) -> str:
        """Give the id that the bot has for an article."""
        return str(number)

    def put(self, number: int, title: str, html: str, *, draft: bool = False) -> None:
        """Write an article, or change it."""
        self.now += 60
        self.articles[number] = {
            "title": title,
            "html": html,
            "draft": draft,
            "changed": self.now,
            "version": self.articles.get(number, {}).get("version", 0) + 1,
        }

    def delete(self, number: int) -> None:
        """Delete an article, which leaves no trace."""
        self.now += 60
        del self.articles[number]

    def hide(self) -> None:
        """Show the articles' container to some people only, touching no article."""
        self.now += 60
        self.hidden = True

    def admit(self, request: Request) -> None:
        """Refuse a request without its credentials."""
        for name, value in self.headers.items():
            if request.headers.get(name) != value:
                raise Refused(401, "not authenticated")

    def numbered(self, rows: list[Any], number: int, size: int) -> list[Any]:
        """Give a page by its number from 1."""
        size = min(size, self.page_size)
        return rows[(number - 1) * size : number * size]
