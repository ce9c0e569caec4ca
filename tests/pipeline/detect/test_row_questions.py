from __future__ import annotations

from datetime import timedelta

import pyarrow as pa
import pytest

from pipeline.detect.interface import HITS, Detection
from pipeline.detect.question import Question
from pipeline.detect.row_questions import RowQuestions


def relations(*_):
    return {
        "base": "SELECT *, {'seq': seq} AS row_id, lower(exe) AS low FROM activity",
        "execs": "SELECT * FROM base WHERE operation = 'exec'",
    }


def asked(name, where):
    sql = f"SELECT *, [row_id] AS evidence FROM execs WHERE {where}"
    return Question(
        Detection(name, "1", "hunt", name, "low", ()), lambda *_: "never", timedelta(0), bare=lambda *_: sql
    )


def hits(detector, fresh):
    return pa.concat_tables([HITS.empty_table(), *detector.detect(fresh, None)])


def test_each_new_row_that_matches_is_a_hit_with_its_identity(rows):
    new = rows(
        {"exe": "/BIN/CURL", "operation": "exec", "at": 3}, {"exe": "/bin/curl", "operation": "exit"},
        {"exe": "/bin/ls", "operation": "exec"}, {"exe": "/bin/curl", "operation": "exec", "at": 9, "agent_run": "other"},
    )  # fmt: skip
    found = hits(
        RowQuestions([asked("curl", "low = '/bin/curl'"), asked("ls", "exe = '/bin/ls'")], relations), {"activity": new}
    )
    assert found["detection"].to_pylist() == ["curl", "curl", "ls"]
    assert [e[0]["seq"] for e in found["evidence"].to_pylist()] == [3_000_000, 9_000_000, 2_000_000]
    assert found["agent_run"].to_pylist() == ["run", "other", "run"]
    assert found["time"].to_pylist()[0] == new["time"][0].as_py()


def test_a_question_that_fails_is_told_and_leaves_the_others_alone(rows):
    said = []
    detector = RowQuestions(
        [asked("broken", "nothing = 1"), asked("ls", "low = '/bin/ls'")], relations, report=said.append
    )
    found = hits(detector, {"activity": rows({"exe": "/bin/ls", "operation": "exec"})})
    assert found["detection"].to_pylist() == ["ls"]
    assert len(said) == 1
    assert said[0].startswith("broken: ")


def test_no_new_rows_are_no_hits():
    assert hits(RowQuestions([asked("ls", "true")], relations), {}).num_rows == 0


def test_a_question_without_a_text_of_its_own_is_a_mistake():
    with pytest.raises(ValueError, match="without relations"):
        RowQuestions([Question(Detection("x", "1", "hunt", "x", "low", ()), str, timedelta(0))], relations)
