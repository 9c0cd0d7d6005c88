"""What a helpdesk takes and gives: a request for a ticket, the ticket, and what its agents answer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from datetime import datetime


class HandoffError(Exception):
    """A helpdesk did not take a request; the message names the helpdesk and the remedy, and holds no secret."""


class HandoffRefusedError(HandoffError):
    """It will not take this request later either: a refused token, an unknown queue."""


@dataclass(frozen=True, slots=True)
class Line:
    """A line of the conversation: who said it ("Ana", "helpdesk bot"), and the words."""

    speaker: str
    text: str


@dataclass(frozen=True, slots=True)
class HandoffRequest:
    """What a person needs to go on: the question, what was said, what the bot tried, and the way back.

    `key` is the request's own for ever: a helpdesk that was asked twice with it opens one ticket. `articles` are
    (title, url) of what the bot cited. `person` is the requester's id in the chat.
    """

    key: str
    question: str
    requester: str
    conversation: tuple[Line, ...] = ()
    articles: tuple[tuple[str, str], ...] = ()
    verdict: str = ""
    link: str = ""
    email: str = ""
    person: str = ""

    @property
    def subject(self) -> str:
        """The question's first line, at most 150 characters: a ticket's subject."""
        line = " ".join(self.question.split()) or "A question from the chat"
        return line if len(line) <= LONGEST_SUBJECT else f"{line[: LONGEST_SUBJECT - 1]}…"

    def text(self) -> str:
        """Give it as plain text that Markdown shows well too."""
        parts = [
            self.question,
            f"Asked by {self.requester} in the chat{f': {self.link}' if self.link else '.'}",
        ]
        if self.conversation:
            said = "\n".join(
                f"> {line.speaker}: {' '.join(line.text.split())[:1000]}" for line in self.conversation
            )
            parts.append(f"What was said:\n\n{said}")
        if self.articles:
            cited = "\n".join(f"- {title}{f' {url}' if url else ''}" for title, url in self.articles)
            parts.append(f"{_CITED.get(self.verdict, _CITED['unsure'])}:\n\n{cited}")
        return "\n\n".join(parts)


LONGEST_SUBJECT = 150
_CITED = {
    "answered": "The bot answered from these articles",
    "unsure": "The bot was not sure, and showed these articles",
}


@dataclass(frozen=True, slots=True)
class Ticket:
    """An opened ticket: the helpdesk's id of it, and where it can be seen, if anywhere."""

    id: str
    url: str = ""


@dataclass(frozen=True, slots=True)
class AgentReply:
    """What an agent said to the requester; internal notes are never one of these."""

    id: str
    author: str
    text: str


@dataclass(frozen=True, slots=True)
class TicketState:
    """Where a ticket stands: its public replies by agents, oldest first, and whether it is closed."""

    closed: bool
    replies: tuple[AgentReply, ...] = ()


class TicketDesk(Protocol):
    """A helpdesk that takes tickets. Each method raises HandoffError; a retry of `open` makes no second ticket."""

    name: str

    async def open(self, request: HandoffRequest) -> Ticket:
        """Open a ticket, or give the one that this request's key opened before."""
        ...

    async def state(self, ticket: Ticket, since: datetime) -> TicketState | None:
        """Tell what became of it; None where that cannot be asked."""
        ...

    async def check(self) -> str:
        """Tell in a few words what was reached."""
        ...

    async def close(self) -> None:
        """Close connections."""
        ...
