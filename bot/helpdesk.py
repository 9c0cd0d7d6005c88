"""The helpdesk: a standalone question in, an answer out, with or without articles."""

from __future__ import annotations

import secrets
import time
from dataclasses import replace
from typing import TYPE_CHECKING, Protocol

from bot.reply_words import reply_words
from knowledge.answering.phrases import refusal
from knowledge.answering.smalltalk import is_smalltalk, without_courtesy
from knowledge.models import Answer, Missing, Question, Verdict

if TYPE_CHECKING:
    from config.persona import Persona
    from knowledge.models import OnText

LONGEST_QUESTION = 4_000
"""Characters. Retrieval reads no more of a question: a longer one would be answered by its start."""


class Answers(Protocol):
    """What finds answers in the articles; `knowledge.answering` has it."""

    async def answer(
        self,
        question: Question,
        persona: Persona,
        *,
        use_cache: bool = True,
        on_text: OnText | None = None,
    ) -> Answer:
        """Answer from the cache or from today's articles; `on_text` gets what is being written."""
        ...


class Helpdesk:
    """Answers small talk itself and everything else from the articles."""

    def __init__(self, answers: Answers) -> None:
        self._answers = answers

    async def answer(
        self,
        text: str,
        *,
        audience: frozenset[str] | None,
        persona: Persona,
        sources: frozenset[str] | None = None,
        exclude: frozenset[str] = frozenset(),
        use_cache: bool = True,
        language: str | None = None,
        on_text: OnText | None = None,
    ) -> Answer:
        """Answer a standalone question for whoever holds `audience` (None: every audience).

        `sources` limits the articles to those of some sources; `exclude` are article ids to leave out.
        `on_text` gets the pieces of an answer while a language model writes it: CommonMark, only ever appended,
        grounded. The answer's text begins with all of them. Extracts, cached answers and small talk never call it.
        """
        started = time.perf_counter()
        text = clean(text)
        answer = without_articles(text, persona)
        asked = answer.question if answer else text
        if answer is None:
            question = standalone(text, audience, sources, language, exclude)
            answer = await self._answers.answer(question, persona, use_cache=use_cache, on_text=on_text)
        total = round((time.perf_counter() - started) * 1000, 3)
        return replace(answer, question=asked, timings_ms={**answer.timings_ms, "total": total})


def standalone(
    text: str,
    audience: frozenset[str] | None,
    sources: frozenset[str] | None = None,
    language: str | None = None,
    exclude: frozenset[str] = frozenset(),
) -> Question:
    """Give the question that the articles are asked for a clean text."""
    return Question(without_courtesy(text), audience, sources, language, exclude)


def clean(text: str) -> str:
    """Give the question without NUL, lone surrogates and surrounding space."""
    return text.replace("\x00", "").encode("utf-8", "replace").decode().strip()


def without_articles(text: str, persona: Persona) -> Answer | None:
    """Answer what needs no article: greetings, thanks, nothing at all, and far too much; else None."""
    if len(text) > LONGEST_QUESTION:
        too_long = reply_words(persona.language).too_long
        words = too_long.format(n=f"{len(text):,}", most=f"{LONGEST_QUESTION:,}")
        return _said(text[:LONGEST_QUESTION], words, Verdict.UNANSWERED, persona)
    talk = is_smalltalk(text)
    if talk == "thanks":
        return _said(text, persona.thanks, Verdict.SMALLTALK, persona)
    if talk == "greeting" or not any(character.isalnum() for character in text):
        return _said(text, persona.greeting, Verdict.SMALLTALK, persona)
    return None


def below_threshold(answer: Answer, persona: Persona, min_confidence: float | None) -> Answer:
    """Turn an answer less certain than its channel asks for into the persona's "I do not know"."""
    if min_confidence is None or answer.verdict not in {Verdict.ANSWERED, Verdict.UNSURE}:
        return answer
    if answer.confidence >= min_confidence:
        return answer
    closest = answer.citations or answer.closest
    told = answer.trace.get("missing")
    text = refusal(persona, Missing(**told) if told else None)
    trace = {**answer.trace, "channel_min_confidence": min_confidence}
    return replace(answer, text=text, verdict=Verdict.UNANSWERED, citations=(), closest=closest, trace=trace)


def _said(question: str, words: str, verdict: Verdict, persona: Persona) -> Answer:
    confidence = 1.0 if verdict is Verdict.SMALLTALK else 0.0
    return Answer(secrets.token_hex(8), question, words, verdict, confidence, persona=persona.name)
