"""Histograms: every value counts once, in the first bucket that holds it."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from knowledge.histogram import Histogram

BOUNDS = (0.001, 0.5, 2.0)


@given(st.lists(st.floats(0, 10) | st.sampled_from(BOUNDS)))
def test_each_bucket_has_what_does_not_pass_its_bound(values: list[float]) -> None:
    """A value that equals a bound does not pass it; the last bucket has all values."""
    histogram = Histogram(BOUNDS)
    for value in values:
        histogram.add(value)
    expected = [(bound, sum(value <= bound for value in values)) for bound in (*BOUNDS, float("inf"))]
    assert list(histogram.cumulative()) == expected
    assert histogram.sum == sum(values)
