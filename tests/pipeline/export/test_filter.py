"""Filters in SQL: right answers, and no way out of the process that gives them."""

from __future__ import annotations

import time
from pathlib import Path

import pyarrow as pa
import pytest

from pipeline import schema
from pipeline.export.errors import ExportError
from pipeline.export.filter import Filter

ROWS = schema.conform(
    pa.table({"verdict": ["deny", "allow", None, "deny"], "path": ["/a", "/b", "/c", None], "uid": [0, 1, 2, 3]}),
    "activity",
)


@pytest.mark.parametrize(
    ("where", "kept"),
    [
        ("verdict = 'deny'", [0, 3]),
        ("verdict = 'deny' AND path IS NULL", [3]),
        ("VERDICT <> 'deny' OR uid = 2", [1, 2]),
        ("true", [0, 1, 2, 3]),
        ("1 = 0", []),
        ("uid IN (SELECT 1)", [1]),
        ("regexp_matches(path, '^/[ab]$') -- and no more", [0, 1]),
        ("length(path) * 1 = 2", [0, 1, 2]),
    ],
)
def test_rows_are_kept_in_their_order(where, kept):
    with Filter(where, ["activity"]) as made:
        for _ in range(2):
            assert made.keep("activity", ROWS)["uid"].to_pylist() == kept


@pytest.mark.parametrize(
    "where",
    [
        "nope = 1", "", "1 = 1; SELECT 1", "1 = 1) UNION ALL SELECT (1", "count(*) > 1",
        "EXISTS (FROM read_text('/etc/passwd'))", "EXISTS (FROM read_csv('/etc/passwd'))", "EXISTS (FROM '/etc/passwd')",
        "EXISTS (FROM activity)", "EXISTS (FROM glob('/etc/*'))", "EXISTS (COPY (SELECT 1) TO '/tmp/x')",
        "getenv('PATH') <> ''",
    ],
)  # fmt: skip
def test_what_is_no_condition_over_the_rows_is_refused_in_one_line(where):
    with pytest.raises(ExportError, match="--where") as error:
        Filter(where, ["activity"]).close()
    assert "\n" not in str(error.value)


def test_column_that_one_of_the_tables_lacks():
    with pytest.raises(ExportError, match="for table coverage"):
        Filter("verdict = 'deny'", ["activity", "coverage"])


def test_process_can_open_nothing_and_reach_nobody():
    with Filter("true", ["activity"]) as made:
        status = dict(
            line.split(":", 1)
            for line in Path(f"/proc/{made._process.pid}/status").read_text().splitlines()
            if ":" in line
        )
        variables = Path(f"/proc/{made._process.pid}/environ").read_text().split("\0")
    assert int(status["CapEff"], 16) & ~(1 << 2) == 0
    assert status["NoNewPrivs"].strip() == "1"
    names = {v.partition("=")[0] for v in variables if v}
    assert {n for n in names if not n.startswith(("PYTHON", "MALLOC", "JE_", "OPENBLAS"))} == {"LANG"}


def test_condition_that_does_not_end_is_stopped_in_time():
    begun = time.monotonic()
    slow = "(SELECT count(*) FROM range(1000000) a, range(1000000) b WHERE a.range + b.range = uid) > 0"
    with pytest.raises(ExportError, match=r"longer than 1 s|died"), Filter(slow, ["activity"], timeout=1) as made:
        made.keep("activity", ROWS)
    assert time.monotonic() - begun < 30


def test_process_that_died_is_an_error():
    made = Filter("true", ["activity"])
    made.close()
    with pytest.raises(ExportError, match="died"):
        made.keep("activity", ROWS)
