"""Checks the language model: one short request to each that is configured."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from bot.check_result import CheckResult

if TYPE_CHECKING:
    from config.llm import LlmSettings
    from knowledge.answering.llm.chat_model import ChatModel

_SECONDS = 20.0
"""A local model may have to be loaded first; in chat the limits of [llm] hold."""


async def check_llm(settings: LlmSettings, answer_seconds: float) -> CheckResult:
    """Ask each model for one word; a first model that fails is bad, a fallback that does is doubtful."""
    from knowledge.answering.llm.build import build_models  # noqa: PLC0415 - only where a model is named
    from knowledge.answering.llm.errors import LlmError  # noqa: PLC0415

    if not settings.model:
        return CheckResult.good("llm", "off: answers are the articles' own words")
    try:
        models = build_models(settings)
    except LlmError as error:
        return CheckResult.bad("llm", "a provider is missing", str(error))
    took: list[str] = []
    for number, model in enumerate(models):
        try:
            took.append(f"{model.name} answers ({await _ask(model):.1f} s)")
        except LlmError as error:
            judge = CheckResult.doubtful if number else CheckResult.bad
            return judge("llm", f"{error.kind}: {model.name} gave no answer", str(error))
        finally:
            await model.close()
    if settings.total_seconds > 0.75 * answer_seconds:
        remedy = f"the model gets {0.75 * answer_seconds:g} s; raise [answer] timeout_seconds for more"
        return CheckResult.doubtful("llm", "; ".join(took), remedy)
    return CheckResult.good("llm", "; ".join(took))


async def _ask(model: ChatModel) -> float:
    from knowledge.answering.llm.prompt import Prompt  # noqa: PLC0415

    async def hear(_: str) -> None:
        pass

    loop = asyncio.get_running_loop()
    started = loop.time()
    prompt = Prompt("You are being tested.", "Answer with the one word: yes")
    await model.write(
        prompt, hear, first_word_seconds=_SECONDS, until=started + _SECONDS, spent=lambda _: None
    )
    return loop.time() - started
