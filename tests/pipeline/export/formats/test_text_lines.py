"""What CEF and LEEF say alike: every row has a name, a title and a severity, and each value one place in both."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipeline import schema
from pipeline.export.formats import cef, leef, text_lines
from pipeline.export.formats.rows import pieces

PARTS = settings(
    deadline=None, max_examples=25, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)
TABLES = sorted(set(schema.TABLES) - {"processes", "console", "activity_hours"})


def made(table, leaf, rows):
    (piece,) = pieces(table, rows, 10_000)
    return leaf.make(piece).to_pylist()


@PARTS
@given(data=st.data())
def test_name_title_and_severity_are_never_empty(any_rows, data):
    table = data.draw(st.sampled_from(TABLES))
    rows = data.draw(any_rows(table))
    assert all(made(table, text_lines.signature(table), rows))
    assert all(made(table, text_lines.title(table), rows))
    assert set(made(table, text_lines.severity(table), rows)) <= {1, 3, 5, 8, 10}


def test_severities_rise_with_those_of_the_schema(make):
    rows = make("findings", {"severity": list(schema.SEVERITIES)})
    assert made("findings", text_lines.severity("findings"), rows) == [1, 3, 5, 8, 10]


def test_titles_are_the_meanings_of_operations(make):
    rows = make("activity", {"operation": [*(o.name for o in schema.OPERATIONS), "?", None]})
    titles = made("activity", text_lines.title("activity"), rows)
    assert titles == [*(o.meaning for o in schema.OPERATIONS), "activity", "activity"]


def test_action_is_what_was_done_else_what_was_said(make):
    rows = make("activity", {"action": ["deny", None, None], "verdict": ["kill", "audit", None]})
    assert made("activity", text_lines.action("activity"), rows) == ["deny", "audit", None]
    assert text_lines.action("coverage") is None


@pytest.mark.parametrize("table", TABLES)
def test_no_value_has_two_places(table):
    assert not text_lines.slow(table).keys() & text_lines.quick(table).keys()
    for line in (cef.line(table), leef.line(table)):
        keys = [f.key for f in line.fields()]
        assert len(set(keys)) == len(keys)


@pytest.mark.parametrize("table", TABLES)
def test_what_cef_says_leef_says_too(table, telling):
    row, _ = telling(table, **({"src_ip": "10.0.0.1", "dst_ip": "::1"} if table == "activity" else {}))
    (piece,) = pieces(table, row, 10_000)
    said = [
        {v[0].as_py() for f in line.fields() if not f.key.endswith("Label") and (v := f.leaf.make(piece)) is not None}
        for line in (cef.line(table), leef.line(table))
    ]
    assert said[0] - {None} <= said[1]
    assert len(said[0]) > 3
