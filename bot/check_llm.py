"""Checks the language model: this version has no use for one, and says so where one is configured."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.check_result import CheckResult

if TYPE_CHECKING:
    from config.settings import LlmSettings

NOT_USED = "an LLM is configured, but this version answers from the articles' own words; it is not used"
REMEDY = "take [llm] model out"


def check_llm(settings: LlmSettings) -> list[CheckResult]:
    """Warn of a model that is not used; nothing to say without one."""
    return [CheckResult.doubtful("llm", NOT_USED, REMEDY)] if settings.model else []
