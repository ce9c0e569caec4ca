"""Raw records made by hand, as the sensor would put them into its rings."""

from __future__ import annotations

import subprocess

import numpy as np
import pyarrow as pa
import pytest

from collectors.interface import Run
from collectors.kernel import records
from pipeline import schema

CODES = {o.name: (schema.CLASSES.index(o.activity_class), o.code) for o in schema.OPERATIONS}


def raw_event(operation: str, **members: object) -> np.ndarray:
    """One event, shape (1, 128), uint8; members of the union are written ``file__path``."""
    record = np.zeros(1, records.EVENT)
    record["class"], record["op"] = CODES[operation]
    record["verdict"] = records.VERDICT_NONE
    for name, value in members.items():
        key = name.replace("__", ".").rstrip("_")
        record[key] = np.void(value) if isinstance(value, bytes) else value
    return record.view(np.uint8).reshape(1, -1)


def raw_chunks(number: int, text: bytes, *, epoch: int = 1) -> np.ndarray:
    """The pieces of one string, shape (n, 128), uint8."""
    pieces = [text[at : at + records.CHUNK_DATA] for at in range(0, len(text), records.CHUNK_DATA)]
    rows = np.zeros(len(pieces), records.CHUNK)
    for index, piece in enumerate(pieces):
        row = rows[index : index + 1]
        row["id"], row["total"], row["index"], row["count"] = number, len(text), index, len(pieces)
        row["length"], row["epoch"] = len(piece), epoch
        row["data"] = np.void(piece.ljust(records.CHUNK_DATA, b"\xaa"))  # what stands behind must not show
    return rows.view(np.uint8).reshape(-1, records.STRIDE)


@pytest.fixture(scope="session")
def event():
    return raw_event


@pytest.fixture(scope="session")
def chunks():
    return raw_chunks


@pytest.fixture
def observe(sensor):
    """Function: run a command as a run of its own; its rows as a table, its process, its run."""

    def run(*command, scope=0, exe_bits=0, **options):
        # The shell waits for a line, so that it is tagged before it does anything.
        waiting = ("sh", "-c", 'read _ && exec "$@"', "sh", *command)
        child = subprocess.Popen(waiting, stdin=subprocess.PIPE, **options)
        number = sensor.add_run(Run(f"run-of-{child.pid}", "test"))
        sensor.tag(child.pid, number, scope=scope, exe_bits=exe_bits)
        child.stdin.write(b"go\n")
        child.stdin.close()
        batches = [b for b in sensor.batches(lambda: child.poll() is not None) if b.num_rows]
        table = pa.concat_tables([schema.conform(b, "activity") for b in batches])
        return table.filter(pa.compute.equal(table["agent_run"], f"run-of-{child.pid}")), child

    return run
