"""Every metric of Lictor's own service: name, kind, unit, meaning, attributes.

The one list from which the sender builds what it sends, and docs/telemetry.md its table; dashboards and alert rules
are checked against it. Names follow OpenTelemetry's semantic conventions (``process.*`` are theirs), units are UCUM.
"""

from __future__ import annotations

from typing import Literal, NamedTuple

Kind = Literal["counter", "gauge", "histogram"]


class Metric(NamedTuple):
    """One metric; ``bounds`` are the upper ends, inclusive, of a histogram's buckets."""

    name: str
    kind: Kind
    unit: str
    meaning: str
    attributes: tuple[str, ...] = ()
    bounds: tuple[float, ...] = ()


class Reading(NamedTuple):
    """One number at one moment: the metric, the values of its attributes in their order, the value."""

    name: str
    attributes: tuple[str, ...]
    value: float


SECONDS = (0.001, 0.002, 0.005, 0.01, 0.015, 0.02, 0.03, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0)
"""The promise is 20 ms from event to verdict: the buckets are narrow around it."""
SIZES = (1.0, 10.0, 100.0, 1_000.0, 5_000.0, 10_000.0, 25_000.0, 50_000.0, 100_000.0)

METRICS = (
    Metric("lictor.events", "counter", "{event}", "Events of runs that went to the lake: rows of `activity`", ("lictor.event.class",)),
    Metric("lictor.events.lost", "counter", "{event}", "Events that were lost, as table `coverage` has them; counted every 10 s and at the end of a run", ("lictor.event.class", "lictor.loss.reason")),
    Metric("lictor.ring.utilization", "gauge", "1", "The ring at its fullest since the last look, as a share of its size; what does not fit is lost", ("lictor.ring.name",)),
    Metric("lictor.batch.size", "histogram", "{event}", "Events in one batch", (), SIZES),
    Metric("lictor.batch.duration", "histogram", "s", "From the begin of a batch's drain to its rows being with the writer", (), SECONDS),
    Metric("lictor.step.time", "counter", "s", "Time spent in each step of batches", ("lictor.step",)),
    Metric("lictor.verdict.latency", "histogram", "s", "From the event, by the kernel's boot clock, to the moment its batch was judged", (), SECONDS),
    Metric("lictor.actions", "counter", "{action}", "What was done, once its result was known: rows of `actions`, phase `result`", ("lictor.action", "lictor.action.result")),
    Metric("lictor.findings", "counter", "{finding}", "Findings, of policies and of Lictor about itself", ("lictor.severity",)),
    Metric("lictor.holds", "gauge", "{hold}", "Questions that wait for a person while their run stands still"),
    Metric("lictor.runs", "gauge", "{run}", "Runs that are observed now"),
    Metric("lictor.enforcement.paused", "gauge", "{service}", "1 while `lictor pause` keeps this service from enforcing anything, else 0"),
    Metric("lictor.policies", "gauge", "{policy}", "Policies in force"),
    Metric("lictor.policy.reload.duration", "histogram", "s", "Putting changed policy files in force for all runs, or refusing them", ("lictor.policy.result",), SECONDS),
    Metric("lictor.lake.rows", "counter", "{row}", "Rows given to the lake's log", ("lictor.table",)),
    Metric("lictor.lake.log.io", "counter", "By", "Bytes written to the lake's log"),
    Metric("lictor.lake.durable.age", "gauge", "s", "Since the log was last made durable; grows while there is nothing to write"),
    Metric("lictor.lake.unsynced.age", "gauge", "s", "Age of the oldest row that is not durable yet; 0 without any, and never above 1 while all is well"),
    Metric("lictor.lake.seal.backlog", "gauge", "{log}", "Logs that wait to be sealed into Parquet"),
    Metric("lictor.export.lag", "gauge", "s", "How far `lictor export` is behind, as its status file says", ("lictor.export.destination",)),
    Metric("lictor.telemetry.dropped", "counter", "{record}", "Spans and log lines that found no room on their way to the receiver", ("lictor.signal",)),
    Metric("process.memory.usage", "gauge", "By", "Resident memory of the service"),
    Metric("process.cpu.time", "counter", "s", "Processor time of the service", ("cpu.mode",)),
    Metric("process.uptime", "gauge", "s", "Since the service began; its absence means that there is none, or that it does not come through"),
)  # fmt: skip

BY_NAME = {metric.name: metric for metric in METRICS}

_UNITS = {"s": "seconds", "By": "bytes", "1": "ratio"}


def prometheus_name(metric: Metric) -> str:
    """What Prometheus calls it, by the OpenTelemetry specification (Prometheus and OpenMetrics Compatibility).

    A histogram is exposed as this name with ``_bucket``, ``_sum`` and ``_count`` behind it. Units in braces are left out.
    """
    name = metric.name.replace(".", "_")
    unit = _UNITS.get(metric.unit)
    if unit is not None and not name.endswith(f"_{unit}"):
        name = f"{name}_{unit}"
    return f"{name}_total" if metric.kind == "counter" else name


def exposed_names(metric: Metric) -> tuple[str, ...]:
    """Every name under which a metric can be asked for in Prometheus."""
    name = prometheus_name(metric)
    return tuple(f"{name}_{part}" for part in ("bucket", "sum", "count")) if metric.kind == "histogram" else (name,)
