"""The normal ways in, against local-slack: a Slack that somebody else wrote keeps our own one honest."""

from __future__ import annotations

import asyncio
import re
import shutil
from contextlib import AsyncExitStack, asynccontextmanager
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from bot.health import Health
from bot.web.application import build_application
from connectors.base import Address, IncomingMessage, Person
from tests.bot.conftest import NOW
from tests.connectors.slack.test_streaming import WHOLE, Telling
from tests.fakes.serving import serving

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from pathlib import Path

    from tests.connectors.slack.conftest import Office

PACKAGE = "local-slack-linux-x64@0.1.8"

pytestmark = pytest.mark.counterpart("local-slack")
WORKSPACE = """
workspace: {{name: Desk, domain: desk, teamId: T1}}
app:
  appId: A1
  botUserId: UBOT
  botName: desk
  botToken: xoxb-local
  appToken: xapp-local
  signingSecret: s3cret
  mode: {mode}
  requestUrl: {url}
users:
  - {{id: U1, name: ada, real_name: Ada, email: ada@example.com}}
  - {{id: U2, name: bob, real_name: Bob, email: bob@example.com}}
channels:
  - {{id: C1, name: general, members: [U1, U2, UBOT]}}
"""


class LocalSlack:
    """Its control API."""

    def __init__(self, client: httpx.AsyncClient) -> None:
        self._client = client

    async def do(self, what: str, **body: Any) -> Any:
        """Do something as a person."""
        answer = await self._client.post(f"/_control/{what}", json=body)
        assert answer.is_success, answer.text
        return answer.json()

    async def messages(self, channel: str = "C1") -> list[dict[str, Any]]:
        """Give what stands in a channel."""
        answer = (await self._client.get(f"/_control/messages/{channel}")).json()
        found: list[dict[str, Any]] = answer["messages"] if isinstance(answer, dict) else answer
        return found

    async def until(self, enough: Callable[[list[dict[str, Any]]], bool]) -> list[dict[str, Any]]:
        """Ask again until a channel holds enough: it tells of nothing by itself."""
        async with asyncio.timeout(15):
            while not enough(found := await self.messages()):
                await asyncio.sleep(0.05)
        return found


def program(repository: Path) -> str:
    """Find local-slack, or skip."""
    beside = repository / "node_modules" / PACKAGE.partition("@")[0] / "bin" / "local-slack"
    found = str(beside) if beside.exists() else shutil.which("local-slack")
    if found is None:
        pytest.skip(f"local-slack is missing: npm install --no-save {PACKAGE}")
    return found


@asynccontextmanager
async def started(path: str, folder: Path, mode: str, url: str) -> AsyncIterator[str]:
    """Run it on a free port and give its address."""
    config = folder / "workspace.yaml"
    config.write_text(WORKSPACE.format(mode=mode, url=url))
    arguments = (
        "--config",
        str(config),
        "--port",
        "0",
        "--base-host",
        "127.0.0.1",
        "--files-dir",
        str(folder),
    )
    process = await asyncio.create_subprocess_exec(path, *arguments, stdout=asyncio.subprocess.PIPE)
    try:
        assert process.stdout is not None
        async with asyncio.timeout(20):
            while True:
                line = (await process.stdout.readline()).decode()
                if base := re.search(r"Control API:\s+(http://\S+)/_control", line):
                    break
        yield base[1]
    finally:
        process.terminate()
        await process.wait()


class Late:
    """An application that is known only after its address is."""

    def __init__(self) -> None:
        self.app: Any = None

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Hand on."""
        await self.app(scope, receive, send)


@pytest.fixture(params=["socket", "events"])
async def local(
    request: pytest.FixtureRequest, repository: Path, tmp_path: Path, office: Office
) -> AsyncIterator[LocalSlack]:
    """local-slack with our bot in it, over Socket Mode and over HTTP."""
    path, late = program(repository), Late()
    async with AsyncExitStack() as stack:
        own = await stack.enter_async_context(serving(late))
        base = await stack.enter_async_context(started(path, tmp_path, request.param, f"{own}/slack/events"))
        client = await stack.enter_async_context(httpx.AsyncClient(base_url=base, trust_env=False))
        app_token = "xapp-local" if request.param == "socket" else ""
        desk = office.make(
            bot_token="xoxb-local", app_token=app_token, signing_secret="s3cret", api_url=f"{base}/api/"
        )
        late.app = build_application(Health({}), desk.connector.http_routes())
        await office.start(desk)
        yield LocalSlack(client)


async def test_a_mention_is_answered_in_its_thread(local: LocalSlack) -> None:
    """As with our own server: one reply, under the question."""
    await local.do("message", channel="C1", user="U1", text="<@UBOT> How do I print?")
    asked, answer = await local.until(lambda found: len(found) >= 2)
    assert answer["thread_ts"] == asked["ts"]
    assert "How do I print?" in str(answer["blocks"])


async def test_a_slash_command_is_answered(local: LocalSlack, office: Office) -> None:
    """Over the response URL that it gave."""
    await local.do("command", channel="C1", user="U1", command="/helpdesk", text="why")
    await local.until(lambda found: any("done: why" in str(message) for message in found))
    assert office.commands.done[0][0].sender.id == "slack:T1/U1"


async def test_a_button_is_a_command(local: LocalSlack, office: Office) -> None:
    """The one under the answer."""
    await local.do("message", channel="C1", user="U1", text="<@UBOT> How do I print?")
    _, answer = await local.until(lambda found: len(found) >= 2)
    action = answer["blocks"][2]["elements"][0]
    await local.do("interact", channel="C1", messageTs=answer["ts"], user="U2", action=action)
    async with asyncio.timeout(15):
        while not office.commands.done:
            await asyncio.sleep(0.05)
    assert office.commands.done[0][0].name == "human"


def _words(message: dict[str, Any]) -> str:
    return str((message.get("blocks") or [{}])[0].get("text"))


@pytest.fixture
def telling(office: Office) -> Telling:
    """A helpdesk that says its answer piece by piece."""
    office.helpdesk = Telling()
    return office.helpdesk


async def test_an_answer_ends_whole_without_streams(telling: Telling, local: LocalSlack) -> None:
    """It has none, as older workspaces: one message, which ends as the whole answer."""
    await local.do("message", channel="C1", user="U1", text="<@UBOT> How do I print?")
    found = await local.until(lambda found: any(_words(each) == WHOLE for each in found))
    assert len(found) == 2
    assert telling.asked


async def test_a_mention_in_a_thread_reads_it(local: LocalSlack, office: Office) -> None:
    """What was said there before comes with the question."""
    await local.do("message", channel="C1", user="U2", text="The printer is broken")
    (root,) = await local.messages()
    await local.do("message", channel="C1", user="U1", text="<@UBOT> Any idea?", thread_ts=root["ts"])
    answer = (await local.until(lambda found: len(found) >= 3))[-1]
    assert answer["thread_ts"] == root["ts"]
    event = IncomingMessage(
        "9999999999.0", Address("slack", "C1", root["ts"], "T1"), Person("slack:T1/U1"), "", NOW
    )
    known = await office.desks[0].connector.look_up(event)
    assert isinstance(known, IncomingMessage)
    assert [said.speaker for said in known.earlier] == ["other", "asker", "bot"]
