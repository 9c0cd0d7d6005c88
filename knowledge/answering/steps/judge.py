"""Step 4: whether these passages answer this question."""

from haystack import component

from knowledge.answering.gate import EvidenceGate
from knowledge.answering.steps.payload import Found, Judged
from knowledge.models import Evidence


@component
class JudgeEvidence:
    """Cuts to the best passages and asks the gate; a few milliseconds, in a thread."""

    def __init__(self, gate: EvidenceGate, top_k: int) -> None:
        self._gate = gate
        self._top_k = top_k

    @component.output_types(judged=Judged)
    def run(self, found: Found) -> dict[str, Judged]:
        """Give the evidence, `judged`."""
        kept = found.passages[: self._top_k]
        confidence, verdict, features = self._gate.judge(found.question.text, kept)
        features["stale"] = float(found.stale)
        evidence = Evidence(found.question, kept, confidence, verdict, found.version, features)
        return {"judged": Judged(evidence, found)}
