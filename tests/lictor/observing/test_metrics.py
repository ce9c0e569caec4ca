"""The list of metrics: names, units and buckets that OpenTelemetry and Prometheus take as they are."""

from __future__ import annotations

import re

import pytest
from opentelemetry.exporter.prometheus import PrometheusMetricReader
from opentelemetry.sdk.metrics import MeterProvider
from prometheus_client import REGISTRY, generate_latest

from lictor.observing.metrics import BY_NAME, METRICS, exposed_names, prometheus_name

each = pytest.mark.parametrize("metric", METRICS, ids=lambda m: m.name)


def test_every_name_is_there_once():
    assert len(BY_NAME) == len(METRICS) > 20
    exposed = [name for metric in METRICS for name in exposed_names(metric)]
    assert len(set(exposed)) == len(exposed)


@each
def test_names_and_units_follow_the_conventions(metric):
    assert re.fullmatch(r"(lictor|process)(\.[a-z][a-z_]*)+", metric.name)
    assert re.fullmatch(r"s|By|1|\{[a-z]+\}", metric.unit)
    assert not metric.name.endswith(("_total", ".total", ".count", "_seconds", "_bytes"))
    assert all(re.fullmatch(r"(lictor|cpu)(\.[a-z_]+)+", name) for name in metric.attributes)
    assert len(metric.meaning.split()) > 2


@each
def test_only_histograms_have_bounds_and_those_rise(metric):
    assert bool(metric.bounds) == (metric.kind == "histogram")
    assert list(metric.bounds) == sorted(set(metric.bounds))


def test_the_promise_of_20_ms_is_a_bound_of_its_own():
    assert 0.02 in BY_NAME["lictor.verdict.latency"].bounds


@each
def test_prometheus_name_is_the_one_of_the_prometheus_exporter(metric):
    """The exporter of opentelemetry-python names metrics by the same specification."""
    provider = MeterProvider([PrometheusMetricReader()], shutdown_on_exit=False)
    try:
        meter = provider.get_meter("lictor")
        if metric.kind == "counter":
            meter.create_counter(metric.name, metric.unit).add(1)
        elif metric.kind == "gauge":
            meter.create_gauge(metric.name, metric.unit).set(1)
        else:
            meter.create_histogram(metric.name, metric.unit).record(1)
        text = generate_latest(REGISTRY).decode()
    finally:
        provider.shutdown()
    names = set(re.findall(r"^((?:lictor|process)_\w+)(?=\{)", text, re.MULTILINE))
    # The one rule that this exporter leaves out: a gauge of unit 1 is a ratio (the collector's exporter does it).
    assert {name.removesuffix("_ratio") for name in exposed_names(metric)} <= names
    assert prometheus_name(metric).endswith("_ratio") == (metric.unit == "1")
