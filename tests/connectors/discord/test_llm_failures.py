"""The whole bot in Discord with a language model that fails in every way: one honest reply to each question."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from bot.app import App
from connectors.discord.connector import DiscordConnector
from tests.connectors.slack.test_llm_failures import CUT, WRONG, desk
from tests.fakes.discord_payloads import GUILD
from tests.fakes.discord_rest import TOKEN
from tests.fakes.discord_server import DiscordServer
from tests.fakes.llm_server import LlmServer
from tests.knowledge.answering.llm.test_failures import FAILURES

if TYPE_CHECKING:
    from config.settings import Settings

__all__ = ["desk"]
QUESTION = "How do I reset my password?"


@pytest.mark.slow
@pytest.mark.timeout(240)  # twenty questions; a model that says nothing takes its whole time
async def test_every_failure_ends_in_one_honest_reply(desk: Settings) -> None:
    """Each question has one message under it, with the article's words and its link, and none of the model's."""
    failures = FAILURES | CUT
    async with LlmServer() as model, DiscordServer().running() as server:
        settings = desk.model_copy(update={"llm": desk.llm.model_copy(update={"api_base_url": model.url})})
        async with App(settings) as app:
            assert [report.error for report in await (await app.upkeep()).sync()] == [None]
            connector = DiscordConnector(
                TOKEN, guilds=frozenset({GUILD}), api_url=server.url, gateway_url=server.gateway_url
            )
            bot = asyncio.create_task(app.run([connector]))
            try:
                await server.until("ready", 1)
                for name, turn in failures.items():
                    model.turns = [replace(turn, text=turn.text.replace("{n}", "1"))]
                    before, sent = len(server.posts), len(server.bodies)
                    await server.say(QUESTION)
                    await server.until("posts", before + 1)
                    async with asyncio.timeout(20):
                        await (await app.delivery())._idle.wait()
                    said = server.posts[before:]
                    assert len(said) == 1, f"{name}: {len(said)} replies"
                    words = said[0]["content"]
                    assert "Settings" in words, f"{name}: {words}"
                    assert "Reset your password" in str([b.json for b in server.bodies[sent:]]), (
                        f"{name} cites nothing"
                    )
                    assert not WRONG.search(words), f"{name}: {words}"
            finally:
                bot.cancel()
                await asyncio.gather(bot, return_exceptions=True)
    assert len(model.requests) >= len(failures)
