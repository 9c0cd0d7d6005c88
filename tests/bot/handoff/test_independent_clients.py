"""Clients that others wrote for the real helpdesks can use our fakes of tickets: so the fakes are like them."""

from __future__ import annotations

import asyncio
import gc
import warnings
from typing import TYPE_CHECKING, Any

import pytest

from tests.bot.handoff.test_ticket_desks import REQUEST, desk_of
from tests.fakes.helpdesks.base import TOKEN
from tests.fakes.helpdesks.more_ticket_desks import FakeIntercomTickets, FakeZammadTickets

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.fakes.helpdesks.tickets import FakeTicketDesk

REMEDY = "pip install 'helpdesk-bot[dev]'"


@pytest.fixture(autouse=True)
def around_clients(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Let requests find this machine, and take away the connections that the clients leave open."""
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    yield
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)
        gc.collect()


async def opened(fake: FakeTicketDesk) -> str:
    """Open a ticket as the bot does, and let an agent answer."""
    desk = desk_of(fake.reached_by())
    ticket = await desk.open(REQUEST)
    await desk.close()
    fake.say("Use the new client.")
    return ticket.id


@pytest.mark.counterpart("zammad_py")
async def test_zammad_py() -> None:
    """It reads the ticket and its articles."""
    zammad_py = pytest.importorskip("zammad_py", reason=REMEDY)
    fake = FakeZammadTickets()
    async with fake.running():
        number = await opened(fake)
        client = zammad_py.ZammadAPI(url=f"{fake.url}/api/v1/", http_token=TOKEN)

        def read() -> tuple[Any, Any]:
            return client.ticket.find(number), client.ticket.articles(number)

        ticket, articles = await asyncio.to_thread(read)
        client.session.close()
    assert str(ticket["id"]) == number
    assert [(said["sender"], said["internal"]) for said in articles] == [
        ("Customer", False),
        ("Agent", False),
    ]
    assert "Use the new client." in articles[1]["body"]


@pytest.mark.counterpart("python-intercom")
@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore:.*[Pp]ydantic.*")
async def test_python_intercom() -> None:
    """It finds the contact by its chat id, and the ticket's comment by an admin."""
    intercom = pytest.importorskip("intercom", reason=REMEDY)
    fake = FakeIntercomTickets()
    async with fake.running():
        number = await opened(fake)
        client = intercom.AsyncIntercom(token=TOKEN, base_url=fake.url, headers={"Intercom-Version": "2.15"})
        ticket = await client.tickets.get(ticket_id=number)
        types = await client.ticket_types.list()
    assert ticket.open
    said = [(part.part_type, part.author.type, part.body) for part in ticket.ticket_parts.ticket_parts]
    assert said[0] == ("comment", "admin", "<p>Use the new client.</p>")
    assert types.data[0].id == "31"
