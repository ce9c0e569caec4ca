"""Numbers become the SDK's data model without a change; what its encoder makes of that is read back."""

from __future__ import annotations

import pytest
from opentelemetry.exporter.otlp.proto.common.metrics_encoder import encode_metrics
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.util.instrumentation import InstrumentationScope

from lictor.observing.metrics import BY_NAME, Reading
from lictor.observing.points import metrics_data

BOUNDS = BY_NAME["lictor.batch.size"].bounds


@pytest.fixture
def encoded():
    """Function: the metrics of a message as they go over the wire, by name."""

    def encode(numbers=(), histograms=(), more=()):
        message = {"since": 5, "at": 9, "numbers": numbers, "histograms": histograms}
        data = metrics_data(message, more, Resource({"service.name": "lictor"}), InstrumentationScope("lictor", "1"))
        (resource,) = encode_metrics(data).resource_metrics
        (scope,) = resource.scope_metrics
        assert (scope.scope.name, scope.scope.version) == ("lictor", "1")
        return {metric.name: metric for metric in scope.metrics}

    return encode


def test_a_counter_is_a_cumulative_monotonic_sum(encoded):
    metric = encoded([["lictor.events", ["file"], 7], ["lictor.events", ["network"], 2]])["lictor.events"]
    assert (metric.unit, metric.sum.is_monotonic, metric.sum.aggregation_temporality) == ("{event}", True, 2)
    found = [
        (p.start_time_unix_nano, p.time_unix_nano, p.as_int, p.attributes[0].key, p.attributes[0].value.string_value)
        for p in metric.sum.data_points
    ]
    assert found == [(5, 9, 7, "lictor.event.class", "file"), (5, 9, 2, "lictor.event.class", "network")]


def test_a_gauge_is_a_gauge_and_what_the_sender_saw_is_added(encoded):
    metrics = encoded([["lictor.holds", [], 3]], more=[Reading("process.memory.usage", (), 1024)])
    assert metrics["lictor.holds"].gauge.data_points[0].as_int == 3
    assert metrics["process.memory.usage"].gauge.data_points[0].as_int == 1024
    assert metrics["process.memory.usage"].description == BY_NAME["process.memory.usage"].meaning


def test_a_histogram_keeps_its_buckets_and_knows_its_range_by_them(encoded):
    counts = [0, 2, 0, 1, *[0] * (len(BOUNDS) - 3)]
    (point,) = encoded(histograms=[["lictor.batch.size", counts, 321.5]])["lictor.batch.size"].histogram.data_points
    assert (list(point.bucket_counts), list(point.explicit_bounds)) == (counts, list(BOUNDS))
    assert (point.count, point.sum, point.min, point.max) == (3, 321.5, BOUNDS[0], BOUNDS[3])


@pytest.mark.parametrize(
    ("place", "low", "high"), [(None, 0, 0), (0, 0, BOUNDS[0]), (len(BOUNDS), BOUNDS[-1], BOUNDS[-1])]
)
def test_the_range_at_its_ends(encoded, place, low, high):
    counts = [int(i == place) for i in range(len(BOUNDS) + 1)]
    (point,) = encoded(histograms=[["lictor.batch.size", counts, 1]])["lictor.batch.size"].histogram.data_points
    assert (point.min, point.max) == (low, high)


def test_attributes_of_a_histogram(encoded):
    counts = [0] * (len(BY_NAME["lictor.policy.reload.duration"].bounds) + 1)
    metric = encoded(histograms=[["lictor.policy.reload.duration", "refused", counts, 0]])[
        "lictor.policy.reload.duration"
    ]
    (attribute,) = metric.histogram.data_points[0].attributes
    assert (attribute.key, attribute.value.string_value) == ("lictor.policy.result", "refused")
