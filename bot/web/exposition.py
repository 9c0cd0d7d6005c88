"""Metrics in the text of Prometheus or OpenMetrics. Imported with the first scrape: the library takes 60 ms."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from prometheus_client import CollectorRegistry, ProcessCollector
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    InfoMetricFamily,
)
from prometheus_client.exposition import choose_encoder
from prometheus_client.registry import Collector

from bot.measures import Distribution

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from prometheus_client import Metric

    from bot.measures import Measure


def render(measures: Sequence[Measure], accept: str) -> tuple[bytes, str]:
    """Give the page and its content type, as the scraper's `Accept` asks; the process's own figures are added."""
    registry = CollectorRegistry(auto_describe=False)  # of this scrape alone
    registry.register(_Gathered(measures))
    ProcessCollector(registry=registry)
    encode, content_type = choose_encoder(accept)
    return encode(registry), content_type


class _Gathered(Collector):
    def __init__(self, measures: Sequence[Measure]) -> None:
        self._measures = measures

    def collect(self) -> Iterator[Metric]:
        """Give each as the library has it."""
        return map(_family, self._measures)


def _family(measure: Measure) -> Metric:
    if measure.kind == "info":
        info = InfoMetricFamily(measure.name, measure.help)
        for labels, _ in measure.samples:
            info.add_metric((), dict(zip(measure.labels, labels, strict=True)))
        return info
    if measure.kind == "histogram":
        histogram = HistogramMetricFamily(measure.name, measure.help, labels=measure.labels)
        for labels, value in measure.samples:
            assert isinstance(value, Distribution)
            buckets = [(_bound(bound), float(number)) for bound, number in value.buckets]
            histogram.add_metric(labels, buckets, value.sum)
        return histogram
    made = CounterMetricFamily if measure.kind == "counter" else GaugeMetricFamily
    family = made(measure.name, measure.help, labels=measure.labels)
    for labels, value in measure.samples:
        assert not isinstance(value, Distribution)
        family.add_metric(labels, value)
    return family


def _bound(bound: float) -> str:
    return "+Inf" if math.isinf(bound) else repr(float(bound))
