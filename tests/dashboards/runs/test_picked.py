"""A mark's name comes back from a browser: what it can mean is shown, anything else is nothing."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboards.runs import picked
from queries import paging

SECOND = timedelta(seconds=1)
EMPTY = pa.table({"tool_call": pa.array([], pa.string())})
IDS = pa.table({"id": ["f1", "f2"], "title": ["a", "b"]})


def test_a_bin_is_its_rows():
    found = picked.of_bin("bin 1767225600000 Files read", SECOND)
    assert found.values["since"] == datetime(2026, 1, 1, tzinfo=UTC)
    assert found.values["until"] == found.values["since"] + SECOND
    assert found.values["lane"] == "Files read"
    assert set(found.values["verdicts"]) == set(picked.OTHERS)
    assert set(picked.of_bin("stopped 0 Network", SECOND).values["verdicts"]) == set(picked.STOPPED)
    paging.bound("run_rows", {"run": "r", **found.values})


@pytest.mark.parametrize(
    "name",
    ["", "bin", "bin x Files read", "bin 1 Elsewhere", "call 1", "bin 99999999999999999999 Network", "stopped 1 "],
)
def test_what_is_no_bin_is_nothing(name):
    assert picked.of_bin(name, SECOND) is None


@given(st.text())
def test_any_name_can_be_read(name):
    picked.of_bin(name, SECOND)
    picked.of_thing(name, EMPTY, IDS, IDS)


def test_single_things_are_found_by_their_id():
    assert picked.of_thing("finding f2", EMPTY, IDS, IDS).row["title"] == "b"
    assert picked.of_thing("action f1", EMPTY, IDS, IDS).title == "Action"
    assert picked.of_thing("finding f3", EMPTY, IDS, IDS) is None
    assert picked.of_thing("call f1", EMPTY, IDS, IDS) is None
