from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pyarrow as pa
import pytest

from pipeline import schema
from pipeline.detect.interface import HITS, NARROW, Detection
from pipeline.detect.past_questions import PastQuestions
from pipeline.detect.question import Question

ROW = "{'boot_id': boot_id, 'source': source, 'cpu': cpu, 'class': class, 'seq': seq, 'time_ns': time_ns}"
BARE = """
SELECT b.time, b.host, b.agent_run, [a.row_id, b.row_id] AS evidence
FROM e AS a JOIN e AS b ON a.agent_run = b.agent_run AND a.path = 'secret' AND b.dst_ip IS NOT NULL AND b.time >= a.time
"""
E = f"SELECT *, {ROW} AS row_id FROM activity WHERE time >= '{{since}}' AND time < '{{until}}'"
PAIR = f"WITH e AS ({E}) {BARE}"


def bound(sql, since, until):
    return sql.replace("{since}", since.isoformat()).replace("{until}", until.isoformat())


def asked(name, sql, lookback=60, others=()):
    about = Detection(name, "1", "hunt", name, "high", ())
    return Question(about, lambda *span: bound(sql, *span), timedelta(seconds=lookback), frozenset(others))


def near(name, **more):
    """A question that can be asked of relations that are there."""
    return replace(asked(name, PAIR, **more), bare=lambda *_: BARE)


def relations(since, until):
    return {"e": bound(E, since, until)}


def hits(detector, fresh, context):
    narrow = {t: r.select(NARROW) if t == "activity" else r for t, r in fresh.items()}
    return pa.concat_tables([HITS.empty_table(), *detector.detect(narrow, context)])


PARTS = [{"path": "secret", "at": 10}, {"dst_ip": "1.2.3.4", "at": 20}]
KINDS = pytest.mark.parametrize(
    "detector",
    [PastQuestions([asked("pair", PAIR)]), PastQuestions([near("pair")], relations)],
    ids=["alone", "together"],
)


@KINDS
@pytest.mark.parametrize("late", [0, 1])
def test_a_pair_is_found_whichever_half_comes_last_and_only_then(rows, past, late, detector):
    first, second = rows(dict(PARTS[1 - late])), rows(dict(PARTS[late]))
    assert hits(detector, {"activity": first}, past(activity=first)).num_rows == 0
    both = past(activity=pa.concat_tables([first, second]))
    found = hits(detector, {"activity": second}, both)
    assert [e["seq"] for e in found["evidence"].to_pylist()[0]] == [10_000_000, 20_000_000]
    third = rows({"exe": "/bin/ls", "at": 25})
    again = past(activity=pa.concat_tables([first, second, third]))
    assert hits(detector, {"activity": third}, again).num_rows == 0


@pytest.mark.parametrize(("lookback", "count"), [(50, 0), (100, 1)])
def test_the_look_back_bounds_what_is_old(rows, past, lookback, count):
    old, new = rows({"path": "secret", "at": 0}), rows({"dst_ip": "1.2.3.4", "at": 100})
    lake = past(activity=pa.concat_tables([old, new]))
    assert hits(PastQuestions([asked("pair", PAIR, lookback)]), {"activity": new}, lake).num_rows == count
    assert hits(PastQuestions([near("pair", lookback=lookback)], relations), {"activity": new}, lake).num_rows == count


def test_those_that_look_back_far_are_asked_by_themselves(rows, past):
    old, new = rows({"path": "secret", "at": 0}), rows({"dst_ip": "1.2.3.4", "at": 5000})
    lake = past(activity=pa.concat_tables([old, new]))
    found = hits(PastQuestions([near("near"), near("far", lookback=7200)], relations), {"activity": new}, lake)
    assert found["detection"].to_pylist() == ["far"]
    assert len(lake.asked) == 2
    assert [q.startswith("FROM query") for q in lake.asked] == [True, True]


def test_rows_far_apart_are_asked_about_one_by_one(rows, past):
    new = rows({"path": "secret", "at": 0}, {"dst_ip": "1.2.3.4", "at": 10}, {"dst_ip": "1.2.3.4", "at": 900_000})
    lake = past(activity=new)
    assert hits(PastQuestions([near("pair")], relations), {"activity": new}, lake).num_rows == 1
    assert len(lake.asked) == 2


def test_where_relations_cannot_be_made_each_is_asked_by_itself(rows, past):
    new = rows({"path": "secret", "at": 0}, {"dst_ip": "1.2.3.4", "at": 50})
    said = []
    detector = PastQuestions([near("pair")], lambda *_: {"e": "SELECT * FROM nowhere"}, report=said.append)
    assert hits(detector, {"activity": new}, past(activity=new)).num_rows == 1
    assert "one by one" in said[0]


def test_a_question_that_fails_is_told_and_leaves_the_others_alone(rows, past):
    said = []
    new = rows({"path": "secret", "at": 0}, {"dst_ip": "1.2.3.4", "at": 50})
    questions = [asked("broken", "SELECT * FROM nowhere"), asked("pair", PAIR)]
    assert hits(PastQuestions(questions, report=said.append), {"activity": new}, past(activity=new)).num_rows == 1
    assert len(said) == 1
    assert said[0].startswith("broken: ")


def test_a_match_that_another_tables_row_completes_is_found(rows, past):
    old = rows({"at": 10, "process_key": 7})
    when = datetime.fromtimestamp(1_790_000_020, UTC)
    action = pa.Table.from_pylist([{"time": when, "process_key": 7}], schema.lake_schema("actions"))
    sql = f"SELECT time, host, agent_run, [{ROW}] AS evidence FROM activity WHERE process_key IN (SELECT process_key FROM actions)"
    detector = PastQuestions([asked("acted", sql, others={"actions"})])
    assert detector.tables == {"activity", "actions"}
    assert hits(detector, {"actions": action}, past(activity=old, actions=action)).num_rows == 1


def test_nothing_new_asks_nothing(past):
    lake = past()
    assert hits(PastQuestions([asked("pair", PAIR), near("other")], relations), {}, lake).num_rows == 0
    assert lake.asked == []


def looked(detector, fresh, context):
    """As ``hits``, for new rows that are few: with all their columns."""
    return pa.concat_tables([HITS.empty_table(), *detector.detect(fresh, context)])


def test_a_question_that_no_new_row_concerns_is_not_asked(rows, past):
    old = rows(dict(PARTS[0]), dict(PARTS[1]))
    unconcerned = rows({"exe": "/bin/ls", "at": 25})
    lake = past(activity=pa.concat_tables([old, unconcerned]))
    detector = PastQuestions([near("pair")], relations)
    assert looked(detector, {"activity": unconcerned}, lake).num_rows == 0
    assert lake.asked == []
    again = past(activity=old)
    assert looked(detector, {"activity": old.slice(0, 1)}, again).num_rows == 1
    assert len(again.asked) == 1


def test_a_question_that_lacks_a_half_is_not_planned(rows, past):
    """Its text would fail; that it does not shows that DuckDB has not seen it."""
    new = rows({"path": "secret", "at": 10})
    broken = replace(near("pair"), bare=lambda *_: BARE.replace("a.row_id,", "a.row_id, error('planned'),"))
    said = []
    detector = PastQuestions([broken], relations, report=said.append)
    assert looked(detector, {"activity": new}, past(activity=new)).num_rows == 0
    assert said == []
