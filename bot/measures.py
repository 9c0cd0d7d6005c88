"""What is measured, as plain data: a metric's name, its kind, and its values by their labels."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeAlias, TypeVar

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from knowledge.histogram import Histogram

Kind: TypeAlias = Literal["counter", "gauge", "histogram", "info"]
LabelsT = TypeVar("LabelsT", bound=tuple[str, ...])
PREFIX = "helpdesk_bot_"


@dataclass(frozen=True, slots=True)
class Distribution:
    """A histogram as it stood: how many values do not pass each bound, and the sum of all."""

    buckets: tuple[tuple[float, int], ...]
    sum: float

    @classmethod
    def of(cls, histogram: Histogram) -> Distribution:
        """Copy it."""
        return cls(tuple(histogram.cumulative()), histogram.sum)


@dataclass(frozen=True, slots=True)
class Measure:
    """One metric of Prometheus; a counter's name is given without `_total`.

    `samples` are the values by those of `labels`; a histogram's are Distributions. Of an `info` the labels are all.
    """

    name: str
    kind: Kind
    help: str
    labels: tuple[str, ...]
    samples: tuple[tuple[tuple[str, ...], float | Distribution], ...]


def single(kind: Kind, name: str, value: float | Distribution, told: str) -> Measure:
    """Give a metric without labels."""
    return Measure(PREFIX + name, kind, told, (), (((), value),))


def labelled(
    kind: Kind,
    name: str,
    labels: Iterable[str],
    samples: Mapping[LabelsT, float | Distribution],
    told: str,
) -> Measure:
    """Give a metric with labels."""
    return Measure(PREFIX + name, kind, told, tuple(labels), tuple(samples.items()))
