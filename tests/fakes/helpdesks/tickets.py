"""What every fake helpdesk that takes tickets can do, so that one set of rules is tried on all of them."""

from __future__ import annotations

from abc import ABC, abstractmethod
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar

from starlette.applications import Starlette

from config.handoff import HandoffSettings
from tests.fakes.helpdesks.base import TOKEN
from tests.fakes.helpdesks.faults import Refused, Wire, refusing

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from starlette.requests import Request
    from starlette.routing import Route

BOT, AGENT, OUTSIDER, REQUESTER = 1, 2, 3, 4
NAMES = {BOT: "Helpdesk Bot", AGENT: "Ben Agent", OUTSIDER: "Some Outsider", REQUESTER: "Ana"}


@dataclass
class Said:
    """A message of a ticket, by one of NAMES."""

    id: int
    by: int
    text: str
    public: bool = True


@dataclass
class Opened:
    """A ticket: what it was opened with, and what was said since."""

    id: int
    body: dict[str, Any]
    said: list[Said] = field(default_factory=list)
    is_done: bool = False


class FakeTicketDesk(ABC):
    """A helpdesk that takes tickets, with one page of what it lists at `page_size`."""

    settings: ClassVar[dict[str, Any]]
    """The `[handoff]` table that reaches it, without its address."""
    headers: ClassVar[dict[str, str]]
    """What a request must carry."""
    opening: ClassVar[str]
    """The path that tickets are posted to."""
    looking: ClassVar[int] = 1
    """How many requests with that path look for the key before one posts."""
    has_links: ClassVar[bool] = True
    """Whether a ticket can be seen at an address that the bot knows."""

    def __init__(self) -> None:
        self.tickets: dict[int, Opened] = {}
        self.url = ""
        self.page_size = 100
        self._last = 1000
        self.wire = Wire(
            Starlette(routes=self.routes(), exception_handlers={Refused: refusing}), lambda: 1_700_000_000
        )

    @abstractmethod
    def routes(self) -> list[Route]:
        """Give the endpoints."""

    @asynccontextmanager
    async def running(self) -> AsyncIterator[HandoffSettings]:
        """Serve on a free port; gives the settings that reach it."""
        async with self.wire.running() as url:
            self.url = url
            yield self.reached_by()

    def reached_by(self, **changes: Any) -> HandoffSettings:
        """Give the settings, with changes."""
        return HandoffSettings.model_validate({"url": self.url, "token": TOKEN, **self.settings, **changes})

    def next_id(self) -> int:
        """Give a number that no other thing has."""
        self._last += 1
        return self._last

    def make(self, body: dict[str, Any], text: str, by: int = BOT) -> Opened:
        """Open a ticket whose first message is `text`."""
        opened = Opened(self.next_id(), body)
        opened.said.append(Said(self.next_id(), by, text))
        self.tickets[opened.id] = opened
        return opened

    @property
    def only(self) -> Opened:
        """The one ticket that there is."""
        [opened] = self.tickets.values()
        return opened

    def say(self, text: str, *, by: int = AGENT, public: bool = True) -> None:
        """Let somebody write into the one ticket."""
        self.only.said.append(Said(self.next_id(), by, text, public))

    def ticket(self, request: Request) -> Opened:
        """Give the ticket of the path."""
        self.admit(request)
        number = int(request.path_params["number"])
        if number not in self.tickets:
            raise Refused(404, "not found")
        return self.tickets[number]

    def admit(self, request: Request) -> None:
        """Refuse a request without its credentials."""
        for name, value in self.headers.items():
            if request.headers.get(name) != value:
                raise Refused(401, "not authenticated")


def needs(body: dict[str, Any], *names: str) -> None:
    """Refuse a body without these keys."""
    if missing := [name for name in names if not body.get(name)]:
        raise Refused(422, f"missing {missing}")


def knows(body: dict[str, Any], *names: str) -> None:
    """Refuse a body with keys that the endpoint does not document."""
    if unknown := set(body) - set(names):
        raise Refused(422, f"unknown {sorted(unknown)}")
