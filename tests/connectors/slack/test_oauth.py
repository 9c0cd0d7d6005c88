"""Several workspaces on one bot: installed by a browser, kept in the database, each with its own token."""

from __future__ import annotations

import json
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
import yaml
from sqlalchemy import select

from bot.health import Health
from bot.installations import SqlInstallations
from bot.tables import slack_installations
from bot.web.application import build_application
from config.settings import SlackSettings
from connectors.base import Address, Reply
from connectors.errors import ConnectorConfigError
from connectors.slack.connector import SlackConnector
from connectors.slack.installations import Installation
from connectors.slack.oauth import SCOPES, OAuthSettings, authorize_url
from connectors.slack.workspaces import NotInstalledError
from tests.connectors.slack.test_connector import ASK
from tests.connectors.slack.test_http import SECRET, Door
from tests.fakes.serving import serving
from tests.fakes.slack.faults import Status
from tests.fakes.slack.workspace import BOT_ID, BOT_TOKEN, BOT_USER

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from tests.connectors.slack.conftest import Desk, Office
    from tests.fakes.slack_server import FakeSlack

SECOND = "xoxb-2-fake"


class House(Door):
    """A bot that several workspaces may install, and its web server."""

    async def install(self, slack: FakeSlack, team: str, token: str, **change: Any) -> httpx.Response:
        """Go through the pages as a browser does; `change` alters what comes back to the bot."""
        begun = await self._client.get("/slack/install")
        state = parse_qs(urlsplit(begun.headers["Location"]).query)["state"][0]
        code = f"code-{team}-{token}"
        slack.codes[code] = {
            "access_token": token,
            "token_type": "bot",
            "scope": ",".join(SCOPES),
            "bot_user_id": BOT_USER,
            "app_id": "A1",
            "team": {"id": team, "name": f"Team <{team}>"},
            "authed_user": {"id": "U1"},
            "is_enterprise_install": change.pop("organisation", False),
        }
        cookie = begun.headers["Set-Cookie"].partition(";")[0] if change.pop("browser", True) else ""
        query = {"code": code, "state": state, **change}
        self.back = ("/slack/oauth_redirect", query, {"Cookie": cookie})
        return await self._client.get(self.back[0], params=query, headers=self.back[2])


@asynccontextmanager
async def opened(office: Office, slack: FakeSlack, **more: Any) -> AsyncIterator[House]:
    """Run a bot for T1, T2 and T3, over HTTP unless it has an app token."""
    kept = SqlInstallations(lambda: _given(office))
    allowed = frozenset({"T1", "T2", "T3"})
    oauth = OAuthSettings("1.2", "secret", "", allowed, kept)
    arguments = {"app_token": "", "signing_secret": SECRET, **more}
    desk = office.make(bot_token="", oauth=oauth, **arguments)
    application = build_application(Health({}), desk.connector.http_routes())
    async with serving(application) as base, httpx.AsyncClient(base_url=base, trust_env=False) as client:
        assert (await client.get("/slack/install")).status_code == 503
        await office.start(desk)
        if arguments["app_token"]:
            await slack.until(slack.connections)
        yield House(desk, client)


async def _given(office: Office) -> Any:
    return office.database


async def teams(desk: Desk) -> list[str]:
    """Give the workspaces that are kept."""
    async with desk.database.read() as connection:
        rows = await connection.execute(select(slack_installations.c.team).order_by("team"))
        return list(rows.scalars())


async def test_two_workspaces_over_http(office: Office, slack: FakeSlack) -> None:
    """Each installs the app by its own page, and is answered by its own token; who has not gets nothing."""
    async with opened(office, slack) as house:
        first = await house.install(slack, "T1", BOT_TOKEN)
        assert (first.status_code, "Team &lt;T1&gt;" in first.text) == (200, True)
        one = slack.workspace
        said = one.say("C1", "U1", ASK)
        assert (await house.post(json.dumps(slack.events(said)[0]))).status_code == 200
        two = slack.workspace_of("T2", SECOND)
        lost = json.dumps(slack.events(two.say("C1", "U1", "<@UBOT> too early?"))[0])
        assert (await house.post(lost)).status_code == 200
        await house.install(slack, "T2", SECOND)
        said = two.say("C1", "U1", "<@UBOT> And here?")
        assert (await house.post(json.dumps(slack.events(said)[0]))).status_code == 200
        await slack.until(slack.posts)
        assert await house.desk.settled() == ["sent", "sent"]
        assert await teams(house.desk) == ["T1", "T2"]
    shown = [[each for each in team.channels["C1"].messages if each.get("bot_id")] for team in (one, two)]
    assert [len(posts) for posts in shown] == [1, 1]
    assert "And here?" in shown[1][0]["blocks"][0]["text"]


