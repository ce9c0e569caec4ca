"""Each format, read back by the library that others would use, and what a terminal is sent."""

import csv
import io
import json
import os
import pty
import re
import sys

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from lictor import render
from lictor.errors import LictorError
from lictor.formats import Format

HOSTILE = "a\n\x1b[2J\u202e,\"b'"
TABLE = pa.table(
    {
        "n": pa.array([1, None], pa.int64()),
        "path": pa.array([HOSTILE, "plain"]),
        "verdict": pa.array(["deny", None]),
        "time": pa.array([0, 1], pa.timestamp("us", tz="UTC")),
    }
)


@pytest.fixture
def on_a_terminal(terminal, monkeypatch):
    """Prints a table where standard output is a terminal; gives what that was sent."""

    def emit(table: pa.Table, columns: int, fmt: Format = Format.table) -> str:
        def draw(out):
            with monkeypatch.context() as patch:
                patch.setattr(sys, "stdout", out)
                render.emit(table, fmt)

        return terminal(draw, columns)

    return emit


def test_json_is_an_array_of_objects(capsys):
    render.emit(TABLE, Format.json)
    out = capsys.readouterr().out
    assert json.loads(out) == [
        {"n": 1, "path": HOSTILE, "verdict": "deny", "time": "1970-01-01T00:00:00.000000Z"},
        {"n": None, "path": "plain", "verdict": None, "time": "1970-01-01T00:00:00.000001Z"},
    ]
    assert out.isascii()
    assert "\x1b" not in out


def test_json_without_rows_is_an_empty_array(capsys):
    render.emit(TABLE.slice(0, 0), Format.json)
    assert json.loads(capsys.readouterr().out) == []


def test_csv_keeps_names_and_leaves_null_empty(capsys):
    render.emit(TABLE, Format.csv)
    rows = list(csv.DictReader(io.StringIO(capsys.readouterr().out, newline="")))
    assert [r["path"] for r in rows] == [HOSTILE, "plain"]
    assert [r["n"] for r in rows] == ["1", ""]


def test_csv_on_a_terminal_is_harmless(on_a_terminal):
    assert "\x1b" not in on_a_terminal(TABLE, 200, Format.csv)


def test_parquet_is_read_by_another_engine(tmp_path):
    render.emit(TABLE, Format.parquet, tmp_path / "x.parquet")
    with duckdb.connect() as connection:
        found = connection.execute(f"SELECT path FROM '{tmp_path}/x.parquet' ORDER BY n NULLS LAST").fetchall()
    assert found == [(HOSTILE,), ("plain",)]


def test_parquet_goes_to_a_pipe_but_never_to_a_terminal(capfdbinary, on_a_terminal):
    render.emit(TABLE, Format.parquet)
    sys.stdout.flush()
    assert pq.read_table(pa.BufferReader(capfdbinary.readouterr().out)).num_rows == 2
    with pytest.raises(LictorError, match="give -o FILE"):
        on_a_terminal(TABLE, 80, Format.parquet)


@pytest.mark.parametrize("fmt", [Format.json, Format.csv, Format.parquet, Format.table])
def test_a_file_that_cannot_be_written_is_one_clear_line(tmp_path, fmt):
    with pytest.raises(LictorError, match=r"^[^\n]+cannot be written: No such file[^\n]+$"):
        render.emit(TABLE, fmt, tmp_path / "none" / "x")


def test_a_table_in_a_pipe_is_aligned_and_free_of_escapes(capsys):
    render.emit(TABLE, Format.table)
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 4
    assert lines[0].split() == ["n", "path", "verdict", "time"]
    assert "a\\n\\x1b[2J\\u202e" in lines[2]
    assert lines[2].index("deny") == lines[0].index("verdict")


def test_a_table_on_a_terminal_is_coloured_and_names_are_escaped(on_a_terminal, capsys):
    sent = on_a_terminal(TABLE, 120)
    assert "\x1b[1;31mdeny" in sent
    assert "a\\n\\x1b[2J\\u202e" in re.sub(r"\x1b\[[0-9;]*m", "", sent)
    assert "\x1b[2J" not in sent
    assert "2 rows" in capsys.readouterr().err


def test_markup_in_a_name_is_only_text(on_a_terminal):
    assert "[bold]x[/bold] :smile:" in on_a_terminal(pa.table({"p": ["[bold]x[/bold] :smile:"]}), 80)


def test_too_many_columns_become_one_block_per_row(on_a_terminal):
    wide = pa.table({f"column_{n}": [n if n % 2 else None] for n in range(30)})
    sent = re.sub(r"\x1b\[[0-9;]*m", "", on_a_terminal(wide, 80))
    assert "row 1" in sent
    assert "column_29  29" in sent
    assert "column_28" not in sent


def test_more_rows_than_a_person_reads_are_cut_and_that_is_said(on_a_terminal, monkeypatch, capsys):
    monkeypatch.setattr(render, "SHOWN_ON_TERMINAL", 3)
    sent = on_a_terminal(pa.table({"row": [f"r{n}" for n in range(10)]}), 80)
    assert "r2" in sent
    assert "r3" not in sent
    assert "3 of 10 rows" in capsys.readouterr().err


def test_a_dumb_terminal_gets_plain_text(monkeypatch):
    outer, inner = pty.openpty()
    monkeypatch.setenv("TERM", "dumb")
    with os.fdopen(inner, "w") as terminal:
        assert terminal.isatty()
        assert not render.on_terminal(terminal)
    os.close(outer)
