"""What evidence is the same evidence: digests of passages, and of what was found for a question."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from knowledge.models import revision_of

if TYPE_CHECKING:
    from knowledge.models import Evidence, Passage


@lru_cache(maxsize=1024)
def print_of(passage: Passage) -> str:
    """Give a digest of all that an answer may take from a passage.

    The article's revision is part of it: an answer may quote what stands around the passage, and it cites the revision.
    """
    return revision_of(
        passage.id,
        passage.revision,
        passage.text,
        passage.title,
        passage.heading_path,
        passage.url,
        passage.updated_at,
        passage.audience,
    )


def prints(evidence: Evidence) -> tuple[tuple[str, str], ...]:
    """Give each passage's id with its digest, best first."""
    return tuple((scored.passage.id, print_of(scored.passage)) for scored in evidence.passages)


def fingerprint(evidence: Evidence, *, ordered: bool) -> str:
    """Hash the passages, the verdict, what is missing and what was respelt.

    `ordered`: the order counts, as for the extractive answerer, who quotes the best. A language model is given
    them in an order of its own; for it they are a set, with the language of the best, in which it writes.
    """
    rows = [digest for _, digest in prints(evidence)]
    missing = evidence.missing and (evidence.missing.thing, evidence.missing.anywhere)
    best = evidence.passages[0].passage.language if evidence.passages else None
    return revision_of(
        rows if ordered else sorted(rows), evidence.verdict.value, missing, evidence.repaired, best
    )
