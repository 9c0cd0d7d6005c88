"""Asks the models in their order, again where that is worth it, within one budget of time."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import structlog

from knowledge.answering.llm.errors import LlmError
from knowledge.answering.llm.usage import Usage, estimate

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from knowledge.answering.ground import Unsupported
    from knowledge.answering.llm.budget import LlmBudget
    from knowledge.answering.llm.chat_model import ChatModel
    from knowledge.answering.llm.draft import Draft
    from knowledge.answering.llm.prompt import Prompt

_PAUSE = 0.25
"""Seconds before a model that was busy is asked again; the time budget goes on running."""


@dataclass(slots=True)
class Account:
    """What became of one answer's requests: for the trace."""

    model: str = ""
    usage: Usage = field(default_factory=Usage)
    failures: list[dict[str, str]] = field(default_factory=list)
    outcome: str = "failed"
    requests: int = 0
    complaints: int = 0

    def as_trace(self) -> dict[str, Any]:
        """Give it as JSON-serialisable fields."""
        usage = self.usage
        return {
            "model": self.model,
            "outcome": self.outcome,
            "requests": self.requests,
            "complaints": self.complaints,
            "failures": self.failures,
            "tokens_read": usage.read,
            "tokens_written": usage.written,
            "cost": round(usage.cost, 6),
            "estimated": usage.estimated,
        }


class LlmWriter:
    """The configured models, the first one first; what it may spend is asked of the budget before each request."""

    def __init__(
        self,
        models: Sequence[ChatModel],
        budget: LlmBudget,
        *,
        first_word_seconds: float,
        total_seconds: float,
        retries: int,
        max_tokens: int,
    ) -> None:
        self.models = tuple(models)
        self._budget = budget
        self._first_word_seconds = first_word_seconds
        self._total_seconds = total_seconds
        self._retries = retries
        self._max_tokens = max_tokens
        self._log = structlog.get_logger()

    async def warm(self) -> None:
        """Import the first model's client."""
        await self.models[0].warm()

    async def close(self) -> None:
        """Close the connections of all models."""
        for model in self.models:
            await model.close()

    async def write(
        self, prompt_of: Callable[[Sequence[Unsupported]], Prompt], draft: Draft, *, complaints: int = 1
    ) -> Account:
        """Fill the draft; a model none of whose words was supported is told so and asked again, `complaints` times.

        What went wrong is in the account, never raised: `outcome` is whole, cut, declined,
        unsupported, failed or over_budget.
        """
        account = Account()
        until = asyncio.get_running_loop().time() + self._total_seconds
        for model in self.models:
            for attempt in range(self._retries + 1):
                error = await self._ask(model, prompt_of, draft, account, until, complaints=complaints)
                if error is None:
                    return account
                account.failures.append({"model": model.name, "kind": error.kind, "reason": str(error)})
                self._log.warning("llm_failed", model=model.name, kind=error.kind, reason=str(error))
                if draft.sent or error.kind == "over_budget" or asyncio.get_running_loop().time() >= until:
                    await draft.end(whole=False)
                    account.outcome = (
                        "cut" if draft.sent else error.kind if error.kind == "over_budget" else "failed"
                    )
                    return account
                draft.again()
                if not error.may_retry or attempt == self._retries:
                    break
                await asyncio.sleep(min(_PAUSE, max(0.0, until - asyncio.get_running_loop().time())))
        return account

    async def _ask(
        self,
        model: ChatModel,
        prompt_of: Callable[[Sequence[Unsupported]], Prompt],
        draft: Draft,
        account: Account,
        until: float,
        *,
        complaints: int,
    ) -> LlmError | None:
        """Ask one model, and again with the complaint when nothing of what it said was supported."""
        try:
            await self._request(model, prompt_of(()), draft, account, until)
            while complaints and not draft.sent and not draft.declined and draft.dropped:
                complaints -= 1
                account.complaints += 1
                faults = tuple(draft.dropped)
                draft.again()
                await self._request(model, prompt_of(faults), draft, account, until)
        except LlmError as error:
            self._budget.spent_here.failures[error.kind] += 1
            return error
        account.outcome = account.outcome if draft.sent else "declined" if draft.declined else "unsupported"
        return None

    async def _request(
        self, model: ChatModel, prompt: Prompt, draft: Draft, account: Account, until: float
    ) -> None:
        most = estimate(prompt.text, "", model.price)
        reserved = Usage(most.read, self._max_tokens, model.price.of(most.read, self._max_tokens))
        if not await self._budget.reserve(reserved):
            raise LlmError("over_budget", "the daily limit of [llm] daily_cost or daily_tokens is reached")
        account.model, account.requests = model.name, account.requests + 1
        used = [Usage()]
        try:
            written = await model.write(
                prompt,
                draft.hear,
                first_word_seconds=self._first_word_seconds,
                until=until,
                spent=lambda usage: used.__setitem__(0, usage),
            )
        finally:
            account.usage += used[0]
            await self._budget.settle(reserved, used[0])
        await draft.end(whole=written.whole)
        account.outcome = "whole" if written.whole else "cut"
