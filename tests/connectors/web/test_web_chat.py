"""Chat on a web site: real sockets, the real web server and delivery; only the articles are scripted."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import httpx
import jwt
import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.typing import Origin

from bot.access import Access
from bot.delivery import Delivery
from bot.health import Health
from bot.inbox import Inbox
from bot.personas import Personas
from bot.questions import Questions
from bot.router import Router
from bot.web.application import build_application
from bot.web.server import WebServer
from config.errors import ConfigError
from config.persona import load_persona
from config.settings import AccessSettings
from config.sites import SiteSettings, site_secret
from connectors.base import Address, Reply
from connectors.errors import DeliveryError
from connectors.web.connector import WebConnector
from connectors.web.visitors import Site
from knowledge.database import Database
from tests.bot.conftest import Clock, ScriptedHelpdesk
from tests.connectors.slack.conftest import Echo

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

ORIGIN = "https://www.example.com"
SECRET = "0123456789abcdef0123456789abcdef"
CONVERSATION = "c" * 22
SITE = Site("shop", frozenset({ORIGIN}), frozenset({"public", "customers"}), SECRET)
PUBLIC = frozenset({"public"})


@dataclass
class Desk:
    """A bot on a port, with one site."""

    connector: WebConnector
    delivery: Delivery
    helpdesk: ScriptedHelpdesk
    commands: Echo
    clock: Clock
    port: int

    @property
    def url(self) -> str:
        """Where a page posts to."""
        return f"http://127.0.0.1:{self.port}/chat/shop"

    def talk(self, origin: str = ORIGIN) -> Any:
        """Open a socket as a page of this origin does."""
        return connect(f"ws://127.0.0.1:{self.port}/chat/shop/socket", origin=Origin(origin), proxy=None)

    def token(self, **claims: Any) -> str:
        """Sign a token for ten minutes, as the site's own server does."""
        now = self.clock().timestamp()
        known = {"sub": "u7", "exp": now + 600, "aud": "shop", "labels": ["customers", "internal"]}
        return jwt.encode({**known, **claims}, SECRET, algorithm="HS256")

    async def post(self, *, origin: str | None = ORIGIN, **body: Any) -> httpx.Response:
        """Ask by HTTP."""
        known = {"conversation": CONVERSATION, "id": "question-1", "text": "How do I reset my password?"}
        headers = {} if origin is None else {"origin": origin}
        async with httpx.AsyncClient(trust_env=False, timeout=20) as client:
            return await client.post(self.url, json={**known, **body}, headers=headers)


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    """An empty SQLite file with the bot's tables."""
    async with Database(Database.url_for("", tmp_path)) as opened:
        await opened.upgrade("bot:migrations", "bot_version")
        yield opened


@pytest.fixture
async def desk(database: Database) -> AsyncIterator[Desk]:
    """A bot that is ready."""
    clock, helpdesk, commands = Clock(), ScriptedHelpdesk(), Echo()
    router = Router(
        helpdesk=helpdesk,
        commands=commands,
        access=Access(AccessSettings(members=frozenset({"staff"}), admins=frozenset({"web:shop/u7"}))),
        personas=Personas(load_persona("friendly"), load_persona),
        questions=Questions(database, clock),
        clock=clock,
        timeout_seconds=20,
    )
    delivery = Delivery(Inbox(database, clock, timedelta(seconds=60)), router, clock)
    connector = WebConnector([SITE], clock)
    server = WebServer(build_application(Health({}), connector.http_routes()), "127.0.0.1", 0)
    server.bind()
    tasks = [asyncio.create_task(connector.run(delivery)), asyncio.create_task(server.run())]
    try:
        yield Desk(connector, delivery, helpdesk, commands, clock, server.port)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def hello(socket: Any, **more: Any) -> dict[str, Any]:
    """Begin a conversation."""
    await socket.send(json.dumps({"conversation": CONVERSATION, **more}))
    welcome: dict[str, Any] = json.loads(await socket.recv())
    return welcome


async def said(socket: Any, **frame: Any) -> dict[str, Any]:
    """Send a frame and give the first that comes back."""
    await socket.send(json.dumps(frame))
    answer: dict[str, Any] = json.loads(await socket.recv())
    return answer


