"""What stands in a cache key for all that decides an answer but the question and the articles."""

from __future__ import annotations

from dataclasses import asdict
from importlib.metadata import version as installed_version
from typing import TYPE_CHECKING

from knowledge.answering.addressed import addressed_digest
from knowledge.answering.answer import ANSWER_VERSION
from knowledge.answering.glossary import glossary_digest
from knowledge.models import revision_of
from knowledge.stores.fusion import BALANCED

if TYPE_CHECKING:
    from config.settings import AnswerSettings, RetrievalSettings
    from knowledge.answering.gate import GateModel


def pipeline_digest(
    retrieval: RetrievalSettings,
    answer: AnswerSettings,
    gate: GateModel,
    model_digest: str,
    *,
    writing: str = "",
) -> str:
    """Give the digest of retrieval, gate, models and settings.

    `writing` is the `writing_digest` of the language model, empty where there is none.
    """
    return revision_of(
        installed_version("helpdesk-bot"),
        ANSWER_VERSION,
        addressed_digest(),
        glossary_digest(),
        retrieval.model_dump(mode="json"),
        answer.model_dump(mode="json", exclude={"timeout_seconds", "old_after"}),
        asdict(BALANCED),
        gate.digest,
        model_digest,
        *([writing] if writing else []),
    )
