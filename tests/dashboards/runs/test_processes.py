"""The tab with the processes of a run: the one that the address names is opened, one that is not there is said."""

from __future__ import annotations

import pytest


@pytest.fixture
def process(lake):
    """A process of the attack that was denied something."""
    sql = """
        SELECT agent_run AS run, process_key, pid FROM activity WHERE verdict = 'deny' AND agent_run IS NOT NULL AND process_key IS NOT NULL
        ORDER BY time_ns LIMIT 1
    """
    return lake.query(sql).to_pylist()[0]


def test_a_process_tells_what_it_ran_and_touched(stage, process, lake):
    at = stage.page("run", query={"run": process["run"], "process": str(process["process_key"])})
    assert not at.exception
    assert any(f"pid {process['pid']}" in m.value for m in at.markdown)
    line = lake.query(f"SELECT max(cmdline) AS c FROM activity WHERE process_key = {process['process_key']}")["c"][
        0
    ].as_py()
    assert line in [c.value for c in at.code]


@pytest.mark.parametrize("key", ["1", "x", "9" * 30])
def test_a_process_that_is_not_there_is_said(stage, process, key):
    at = stage.page("run", query={"run": process["run"], "process": key})
    assert not at.exception
    assert any("does not have" in w.value for w in at.warning)


def test_branches_open_and_close(stage, process):
    at = stage.page("run", query={"run": process["run"]})
    before = len(next(d.value for d in at.dataframe if "below" in d.value.columns))
    next(b for b in at.button if b.key == "run_tree_none").click().run()
    closed = len(next(d.value for d in at.dataframe if "below" in d.value.columns))
    next(b for b in at.button if b.key == "run_tree_all").click().run()
    opened = len(next(d.value for d in at.dataframe if "below" in d.value.columns))
    assert closed < before <= opened