async def test_a_page_asks_by_http_and_gets_one_reply(desk: Desk) -> None:
    """An anonymous visitor reads what is public and nothing else."""
    answer = await desk.post()
    assert answer.status_code == 200
    assert answer.headers["access-control-allow-origin"] == ORIGIN
    body = answer.json()
    assert (body["type"], body["id"]) == ("reply", "question-1")
    assert "How do I reset my password?" in body["text"]
    assert [action["name"] for action in body["actions"]][:2] == ["helpful", "not_helpful"]
    assert desk.helpdesk.asked[0]["audience"] == PUBLIC


async def test_a_question_that_is_sent_again_is_answered_once(desk: Desk) -> None:
    """A page that lost its connection sends the same id, and gets the same reply."""
    first, again = await desk.post(), await desk.post()
    assert first.json() == again.json()
    assert len(desk.helpdesk.asked) == 1


async def test_two_requests_at_once_share_one_answer(desk: Desk) -> None:
    """Also while the first is still being worked on."""
    go = asyncio.Event()

    async def wait() -> None:
        await go.wait()

    desk.helpdesk.act = wait
    both = [asyncio.create_task(desk.post()) for _ in range(2)]
    while not desk.helpdesk.asked:
        await asyncio.sleep(0)
    go.set()
    answers = await asyncio.gather(*both)
    assert answers[0].json() == answers[1].json()
    assert len(desk.helpdesk.asked) == 1


async def test_a_token_carries_labels_within_the_sites_audience(desk: Desk) -> None:
    """What the site may not give, a token does not give; the config's `members` are no visitors of web sites."""
    await desk.post(token=desk.token())
    assert desk.helpdesk.asked[0]["audience"] == frozenset({"public", "customers"})


@pytest.mark.parametrize(
    "claims",
    [
        {"exp": 1.0},
        {"exp": 4_000_000_000},
        {"aud": "another"},
        {"labels": "customers"},
        {"labels": [["customers"]]},
        {"sub": ""},
        {"exp": "soon"},
    ],
    ids=str,
)
async def test_a_token_that_says_too_much_is_refused(desk: Desk, claims: dict[str, Any]) -> None:
    """Expired, too long alive, for another site, or malformed: nobody is answered under it."""
    answer = await desk.post(token=desk.token(**claims))
    assert answer.status_code == 400
    assert "token" in answer.json()["reason"]
    assert not desk.helpdesk.asked


@pytest.mark.parametrize("algorithm", ["none", "HS512"])
async def test_a_token_of_another_algorithm_is_refused(desk: Desk, algorithm: str) -> None:
    """The classic: `alg: none`."""
    claims = {"sub": "u7", "exp": desk.clock().timestamp() + 60, "aud": "shop", "labels": ["customers"]}
    key = "" if algorithm == "none" else SECRET * 2
    assert (await desk.post(token=jwt.encode(claims, key, algorithm=algorithm))).status_code == 400


async def test_a_page_of_another_origin_may_not_ask(desk: Desk) -> None:
    """Neither by HTTP nor by a socket; a server of the site, which sends no origin, may by HTTP."""
    assert (await desk.post(origin="https://evil.example")).status_code == 403
    assert (await desk.post(origin=None)).status_code == 200
    with pytest.raises(InvalidStatus):
        async with desk.talk("https://evil.example"):
            pass


async def test_a_preflight_names_the_site_alone(desk: Desk) -> None:
    """A browser asks first whether a page may post JSON."""
    headers = {"access-control-request-method": "POST", "access-control-request-headers": "content-type"}
    async with httpx.AsyncClient(trust_env=False) as client:
        good = await client.options(desk.url, headers={**headers, "origin": ORIGIN})
        bad = await client.options(desk.url, headers={**headers, "origin": "https://evil.example"})
    assert good.headers["access-control-allow-origin"] == ORIGIN
    assert "access-control-allow-origin" not in bad.headers


async def test_a_reply_grows_on_a_socket(desk: Desk) -> None:
    """Pieces come as they are certain; the whole reply follows."""
    desk.helpdesk.pieces = ("The answer ", "to ")
    async with desk.talk() as socket:
        assert await hello(socket) == {"type": "welcome"}
        piece = await said(socket, type="message", id="question-1", text="Why?")
        assert piece == {"type": "piece", "id": "question-1", "text": "The answer "}
        assert json.loads(await socket.recv())["text"] == "to "
        assert json.loads(await socket.recv())["type"] == "reply"


