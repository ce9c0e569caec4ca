"""Renders docs/telemetry.md from the list of metrics, so that names, units and meanings are those that are sent.

Around the table stands what a person needs to switch it on and to put the parts of deploy/ together.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from lictor.observing.metrics import METRICS, prometheus_name
from lictor.observing.telemetry import SLOW_NS
from tools import generated
from tools.schema_docs import table

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lictor.observing.metrics import Metric

INTRODUCTION = """# Lictor's own telemetry

`lictor run --telemetry http://127.0.0.1:4318 -- …` and `lictor watch --telemetry …` (else `$LICTOR_TELEMETRY`) send metrics, traces and
report lines of Lictor's service to an OTLP/HTTP receiver. It needs `pip install 'lictor[otlp]'`. Without the option nothing of
it is loaded or counted.

A process beside the service does the sending (`lictor.observing.sender`, some 50 MiB). The service counts plain numbers and hands it one message a second over a
socket that never blocks: a receiver that is slow or gone costs one line of warning, and at most two seconds at the end.
The lake has the full truth in any case: `coverage`, `actions`, `findings`.

The address is the option's. Everything else comes from the standard variables, which count only where telemetry is switched on:

| variable | meaning |
|---|---|
| `OTEL_EXPORTER_OTLP_HEADERS`, `…_TIMEOUT`, `…_COMPRESSION`, `…_CERTIFICATE` | as OpenTelemetry says; a receiver's key belongs into the headers |
| `OTEL_METRIC_EXPORT_INTERVAL` | ms between two exports of metrics; else 10000 |
| `OTEL_TRACES_SAMPLER_ARG` | share of batches that are traced, 0 to 1; else 0.01 |
| `OTEL_RESOURCE_ATTRIBUTES` | more attributes of the resource; `service.name` is always `lictor` |

They may be an agent's as well: who starts Lictor from an agent's environment sends that agent's headers to the receiver it names.

## Metrics

Counters are cumulative. The name in Prometheus is the one that the OpenTelemetry collector gives; a histogram has `_bucket`, `_sum` and `_count` behind it.
"""

REST = f"""## Traces

One span `batch` per batch that was sampled or took longer than {SLOW_NS // 1_000_000} ms, with a child for each step: `decode` (drained and decoded), `attribute`,
`hash`, `judge`, `act`, `append` (once per table). Attribute: `lictor.batch.size`.

## Report lines

What Lictor tells a person in one line (`lictor: …`), as log records of severity INFO; the first 1000 characters of each.

## How it fits together

```
lictor ──OTLP──► OpenTelemetry collector ──► Prometheus ──► alert rules, Grafana
                                         └─► your traces and logs
```

| file | what it is |
|---|---|
| [deploy/otel-collector.yaml](../deploy/otel-collector.yaml) | a collector on this machine: takes OTLP on loopback, offers metrics to Prometheus on port 8889 |
| [deploy/prometheus/alerts.yaml](../deploy/prometheus/alerts.yaml) | alert rules: loss, late verdicts, failed actions, paused enforcement, exports behind, rows that do not become durable, no sign of life |
| [deploy/grafana/lictor.json](../deploy/grafana/lictor.json) | a dashboard; import it and choose the Prometheus data source |

Rules and dashboard use the names above, with `service_instance_id` as a label: the collector's `resource_to_telemetry_conversion` makes it one.
A Prometheus that takes OTLP itself (from 2.47, `--enable-feature=otlp-write-receiver`; from 3.0, `--web.enable-otlp-receiver`, path `/api/v1/otlp`) does without the collector: `promote_resource_attributes: [service.instance.id, host.name]`.

An alert about Lictor is no substitute for [alerts of Lictor](alerts.md): those tell of agents, these of the one who watches them.
"""


def metric_row(metric: Metric) -> tuple[str, ...]:
    """Cells of one metric."""
    attributes = ", ".join(f"`{name}`" for name in metric.attributes)
    return (
        f"`{metric.name}`",
        metric.kind,
        f"`{metric.unit}`",
        metric.meaning,
        attributes,
        f"`{prometheus_name(metric)}`",
    )


def render() -> str:
    """The whole page."""
    headings = ("metric", "kind", "unit", "meaning", "attributes", "in Prometheus")
    lines: Iterator[str] = table(headings, map(metric_row, METRICS))
    return generated.notice("tools.telemetry_docs") + INTRODUCTION + "\n" + "\n".join(lines) + "\n" + REST


if __name__ == "__main__":
    sys.exit(generated.main("docs/telemetry.md", render()))
