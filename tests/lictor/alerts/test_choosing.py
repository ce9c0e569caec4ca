from __future__ import annotations

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lictor.alerts.choosing import Rows, Wish
from pipeline import schema
from pipeline.policy.compile import SEVERITY_OF

ANY = frozenset({"findings", "actions", "requests", "alarms"})
RULES = st.sampled_from(["keys", "lictor:paused", "lictor", None])


def wanted(table, rows, kinds=ANY, lowest=0, actions=None):
    alerts, left_out = Rows(table, rows).wanted(Wish(frozenset(kinds), lowest, actions))
    assert left_out == 0
    return alerts


def ids(table, rows, kinds=ANY, lowest=0, actions=None):
    return [(alert.kind, alert.row["id"]) for alert in wanted(table, rows, kinds, lowest, actions)]


@given(
    st.lists(st.tuples(st.sampled_from([*schema.SEVERITIES, None]), RULES), max_size=20),
    st.sets(st.sampled_from(["findings", "alarms"])),
    st.integers(0, 4),
)
def test_findings_are_chosen_as_a_plain_reading_says(pairs, kinds, lowest):
    rows = [{"id": str(i), "severity": severity, "rule": rule} for i, (severity, rule) in enumerate(pairs)]
    table = pa.Table.from_pylist(rows, schema=schema.lake_schema("findings"))
    expected = set()
    for row in rows:
        kind = "alarms" if (row["rule"] or "").startswith("lictor:") else "findings"
        level = schema.SEVERITIES.index(row["severity"]) if row["severity"] else 0
        if kind in kinds and level >= lowest:
            expected.add((kind, row["id"]))
    assert sorted(ids("findings", table, kinds, lowest)) == sorted(expected)


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["intent", "result"]),
            st.sampled_from(["deny", "kill", "warn", "release", "webhook", "command", "of-tomorrow"]),
            st.sampled_from(["confirmed", "failed", None]),
        ),
        max_size=20,
    ),
    st.integers(0, 4),
    st.none() | st.sets(st.sampled_from(["deny", "kill"]), min_size=1),
)
def test_actions_are_chosen_as_a_plain_reading_says(triples, lowest, named):
    rows = [
        {"id": str(i), "phase": phase, "action": action, "enforcement": enforcement}
        for i, (phase, action, enforcement) in enumerate(triples)
    ]
    table = pa.Table.from_pylist(rows, schema=schema.lake_schema("actions"))
    expected = []
    for row in rows:
        level = schema.SEVERITIES.index(SEVERITY_OF.get(row["action"]) or "informational")
        level = max(level, 3) if row["enforcement"] == "failed" else level
        told = row["phase"] == "result" and row["action"] not in ("webhook", "command") and level >= lowest
        if told and (named is None or row["action"] in named):
            expected.append(("actions", row["id"]))
    assert ids("actions", table, lowest=lowest, actions=tuple(named) if named else None) == expected


def test_the_rows_of_alerts_make_no_alerts_even_where_all_is_wanted(actions):
    rows = actions(("intent", "webhook", None), ("result", "webhook", "failed"), ("result", "command", "failed"))
    assert ids("actions", rows) == []


def test_a_request_is_high_and_whatever_columns_it_has_are_kept():
    rows = pa.table({"id": ["q1"], "state": ["waiting"], "of_tomorrow": [1]})
    (alert,) = wanted("requests", rows, {"requests"}, 3)
    assert (schema.SEVERITIES[alert.level], alert.row) == ("high", {"id": "q1", "state": "waiting", "of_tomorrow": 1})
    assert ids("requests", rows, lowest=4) == []


@pytest.mark.parametrize("encoded", [False, True])
def test_batches_as_the_pipeline_has_them_are_read_too(encoded):
    def text(*values):
        array = pa.array(values)
        return array.dictionary_encode() if encoded else array

    findings = schema.batch("findings", {"id": text("a", "b"), "severity": text("low", "high")})
    assert ids("findings", findings, lowest=3) == [("findings", "b")]
    actions = schema.batch("actions", {"id": text("a", "b"), "phase": text("result", "intent")})
    assert ids("actions", actions) == [("actions", "a")]


def test_the_level_of_an_alert_is_that_of_its_row(findings):
    alerts = wanted("findings", findings(("critical", "r"), (None, "r"), ("low", "r")))
    assert [alert.level for alert in alerts] == [4, 0, 1]


@given(st.lists(st.sampled_from(schema.SEVERITIES), max_size=12), st.integers(1, 5))
def test_of_more_than_can_wait_the_most_severe_and_newest_are_kept(severities, most):
    rows = [{"id": str(i), "severity": severity, "rule": "r"} for i, severity in enumerate(severities)]
    table = pa.Table.from_pylist(rows, schema=schema.lake_schema("findings"))
    alerts, left_out = Rows("findings", table).wanted(Wish(ANY, 0, None), most)
    ranked = sorted(range(len(rows)), key=lambda i: (schema.SEVERITIES.index(severities[i]), i))
    assert [int(alert.row["id"]) for alert in alerts] == sorted(ranked[-most:])
    assert left_out == max(0, len(rows) - most)
