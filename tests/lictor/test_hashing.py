"""Hashes of programs; coreutils' sha256sum is the second opinion."""

from __future__ import annotations

import os
import subprocess
import time

import pyarrow as pa
import pytest

from lictor.hashing import ExeHashes
from pipeline import schema


def rows(path, operation="exec", ino=None, time_ns=None):
    status = os.stat(path)
    columns = {
        "operation": pa.array([operation]).dictionary_encode(),
        "exe": pa.array([str(path)]).dictionary_encode(),
        "dev": pa.array([os.major(status.st_dev) << 20 | os.minor(status.st_dev)], pa.int64()),
        "ino": pa.array([ino or status.st_ino], pa.int64()),
        "time_ns": pa.array([time_ns or time.time_ns()], pa.int64()),
    }
    return schema.batch("activity", columns)


@pytest.fixture
def program(tmp_path):
    file = tmp_path / "tool"
    file.write_bytes(os.urandom(1000))
    return file


def hashed(batch):
    return ExeHashes()(batch)["exe_sha256"].to_pylist()


def test_as_sha256sum_says(program):
    said = subprocess.run(["sha256sum", program], capture_output=True, text=True, check=True).stdout.split()[0]
    assert hashed(rows(program)) == [said]


def test_another_file_behind_the_name_is_not_hashed(program):
    assert hashed(rows(program, ino=1)) == [None]


def test_a_file_changed_since_is_not_hashed(program):
    assert hashed(rows(program, time_ns=time.time_ns() - 10**12)) == [None]


def test_only_execs_are_looked_at(program):
    assert "exe_sha256" not in ExeHashes()(rows(program, operation="file.read")).schema.names


def test_a_program_that_is_gone_is_null(program):
    batch = rows(program)
    program.unlink()
    assert hashed(batch) == [None]
