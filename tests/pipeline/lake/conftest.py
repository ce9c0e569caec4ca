"""What the lake's tests share: rows that can be told apart, and a way to read a lake without DuckDB."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pipeline import schema

CODE = Path(__file__).resolve().parents[3]
T0 = 1_790_000_000_000_000  # µs; 2026-09-21


def text(values):
    return pa.array(values, pa.string()).dictionary_encode()


def activity(count, first=0, **more):
    """``count`` rows whose ``seq`` goes on from ``first``; one row per millisecond."""
    seq = np.arange(first, first + count)
    columns = {
        "time": pa.array(T0 + seq * 1000, schema.TIME),
        "time_ns": pa.array((T0 + seq * 1000) * 1000),
        "host": text(["vm"] * count),
        "boot_id": text(["boot"] * count),
        "source": text(["test"] * count),
        "cpu": pa.array(np.zeros(count, np.int32)),
        "seq": pa.array(seq),
        "class": text(["file"] * count),
        "operation": text(["file.read"] * count),
        "agent_run": text([f"run{s % 3}" for s in seq]),
        "path": text([f"/data/{s % 50}" for s in seq]),
        "errno": pa.array((seq % 2 * 13).astype(np.int32)),
    }
    return schema.batch("activity", columns | more)


def committed(root):
    """``seq`` of all activity rows that commit records vouch for, read by pyarrow."""
    found = []
    for record in (root / "commits").glob("*.json"):
        for segment in json.loads(record.read_text())["segments"]:
            if segment["table"] == "activity":
                found += pq.read_table(root / segment["path"], partitioning=None)["seq"].to_pylist()
    return sorted(found)


def python(script, *arguments, **options):
    """Run a script in a process of its own that can import the code."""
    environment = {
        **os.environ,
        **options.pop("extra", {}),
        "PYTHONPATH": os.pathsep.join([str(CODE), str(Path(__file__).parent)]),
    }
    command = [sys.executable, "-c", script, *map(str, arguments)]
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120, check=False, **options)


@pytest.fixture
def rows():
    return activity


@pytest.fixture
def read_committed():
    return committed


@pytest.fixture
def run_python():
    return python


@pytest.fixture
def dictionary():
    return text


@pytest.fixture
def said():
    """A ``report`` that remembers."""

    class Said(list):
        __call__ = list.append

    return Said()


@pytest.fixture(scope="session")
def run_python_once():
    return python
