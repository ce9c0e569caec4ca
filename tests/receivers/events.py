"""Batches for tests of sinks, also of texts that try to be more than one event."""

from __future__ import annotations

import json

import pyarrow as pa

from pipeline.export.sinks.interface import Batch

HOSTILE = [
    '{"a":"\\n<34>1 2026-01-01T00:00:00Z evil su - - - forged"}',
    '{"a":"]} {\\"event\\":1}\\u0000"}',
    '{"create":{"_id":"x"}}',
    '{"a":"ünïcödé ✓ 日本"}',
    '{"a":"10 <34>1 - - - - - - x"}',
    '{"a":"%s%n \\\\ \' \\" ] ="}',
    '{"a":"' + "x" * 20_000 + '"}',
]
HOSTILE_IDS = ['a"b', "a\\b", "a]b", "a b", 'x"] forged="1', "ü/1", "plain"]


def batch(count=10, *, first=0, size=0, payloads=None, ids=None, table="activity", json_payloads=True, hosts=None):
    """Events numbered from ``first``; ``size`` pads each payload to about so many bytes."""
    numbers = range(first, first + count)
    payloads = payloads or [json.dumps({"n": n, "pad": "x" * max(0, size - 20)}) for n in numbers]
    count = len(payloads)
    return Batch.of(
        table,
        pa.array(payloads, pa.string()),
        pa.array(ids or [f"boot/ebpf/{n}" for n in range(first, first + count)], pa.string()),
        pa.array([1_790_000_000_123_456 + n for n in range(count)], pa.timestamp("us")),
        pa.array(
            [("informational", "low", "medium", "high", "critical", None)[n % 6] for n in range(count)], pa.string()
        ),
        pa.array(hosts or ["box"] * count, pa.string()),
        json=json_payloads,
    )
