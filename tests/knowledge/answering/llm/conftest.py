"""A desk whose answers a scripted language model writes."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

from config.grounding import GroundingSettings
from config.llm import LlmSettings
from config.settings import AnswerSettings
from knowledge.answering.answer import AnswerPipeline
from knowledge.answering.llm.budget import LlmBudget, MemoryCounter
from knowledge.answering.llm.build import build_writer
from knowledge.models import Evidence, Question, Verdict
from tests.fakes.llm_server import LlmServer, Turn
from tests.knowledge.answering.conftest import PERSONA, PUBLIC

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from config.persona import Persona
    from knowledge.answering.llm.writer import LlmWriter
    from knowledge.models import Answer, OnText
    from tests.knowledge.answering.conftest import Desk

RESET = "How do I reset my password?"
GOOD = (
    "You can set a new password as long as you can read your e-mail [{n}].\n\n"
    "1. Select **Forgot password?** on the sign-in page [{n}].\n"
    "2. Open the link in the message [{n}]. It works for 60 minutes [{n}].\n"
    "3. Choose a password of at least 12 characters [{n}]."
)


@dataclass
class Scripted:
    """A desk with a model that says what `server.turns` hold; `{n}` in a turn is the number of `about`'s passage."""

    desk: Desk
    server: LlmServer
    settings: dict[str, Any] = field(default_factory=dict)
    told: list[str] = field(default_factory=list)
    writers: list[LlmWriter] = field(default_factory=list)
    counter: MemoryCounter = field(default_factory=MemoryCounter)
    grounding: GroundingSettings = field(default_factory=GroundingSettings)

    async def tell(self, words: str) -> None:
        """Take what admins are told."""
        self.told.append(words)

    def pipeline(self) -> AnswerPipeline:
        """Give an AnswerPipeline that asks the server."""
        options: dict[str, Any] = {"model": "scripted", "api_base_url": self.server.url, **self.settings}
        settings = LlmSettings(**options)
        budget = LlmBudget(settings, self.counter, lambda: datetime(2026, 3, 4, tzinfo=UTC), self.tell)
        writer = build_writer(settings, budget, longest_seconds=20)
        self.writers.append(writer)
        return AnswerPipeline(
            self.desk.index, self.desk.embedding, AnswerSettings(), writer, grounding=self.grounding
        )

    async def evidence(self, text: str = RESET, verdict: Verdict = Verdict.ANSWERED) -> Evidence:
        """Retrieve, with a verdict of the test's choice."""
        return replace(await self.desk.evidence.run(Question(text, PUBLIC)), verdict=verdict, missing=None)

    async def number(self, article: str = "password", text: str = RESET) -> int:
        """Give the number under which the prompt shows the first passage of an article."""
        found = {s.passage.id: s.passage for s in (await self.evidence(text)).passages}
        ordered = sorted(found.values(), key=lambda p: (p.article, p.position))
        return next(n for n, p in enumerate(ordered, start=1) if p.article.id == article)

    async def ask(
        self,
        *turns: Turn | str,
        text: str = RESET,
        persona: Persona = PERSONA,
        on_text: OnText | None = None,
        verdict: Verdict = Verdict.ANSWERED,
        about: str = "password",
    ) -> Answer:
        """Answer a question, the model saying `turns`."""
        number = str(await self.number(about, text))
        scripted = [turn if isinstance(turn, Turn) else Turn(turn) for turn in turns]
        self.server.turns = [replace(turn, text=turn.text.replace("{n}", number)) for turn in scripted]
        evidence = await self.evidence(text, verdict)
        return await self.pipeline().run(evidence.question, evidence, persona, on_text=on_text)


@pytest.fixture
async def scripted(desk: Desk) -> AsyncIterator[Scripted]:
    """The desk, with a model on a free port."""
    async with LlmServer() as server:
        found = Scripted(desk, server)
        yield found
        for writer in found.writers:
            await writer.close()
