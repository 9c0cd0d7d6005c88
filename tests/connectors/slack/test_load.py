"""200 mentions at once over 50 channels, under Slack's own limits: each acked in 3 s and answered exactly once."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from bot.app import App
from config.settings import Settings
from connectors.slack.connector import SlackConnector
from tests.connectors.slack.test_connector import ASK
from tests.connectors.slack.test_streaming import Telling
from tests.fakes.slack.workspace import APP_TOKEN, BOT_TOKEN, BOT_USER, Channel

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.connectors.slack.conftest import Office
    from tests.fakes.slack_server import FakeSlack

MENTIONS = 200
CHANNELS = 50


def open_channels(slack: FakeSlack) -> None:
    """Make the channels, and let Slack keep its limits."""
    slack.enforce_limits = True
    slack.api.checks_blocks = False  # it would take the bot's time, and other tests do it
    for number in range(CHANNELS):
        slack.workspace.channels[f"C{100 + number}"] = Channel(f"C{100 + number}", {"U1", "U2", BOT_USER})


async def asked_at_once(slack: FakeSlack, texts: Sequence[str]) -> str:
    """Ask them all at once and wait for the answers; gives the figures."""
    asked: list[tuple[str, dict[str, Any]]] = []
    started: dict[str, float] = {}
    for number, text in enumerate(texts):
        channel = f"C{100 + number % CHANNELS}"
        message = slack.workspace.say(channel, "U1", text)
        started[message["ts"]] = time.monotonic()
        asked.append((channel, message))
    answered: dict[str, float] = {}

    def all_answered() -> bool:
        for channel, _ in asked[:CHANNELS]:
            for post in slack.posts(channel):
                answered.setdefault(post["thread_ts"], time.monotonic())
        return len(answered) == len(texts)

    deliveries = [
        slack.deliver(event, seconds=60)
        for channel, message in asked
        for event in slack.events(message, channel)
    ]
    await asyncio.gather(*deliveries)
    await slack.until(all_answered, seconds=90)
    acks = sorted(slack.ack_seconds)
    assert len(acks) == 2 * len(texts)
    assert acks[-1] < 3
    waits = sorted(answered[ts] - started[ts] for ts in answered)
    return (
        f"\n{len(texts)} mentions over {CHANNELS} channels: to answer p50 {waits[len(texts) // 2]:.2f} s, "
        f"p95 {waits[len(texts) * 95 // 100]:.2f} s; ack p95 {acks[len(acks) * 95 // 100]:.2f} s, "
        f"slowest {acks[-1]:.2f} s; {slack.api.streams.started} streamed; "
        f"{slack.limits.met} calls met a rate limit"
    )


def replies(slack: FakeSlack) -> Counter[str]:
    """Count the replies to each question."""
    channels = [f"C{100 + number}" for number in range(CHANNELS)]
    return Counter(post["thread_ts"] for channel in channels for post in slack.posts(channel))


@pytest.mark.slow
async def test_many_mentions_at_once(
    office: Office, slack: FakeSlack, capsys: pytest.CaptureFixture[str]
) -> None:
    """No ack waits for an answer, and no call comes earlier than Slack takes it more than now and then."""
    open_channels(slack)
    office.helpdesk = Telling()
    desk = await office.open(ping_seconds=10.0)
    figures = await asked_at_once(slack, [ASK] * MENTIONS)
    assert await desk.settled() == ["sent"] * MENTIONS
    assert list(replies(slack).values()) == [1] * MENTIONS
    with capsys.disabled():
        print(figures)  # noqa: T201 - the figures are the point


@pytest.fixture
def help_centre(tmp_path: Path, request: pytest.FixtureRequest) -> Settings:
    """The sample help centre, all of it public, with the real model, and as many questions as anybody likes."""
    assert request.config.cache is not None
    data, articles = (
        tmp_path / "data",
        Path(str(resources.files("knowledge.samples"))) / "help_centre" / "public",
    )
    data.mkdir()
    (data / "models").symlink_to(request.config.cache.mkdir("embedding-models"))
    source = {"name": "help", "type": "folder", "path": articles, "audience": ["public"]}
    limits = {"per_person": 0, "per_channel": 0}
    return Settings.model_validate({"data_dir": data, "sources": [source], "limits": limits})


@pytest.mark.slow
@pytest.mark.timeout(180)
async def test_many_mentions_are_answered_from_the_articles(
    help_centre: Settings, slack: FakeSlack, capsys: pytest.CaptureFixture[str]
) -> None:
    """The whole bot, with its search, its gate and its extractive answers: every question one answer, and cited."""
    open_channels(slack)
    async with App(help_centre) as app:
        assert [report.error for report in await (await app.upkeep()).sync()] == [None]
        titles = [one.title for one in await (await app.library()).summaries(None, None)]
        connector = SlackConnector(bot_token=BOT_TOKEN, app_token=APP_TOKEN, api_url=slack.api_url)
        bot = asyncio.create_task(app.run([connector]))
        try:
            await slack.until(slack.connections, seconds=60)
            await (await app.evidence()).warm()
            texts = [f"<@{BOT_USER}> {titles[number % len(titles)]}" for number in range(MENTIONS)]
            figures = await asked_at_once(slack, texts)
            assert await (await app.delivery()).drain(60)
        finally:
            bot.cancel()
            await asyncio.gather(bot, return_exceptions=True)
    assert list(replies(slack).values()) == [1] * MENTIONS
    posts = [post for number in range(CHANNELS) for post in slack.posts(f"C{100 + number}")]
    cited = sum("help.tallyho.example" in str(post["blocks"]) for post in posts)
    assert cited > MENTIONS * 0.9
    with capsys.disabled():
        print(f"{figures}; {len(titles)} questions, {cited} of the answers cite an article")  # noqa: T201 - the point
