"""Bootstrap intervals, against what is known of them."""

from __future__ import annotations

from statistics import fmean
from typing import TYPE_CHECKING

import pytest

from knowledge.evaluation.intervals import bootstrap, mean_interval

if TYPE_CHECKING:
    from collections.abc import Sequence

VALUES = [float(number % 2) for number in range(400)]


def test_the_interval_of_a_share_is_that_of_the_binomial() -> None:
    """A half of 400 has a standard error of 0.025: about 0.451 to 0.549."""
    found = mean_interval(VALUES)
    assert found is not None
    assert found == pytest.approx((0.451, 0.549), abs=0.01)
    by_hand = bootstrap(len(VALUES), lambda draw: fmean(VALUES[i] for i in draw))
    assert by_hand == pytest.approx(found)


def test_the_same_rows_give_the_same_interval() -> None:
    """Two runs of one set can be compared."""
    assert mean_interval(VALUES[:50]) == mean_interval(VALUES[:50])


def test_nothing_has_no_interval() -> None:
    """Neither no rows, nor rows of which no draw has the measure; draws without it are left out."""

    def one_class(draw: Sequence[int]) -> float | None:
        return 1.0 if 0 in draw else None

    assert mean_interval([]) is None
    assert bootstrap(0, one_class) is None
    assert bootstrap(3, lambda _: None) is None
    assert bootstrap(3, one_class) == (1.0, 1.0)
