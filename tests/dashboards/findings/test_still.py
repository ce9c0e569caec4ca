"""Lists that stand still while rows of them are chosen."""

from __future__ import annotations

import pyarrow as pa
import pytest

from dashboards.findings import still


class Address(dict):
    def get_all(self, name):
        return self[name]


@pytest.fixture
def page(monkeypatch):
    """What a page keeps: ``page.query_params`` and ``page.session_state``."""
    monkeypatch.setattr(still.st, "session_state", {})
    monkeypatch.setattr(still.st, "query_params", Address())
    return still.st


ONE, TWO = pa.table({"id": ["a"]}), pa.table({"id": ["b", "a"]})


def test_rows_that_come_meanwhile_do_not_move_those_that_are_chosen(page):
    _, key = still.held(ONE, begin=False)
    assert still.held(TWO, begin=False) == (ONE, key)


def test_other_filters_and_an_act_that_is_done_begin_anew_with_nothing_chosen(page):
    _, first = still.held(ONE, begin=False)
    page.query_params["status"] = ["new"]
    rows, second = still.held(TWO, begin=False)
    assert rows is TWO
    rows, third = still.held(ONE, begin=True)
    assert rows is ONE
    assert len({first, second, third}) == 3
    still.released()
    assert still.held(TWO, begin=False)[0] is TWO


def test_the_key_of_a_list_is_that_of_its_rows_in_their_order():
    assert still.key(TWO) == still.key(pa.table({"id": ["b", "a"], "x": [1, 2]}))
    assert len({still.key(t) for t in (ONE, TWO, TWO.take([1, 0]), ONE.slice(1))}) == 4
