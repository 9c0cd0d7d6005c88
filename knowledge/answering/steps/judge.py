"""Step 4: whether these passages answer this question."""

from typing import Any

from haystack import component

from knowledge.answering.gate import EvidenceGate
from knowledge.models import CorpusVersion, Evidence, Question, ScoredPassage


@component
class JudgeEvidence:
    """Cuts to the best passages and asks the gate; under a millisecond, so it stays on the event loop."""

    def __init__(self, gate: EvidenceGate, top_k: int) -> None:
        self._gate = gate
        self._top_k = top_k

    @component.output_types(evidence=Evidence)
    def run(
        self, question: Question, passages: list[ScoredPassage], version: CorpusVersion, stale: int
    ) -> dict[str, Any]:
        """Give the `evidence`."""
        kept = tuple(passages[: self._top_k])
        confidence, verdict, features = self._gate.judge(question.text, kept)
        features["stale"] = float(stale)
        return {"evidence": Evidence(question, kept, confidence, verdict, version, features)}

    @component.output_types(evidence=Evidence)
    async def run_async(
        self, question: Question, passages: list[ScoredPassage], version: CorpusVersion, stale: int
    ) -> dict[str, Any]:
        """Do the same without a thread of its own."""
        return self.run(question, passages, version, stale)
