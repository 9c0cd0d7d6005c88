"""Step 4: whether these passages answer this question."""

from haystack import component

from knowledge.answering.gate import EvidenceGate
from knowledge.answering.gate_calibration import DeskCalibration
from knowledge.answering.missing import find_missing
from knowledge.answering.steps.payload import Found, Judged
from knowledge.models import Evidence


@component
class JudgeEvidence:
    """Cuts to the best passages and asks the gate; a few milliseconds, in a thread."""

    def __init__(self, gate: EvidenceGate, top_k: int, calibration: DeskCalibration | None = None) -> None:
        self._gate = gate
        self._calibration = calibration
        self._top_k = top_k

    @component.output_types(judged=Judged)
    def run(self, found: Found) -> dict[str, Judged]:
        """Give the evidence, `judged`."""
        kept = found.passages[: self._top_k]
        missing = find_missing(found.question.text, kept, found.held)
        offset = self._calibration.offset if self._calibration else 0.0
        confidence, verdict, features = self._gate.judge(found.question.text, kept, missing, offset)
        features["stale"] = float(found.stale)
        evidence = Evidence(
            found.question, kept, confidence, verdict, found.version, features, missing, found.repaired
        )
        return {"judged": Judged(evidence, found)}
