"""The worker's own parts; what it may do as a process is tested with ``Filter``."""

from __future__ import annotations

import io
import struct

import duckdb
import numpy as np
import pyarrow as pa
import pytest

from pipeline.export.filter_worker import Keeper, connect, received, send

ROWS = pa.table({"a": [1, 2, 3]})


def test_positions_of_the_rows_that_fit():
    keeper = Keeper("a >= 2", 1 << 28, 10)
    for _ in range(2):
        assert np.frombuffer(keeper.positions(ROWS), "<i8").tolist() == [1, 2]


def test_text_is_one_expression_and_nothing_else():
    with pytest.raises(duckdb.Error):
        Keeper("a = 1; DROP TABLE x", 1 << 28, 10).positions(ROWS)


@pytest.mark.parametrize(
    "sql", ["FROM read_text('/etc/passwd')", "SET enable_external_access = true", "SET threads = 4", "INSTALL httpfs"]
)
def test_connection_is_locked(sql):
    with pytest.raises(duckdb.Error):
        connect(1 << 28).execute(sql).fetchall()


def test_errors_are_one_line():
    keeper = Keeper("nope", 1 << 28, 10)
    with pytest.raises(duckdb.Error) as error:
        keeper.positions(ROWS)
    assert "\n" not in keeper.why(error.value)
    keeper._late.set()
    assert "longer than 10 s" in keeper.why(error.value)


def test_messages_have_their_length_before_them():
    out = io.BytesIO()
    send(out, {"a": 1}, b"xyz")
    assert out.getvalue() == struct.pack("<q", 12) + b'{"a": 1}\nxyz'
    out.seek(0)
    assert received(out) == b'{"a": 1}\nxyz'
    assert received(out) is None
