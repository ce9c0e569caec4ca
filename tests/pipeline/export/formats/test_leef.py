"""LEEF 2.0 read back by a parser of its own: header, delimiter in hexadecimal, attributes, escapes."""

from __future__ import annotations

import re
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipeline.export.formats import leef
from pipeline.export.formats.rows import pieces

SAMPLES = sorted((Path(__file__).parents[4] / "sample-traces").glob("*/trace.parquet"))
PARTS = settings(
    deadline=None, max_examples=25, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)
TABLES = sorted(leef.Leef.tables)


def parsed(line):
    """The header's fields, and the attributes in order, divided where the header says."""
    fields, rest = header(line)
    assert fields[0] == "LEEF:2.0"
    delimiter = bytes.fromhex(fields.pop().removeprefix("x")).decode("ascii")
    pairs = [pair.split("=", 1) for pair in rest.split(delimiter)] if rest else []
    return [back(f) for f in fields], [(key, back(value)) for key, value in pairs]


def header(line):
    """Six fields, each up to a bar that no backslash hides; the escapes are left in."""
    fields = []
    while len(fields) < 6:
        field = re.match(r"((?:[^|\\]|\\.)*)\|", line)
        fields.append(field[1])
        line = line[field.end() :]
    return fields, line


def back(text):
    r"""``\\``, ``\|`` and ``\uXXXX`` turned back; any other backslash is an error."""
    assert re.fullmatch(r"(?:[^\\]|\\(?:[\\|]|u[0-9a-f]{4}))*", text), text
    return re.sub(r"\\(?:u([0-9a-f]{4})|(.))", lambda m: chr(int(m[1], 16)) if m[1] else m[2], text)


def check(table, rows):
    """Every line of the rows against what the leaves say."""
    (piece,) = pieces(table, rows, 10_000)
    line = leef.line(table)
    names = line.header[0].make(piece).to_pylist()
    columns = [(f.key, None if (v := f.leaf.make(piece)) is None else v.to_pylist()) for f in line.fields()]
    for at, text in enumerate(leef.Leef().encode(table, rows).to_pylist()):
        assert text.splitlines() == [text]
        fields, pairs = parsed(text)
        assert fields[1:3] + fields[4:] == ["Lictor", "Lictor", names[at]]
        wanted = [(key, str(values[at])) for key, values in columns if values is not None and values[at] is not None]
        assert sorted(pairs) == sorted(wanted)
        assert len(dict(pairs)) == len(pairs), "an attribute twice"
        assert 1 <= int(dict(pairs)["sev"]) <= 10
        assert int(dict(pairs)["devTime"]) is not None


@pytest.mark.parametrize("table", TABLES)
@PARTS
@given(data=st.data())
def test_any_row_is_read_back(any_rows, table, data):
    check(table, data.draw(any_rows(table)))


@PARTS
@given(hostile=st.lists(st.text('\\=|\n\r\t"u0 9ax\u2028', max_size=12), min_size=3, max_size=3))
def test_hostile_text_in_header_and_attributes_is_read_back(make, hostile):
    operation, cmdline, path = hostile
    check("activity", make("activity", {"operation": [operation], "cmdline": [cmdline], "path": [path]}))


def test_forged_attributes_and_events_stay_values(make):
    forged = "x\tusrName=root\nLEEF:2.0|Evil|Evil|1|1|x09|sev=10"
    row = make("activity", {"operation": ["a|x5E|b"], "cmdline": [forged]})
    fields, pairs = parsed(leef.Leef().encode("activity", row)[0].as_py())
    assert fields[4] == "a|x5E|b"
    assert dict(pairs)["cmdline"] == forged
    assert "usrName" not in dict(pairs)


@pytest.mark.parametrize("path", SAMPLES, ids=lambda p: p.parent.name)
def test_recorded_rows_are_read_back(path):
    check("activity", pq.read_table(path))


def test_columns_stand_under_predefined_attributes(telling):
    row, values = telling("activity", src_ip="10.0.0.1", dst_ip="2001:db8::1")
    pairs = dict(parsed(leef.Leef().encode("activity", row)[0].as_py())[1])
    known = {"user": "usrName", "host": "identHostName", "src_port": "srcPort", "dst_port": "dstPort", "protocol": "proto", "bytes": "srcBytes",
             "path": "resource", "cmdline": "cmdline", "agent_run": "agent_run", "cwd": "cwd", "parent_key": "parent_key"}  # fmt: skip
    assert {key: pairs[key] for key in known.values()} == {key: str(values[column]) for column, key in known.items()}
    assert (pairs["src"], pairs["dst"]) == ("10.0.0.1", "2001:db8::1")
    assert int(pairs["devTime"]) == values["time"] // 1000
