from __future__ import annotations

from datetime import timedelta

import duckdb
import pytest

from pipeline.detect.interface import HITS, Detection
from pipeline.detect.question import Question, columns_of_hits, hits_of, locked_down


def test_a_questions_rows_become_hits_whatever_else_they_have(rows):
    connection = duckdb.connect()
    connection.register("activity", rows({"exe": "/bin/ls"}))
    ids = "{'boot_id': boot_id, 'source': source, 'cpu': cpu, 'class': class, 'seq': seq, 'time_ns': time_ns}"
    sql = f"SELECT exe, time, host, agent_run, [{ids}] AS evidence FROM activity"
    about = Detection("d", "1", "hunt", "D", "low", ())
    question = Question(about, lambda *_: sql, timedelta(0))
    hits = hits_of(about, connection.sql(columns_of_hits(question.sql(None, None))).to_arrow_table())
    assert hits.schema == HITS
    assert hits["detection"].to_pylist() == ["d"]
    assert hits["evidence"].to_pylist()[0][0]["boot_id"] == "b"


@pytest.mark.parametrize(
    "sql",
    ["COPY (SELECT 1) TO '/tmp/x'", "SELECT * FROM read_text('/etc/passwd')", "SET threads = 4", "ATTACH '/tmp/x'"],
)
def test_the_database_is_locked_down(sql):
    with locked_down() as connection, pytest.raises(duckdb.Error):
        connection.execute(sql)
