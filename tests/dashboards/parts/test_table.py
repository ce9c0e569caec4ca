"""A table shows rows as they are and gives back the one that was clicked, as it is in the lake."""

from __future__ import annotations

import pyarrow as pa
import pytest
from streamlit.testing.v1 import AppTest

from dashboards.parts import table


def script():
    import pyarrow as pa  # noqa: PLC0415 - the script of a page
    import streamlit as st  # noqa: PLC0415

    from dashboards.parts import table  # noqa: PLC0415

    rows = pa.table(
        {
            "path": ["/a\nb", "=cmd|x", None],
            "process_key": pa.array([2**62 + 1, 2, 3], pa.int64()),
            "n": [1, 2, 3],
        }
    )
    wanted = table.choice("t", rows.column_names, ["path", "n"])
    st.session_state["row"] = table.show(rows, "rows", columns=wanted, alt="Rows")
    st.session_state["at"] = table.picked("rows")


def clicked(position):
    return {"selection": {"rows": [position], "columns": [], "cells": []}}


def test_cells_are_visible_and_the_clicked_row_is_as_in_the_lake():
    at = AppTest.from_function(script).run()
    assert not at.exception
    assert at.dataframe[0].value.columns.tolist() == ["path", "n"]
    assert at.dataframe[0].value["path"].tolist()[:2] == [r"/a\nb", "=cmd|x"]
    assert at.session_state["row"] is None
    at.session_state["rows"] = clicked(0)
    at.run()
    assert at.session_state["row"] == {"path": "/a\nb", "process_key": 2**62 + 1, "n": 1}
    assert at.session_state["at"] == 0


def test_a_click_on_a_row_that_is_gone_is_none():
    at = AppTest.from_function(script)
    at.session_state["rows"] = clicked(7)
    assert at.run().session_state["row"] is None


def test_the_choice_of_columns_is_kept():
    at = AppTest.from_function(script).run()
    at.pills[0].set_value(["process_key"]).run()
    assert at.dataframe[0].value.columns.tolist() == ["process_key"]
    assert at.dataframe[0].value["process_key"].tolist()[0] == "4611686018427387905"
    assert at.session_state["t_kept"] == ["process_key"]
    at.pills[0].set_value([]).run()
    assert at.dataframe[0].value.columns.tolist() == ["path", "n"]


def long_script():
    import pyarrow as pa  # noqa: PLC0415 - the script of a page

    from dashboards.parts import table  # noqa: PLC0415

    table.show(pa.table({"n": range(1500)}), "rows", select=False)


def test_more_rows_than_a_table_holds_are_told():
    at = AppTest.from_function(long_script).run()
    assert len(at.dataframe[0].value) == table.SHOWN
    assert "The first 1,000 rows are shown" in at.caption[0].value


def test_two_columns_of_one_name_are_both_there():
    rows = pa.Table.from_arrays([pa.array([1, 2]), pa.array(["x", "y"])], names=["a", "a"])
    assert table.row(rows, 1) == {"a": 2, "a (2)": "y"}


@pytest.mark.parametrize(("name", "heading"), [("agent_run", "Agent run"), ("time", "Time")])
def test_headings_are_for_people(name, heading):
    assert table.heading(name) == heading
