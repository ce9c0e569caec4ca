"""Sums of verdicts against a plain count in Python, and the file of expected ones in both directions."""

import json
from collections import Counter

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lictor import verdicts
from lictor.errors import LictorError
from pipeline import schema

ROWS = st.fixed_dictionaries(
    {
        "operation": st.sampled_from(["file.read", "file.rename", "net.connect", "net.bind", "exec"]),
        "path": st.sampled_from([None, "/a", "/b\n"]),
        "path_to": st.sampled_from([None, "/c"]),
        "exe": st.sampled_from([None, "/bin/x"]),
        "verdict": st.sampled_from([None, "allow", "deny", "kill"]),
        "rule": st.sampled_from([None, "r1"]),
        "dst_ip": st.sampled_from([None, "192.0.2.1", "::1"]),
        "dst_port": st.sampled_from([None, 443]),
        "src_ip": st.sampled_from([None, "10.0.0.1"]),
        "src_port": st.sampled_from([None, 80]),
    }
)


def batch(rows: list[dict[str, object]]) -> pa.RecordBatch:
    return schema.batch(
        "activity", {n: pa.array([r[n] for r in rows], schema.lake_type("activity", n)) for n in rows[0]}
    )


def address(ip: str | None, port: int | None) -> str | None:
    host = f"[{ip}]" if ip and ":" in ip else ip
    return ip if not ip or port is None else f"{host}:{port}"


def plain_key(row: dict[str, object]) -> tuple[object, ...]:
    src = address(row["src_ip"], row["src_port"]) if row["operation"] == "net.bind" else None
    dst = address(row["dst_ip"], row["dst_port"])
    return (row["operation"], row["path"], row["path_to"], dst, src, row["exe"], row["verdict"], row["rule"])


@settings(deadline=None)
@given(st.lists(st.lists(ROWS, min_size=1, max_size=8), max_size=4))
def test_sums_equal_a_plain_count_however_the_rows_are_cut_into_batches(parts):
    tally = verdicts.Tally()
    for part in parts:
        tally.add(batch(part))
    assert tally.sums() == Counter(plain_key(row) for part in parts for row in part)


@settings(deadline=None)
@given(st.lists(ROWS, min_size=1, max_size=12))
def test_what_is_written_reads_back_and_agrees_with_itself(rows):
    tally = verdicts.Tally()
    tally.add(batch(rows))
    text = verdicts.expected_text(tally.sums())
    read = verdicts.read_expected(text, "expected.json")
    assert verdicts.differences(read, tally.sums()) == []
    shuffled = json.dumps(json.loads(text)[::-1])
    assert verdicts.read_expected(shuffled, "expected.json") == tally.sums()
    assert all(row["count"] >= 1 for row in json.loads(text))


def test_dictionary_columns_are_counted_like_plain_ones():
    plain = batch([{"operation": "exec", "exe": "/bin/x", "verdict": "allow"}] * 2)
    encoded = schema.batch("activity", {n: plain.column(n).dictionary_encode() for n in plain.schema.names})
    tally = verdicts.Tally()
    tally.add(encoded)
    assert list(tally.sums().values()) == [2]


def test_a_difference_tells_both_counts():
    key = ("exec", "/a", None, None, None, "/bin/x", "deny", "r")
    other = ("exec", "/b", None, None, None, "/bin/x", None, None)
    assert verdicts.differences({key: 2}, {key: 1, other: 3}) == [
        {"operation": "exec", "path": "/a", "exe": "/bin/x", "verdict": "deny", "rule": "r", "expected": 2, "found": 1},
        {"operation": "exec", "path": "/b", "exe": "/bin/x", "verdict": None, "expected": 0, "found": 3},
    ]


def test_nothing_expected_of_nothing():
    assert verdicts.read_expected(verdicts.expected_text({}), "x") == {}


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("{", "no JSON"),
        ("[" * 100_000, "no JSON"),
        ("{}", "want a JSON array"),
        ("[1]", "entry 1: want an object"),
        (
            '[{"operation": "exec", "verdict": "deny", "count": 1}, {"operation": "x", "count": 1}]',
            "entry 2: operation 'x'",
        ),
        ('[{"operation": "exec", "colour": "red", "count": 1}]', "unknown key 'colour'"),
        ('[{"operation": "exec", "verdict": "no", "count": 1}]', "unknown verdict 'no'"),
        ('[{"operation": "exec", "path": 3, "count": 1}]', "is text"),
        ('[{"operation": ["exec"], "count": 1}]', "is text"),
        ('[{"operation": "exec", "verdict": ["deny"], "count": 1}]', "is text"),
        ('[{"operation": "exec", "count": 0}]', "at least 1"),
        ('[{"operation": "exec", "count": true}]', "at least 1"),
        ('[{"operation": "exec"}]', "at least 1"),
    ],
)
def test_a_broken_file_is_one_line_that_names_file_and_entry(text, problem):
    with pytest.raises(LictorError, match=r"^expected\.json: [^\n]+$") as caught:
        verdicts.read_expected(text, "expected.json")
    assert problem in str(caught.value)


def test_denied_rows_are_those_that_do_not_happen():
    rows = batch([{"operation": "exec", "verdict": v} for v in (None, "allow", "audit", "ask", *verdicts.DENIED)])
    assert verdicts.denied(rows).column("verdict").to_pylist() == list(verdicts.DENIED)
    assert verdicts.denied(rows.select(["operation"])).num_rows == 0