async def test_a_page_that_left_finds_its_reply_when_it_comes_back(desk: Desk) -> None:
    """A connection lost while the answer is made loses no answer, and makes no second one."""
    go = asyncio.Event()

    async def wait() -> None:
        await go.wait()

    desk.helpdesk.act = wait
    async with desk.talk() as socket:
        await hello(socket)
        await socket.send(json.dumps({"type": "message", "id": "question-1", "text": "Why?"}))
        while not desk.helpdesk.asked:
            await asyncio.sleep(0)
    go.set()
    async with desk.talk() as socket:
        await hello(socket)
        assert (await said(socket, type="message", id="question-1", text="Why?"))["type"] == "reply"
    assert len(desk.helpdesk.asked) == 1


async def test_clicks_are_commands_and_nobody_is_an_admin(desk: Desk) -> None:
    """A visitor is a guest, whatever the config says of the id in the token."""
    async with desk.talk() as socket:
        await hello(socket, token=desk.token())
        answer = await said(socket, type="click", id="click-001", name="helpful", value="a1")
    assert answer["text"] == "done: helpful a1"
    command, audience = desk.commands.done[0]
    assert command.sender.id == "web:shop/u7"
    assert command.sender.guest
    assert audience == frozenset({"public", "customers"})


async def test_what_nobody_asked_for_reaches_the_open_page(desk: Desk) -> None:
    """A human's answer goes to the conversation, and to no other; where no page is open the outbox tries later."""
    async with desk.talk() as socket:
        await hello(socket)
        await said(socket, type="message", id="question-1", text="Why?")
        event = desk.helpdesk.asked[0]
        assert event
        address = await _address(desk)
        await desk.connector.send(address, Reply("Ana says hello"))
        assert json.loads(await socket.recv())["text"] == "Ana says hello"
    with pytest.raises(DeliveryError):
        await desk.connector.send(Address("web", "shop.unknown", None, "shop"), Reply("x"))


async def _address(desk: Desk) -> Address:
    (channel,) = desk.connector._pages._shown
    return Address("web", channel, None, "shop")


@pytest.mark.parametrize(
    "frame",
    [
        {"type": "message", "id": "short"},
        {"type": "shout", "id": "question-1"},
        {"type": "message", "id": "question-1", "text": 7},
        [],
    ],
    ids=str,
)
async def test_a_frame_that_is_none_ends_the_connection_with_a_reason(desk: Desk, frame: Any) -> None:
    """Close code 1008, and the field that is wrong."""
    async with desk.talk() as socket:
        await hello(socket)
        await socket.send(json.dumps(frame))
        with pytest.raises(ConnectionClosed) as closed:
            await socket.recv()
    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == 1008
    assert closed.value.rcvd.reason


async def test_a_guessable_conversation_is_refused(desk: Desk) -> None:
    """Its id keeps strangers out, so it has at least 20 characters."""
    assert (await desk.post(conversation="1")).status_code == 400


async def test_an_endless_body_is_refused(desk: Desk) -> None:
    """Nobody fills the memory."""
    assert (await desk.post(text="x" * 200_000)).status_code == 413


async def test_a_database_that_is_away_is_told_and_tried_again(desk: Desk, database: Database) -> None:
    """What was not committed is not lost: the page sends it again under the same id."""
    await database.close()
    failed = await desk.post()
    assert failed.status_code == 503
    assert "again" in failed.json()["reason"]


def test_a_secret_that_is_none_or_too_short_is_refused() -> None:
    """The config says what to do, and not what the secret is."""
    site = SiteSettings(key="shop", origins=frozenset({ORIGIN}), secret_env="SHOP")
    for value in ("", "hunter2"):
        with pytest.raises(ConfigError, match="openssl rand") as refused:
            site_secret(site, {"SHOP": value})
        assert "hunter2" not in str(refused.value)
    assert site_secret(SiteSettings(key="shop", origins=frozenset({ORIGIN})), {}) is None


@pytest.mark.parametrize("origin", ["www.example.com", "https://www.example.com/", "*", "https://a b"])
def test_an_origin_is_scheme_and_host(origin: str) -> None:
    """A wildcard or a path would let in whom nobody meant."""
    with pytest.raises(ValueError, match="origin"):
        SiteSettings(key="shop", origins=frozenset({origin}))
