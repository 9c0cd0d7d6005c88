"""Checks the NLI model of `[grounding]`: it judges two sentences whose verdict is known."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING

from bot.check_result import CheckResult
from knowledge.errors import EmbeddingError

if TYPE_CHECKING:
    from config.settings import Settings

NAME = "nli model"
_PREMISE = "Owners may delete sites."
_PAIRS = ((_PREMISE, _PREMISE), (_PREMISE, "It is so that nobody may delete sites."))


async def check_nli(settings: Settings) -> CheckResult:
    """Load the model and let it judge a sentence from itself, and its denial."""
    return await asyncio.to_thread(_judged, settings)


def _judged(settings: Settings) -> CheckResult:
    from knowledge.embedding.entailment import EntailmentModel  # noqa: PLC0415 - only where a model is named

    folder, least = settings.grounding.nli_model, settings.grounding.nli_least
    started = time.monotonic()
    try:
        same, denied = EntailmentModel(folder, settings.embedding.threads).probabilities(_PAIRS)
    except EmbeddingError as error:
        return CheckResult.bad(NAME, str(error), "mend [grounding] nli_model, or leave it empty for none")
    if denied >= same:
        return CheckResult.bad(
            NAME,
            f"{folder} finds a denial ({denied:.2f}) as good as the sentence itself ({same:.2f})",
            "see that id2label in its config.json has the labels in the order of the model's output",
        )
    if same < least or denied >= least:
        return CheckResult.doubtful(
            NAME,
            f"{folder} gives a sentence from itself {same:.2f} and its denial {denied:.2f}, on one side of {least:g}",
            "set [grounding] nli_least between them, or choose another model",
        )
    if not settings.llm.model:
        return CheckResult.doubtful(
            NAME,
            f"{folder} judges, but nothing is written for it to judge",
            "set [llm] model, or leave [grounding] nli_model empty",
        )
    return CheckResult.good(NAME, f"{folder} judges ({time.monotonic() - started:.1f} s with loading)")
