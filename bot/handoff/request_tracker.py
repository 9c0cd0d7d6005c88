"""Request Tracker 5, by REST 2: https://docs.bestpractical.com/rt/5.0/RT/REST2.html."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, Generic, TypeVar

import httpx
from pydantic import BaseModel

from bot.handoff.api import DeskApi, Text, token_of
from bot.handoff.html import to_text
from bot.handoff.tickets import AgentReply, Ticket, TicketState

if TYPE_CHECKING:
    from datetime import datetime

    from bot.handoff.tickets import HandoffRequest
    from config.handoff import HandoffSettings

_API: Final = "/REST/2.0"
_PAGE, _MOST_PAGES = 100, 10
Row = TypeVar("Row")
_SYSTEM: Final = frozenset({"RT_System", "Nobody"})


class _Ref(BaseModel):
    id: str | int = ""


class _Found(BaseModel):
    items: list[_Ref] = []


class _Ticket(BaseModel):
    id: int
    Creator: _Ref
    Requestor: list[_Ref] = []


class _Made(BaseModel):
    id: str


class _Transaction(BaseModel):
    id: str | int
    Type: str
    Creator: _Ref


class _Attachment(BaseModel):
    TransactionId: str | int
    ContentType: Text = ""
    Content: Text = ""
    Filename: Text = ""


class _Page(BaseModel, Generic[Row]):
    items: list[Row]
    pages: float | None = None
    """Untold to whoever may not see every row, such as the internal notes."""


class _User(BaseModel):
    Name: str = ""
    RealName: Text = ""
    Privileged: int | str | None = None


class RequestTrackerDesk:
    """Opens tickets in `queue` that refer to `helpdesk-bot:KEY`, a link by which TicketSQL finds them at once."""

    name = "request_tracker"

    def __init__(self, settings: HandoffSettings) -> None:
        token = token_of(settings)
        auth = httpx.BasicAuth(settings.user, token) if settings.user else None
        headers = {} if settings.user else {"Authorization": f"token {token}"}
        self._api = DeskApi(self.name, settings.url, headers=headers, auth=auth)
        self._queue = settings.queue

    async def open(self, request: HandoffRequest) -> Ticket:
        """See TicketDesk. Raises HandoffError."""
        mark = f"helpdesk-bot:{request.key}"
        if known := await self._search(f"RefersTo = '{mark}'"):
            return self._ticket(known[0])
        body = {
            "Queue": self._queue,
            "Subject": request.subject,
            "Content": request.text(),
            "ContentType": "text/plain",
            "RefersTo": mark,
        }
        if request.email:
            body["Requestor"] = request.email
        made = await self._api.post(f"{_API}/ticket", "open a ticket", _Made, body)
        return self._ticket(made.id)

    async def state(self, ticket: Ticket, since: datetime) -> TicketState | None:  # noqa: ARG002 - the protocol
        """See TicketDesk. Raises HandoffError."""
        found = await self._api.find(f"{_API}/ticket/{ticket.id}", f"ticket {ticket.id}", _Ticket)
        if found is None:
            return TicketState(closed=True)
        own = {str(found.Creator.id), *(str(person.id) for person in found.Requestor)} | _SYSTEM
        said = [
            row
            for row in await self._history(ticket)
            if row.Type == "Correspond" and str(row.Creator.id) not in own
        ]
        words = await self._words(ticket) if said else {}
        replies = [
            AgentReply(str(row.id), author, words[str(row.id)])
            for row in said
            if str(row.id) in words and (author := await self._agent(str(row.Creator.id)))
        ]
        closed = bool(await self._search(f"id = {found.id} AND Status = '__Inactive__'"))
        return TicketState(closed, tuple(replies))

    async def check(self) -> str:
        """See TicketDesk. Raises HandoffError."""
        queue = httpx.URL(path=self._queue).raw_path.decode()
        await self._api.get(f"{_API}/queue/{queue}", f"the queue {self._queue}", dict[str, Any])
        await self._search("id = 0")
        return f"queue {self._queue} at {self._api.host}"

    async def close(self) -> None:
        """Close connections."""
        await self._api.close()

    def _ticket(self, number: str) -> Ticket:
        return Ticket(number, self._api.link(f"/Ticket/Display.html?id={number}"))

    async def _search(self, query: str) -> list[str]:
        params = {"query": query, "orderby": "id", "per_page": 1}
        found = await self._api.get(f"{_API}/tickets", "tickets", _Found, params)
        return [str(item.id) for item in found.items]

    async def _history(self, ticket: Ticket) -> list[_Transaction]:
        return await self._rows(_Page[_Transaction], "history", ticket, "Type,Creator")

    async def _words(self, ticket: Ticket) -> dict[str, str]:
        """Give the words of each transaction: its first text that is no file, plain text before HTML."""
        fields = "ContentType,Content,TransactionId,Filename"
        words: dict[str, str] = {}
        for row in await self._rows(_Page[_Attachment], "attachments", ticket, fields):
            key, kind = str(row.TransactionId), row.ContentType.partition(";")[0]
            if row.Filename or not row.Content.strip() or key in words:
                continue
            if kind == "text/plain":
                words[key] = row.Content.strip()
            elif kind == "text/html":
                words[key] = await to_text(row.Content)
        return words

    async def _rows(self, page_of: type[_Page[Row]], what: str, ticket: Ticket, fields: str) -> list[Row]:
        rows: list[Row] = []
        for number in range(1, _MOST_PAGES + 1):
            params = {"fields": fields, "page": number, "per_page": _PAGE}
            path = f"{_API}/ticket/{ticket.id}/{what}"
            page = await self._api.get(path, f"the {what} of ticket {ticket.id}", page_of, params)
            rows += page.items
            if not page.items or (page.pages is not None and number >= page.pages):
                break
        return rows

    async def _agent(self, name: str) -> str:
        """Give the name of an agent; "" for somebody who is none, such as a customer's colleague in copy."""
        path = f"{_API}/user/{httpx.URL(path=name).raw_path.decode()}"
        user = await self._api.find(path, f"the user {name}", _User, absent=(403, 404))
        if user is None or str(user.Privileged or "0") == "0":
            return ""
        return user.RealName or user.Name
