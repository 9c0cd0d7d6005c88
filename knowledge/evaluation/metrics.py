"""Measures of ranking and of declining, by their textbook definitions; pure.

Recall@k, reciprocal rank and nDCG with binary gains: Manning, Raghavan, Schütze, "Introduction to Information
Retrieval" (2008), chapter 8; nDCG's discount log2(rank + 1): Järvelin and Kekäläinen (2002). AUROC as the
Mann-Whitney statistic: Hanley and McNeil (1982). Each row of a ranking counts once, also if it is repeated.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence


def recall_at(ranked: Sequence[str], gold: Collection[str], k: int) -> float:
    """Give the share of the gold items among the first `k`; 0 when there are none."""
    return len(set(ranked[:k]).intersection(gold)) / len(set(gold)) if gold else 0.0


def reciprocal_rank_at(ranked: Sequence[str], gold: Collection[str], k: int) -> float:
    """Give 1 / rank of the first gold item within the first `k`, else 0; its mean over questions is MRR@k."""
    return next((1.0 / rank for rank, item in enumerate(ranked[:k], start=1) if item in gold), 0.0)


def ndcg_at(ranked: Sequence[str], gold: Collection[str], k: int) -> float:
    """Give the discounted gain of the first `k` over that of the best possible order."""
    wanted = set(gold)
    gain, seen = 0.0, set[str]()
    for rank, item in enumerate(ranked[:k], start=1):
        if item in wanted and item not in seen:
            gain += 1.0 / math.log2(rank + 1)
            seen.add(item)
    best = sum(1.0 / math.log2(rank + 1) for rank in range(1, min(len(wanted), k) + 1))
    return gain / best if best else 0.0


def auroc(scores: Sequence[float], labels: Sequence[bool]) -> float | None:
    """Give the probability that a positive scores above a negative, ties half; None with one class."""
    positives, negatives = sum(labels), len(labels) - sum(labels)
    if not positives or not negatives:
        return None
    order = sorted(range(len(scores)), key=lambda i: scores[i])
    rank_sum, start = 0.0, 0
    while start < len(order):
        stop = start
        while stop < len(order) and scores[order[stop]] == scores[order[start]]:
            stop += 1
        middle = (start + 1 + stop) / 2  # the mean of the ranks start + 1 … stop
        rank_sum += middle * sum(labels[order[i]] for i in range(start, stop))
        start = stop
    return (rank_sum - positives * (positives + 1) / 2) / (positives * negatives)


def roc_curve(scores: Sequence[float], labels: Sequence[bool]) -> list[tuple[float, float]]:
    """Give (false positive rate, true positive rate) from (0, 0) to (1, 1), a point a distinct score.

    Fawcett, "An introduction to ROC analysis" (2006), algorithm 1. Empty with one class only.
    """
    positives, negatives = sum(labels), len(labels) - sum(labels)
    if not positives or not negatives:
        return []
    points, right, wrong = [(0.0, 0.0)], 0, 0
    order = sorted(range(len(scores)), key=lambda i: -scores[i])
    for place, index in enumerate(order):
        right, wrong = right + labels[index], wrong + (not labels[index])
        if place + 1 == len(order) or scores[order[place + 1]] != scores[index]:
            points.append((wrong / negatives, right / positives))
    return points


def declined_where_answered(scores: Sequence[float], labels: Sequence[bool], share: float) -> float | None:
    """Give the share of negatives below the highest threshold that lets `share` of the positives pass.

    None with one class only.
    """
    passing = sorted((score for score, label in zip(scores, labels, strict=True) if label), reverse=True)
    others = [score for score, label in zip(scores, labels, strict=True) if not label]
    if not passing or not others:
        return None
    threshold = passing[max(math.ceil(share * len(passing)) - 1, 0)]
    return sum(score < threshold for score in others) / len(others)


@dataclass(frozen=True, slots=True)
class Declining:
    """How well the unanswerable questions were declined.

    `precision`: of the questions that were declined, the share that are unanswerable (1 when none was).
    `recall`: of the unanswerable questions, the share that was declined.
    """

    precision: float
    recall: float


def declining(declined: Sequence[bool], unanswerable: Sequence[bool]) -> Declining | None:
    """Compare what was declined with what is unanswerable; None when nothing is unanswerable."""
    if not any(unanswerable):
        return None
    right = sum(d and u for d, u in zip(declined, unanswerable, strict=True))
    return Declining(right / sum(declined) if any(declined) else 1.0, right / sum(unanswerable))


@dataclass(frozen=True, slots=True)
class Bin:
    """The answers whose confidence lies in [low, high): how many, how confident, and how often right."""

    low: float
    high: float
    count: int
    confidence: float
    right: float


def reliability(confidences: Sequence[float], right: Sequence[bool], bins: int = 10) -> list[Bin]:
    """Sort into equal bins of confidence, leaving out empty ones, for a reliability diagram."""
    table: list[list[int]] = [[] for _ in range(bins)]
    for index, confidence in enumerate(confidences):
        table[min(int(confidence * bins), bins - 1)].append(index)
    return [
        Bin(
            number / bins,
            (number + 1) / bins,
            len(members),
            sum(confidences[i] for i in members) / len(members),
            sum(right[i] for i in members) / len(members),
        )
        for number, members in enumerate(table)
        if members
    ]


def calibration_error(table: Sequence[Bin]) -> float:
    """Give the expected calibration error: the mean gap of confidence and accuracy, by count."""
    total = sum(entry.count for entry in table)
    return sum(entry.count * abs(entry.confidence - entry.right) for entry in table) / total if total else 0.0


def percentile(values: Sequence[float], share: float) -> float:
    """Give the nearest-rank percentile: the smallest value that `share` (0-1) of all do not exceed."""
    if not values:
        return 0.0
    return sorted(values)[max(math.ceil(share * len(values)) - 1, 0)]


def mean(values: Sequence[float]) -> float:
    """Give the arithmetic mean, 0 of nothing."""
    return sum(values) / len(values) if values else 0.0