async def test_two_workspaces_over_one_socket(office: Office, slack: FakeSlack) -> None:
    """Socket Mode serves them all by the app's own token; the people of each are its own."""
    async with opened(office, slack, app_token="xapp-1-fake") as house:
        assert (await house.post("{}")).status_code == 404
        await house.install(slack, "T1", BOT_TOKEN)
        await slack.command("U1", "/helpdesk", "status")
        slack.workspace_of("T2", SECOND)
        await house.install(slack, "T2", SECOND)
        await slack.command("U1", "/helpdesk", "status")
        await slack.until(lambda: len(slack.responses) == 2)
        people = [command.sender.id for command, _ in house.desk.commands.done]
    assert people == ["slack:T1/U1", "slack:T2/U1"]


async def test_a_channel_that_two_of_them_share(office: Office, slack: FakeSlack) -> None:
    """One message is told of by both workspaces: one reply."""
    async with opened(office, slack) as house:
        await house.install(slack, "T1", BOT_TOKEN)
        one = slack.workspace
        said = one.say("C1", "U1", ASK)
        first = json.dumps(slack.events(said)[0])
        two = slack.workspace_of("T2", SECOND)
        await house.install(slack, "T2", SECOND)
        two.channels["C1"] = one.channels["C1"]
        second = json.dumps(slack.events(said)[0])
        assert first != second
        assert [(await house.post(body)).status_code for body in (first, second)] == [200, 200]
        await slack.until(slack.posts)
        assert await house.desk.settled() == ["sent"]
        assert len(slack.posts()) == 1


async def test_an_installation_outlasts_a_restart(office: Office, slack: FakeSlack) -> None:
    """It is in the database, and no call is needed to know who we are there."""
    async with opened(office, slack) as house:
        await house.install(slack, "T1", BOT_TOKEN)
        await house.desk.stop()
    slack.calls.clear()
    async with opened(office, slack) as house:
        await house.desk.connector.send(Address("slack", "U1", None, "T1"), Reply("Hello", private=True))
    assert [name for name, _ in slack.calls] == ["conversations.history", "chat.postMessage"] or [
        name for name, _ in slack.calls
    ][-1] == "chat.postMessage"
    assert "auth.test" not in [name for name, _ in slack.calls]


@pytest.mark.parametrize("change", [{"organisation": True}, {}])
async def test_who_is_not_allowed_is_given_back(office: Office, slack: FakeSlack, change: dict) -> None:
    """A workspace that the config does not name, and a whole organisation: nothing is kept, the token is revoked."""
    slack.workspace_of("T9", "xoxb-9-fake")
    async with opened(office, slack) as house:
        answer = await house.install(slack, "T1" if change else "T9", "xoxb-9-fake", **change)
        assert (answer.status_code, "may not install" in answer.text) == (403, True)
        assert await teams(house.desk) == []
    assert slack.revoked == ["xoxb-9-fake"]


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"browser": False}, 400),
        ({"state": "forged"}, 400),
        ({"code": "wrong"}, 401),
        ({"error": "access_denied"}, 200),
    ],
)
async def test_what_did_not_begin_here_installs_nothing(
    office: Office, slack: FakeSlack, change: dict, status: int
) -> None:
    """Another browser, a forged state, a wrong code, and somebody who changed their mind."""
    async with opened(office, slack) as house:
        answer = await house.install(slack, "T1", BOT_TOKEN, **change)
        assert answer.status_code == status
        assert await teams(house.desk) == []


async def test_a_state_is_good_once_and_not_for_long(office: Office, slack: FakeSlack) -> None:
    """The same address opened again, and one that lay for eleven minutes."""
    async with opened(office, slack) as house:
        await house.install(slack, "T1", BOT_TOKEN)
        path, query, headers = house.back
        assert (await house._client.get(path, params=query, headers=headers)).status_code == 401
        begun = await house._client.get("/slack/install")
        office.clock.advance(minutes=11)
        state = parse_qs(urlsplit(begun.headers["Location"]).query)["state"][0]
        cookie = {"Cookie": begun.headers["Set-Cookie"].partition(";")[0]}
        late = await house._client.get(path, params={"code": "c", "state": state}, headers=cookie)
        assert (late.status_code, "invalid_state" in late.text) == (401, True)


async def test_slack_away_is_told_in_the_browser(office: Office, slack: FakeSlack) -> None:
    """No traceback, and nothing kept."""
    async with opened(office, slack) as house:
        slack.faults["oauth.v2.access"].append(Status(503))
        assert (await house.install(slack, "T1", BOT_TOKEN)).status_code in {401, 502}
        assert await teams(house.desk) == []


