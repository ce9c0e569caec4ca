from __future__ import annotations

import shutil

import pytest

from benchmarks import cost
from benchmarks.load import compiled


@pytest.fixture(scope="module")
def program(tmp_path_factory):
    if shutil.which("cc") is None:
        pytest.skip("the load generator needs a C compiler (apt install gcc)")
    return compiled(tmp_path_factory.mktemp("load"))


class Lost:
    """A source that tells of nothing."""

    def tag(self, *_, **__): ...

    def add_run(self, _):
        return 1

    def batches(self, _done):
        return iter(())


def test_an_open_costs_some_processor_time(program):
    assert 50 < cost.cost(program, "open", 2000) < 1e6


def test_what_did_not_arrive_has_no_cost(program):
    with pytest.raises(SystemExit, match="only 0 rows of 2000"):
        cost.cost(program, "open", 2000, Lost())


def test_a_line_has_the_cost_and_what_it_is_above_its_base_pair_by_pair():
    line = cost.shown("an open", [30.0, 50.0, 40.0], [10.0, 20.0, 30.0], "   (must: 9)")
    assert line.split() == [
        "an",
        "open",
        "median",
        "40",
        "min",
        "30",
        "max",
        "50",
        "ns",
        "added",
        "median",
        "20",
        "min",
        "10",
        "max",
        "30",
        "ns",
        "(must:",
        "9)",
    ]
