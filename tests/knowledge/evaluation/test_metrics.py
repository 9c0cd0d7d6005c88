"""The measures, against values computed by hand and by definition."""

from __future__ import annotations

import math
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from knowledge.evaluation.metrics import (
    auroc,
    calibration_error,
    declined_where_answered,
    declining,
    ndcg_at,
    percentile,
    recall_at,
    reciprocal_rank_at,
    reliability,
    roc_curve,
)

RANKED = ["a", "b", "c", "d", "e", "f"]


def test_recall_counts_the_share_of_gold_found() -> None:
    """Recall@k is the share of the gold items within k, not of the ranks."""
    assert recall_at(RANKED, {"b", "z"}, 1) == 0
    assert recall_at(RANKED, {"b", "z"}, 5) == 0.5
    assert recall_at(RANKED, {"a", "b"}, 2) == 1
    assert recall_at([], {"a"}, 5) == 0


def test_reciprocal_rank_is_that_of_the_first_gold_item() -> None:
    """The second of two gold items does not count, and nothing beyond k does."""
    assert reciprocal_rank_at(RANKED, {"c", "e"}, 10) == 1 / 3
    assert reciprocal_rank_at(RANKED, {"f"}, 5) == 0


def test_ndcg_of_a_hand_computed_case() -> None:
    """Gold at ranks 2 and 4 of two: (1/log2 3 + 1/log2 5) / (1/log2 2 + 1/log2 3)."""
    expected = (1 / math.log2(3) + 1 / math.log2(5)) / (1 + 1 / math.log2(3))
    assert ndcg_at(RANKED, {"b", "d"}, 10) == pytest.approx(expected)
    assert expected == pytest.approx(0.65092, abs=1e-5)


def test_an_item_ranked_twice_counts_once() -> None:
    """A repeated gold item cannot lift nDCG or recall above 1."""
    assert ndcg_at(["a", "a", "a"], {"a"}, 10) == 1
    assert recall_at(["a", "a"], {"a"}, 5) == 1


def test_auroc_of_a_hand_computed_case_with_ties() -> None:
    """Positives .9 .5, negatives .5 .1: of four pairs three are right and one is a tie."""
    assert auroc([0.9, 0.5, 0.5, 0.1], [True, True, False, False]) == 3.5 / 4
    assert auroc([0.9], [True]) is None


def test_roc_of_a_hand_computed_case() -> None:
    """A point a distinct score: .9 is right, at .5 one of each, at .1 one wrong; the area is that of AUROC."""
    scores, labels = [0.9, 0.5, 0.5, 0.1], [True, True, False, False]
    points = roc_curve(scores, labels)
    assert points == [(0, 0), (0, 0.5), (0.5, 1), (1, 1)]
    area = sum((x2 - x1) * (y1 + y2) / 2 for (x1, y1), (x2, y2) in pairwise(points))
    assert area == auroc(scores, labels)
    assert roc_curve([0.9], [True]) == []


def test_what_is_declined_where_a_share_is_answered() -> None:
    """Of four positives three pass at .5: of the negatives at .6, .5, .4 and .1 the last two are below it."""
    scores = [0.9, 0.8, 0.5, 0.2, 0.6, 0.5, 0.4, 0.1]
    labels = [True] * 4 + [False] * 4
    assert declined_where_answered(scores, labels, 0.75) == 0.5
    assert declined_where_answered(scores, labels, 0.70) == 0.5
    assert declined_where_answered(scores, labels, 1.0) == 0.25
    assert declined_where_answered([0.9], [True], 0.85) is None


def test_declining_is_measured_on_the_unanswerable() -> None:
    """Three declined, two of them rightly, of four unanswerable: precision 2/3, recall 2/4."""
    declined = [True, True, True, False, False, False]
    unanswerable = [True, True, False, True, True, False]
    measured = declining(declined, unanswerable)
    assert measured is not None
    assert (measured.precision, measured.recall) == (2 / 3, 0.5)
    assert declining([True], [False]) is None
    nothing_declined = declining([False], [True])
    assert nothing_declined is not None
    assert (nothing_declined.precision, nothing_declined.recall) == (1.0, 0.0)


def test_reliability_bins_and_their_error() -> None:
    """Two answers at .9 of which one is right, one at 1.0 that is right: one bin, gap of its means."""
    table = reliability([0.9, 0.9, 1.0, 0.05], [True, False, True, False])
    assert [(b.low, b.count) for b in table] == [(0.0, 1), (0.9, 3)]
    assert table[1].confidence == pytest.approx(2.8 / 3)
    assert table[1].right == pytest.approx(2 / 3)
    assert calibration_error(table) == pytest.approx((0.05 + 3 * (2.8 / 3 - 2 / 3)) / 4)


def test_percentiles_are_values_that_occurred() -> None:
    """Nearest rank: of ten values the median is the fifth and p95 the tenth."""
    values = [float(number) for number in range(10, 0, -1)]
    assert (percentile(values, 0.5), percentile(values, 0.95), percentile(values, 0.0)) == (5.0, 10.0, 1.0)
    assert percentile([], 0.5) == 0


@given(
    st.lists(st.sampled_from("abcdefgh")),
    st.sets(st.sampled_from("abcdefgh"), min_size=1),
    st.integers(1, 12),
)
def test_ranking_measures_lie_between_0_and_1(ranked: list[str], gold: set[str], k: int) -> None:
    """Whatever was ranked, and 1 exactly when the gold items fill the first ranks."""
    for measure in (recall_at, reciprocal_rank_at, ndcg_at):
        assert 0 <= measure(ranked, gold, k) <= 1 + 1e-12
    assert ndcg_at([*sorted(gold), *ranked], gold, 10) == pytest.approx(1)


@given(st.lists(st.tuples(st.sampled_from([0.0, 0.1, 0.5, 0.9]), st.booleans()), max_size=40))
def test_auroc_is_the_share_of_pairs_in_order(rows: list[tuple[float, bool]]) -> None:
    """By ranks it is what counting all pairs of a positive and a negative gives, ties half."""
    area = auroc([score for score, _ in rows], [label for _, label in rows])
    pairs = [(p, n) for p, right in rows if right for n, wrong in rows if not wrong]
    if not pairs:
        assert area is None
    else:
        assert area == pytest.approx(sum((p > n) + 0.5 * (p == n) for p, n in pairs) / len(pairs))
