"""The whole bot in Slack with a language model that fails in every way: one honest reply to each question."""

from __future__ import annotations

import asyncio
import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from bot.app import App
from config.settings import Settings
from connectors.slack.connector import SlackConnector
from tests.fakes.llm_server import LlmServer, Turn
from tests.fakes.slack.workspace import APP_TOKEN, BOT_TOKEN, BOT_USER
from tests.knowledge.answering.llm.test_failures import FAILURES

if TYPE_CHECKING:
    from pathlib import Path

    from tests.fakes.slack_server import FakeSlack

ARTICLE = """# Reset your password

To reset your password:

1. Open **Settings**.
2. Choose **Security**.
3. Press **Reset password** and follow the e-mail. It works for 60 minutes.
"""
WRONG = re.compile(r"555|99\]|Bob|14 char|blorp|mindestens|NO_ANSWER|so on and on|Bad gateway|can't help")
CUT = {
    "cut in the second sentence": Turn("Open Settings [1]. Choose Security [1]. Press Reset", cut_after=3),
    "stalls for ever": Turn("Open Settings [1]. Choose Security [1]. Press Reset", stall_after=3),
}

NAMED = (
    "slow", "cut", "429", "500", "garbage", "empty", "refuses", "endless", "cites 99", "wrong language", "invents",
)  # fmt: skip
"""What a model may do to an answer; each is among the failures that are tried."""


@pytest.mark.parametrize("name", NAMED)
def test_each_failure_is_tried(name: str) -> None:
    """None of them can be left out of the table unseen."""
    assert any(known.startswith(name) for known in FAILURES | CUT)


@pytest.fixture
def desk(tmp_path: Path, request: pytest.FixtureRequest) -> Settings:
    """One public article, the real pipeline, and a model that is given two seconds."""
    assert request.config.cache is not None
    data, articles = tmp_path / "data", tmp_path / "articles"
    data.mkdir()
    articles.mkdir()
    (articles / "reset-password.md").write_text(ARTICLE, encoding="utf-8")
    (data / "models").symlink_to(request.config.cache.mkdir("embedding-models"))
    return Settings.model_validate(
        {
            "data_dir": data,
            "sources": [{"name": "help", "type": "folder", "path": articles, "audience": ["public"]}],
            "limits": {"per_person": 0, "per_channel": 0},
            "cache": {"enabled": False},  # each failure is to be met anew
            "llm": {
                "model": "scripted",
                "api_base_url": "http://127.0.0.1:1/v1",
                "first_word_seconds": 1.0,
                "total_seconds": 3.0,
                "retries": 0,
            },
        }
    )


def shown(post: dict[str, Any]) -> str:
    """Give the answer itself, as a person reads it."""
    return "\n".join(block["text"] for block in post["blocks"] if block["type"] == "markdown")


def in_thread(slack: FakeSlack, ts: str) -> list[dict[str, Any]]:
    """Give the bot's posts under a question."""
    return [post for post in slack.posts() if post.get("thread_ts") == ts]


@pytest.mark.slow
@pytest.mark.timeout(240)  # twenty questions; a model that says nothing takes its whole time
async def test_every_failure_ends_in_one_honest_reply(desk: Settings, slack: FakeSlack) -> None:
    """Slow, torn, 429, 500, garbage, empty, refusing, endless, wrong citations, wrong language: the article is told."""
    failures = FAILURES | CUT
    async with LlmServer() as model:
        settings = desk.model_copy(update={"llm": desk.llm.model_copy(update={"api_base_url": model.url})})
        async with App(settings) as app:
            assert [report.error for report in await (await app.upkeep()).sync()] == [None]
            connector = SlackConnector(bot_token=BOT_TOKEN, app_token=APP_TOKEN, api_url=slack.api_url)
            bot = asyncio.create_task(app.run([connector]))
            connected = asyncio.create_task(slack.until(slack.connections, seconds=60))
            try:
                await asyncio.wait({bot, connected}, return_when=asyncio.FIRST_COMPLETED)
                assert not bot.done(), bot.exception()
                threads = {}
                for name, turn in failures.items():
                    model.turns = [replace(turn, text=turn.text.replace("{n}", "1"))]
                    said = await slack.say("U1", f"<@{BOT_USER}> How do I reset my password?")
                    threads[name] = said["ts"]
                    await slack.until(lambda ts=said["ts"]: in_thread(slack, ts))
                    async with asyncio.timeout(20):
                        await (await app.delivery())._idle.wait()
            finally:
                bot.cancel()
                connected.cancel()
                await asyncio.gather(bot, connected, return_exceptions=True)
    for name, thread in threads.items():
        replies = in_thread(slack, thread)
        assert len(replies) == 1, f"{name}: {len(replies)} replies"
        words = shown(replies[0])
        assert "Settings" in words, f"{name}: {words}"
        assert "Reset your password · updated" in str(replies[0]["blocks"]), f"{name} cites nothing"
        assert not WRONG.search(words), f"{name}: {words}"
    assert len(slack.posts()) == len(failures)
    assert len(model.requests) >= len(failures)
