"""What of the language model decides an answer's words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from knowledge.answering.grounding import GROUNDING_VERSION
from knowledge.answering.llm.prompt import prompt_digest
from knowledge.models import revision_of

if TYPE_CHECKING:
    from config.grounding import GroundingSettings
    from config.llm import LlmSettings

_DECIDES = {
    "provider",
    "model",
    "api_base_url",
    "fallback_provider",
    "fallback_model",
    "fallback_api_base_url",
    "temperature",
    "max_tokens",
}


def writing_digest(settings: LlmSettings, grounding: GroundingSettings) -> str:
    """Give what changes with the models, the prompts' templates and the grounding; empty without a model."""
    if not settings.model:
        return ""
    return revision_of(
        settings.model_dump(mode="json", include=_DECIDES),
        grounding.model_dump(mode="json"),
        prompt_digest(),
        GROUNDING_VERSION,
    )
