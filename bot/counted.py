"""What was counted since the start, as metrics. Pure: numbers in, metrics out."""

from __future__ import annotations

from collections import Counter
from itertools import product
from typing import TYPE_CHECKING

from bot.counts import FAILURES, NO_CACHE, REASONS
from bot.measures import Distribution, Measure, labelled, single

if TYPE_CHECKING:
    from collections.abc import Collection

    from bot.counts import Counts
    from knowledge.answering.llm.usage import Spent

OTHER = "other"
_LLM_KINDS = (
    "slow",
    "unreachable",
    "broken",
    "garbage",
    "empty",
    "cut",
    "over_budget",
    "http_4xx",
    "http_5xx",
)


def known(source: str, sources: Collection[str]) -> str:
    """Give the source as a label: its name while the config has it, so that there are few."""
    return source if source in sources else OTHER


def of_questions(counts: Counts, platforms: Collection[str]) -> list[Measure]:
    """Tell of questions and how long they took; failures that never happened on a platform that runs stand as 0."""
    questions = dict.fromkeys(product(platforms, FAILURES, [NO_CACHE]), 0.0) | dict(counts.questions)
    by_cache = {(status,): Distribution.of(each) for status, each in counts.answer_seconds.items()}
    ratings: Counter[tuple[str, str]] = Counter({("yes", ""): 0} | {("no", reason): 0 for reason in REASONS})
    for (helpful, reason), number in counts.ratings.items():
        ratings["yes" if helpful else "no", reason] += number
    reply, ack = Distribution.of(counts.reply_seconds), Distribution.of(counts.ack_seconds)
    return [
        labelled(
            "counter",
            "questions",
            ("connector", "outcome", "cache"),
            questions,
            "Questions, by chat platform, what became of them, and what the answer cache did.",
        ),
        labelled(
            "histogram",
            "answer_seconds",
            ("cache",),
            by_cache,
            "Time to find or make an answer, by what the answer cache did.",
        ),
        single(
            "histogram",
            "reply_seconds",
            reply,
            "Time from a message taken up to its reply made, waiting in line included.",
        ),
        single(
            "histogram",
            "ack_seconds",
            ack,
            "Time to commit a message to the inbox, after which its platform gets its ack.",
        ),
        labelled("counter", "feedback", ("helpful", "reason"), ratings, "Ratings of answers by people."),
    ]


def of_syncs(counts: Counts, sources: Collection[str]) -> list[Measure]:
    """Tell of the syncs that this process did."""
    syncs: Counter[tuple[str, str]] = Counter(
        dict.fromkeys(product(sources, ("ok", "failed")), 0),
    )
    for (source, is_ok), number in counts.syncs.items():
        syncs[known(source, sources), "ok" if is_ok else "failed"] += number
    return [
        labelled(
            "counter", "syncs", ("source", "result"), syncs, "Syncs that this process did, dry runs aside."
        ),
        single("counter", "embedded_passages", counts.embedded_passages, "Passages embedded by these syncs."),
    ]


def of_llm(spent: Spent) -> list[Measure]:
    """Tell of the language models."""
    failures: Counter[tuple[str, ...]] = Counter({(kind,): 0 for kind in _LLM_KINDS})
    for kind, number in spent.failures.items():
        failures[(_llm_kind(kind),)] += number
    tokens = {("read",): float(spent.usage.read), ("written",): float(spent.usage.written)}
    return [
        single(
            "counter", "llm_requests", spent.requests, "Requests to language models, failed ones included."
        ),
        labelled(
            "counter", "llm_failures", ("kind",), failures, "Requests that failed or were not made, by why."
        ),
        labelled("counter", "llm_tokens", ("direction",), tokens, "Tokens, where not told estimated."),
        single("counter", "llm_cost", spent.usage.cost, "Cost by the prices in [llm], in their currency."),
    ]


def _llm_kind(kind: str) -> str:
    if kind.startswith("http_"):
        return "http_5xx" if kind.startswith("http_5") else "http_4xx"
    return kind if kind in _LLM_KINDS else OTHER
