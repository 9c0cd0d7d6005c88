"""What this process counts while it works, in plain numbers, for `/metrics` to read now and then."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Final

from knowledge.histogram import Histogram
from knowledge.models import CacheStatus, Verdict

if TYPE_CHECKING:
    from knowledge.models import Answer, SyncReport

SECONDS: Final = (0.001, 0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 20.0)
"""An answer from the cache takes some 2 ms, one that a language model writes some seconds; 20 is the time limit."""
BUSY: Final = "busy"
OVER_LIMIT: Final = "over_limit"
FAILURES: Final = (Verdict.ERROR.value, BUSY, OVER_LIMIT)
"""What becomes of a question beside the other verdicts: nobody was answered."""
NO_CACHE: Final = CacheStatus.OFF.value
REASONS: Final = ("", "wrong", "outdated", "incomplete", "other")
"""Why an answer did not help; "" is nothing said."""


class Counts:
    """Counts since the start. Only the event loop touches it; nobody's words, ids or places are kept."""

    def __init__(self) -> None:
        self.questions: Counter[tuple[str, str, str]] = Counter()  # by platform, outcome and cache status
        self.answer_seconds = {status.value: Histogram(SECONDS) for status in CacheStatus}
        self.reply_seconds = Histogram(SECONDS)
        self.ack_seconds = Histogram(SECONDS)
        self.ratings: Counter[tuple[bool, str]] = Counter()  # by helpful and reason
        self.syncs: Counter[tuple[str, bool]] = Counter()  # by source and whether it reached its end
        self.embedded_passages = 0

    def answered(self, platform: str, answer: Answer) -> None:
        """Count a question that got this answer, and how long that took."""
        cache = answer.cache.value
        self.questions[platform, answer.verdict.value, cache] += 1
        milliseconds = answer.timings_ms.get("total")
        if milliseconds is not None:
            self.answer_seconds[cache].add(milliseconds / 1000)

    def unanswered(self, platform: str, outcome: str) -> None:
        """Count a question that got no answer; `outcome` is one of FAILURES."""
        self.questions[platform, outcome, NO_CACHE] += 1

    def rated(self, reason: str, *, helpful: bool) -> None:
        """Count a rating; a reason that is none of REASONS is another one."""
        self.ratings[helpful, reason if reason in REASONS else "other"] += 1

    def synced(self, report: SyncReport) -> None:
        """Count a sync that ended, dry runs aside."""
        self.syncs[report.source, report.error is None] += 1
        self.embedded_passages += report.embedded_passages
