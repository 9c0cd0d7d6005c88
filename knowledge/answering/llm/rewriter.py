"""Lets a language model turn a follow-up into a standalone question; what it writes is held against the thread."""

from __future__ import annotations

import asyncio
import re
import secrets
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from string import Template
from typing import TYPE_CHECKING, Any

import structlog

from knowledge.answering.grounding.hidden import visible
from knowledge.answering.grounding.names import named
from knowledge.answering.llm.chat_model import Enough
from knowledge.answering.llm.errors import LlmError
from knowledge.answering.llm.prompt import Prompt
from knowledge.answering.llm.usage import Usage, estimate
from knowledge.answering.words import content_stems, platforms, stem, words

if TYPE_CHECKING:
    from collections.abc import Sequence

    from knowledge.answering.llm.budget import LlmBudget
    from knowledge.answering.llm.chat_model import ChatModel

_LONGEST = 400
"""Characters of a question that a model may write."""
_EARLIER = 4
_EARLIER_CHARACTERS = 600
_TOKENS = 120
_NEW_WORDS = 2
"""Words of its own that a model may put in, such as "set" for "setting up"."""
_EXACT = re.compile(r"https?://\S+|[\w.+-]+@[\w-]+(?:\.[\w-]+)+|\d+(?:[.,:/-]\d+)*")
_QUOTES = "\"'\u201c\u201d\u2018\u2019`* "


@dataclass(frozen=True, slots=True)
class Rewritten:
    """What a model made of a follow-up: `question` is None where it failed, or what it wrote cannot be used.

    `trace` is JSON-serialisable: the model, its tokens and cost, the outcome.
    """

    question: str | None
    trace: dict[str, Any]


class QuestionRewriter:
    """Asks one model once, for `seconds` at most; never raises for what the model does."""

    def __init__(self, model: ChatModel, budget: LlmBudget, *, seconds: float, max_tokens: int) -> None:
        """`max_tokens` is what the model may write by its settings: so much is reserved of the day's budget."""
        self._model = model
        self._budget = budget
        self._seconds = seconds
        self._max_tokens = max_tokens
        self._log = structlog.get_logger()

    async def rewrite(self, message: str, earlier: Sequence[str]) -> Rewritten:
        """Give the standalone question of a message; `earlier` are the thread's questions, oldest first."""
        used = [Usage()]
        outcome = "used"
        try:
            written = await self._written(rewrite_prompt(message, earlier), used)
        except LlmError as error:
            outcome, question = error.kind, None
            self._budget.spent_here.failures[error.kind] += 1
            self._log.warning("llm_failed", model=self._model.name, kind=error.kind, reason=str(error))
        else:
            question = " ".join(written.strip(_QUOTES).split())
            if fault := rewriting_fault(question, message, earlier):
                outcome, question = fault, None
                self._log.info("llm_rewriting_not_used", model=self._model.name, fault=fault)
        trace = {
            "model": self._model.name,
            "outcome": outcome,
            "tokens_read": used[0].read,
            "tokens_written": used[0].written,
            "cost": round(used[0].cost, 6),
        }
        return Rewritten(question, trace)

    async def _written(self, prompt: Prompt, used: list[Usage]) -> str:
        most = estimate(prompt.text, "", self._model.price)
        tokens = min(_TOKENS, self._max_tokens)
        reserved = Usage(most.read, tokens, self._model.price.of(most.read, tokens))
        if not await self._budget.reserve(reserved):
            raise LlmError("over_budget", "the daily limit of [llm] daily_cost or daily_tokens is reached")
        pieces: list[str] = []

        async def hear(piece: str) -> None:
            pieces.append(piece)
            text = "".join(pieces).lstrip()
            if "\n" in text or len(text) > _LONGEST:
                raise Enough

        try:
            await self._model.write(
                prompt,
                hear,
                first_word_seconds=self._seconds,
                until=asyncio.get_running_loop().time() + self._seconds,
                spent=lambda usage: used.__setitem__(0, usage),
            )
        finally:
            await self._budget.settle(reserved, used[0])
        return "".join(pieces).lstrip().partition("\n")[0]


@lru_cache(maxsize=1)
def _templates() -> tuple[Template, Template]:
    folder = files("knowledge.answering.llm").joinpath("prompts")
    system, user = (
        folder.joinpath(f"rewrite.{name}.txt").read_text(encoding="utf-8") for name in ("system", "user")
    )
    return Template(system), Template(user)


def rewrite_prompt(message: str, earlier: Sequence[str]) -> Prompt:
    """Quote the last questions of a thread and a message as data, within fences that nobody can guess."""
    fence = secrets.token_hex(8)
    quoted = "\n".join(
        f"<<<{fence} earlier question {number}\n{visible(text)[:_EARLIER_CHARACTERS]}"
        for number, text in enumerate(earlier[-_EARLIER:], start=1)
    )
    system, user = _templates()
    return Prompt(
        system.safe_substitute(),
        user.safe_substitute(earlier=quoted, fence=fence, message=visible(message)),
    )


def rewriting_fault(question: str, message: str, earlier: Sequence[str]) -> str | None:
    """Say why what a model wrote cannot be searched for instead of the message; None when it can.

    It loses no number, address, name or platform of the message, adds none that stands neither there nor in the
    thread, and is made of their words.
    """
    thread = "\n".join([message, *earlier])
    said = set(map(stem, words(question)))
    new = set(content_stems(question)) - set(content_stems(thread))
    faults = {
        "no question": not any(map(str.isalnum, question)) or len(question) > _LONGEST,
        "it loses a number or a name": _exact(message) - _exact(question) or _names(message) - said,
        "it loses a platform": platforms(message) - platforms(question),
        "it adds a number or a name": _exact(question) - _exact(thread)
        or _names(question) - set(map(stem, words(thread))),
        "it adds a platform": platforms(question) - platforms(thread),
        "it is about something else": len(new) > _NEW_WORDS,
    }
    return next((name for name, is_one in faults.items() if is_one), None)


def _exact(text: str) -> set[str]:
    return {found.rstrip(".,;:!?").casefold() for found in _EXACT.findall(text)}


def _names(text: str) -> set[str]:
    return {stem(word) for name in named(text) for word in words(name)}
