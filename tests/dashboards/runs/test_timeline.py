"""The timeline: few marks however long a run is, denials over all else, text of agents harmless."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pyarrow as pa
import pytest

from dashboards.runs import picked, timeline
from pipeline.schema import TIME

START = datetime(2026, 1, 1, tzinfo=UTC)
SECOND = timedelta(seconds=1)


def lanes(*rows):
    """(time, lane, stopped, verdict, events, example) each."""
    names = ("time", "lane", "stopped", "verdict", "events", "example")
    types = (TIME, pa.string(), pa.bool_(), pa.string(), pa.int64(), pa.string())
    return pa.table({
        n: pa.array([r[i] for r in rows], t) for i, (n, t) in enumerate(zip(names, types, strict=True))
    })  # fmt: skip


def nothing(**types):
    return pa.table({n: pa.array([], t) for n, t in types.items()})


TOOLS = nothing(
    kind=pa.string(),
    tool_call=pa.string(),
    tool=pa.string(),
    started=TIME,
    ended=TIME,
    events=pa.int64(),
    denied=pa.int64(),
    command=pa.string(),
)
FINDINGS = nothing(time=TIME, happened=TIME, severity=pa.string(), title=pa.string(), id=pa.string())
ACTIONS = nothing(
    time=TIME, action=pa.string(), object=pa.string(), actor=pa.string(), enforcement=pa.string(), id=pa.string()
)


def finding(n, seconds):
    at = START + timedelta(seconds=seconds)
    return {"time": at, "happened": at, "severity": "high", "title": f"bad\n{n}", "id": f"f{n}"}


@pytest.mark.parametrize("span", [timedelta(milliseconds=3), SECOND, timedelta(hours=5), timedelta(days=900)])
def test_bins_are_not_too_many(span):
    assert span / timeline.width(START, START + span) <= timeline.BINS


def test_what_was_stopped_is_a_mark_of_its_own_drawn_last():
    drawn = timeline.marks(
        lanes((START, "Network", True, "deny", 1, "203.0.113.7"), (START, "Network", False, "allow", 900, "x")),
        TOOLS,
        FINDINGS,
        ACTIONS,
        SECOND,
    )
    assert len(drawn) == 2
    assert picked.of_bin(drawn[-1]["mark"], SECOND).values["verdicts"] == list(picked.STOPPED)
    assert drawn[-1]["colour"] != drawn[0]["colour"]
    assert all(0 < m["height"] <= 1 and m["until"] > m["from"] for m in drawn)


def test_findings_of_one_bin_are_one_mark_and_their_text_is_harmless():
    found = pa.Table.from_pylist([finding(1, 0), finding(2, 0.1), finding(3, 30)], schema=FINDINGS.schema)
    drawn = timeline.marks(lanes(), TOOLS, found, ACTIONS, SECOND)
    assert len(drawn) == 2
    assert all("\n" not in m["says"] for m in drawn)
    assert timeline.chart(drawn, START, START + timedelta(minutes=1)).to_dict()


@pytest.mark.parametrize(("event", "mark"), [
    (None, None), ({"selection": {"picked": [{"mark": "bin 0 Network"}]}}, "bin 0 Network"), ({"selection": {"picked": [{"mark": 3}]}}, None),
    ({"selection": {"picked": []}}, None),
])  # fmt: skip
def test_clicks(event, mark):
    assert timeline.clicked(event) == mark


def test_a_part_that_was_drawn_over():
    begin = START.timestamp() * 1000
    assert timeline.brushed({"selection": {"brush": {"from": [begin, begin + 5000]}}}) in {
        (START, START + 5 * SECOND),
        None,
    }
    assert timeline.brushed({"selection": {}}) is None
    assert timeline.brushed(None) is None
