"""From the service's numbers to the data model of opentelemetry-sdk.

They are counted already, histograms included, so the SDK's instruments have nothing to do; its
data points, its encoder and its exporter are what is used of it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from opentelemetry.sdk.metrics import export as otel
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.util.instrumentation import InstrumentationScope

from lictor.observing.metrics import BY_NAME, Metric, Reading

_CUMULATIVE = otel.AggregationTemporality.CUMULATIVE


def metrics_data(
    message: Mapping[str, Any], more: Iterable[Reading], resource: Resource, scope: InstrumentationScope
) -> otel.MetricsData:
    """All metrics of one message of the service; ``more`` is what the sender has looked up itself."""
    since, at = int(message["since"]), int(message["at"])
    points: dict[str, list[Any]] = defaultdict(list)
    for name, attributes, value in (*message["numbers"], *more):
        points[name].append(otel.NumberDataPoint(_named(BY_NAME[name], attributes), since, at, value))
    for name, *attributes, counts, total in message["histograms"]:
        points[name].append(_histogram(BY_NAME[name], attributes, counts, total, since, at))
    metrics = [_metric(BY_NAME[name], data) for name, data in points.items()]
    scoped = otel.ScopeMetrics(scope, metrics, "")
    return otel.MetricsData([otel.ResourceMetrics(resource, [scoped], "")])


def _named(metric: Metric, values: Sequence[str]) -> dict[str, str]:
    return dict(zip(metric.attributes, values, strict=True))


def _histogram(
    metric: Metric, attributes: Sequence[str], counts: Sequence[int], total: float, since: int, at: int
) -> otel.HistogramDataPoint:
    """A data point; the range of the values is known no closer than by the buckets."""
    filled = [place for place, count in enumerate(counts) if count]
    edges = (0.0, *metric.bounds, metric.bounds[-1])
    low, high = (edges[filled[0]], edges[filled[-1] + 1]) if filled else (0.0, 0.0)
    return otel.HistogramDataPoint(
        _named(metric, attributes), since, at, sum(counts), total, list(counts), list(metric.bounds), low, high
    )


def _metric(metric: Metric, points: list[Any]) -> otel.Metric:
    data: otel.DataT
    if metric.kind == "counter":
        data = otel.Sum(points, _CUMULATIVE, is_monotonic=True)
    elif metric.kind == "gauge":
        data = otel.Gauge(points)
    else:
        data = otel.Histogram(points, _CUMULATIVE)
    return otel.Metric(metric.name, metric.meaning, metric.unit, data)
