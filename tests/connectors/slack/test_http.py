"""Slack over HTTP: signed requests on the bot's own web application."""

from __future__ import annotations

import json
import time
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

import httpx
import pytest
from slack_sdk.signature import SignatureVerifier
from sqlalchemy import text

from bot.health import Health
from bot.web.application import build_application
from config.settings import SlackSettings
from connectors.base import ServesHttp
from connectors.slack.connector import SlackConnector
from tests.connectors.slack.test_connector import ASK
from tests.fakes.serving import serving
from tests.fakes.slack.workspace import TEAM

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from tests.connectors.slack.conftest import Desk, Office
    from tests.fakes.slack_server import FakeSlack

SECRET = "8f742231b10e8888abcd99yyyzzz85a5"


class Door:
    """Where Slack knocks: the bot's web server."""

    def __init__(self, desk: Desk, client: httpx.AsyncClient) -> None:
        self.desk = desk
        self._client = client

    async def post(
        self, body: str, *, secret: str = SECRET, at: float | None = None, **headers: str
    ) -> httpx.Response:
        """Send a signed request."""
        stamp = str(int(time.time() if at is None else at))
        signature = SignatureVerifier(secret).generate_signature(timestamp=stamp, body=body)
        assert signature is not None
        signed = {"X-Slack-Request-Timestamp": stamp, "X-Slack-Signature": signature}
        kind = "application/json" if body.startswith("{") else "application/x-www-form-urlencoded"
        return await self._client.post(
            "/slack/events", content=body, headers={"Content-Type": kind, **signed, **headers}
        )


@asynccontextmanager
async def opened(office: Office) -> AsyncIterator[Door]:
    """Run the bot without an app token and open its web server."""
    desk = office.make(app_token="", signing_secret=SECRET)
    assert isinstance(desk.connector, ServesHttp)
    application = build_application(Health({}), desk.connector.http_routes())
    async with serving(application) as base, httpx.AsyncClient(base_url=base, trust_env=False) as client:
        assert (await client.post("/slack/events", content="{}")).status_code == 503
        await office.start(desk)
        yield Door(desk, client)


def as_form(payload: dict[str, Any]) -> str:
    """Give an interaction as Slack sends it."""
    return urlencode({"payload": json.dumps(payload)})


async def test_a_mention_over_http(office: Office, slack: FakeSlack) -> None:
    """The two requests of a mention, and a retry of one, get 200 each, and one reply."""
    async with opened(office) as door:
        asked = slack.workspace.say("C1", "U1", ASK)
        bodies = [json.dumps(event) for event in slack.events(asked)]
        statuses = [(await door.post(body)).status_code for body in (*bodies, bodies[0])]
        await slack.until(slack.posts)
        assert await door.desk.settled() == ["sent"]
    assert statuses == [200] * 3
    assert len(slack.posts()) == 1
    assert not any(method == "apps.connections.open" for method, _ in slack.calls)


async def test_a_command_over_http(office: Office, slack: FakeSlack) -> None:
    """Slash commands come as a form."""
    body = {"command": "/helpdesk", "text": "why", "user_id": "U1", "channel_id": "C1", "team_id": TEAM}
    more = {"trigger_id": "1.2", "response_url": f"{slack.base}/respond/1"}
    async with opened(office) as door:
        assert (await door.post(urlencode({**body, **more}))).status_code == 200
        await slack.until(lambda: slack.responses)
    assert slack.responses[0]["blocks"][0]["text"] == "done: why"


async def test_a_button_over_http(office: Office, slack: FakeSlack) -> None:
    """Interactions come as JSON in a form."""
    async with opened(office) as door:
        asked = slack.workspace.say("C1", "U1", ASK)
        await door.post(json.dumps(slack.events(asked)[0]))
        await slack.until(slack.posts)
        post = slack.posts()[0]
        click = {
            "type": "block_actions",
            "user": {"id": "U2", "team_id": TEAM},
            "team": {"id": TEAM},
            "channel": {"id": "C1"},
            "message": post,
            "actions": [{**post["blocks"][2]["elements"][0], "action_ts": "5.6"}],
            "trigger_id": "9.9",
        }
        assert (await door.post(as_form(click))).status_code == 200
        await slack.until(lambda: slack.workspace.channels["C1"].whispers)
    assert office.commands.done[0][0].name == "human"


async def test_slack_may_verify_the_address(office: Office) -> None:
    """The challenge comes back."""
    async with opened(office) as door:
        answer = await door.post(json.dumps({"type": "url_verification", "challenge": "c1", "token": "t"}))
    assert answer.json() == {"challenge": "c1"}


@pytest.mark.parametrize(("secret", "age"), [("another", 0), (SECRET, 400)])
async def test_who_is_not_slack_is_refused(office: Office, slack: FakeSlack, secret: str, age: int) -> None:
    """A wrong signature, and an old request sent again, get 401 and nothing is kept of them."""
    async with opened(office) as door:
        body = json.dumps(slack.events(slack.workspace.say("C1", "U1", ASK))[0])
        answer = await door.post(body, secret=secret, at=time.time() - age)
        assert await door.desk.settled() == []
    assert answer.status_code == 401


async def test_no_commit_no_ack(office: Office, slack: FakeSlack) -> None:
    """What the database did not take gets 500, so that Slack sends it again."""
    async with opened(office) as door:
        body = json.dumps(slack.events(slack.workspace.say("C1", "U1", ASK))[0])
        async with office.database.write() as connection:
            await connection.execute(text("ALTER TABLE inbox RENAME TO inbox_away"))
        assert (await door.post(body)).status_code == 500
        async with office.database.write() as connection:
            await connection.execute(text("ALTER TABLE inbox_away RENAME TO inbox"))
        assert (await door.post(body)).status_code == 200
        await slack.until(slack.posts)


async def test_a_body_without_end_is_refused(office: Office) -> None:
    """Nobody fills the memory before the signature is looked at."""
    async with opened(office) as door:
        assert (await door.post("{" + " " * 1_000_001)).status_code == 413


def test_http_is_used_without_an_app_token() -> None:
    """A signing secret alone is enough; with an app token too, Socket Mode is used."""
    tokens = {"bot_token": "xoxb-1", "signing_secret": SECRET}
    over_http = SlackConnector.from_settings(SlackSettings.model_validate(tokens))
    assert [route.path for route in over_http.http_routes()] == ["/slack/events"]
    both = SlackConnector.from_settings(SlackSettings.model_validate({**tokens, "app_token": "xapp-1"}))
    assert both.http_routes() == []
