from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from collectors.etw import attribution
from collectors.etw.lineage import Lineage
from collectors.interface import Candidate, Run
from pipeline import schema

RUNS = {2: Run("r2", None), 5: Run("r5", "codex")}


@pytest.fixture
def lineage():
    made = Lineage("boot")
    for key, number in ((20, 2), (50, 5), (90, 9)):
        made.tag(key, number)
    return made


def rows(**columns):
    types = {c.name: c.type for c in schema.ACTIVITY}
    made = {n: pa.array(v, types[n]) for n, v in columns.items()}
    return schema.batch("activity", {n: c.dictionary_encode() if c.type == pa.string() else c for n, c in made.items()})


def test_rows_of_runs_are_kept_and_say_so(lineage):
    given = rows(process_key=[50, 7, 20, None, 90, 50], operation=["a", "b", "c", "d", "e", "f"])
    found = attribution.members(given, lineage, RUNS)
    found.validate(full=True)
    assert found.column("operation").to_pylist() == ["a", "c", "f"]
    assert found.column("agent_run").to_pylist() == ["r5", "r2", "r5"]
    assert found.column("agent").to_pylist() == ["codex", None, "codex"]
    assert set(found.column("initiator").to_pylist()) == {"agent"}
    assert set(found.column("initiator_evidence").to_pylist()) == {"inherited tag"}


def test_nothing_is_kept_without_runs_or_keys(lineage):
    assert attribution.members(rows(process_key=[50]), lineage, {}).num_rows == 0
    assert attribution.members(rows(operation=["a"]), lineage, RUNS).num_rows == 0


def test_starts_are_those_of_known_processes(lineage):
    given = rows(
        process_key=[1, 2, None, 4], operation=["exec", "exit", "exec", "exec"], parent_key=[50, None, 50, None], pid=[4, 8, 12, 16],
        exe=["a.exe", "b", "c", None], cmdline=['a.exe "x y"', None, None, None],
    )  # fmt: skip
    began = attribution.starts(given)
    assert began.column("process_key").to_pylist() == [1, 4]
    child, creator = attribution.lineage_of(began)
    assert (child.tolist(), creator.tolist()) == ([1], [50])
    assert attribution.candidates(began) == [Candidate(4, 1, "a.exe", ["a.exe", "x y"]), Candidate(16, 4, "", [])]
    lineage.follow(child, creator)
    assert attribution.others(began, lineage).column("process_key").to_pylist() == [4]


def test_sparse_rows_have_no_lineage():
    given = rows(operation=["exec"])
    assert attribution.starts(given).num_rows == 0
    assert [len(part) for part in attribution.lineage_of(given)] == [0, 0]
    assert attribution.keys(given, "process_key").tolist() == [0]
    assert np.issubdtype(attribution.keys(given, "process_key").dtype, np.integer)