@pytest.mark.parametrize(
    ("event", "left"),
    [
        ({"type": "app_uninstalled"}, []),
        ({"type": "tokens_revoked", "tokens": {"bot": [BOT_USER]}}, []),
        ({"type": "tokens_revoked", "tokens": {"oauth": ["U1"]}}, ["T1"]),
    ],
)
async def test_a_workspace_may_take_the_app_out(
    office: Office, slack: FakeSlack, event: dict, left: list[str]
) -> None:
    """Its token is dropped before the ack; somebody's own token is no concern of ours."""
    async with opened(office, slack) as house:
        await house.install(slack, "T1", BOT_TOKEN)
        gone = {**slack.payload(event), "event_time": 4_000_000_000}
        assert (await house.post(json.dumps(gone))).status_code == 200
        assert await teams(house.desk) == left
        if not left:
            with pytest.raises(NotInstalledError, match="T1"):
                await house.desk.connector.send(Address("slack", "C1", None, "T1"), Reply("Hello"))


async def test_a_late_farewell_does_not_end_a_new_installation(office: Office, slack: FakeSlack) -> None:
    """The app was taken out and put in again, and the events come in any order."""
    async with opened(office, slack) as house:
        await house.install(slack, "T1", BOT_TOKEN)
        gone = {**slack.payload({"type": "app_uninstalled"}), "event_time": 1_000_000_000}
        await house.post(json.dumps(gone))
        assert await teams(house.desk) == ["T1"]


async def test_a_token_that_fails_is_asked_for_anew(office: Office, slack: FakeSlack) -> None:
    """Another process kept a newer one: it is read; where there is none, Slack is asked once more and it is said."""
    async with opened(office, slack) as house:
        await house.install(slack, "T1", BOT_TOKEN)
        connector, place = house.desk.connector, Address("slack", "U1", None, "T1")
        await connector.send(place, Reply("One", private=True, id="o/1"))
        slack.apis[SECOND] = slack.apis.pop(BOT_TOKEN)
        with pytest.raises(Exception, match="invalid_auth"):
            await connector.send(place, Reply("Two", private=True, id="o/2"))
        with pytest.raises(NotInstalledError, match="install the app again"):
            await connector.send(place, Reply("Two", private=True, id="o/2"))
        now = office.clock() + timedelta(days=4_000)
        kept = SqlInstallations(lambda: _given(office))
        await kept.save(Installation("T1", "Desk", SECOND, BOT_USER, BOT_ID, "U1", now))
        await connector.send(place, Reply("Two", private=True, id="o/2"))
    assert [post["text"] for post in slack.posts("DU1")] == ["One", "Two"]


async def test_who_is_allowed_no_longer_is_not_served(office: Office, slack: FakeSlack) -> None:
    """The config decides, also of what is kept."""
    kept = SqlInstallations(lambda: _given(office))
    await kept.save(Installation("T9", "Old", BOT_TOKEN, BOT_USER, BOT_ID, "U1", office.clock()))
    async with opened(office, slack) as house:
        with pytest.raises(NotInstalledError):
            await house.desk.connector.send(Address("slack", "U1", None, "T9"), Reply("Hi", private=True))


def test_the_token_is_in_no_log(office: Office) -> None:
    """Neither an installation nor the settings show theirs."""
    installation = Installation("T1", "Desk", "xoxb-s3cr3t", BOT_USER, BOT_ID, "U1", office.clock())
    settings = OAuthSettings("1.2", "s3cr3t", "", frozenset(), None)  # type: ignore[arg-type]
    assert "s3cr3t" not in f"{installation!r} {settings!r}"


def test_the_page_is_on_the_same_host() -> None:
    """GovSlack's workspaces grant on GovSlack's page."""
    assert authorize_url("https://slack.com/api/") == "https://slack.com/oauth/v2/authorize"
    assert authorize_url("https://slack-gov.com/api/") == "https://slack-gov.com/oauth/v2/authorize"


def test_the_manifest_asks_for_the_same(repository: Path) -> None:
    """Whoever installs by a browser grants what the manifest has."""
    manifest = yaml.safe_load((repository / "slack-app-manifest.yaml").read_text())
    assert manifest["oauth_config"]["scopes"]["bot"] == list(SCOPES)


def test_a_place_for_installations_is_needed() -> None:
    """OAuth without a database is said at the start, and a bot token beside it is a config error."""
    oauth = {"client_id": "1.2", "client_secret": "s", "allowed_teams": ["T01"], "app_token": "xapp-1"}
    with pytest.raises(ConnectorConfigError, match="client_id"):
        SlackConnector.from_settings(SlackSettings.model_validate(oauth))
    with pytest.raises(ValueError, match="bot_token and client_id"):
        SlackSettings.model_validate({**oauth, "bot_token": "xoxb-1"})
