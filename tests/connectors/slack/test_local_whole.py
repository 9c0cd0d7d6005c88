"""The whole bot but for the model on local-slack, over both transports: what people do, against a Slack not our own."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from bot.health import Health
from bot.outbox import OutboxRunner
from bot.web.application import build_application
from connectors.slack.connector import SlackConnector
from knowledge.models import Article
from tests.bot.conftest import Clock
from tests.bot.people_desk import PUBLIC, DeskApp, desk_settings, revision_of
from tests.connectors.slack.test_local_slack import Late, LocalSlack, program, started
from tests.fakes.serving import serving

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

pytestmark = pytest.mark.counterpart("local-slack")
ADMIN, ASKER = "U1", "U2"
QUESTION = "How do I reset my password?"


async def fill(app: DeskApp) -> None:
    """Put one public article in."""
    body = "Press the red button."
    revision = revision_of("Reset a password", body, PUBLIC)
    await (await app.library()).put(Article("help", "reset", "Reset a password", body, revision, PUBLIC))


@pytest.fixture(params=["socket", "events"])
async def local(
    request: pytest.FixtureRequest, repository: Path, tmp_path: Path
) -> AsyncIterator[LocalSlack]:
    """local-slack with the whole bot in it; U1 is the admin."""
    path, late, data = program(repository), Late(), tmp_path / "data"
    data.mkdir()
    settings = desk_settings(data, access={"admins": [f"slack:T1/{ADMIN}"]}, limits={"per_person": 0})
    async with AsyncExitStack() as stack:
        own = await stack.enter_async_context(serving(late))
        base = await stack.enter_async_context(started(path, tmp_path, request.param, f"{own}/slack/events"))
        client = await stack.enter_async_context(httpx.AsyncClient(base_url=base, trust_env=False))
        app = await stack.enter_async_context(DeskApp(settings, clock=Clock()))
        await fill(app)
        connector = SlackConnector(
            bot_token="xoxb-local",
            app_token="xapp-local" if request.param == "socket" else "",
            signing_secret="s3cret",
            api_url=f"{base}/api/",
        )
        app.platforms.run([connector])
        late.app = build_application(Health({}), connector.http_routes())
        outbox = OutboxRunner(await app.outbox(), {"slack": connector})
        tasks = [asyncio.create_task(work) for work in (connector.run(await app.delivery()), outbox.run())]
        await connector._connected.wait()
        yield LocalSlack(client)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def words(messages: list[dict[str, Any]]) -> str:
    """Give all that stands there."""
    return "\n".join(str(each.get("blocks") or each.get("text")) for each in messages)


async def test_an_answer_is_rated_and_explained(local: LocalSlack) -> None:
    """A mention is answered from the article; the buttons under it and `why` in its thread are answered in private."""
    await local.do("message", channel="C1", user=ASKER, text=f"<@UBOT> {QUESTION}")
    asked, answer = await local.until(lambda found: "red button" in words(found))
    assert answer["thread_ts"] == asked["ts"]
    sources = next(
        element
        for block in answer["blocks"]
        for element in block.get("elements", ())
        if element.get("action_id", "").startswith("helpdesk:sources")
    )
    await local.do("interact", channel="C1", messageTs=answer["ts"], user=ASKER, action=sources)
    await local.until(lambda found: "Reset a password" in words(found[2:]))
    await local.do("message", channel="C1", user=ASKER, text="<@UBOT> why", thread_ts=asked["ts"])
    await local.until(lambda found: "outcome:" in words(found))


async def test_asked_in_private(local: LocalSlack) -> None:
    """`/ask` and `/helpdesk` are answered over their own URLs; who may not is told plainly."""
    await local.do("command", channel="C1", user=ASKER, command="/ask", text=QUESTION)
    await local.until(lambda found: "red button" in words(found))
    await local.do("command", channel="C1", user=ASKER, command="/helpdesk", text="sync")
    await local.until(lambda found: "for the bot's admins" in words(found))
    await local.do("command", channel="C1", user=ADMIN, command="/helpdesk", text="list")
    await local.until(lambda found: "help/reset" in words(found))


async def test_a_channel_begins_to_answer_by_itself(local: LocalSlack) -> None:
    """What an admin sets with `/helpdesk channel` holds for the next message."""
    await local.do(
        "command", channel="C1", user=ADMIN, command="/helpdesk", text="channel auto confidence=0.8"
    )
    await local.until(lambda found: "at least 0.8" in words(found))
    await local.do("message", channel="C1", user=ASKER, text=QUESTION)
    found = await local.until(lambda found: "red button" in words(found))
    assert found[-1]["thread_ts"]
