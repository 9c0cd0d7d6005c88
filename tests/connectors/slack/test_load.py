"""200 mentions at once over 50 channels, under Slack's own limits: each acked in 3 s and answered exactly once."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from typing import TYPE_CHECKING

import pytest

from tests.connectors.slack.test_connector import ASK
from tests.connectors.slack.test_streaming import Telling
from tests.fakes.slack.workspace import BOT_USER, Channel

if TYPE_CHECKING:
    from tests.connectors.slack.conftest import Office
    from tests.fakes.slack_server import FakeSlack

MENTIONS = 200
CHANNELS = 50


@pytest.mark.slow
async def test_many_mentions_at_once(
    office: Office, slack: FakeSlack, capsys: pytest.CaptureFixture[str]
) -> None:
    """No ack waits for an answer, and no call comes earlier than Slack takes it more than now and then."""
    slack.enforce_limits = True
    slack.api.checks_blocks = False  # it would take the bot's time, and other tests do it
    for number in range(CHANNELS):
        slack.workspace.channels[f"C{100 + number}"] = Channel(f"C{100 + number}", {"U1", "U2", BOT_USER})
    office.helpdesk = Telling()
    desk = await office.open(ping_seconds=10.0)
    asked = []
    started: dict[str, float] = {}
    for number in range(MENTIONS):
        channel = f"C{100 + number % CHANNELS}"
        message = slack.workspace.say(channel, "U1", ASK)
        started[message["ts"]] = time.monotonic()
        asked.append((channel, message))
    answered: dict[str, float] = {}

    def all_answered() -> bool:
        for channel, _ in asked[:CHANNELS]:
            for post in slack.posts(channel):
                answered.setdefault(post["thread_ts"], time.monotonic())
        return len(answered) == MENTIONS

    deliveries = [
        slack.deliver(event, seconds=60)
        for channel, message in asked
        for event in slack.events(message, channel)
    ]
    await asyncio.gather(*deliveries)
    await slack.until(all_answered, seconds=90)
    assert await desk.settled() == ["sent"] * MENTIONS
    replies = Counter(post["thread_ts"] for channel, _ in asked[:CHANNELS] for post in slack.posts(channel))
    assert set(replies.values()) == {1}
    assert len(slack.ack_seconds) == 2 * MENTIONS
    assert max(slack.ack_seconds) < 3
    acks = sorted(slack.ack_seconds)
    waits = sorted(answered[ts] - started[ts] for ts in answered)
    with capsys.disabled():
        print(  # noqa: T201 - the figures are the point
            f"\n{MENTIONS} mentions over {CHANNELS} channels: to answer p50 {waits[MENTIONS // 2]:.2f} s, "
            f"p95 {waits[MENTIONS * 95 // 100]:.2f} s; ack p95 {acks[2 * MENTIONS * 95 // 100]:.2f} s, "
            f"slowest {acks[-1]:.2f} s; {slack.api.streams.started} streamed; "
            f"{slack.limits.met} calls met a rate limit"
        )
