"""The lake as commands open it: its view of runs, and that no run is taken in twice."""

import pytest

from lictor import lake as lakes
from lictor.errors import LictorError


def test_runs_show_where_each_stands(lake, made):
    found = lakes.open_lake(lake).query("SELECT run, state, events, denied, exit_code FROM runs")
    assert found.to_pylist() == [{"run": made.run, "state": "ended", "events": 20, "denied": 4, "exit_code": 7}]


def test_a_lake_that_is_not_there_is_one_line_with_the_next_step(tmp_path):
    with pytest.raises(LictorError, match=r"no lake there yet; lictor run makes one, --lake DIR names another$"):
        lakes.open_lake(tmp_path / "none")


def test_a_known_run_is_refused_and_a_new_one_is_not(lake, tmp_path, made):
    with pytest.raises(LictorError, match=r"in the lake .* already"):
        lakes.refuse_known_runs(lake, ["new", made.run])
    lakes.refuse_known_runs(lake, ["new", "it's"])
    lakes.refuse_known_runs(tmp_path / "none", [made.run])
    with pytest.raises(LictorError, match="in two of the traces"):
        lakes.refuse_known_runs(tmp_path / "none", ["a", "a"])


def test_a_writer_makes_the_lake(tmp_path, table):
    with lakes.open_writer(tmp_path / "lake") as writer:
        writer.append("activity", table)
    assert (
        lakes.open_lake(tmp_path / "lake").query("SELECT count(*) AS n FROM activity").column("n")[0].as_py()
        == table.num_rows
    )
