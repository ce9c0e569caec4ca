"""CEF read back by a parser of its own, written from the guide's rules: what went in comes out, and nothing else."""

from __future__ import annotations

import ipaddress
import re
import unicodedata
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipeline import schema
from pipeline.export.formats import cef
from pipeline.export.formats.rows import pieces

SAMPLES = sorted((Path(__file__).parents[4] / "sample-traces").glob("*/trace.parquet"))
PARTS = settings(
    deadline=None, max_examples=25, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)
TABLES = sorted(cef.Cef.tables)
KEY = re.compile(r"(?:^| )([A-Za-z0-9_]+)=")
NUMBERS = {"spid", "dpid", "spt", "dpt", "rt", "out", "cn1", "cn2", "cn3"}
"""Keys that the guide calls integers or times, and that a receiver reads as such."""


def parsed(line):
    """The seven fields of the header, and the pairs in order. What no rule allows is an error."""
    fields, rest = header(line)
    keys = list(KEY.finditer(rest))
    assert not rest or keys[0].start() == 0
    ends = [k.start() for k in keys[1:]] + [len(rest)]
    return fields, [(k[1], value(rest[k.end() : end])) for k, end in zip(keys, ends, strict=True)]


def header(line):
    """Seven fields, each up to a bar without a backslash before it; the rest is the extension."""
    fields, field, at = [], "", 0
    while len(fields) < 7:
        if line[at] == "\\":
            assert line[at + 1] in "\\|"
            field, at = field + line[at + 1], at + 2
        elif line[at] == "|":
            fields, field, at = [*fields, field], "", at + 1
        else:
            field, at = field + line[at], at + 1
    return fields, line[at:]


def value(text):
    """A value of the extension: four escapes, no other backslash and no bare equals sign."""
    assert re.fullmatch(r"(?:[^\\=]|\\[\\=nr])*", text), text
    return re.sub(r"\\(.)", lambda m: {"n": "\n", "r": "\r"}.get(m[1], m[1]), text)


def visible(text, *, keep=""):
    """What CEF has no escape for stands there in the form of JSON: controls, separators, directions of writing."""
    return "".join(f"\\u{ord(c):04x}" if hidden(c) and c not in keep else c for c in text)


def hidden(character):
    return (
        unicodedata.category(character) in {"Cc", "Zl", "Zp"}
        or character in "\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
    )


def went_in(table, rows):
    """Header fields and pairs of each row, straight from the leaves: no text of a line was made of them yet."""
    (piece,) = pieces(table, rows, 10_000)
    line = cef.line(table)
    heads = [leaf.make(piece).to_pylist() for leaf in line.header]
    columns = [(f.key, None if (v := f.leaf.make(piece)) is None else v.to_pylist()) for f in line.fields()]
    for at in range(rows.num_rows):
        pairs = [(key, values[at]) for key, values in columns if values is not None and values[at] is not None]
        yield [visible(str(h[at])) for h in heads], [(key, visible(str(v), keep="\r\n")) for key, v in pairs]


def check(table, rows):
    """Every line of the rows against what went in."""
    lines = cef.Cef().encode(table, rows).to_pylist()
    for text, (heads, pairs) in zip(lines, went_in(table, rows), strict=True):
        assert text.splitlines() == [text]
        assert not any(map(hidden, text))
        fields, found = parsed(text)
        assert fields[:3] == ["CEF:0", "Lictor", "Lictor"]
        assert fields[4:] == heads
        assert sorted(found) == sorted(pairs)
        assert len(dict(found)) == len(found), "a key twice"


@pytest.mark.parametrize("table", TABLES)
@PARTS
@given(data=st.data())
def test_any_row_is_read_back(any_rows, table, data):
    check(table, data.draw(any_rows(table)))


@PARTS
@given(hostile=st.lists(st.text("\\=|\n\r abn\u2028\t", max_size=12), min_size=3, max_size=3))
def test_hostile_text_in_header_and_pairs_is_read_back(make, hostile):
    operation, cmdline, path = hostile
    check("activity", make("activity", {"operation": [operation], "cmdline": [cmdline], "path": [path]}))


def test_forged_events_stay_values(make):
    forged = "x\nCEF:0|Evil|Evil|1|1|owned|10|act=allow\r\nsuser=root \\"
    row = make("activity", {"operation": ["file.open"], "cmdline": [forged], "user": ["a act=deny suser=root"]})
    (line,) = cef.Cef().encode("activity", row).to_pylist()
    _, pairs = parsed(line)
    assert dict(pairs)["cs3"] == forged
    assert dict(pairs)["suser"] == "a act=deny suser=root"
    assert "act" not in dict(pairs)


@pytest.mark.parametrize("path", SAMPLES, ids=lambda p: p.parent.name)
def test_recorded_rows_are_read_back(path):
    check("activity", pq.read_table(path))


KNOWN = {"cmdline": "cs3", "agent_run": "cs1", "agent": "cs2", "exe": "sourceServiceName", "user": "suser", "host": "dvchost", "path": "filePath",
         "dst_name": "dhost", "pid": "spid", "tool_call": "cs5", "rule": "cs6", "child_pid": "dpid", "sha256": "fileHash", "bytes": "out",
         "dst_port": "dpt", "action": "act", "source": "deviceFacility", "process_key": "flexString1"}  # fmt: skip


def test_columns_stand_under_the_keys_of_the_guide(telling):
    row, values = telling("activity", operation="exec", src_ip="10.0.0.1", dst_ip="2001:db8::1")
    pairs = dict(parsed(cef.Cef().encode("activity", row)[0].as_py())[1])
    assert {key: pairs[key] for key in KNOWN.values()} == {key: str(values[column]) for column, key in KNOWN.items()}
    assert (pairs["src"], pairs["c6a3"]) == ("10.0.0.1", "2001:db8::1")
    assert pairs["c6a3Label"] == "dst6"
    assert int(pairs["rt"]) == values["time"] // 1000


@PARTS
@given(data=st.data())
def test_values_have_the_types_of_their_keys(any_rows, data):
    table = data.draw(st.sampled_from(TABLES))
    for line in cef.Cef().encode(table, data.draw(any_rows(table))).to_pylist():
        fields, pairs = parsed(line)
        assert 0 <= int(fields[6]) <= 10
        assert fields[4]
        assert fields[5]
        for key, text in pairs:
            assert key not in NUMBERS or re.fullmatch(r"-?\d+", text), (key, text)
            assert key not in {"src", "dst"} or ipaddress.IPv4Address(text)
            assert key not in {"c6a2", "c6a3"} or ipaddress.IPv6Address(text)
            labelled = re.fullmatch(r"(?:cs|cn|c6a|flexString)\d", key)
            assert not labelled or dict(pairs)[f"{key}Label"] in cef.LABELLED


def test_processes_have_no_lines_since_activity_tells_them():
    assert set(schema.TABLES) - set(TABLES) == {"processes", "console", "activity_hours"}
    assert cef.Cef().encode("processes", pa.table({"host": ["h"]})).null_count == 1
