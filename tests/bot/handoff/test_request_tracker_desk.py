"""Tickets at a real Request Tracker, with the rights that docs/handoff.md lists and no more."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from bot.handoff.request_tracker import RequestTrackerDesk
from bot.handoff.tickets import HandoffError, HandoffRefusedError
from config.handoff import HandoffSettings
from tests.bot.handoff.test_ticket_desks import REQUEST, SINCE
from tests.fakes.helpdesks.faults import Fault, Wire
from tests.fakes.helpdesks.forwarding import Forwarding
from tests.fakes.helpdesks.real_rt import MISSING, PASSWORD, RealRt, is_there, running_rt

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

pytestmark = [
    pytest.mark.counterpart("request-tracker"),
    pytest.mark.skipif(not is_there(), reason=MISSING),
    pytest.mark.slow,
]
RIGHTS = ("SeeQueue", "CreateTicket", "ShowTicket")


@pytest.fixture
async def tracker(tmp_path: Path) -> AsyncIterator[RealRt]:
    """A Request Tracker with the bot's user, who may do what it must, and an outsider; its root is the agent."""
    rights = {"Privileged": RIGHTS, "Unprivileged": ("ShowTicket", "ReplyToTicket")}
    async with running_rt(tmp_path, rights) as real:
        for name, privileged in (("bot", 1), ("outsider", 0)):
            address = f"{name}@acme.example"
            await real.post("user", Name=name, EmailAddress=address, Password=PASSWORD, Privileged=privileged)
        yield real


def settings(tracker: RealRt, **changes: str) -> HandoffSettings:
    """Give the `[handoff]` table that reaches it."""
    table = {"to": "request_tracker", "url": tracker.url, "user": "bot", "token": PASSWORD}
    return HandoffSettings.model_validate({**table, "queue": "General", **changes})


async def test_a_life_with_the_real_one(tracker: RealRt) -> None:
    """Opened once, also when the answer was lost; public answers of agents come back, nothing else; then it ends."""
    wire = Wire(Forwarding(tracker.url), lambda: 1_700_000_000)
    async with wire.running() as url:
        desk = RequestTrackerDesk(settings(tracker, url=url))
        assert await desk.check() == "queue General at 127.0.0.1"
        wire.faults.append(Fault("/REST/2.0/ticket", truncate=True, after=1))
        with pytest.raises(HandoffError, match="broke off"):
            await desk.open(REQUEST)
        ticket = await desk.open(REQUEST)
        assert ticket.id == "1"
        assert ticket.url == f"{url}/Ticket/Display.html?id=1"
        assert await desk.open(REQUEST) == ticket
        assert (await desk.open(replace(REQUEST, key="f" * 32))).id == "2"
        made = await tracker.get("ticket/1/attachments", fields="Content")
        assert REQUEST.question in made["items"][0]["Content"]

        state = await desk.state(ticket, SINCE)
        assert state is not None
        assert (state.closed, state.replies) == (False, ())
        await tracker.say("root", "correspond", "Use 2 < 3 & retry.")
        await tracker.say("root", "comment", "secret note")
        await tracker.say("outsider", "correspond", "me too")
        await tracker.say("root", "correspond", "<p>Better <b>now</b>?</p>", "text/html")
        state = await desk.state(ticket, SINCE)
        assert state is not None
        assert [(reply.author, reply.text) for reply in state.replies] == [
            ("Enoch Root", "Use 2 < 3 & retry."),
            ("Enoch Root", "Better **now**?"),
        ]
        assert not state.closed
        await tracker.put("ticket/1", Status="resolved")
        state = await desk.state(ticket, SINCE)
        assert state is not None
        assert state.closed
        await desk.close()


async def test_what_is_refused_is_named(tracker: RealRt) -> None:
    """A wrong password, and a queue that is not there: both by the check and by opening."""
    wrong = RequestTrackerDesk(settings(tracker, token="wr0ng"))
    nowhere = RequestTrackerDesk(settings(tracker, queue="Nope"))
    with pytest.raises(HandoffRefusedError, match=r"answered 401; renew \[handoff\] token"):
        await wrong.check()
    with pytest.raises(HandoffRefusedError, match=r"answered 404; see whether \[handoff\] url and queue"):
        await nowhere.check()
    with pytest.raises(HandoffRefusedError, match="answered 403"):
        await nowhere.open(REQUEST)
    await wrong.close()
    await nowhere.close()
