"""A page that asks too much, stays too long, or says nonsense harms nobody else."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING

import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus

from connectors import once
from connectors.web import pages
from tests.connectors.web.test_web_chat import CONVERSATION, database, desk, hello, said

if TYPE_CHECKING:
    from tests.connectors.web.test_web_chat import Desk

__all__ = ["database", "desk"]  # the fixtures


async def test_a_socket_ends_with_its_token(desk: Desk) -> None:
    """The labels of a short-lived token do not outlive it on a connection that stays open."""
    async with desk.talk() as socket:
        token = desk.token(exp=desk.clock().timestamp() + 0.3)
        assert await hello(socket, token=token) == {"type": "welcome"}
        async with asyncio.timeout(10):
            with pytest.raises(ConnectionClosed) as closed:
                await socket.recv()
    assert closed.value.rcvd is not None
    assert (closed.value.rcvd.code, "expired" in closed.value.rcvd.reason) == (1008, True)


async def test_a_socket_asks_so_much_at_once_and_no_more(desk: Desk) -> None:
    """Of a flood four questions are worked on; the others wait in the socket, and all are answered."""
    go = asyncio.Event()

    async def wait() -> None:
        await go.wait()

    desk.helpdesk.act = wait
    number = pages.MOST_AT_ONCE * 3
    async with desk.talk() as socket:
        await hello(socket)
        for place in range(number):
            await socket.send(
                json.dumps({"type": "message", "id": f"question-{place}", "text": f"Why {place}?"})
            )
        while len(desk.helpdesk.asked) < pages.MOST_AT_ONCE:
            await asyncio.sleep(0)
        async with desk.talk() as other:  # by then the flood would have been read
            await hello(other, conversation="d" * 22)
        assert len(desk.helpdesk.asked) == pages.MOST_AT_ONCE
        go.set()
        answers = [json.loads(await socket.recv()) for _ in range(number)]
    assert {answer["type"] for answer in answers} == {"reply"}
    assert len(desk.helpdesk.asked) == number


async def test_a_site_has_so_many_pages_and_no_more(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """One more is refused before it costs anything; when a page leaves, another may come."""
    monkeypatch.setattr(pages, "MOST_PAGES", 1)
    async with desk.talk() as socket:
        await hello(socket)
        with pytest.raises(InvalidStatus):
            async with desk.talk():
                pass
    async with asyncio.timeout(10):
        while desk.connector._pages._open["shop"]:
            await asyncio.sleep(0)
    async with desk.talk() as socket:
        assert await hello(socket) == {"type": "welcome"}


async def test_the_bot_takes_so_much_at_once_and_no_more(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who comes beyond that is told to send it again, and is answered then."""
    monkeypatch.setattr(once, "MOST_AT_ONCE", 0)
    refused = await desk.post()
    assert (refused.status_code, "busy" in refused.json()["reason"]) == (503, True)
    monkeypatch.setattr(once, "MOST_AT_ONCE", 1)
    assert (await desk.post()).json()["type"] == "reply"


async def test_a_page_that_does_not_say_hello_is_closed(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """An open connection is worth something."""
    monkeypatch.setattr(pages, "HELLO_SECONDS", 0.05)
    async with desk.talk() as socket:
        with pytest.raises(ConnectionClosed) as closed:
            await socket.recv()
    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == 1008


@pytest.mark.parametrize("frame", [b"\x00\xff", b"{", "nonsense", ""], ids=repr)
async def test_nonsense_ends_the_connection_in_order(desk: Desk, frame: str | bytes) -> None:
    """Binary or text: a close code with the reason, and no trace of an error in the log."""
    async with desk.talk() as socket:
        await hello(socket)
        await socket.send(frame)
        with pytest.raises(ConnectionClosed) as closed:
            await socket.recv()
    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == 1008


async def test_no_token_makes_somebody_anonymous(desk: Desk) -> None:
    """Whatever `sub` a site signs, it is not the id of a visitor without a token, nor their conversation."""
    async with desk.talk() as socket:
        await hello(socket)
        await said(socket, type="click", id="click-001", name="helpful", value="a1")
    command, _ = desk.commands.done[0]
    anonymous = command.sender.id
    assert anonymous.startswith("web:shop~")
    await desk.post(token=desk.token(sub=anonymous.removeprefix("web:shop")), conversation=CONVERSATION)
    async with desk.talk() as socket:
        await hello(socket, token=desk.token(sub=anonymous.removeprefix("web:shop")))
        await said(socket, type="click", id="click-002", name="helpful", value="a1")
    other, _ = desk.commands.done[1]
    assert other.sender.id != anonymous
    assert other.address != command.address
