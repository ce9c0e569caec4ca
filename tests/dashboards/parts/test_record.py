"""The record pane says every field of a row, its value to the last digit, and what it means."""

from __future__ import annotations

from streamlit.testing.v1 import AppTest

from dashboards.parts import record

ROW = {
    "time_ns": 2**62 + 1,
    "cmdline": "sh -c '\x1b[2J<script>alert(1)</script>" + "x" * 80,
    "uid": None,
    "odd": ["a\n"],
}


def test_each_field_has_its_meaning_from_the_schema():
    shown = record.fields(ROW, {"odd": "of this page"}).to_pylist()
    assert [f["Field"] for f in shown] == list(ROW)
    assert shown[0] == {"Field": "time_ns", "Value": "4611686018427387905", "Meaning": "the exact order within a host"}
    assert shown[1]["Value"].startswith(r"sh -c '\x1b[2J<script>")
    assert shown[2]["Value"] is None
    assert shown[3] == {"Field": "odd", "Value": r'["a\n"]', "Meaning": "of this page"}


def script():
    import streamlit as st  # noqa: PLC0415 - the script of a page

    from dashboards.parts import record  # noqa: PLC0415

    record.show(st.session_state["row"], "r")


def test_empty_fields_are_behind_a_switch_and_long_values_stand_in_full():
    at = AppTest.from_function(script)
    at.session_state["row"] = ROW
    at.run()
    assert at.dataframe[0].value["Field"].tolist() == ["time_ns", "cmdline", "odd"]
    assert at.toggle[0].label == "Also the 1 empty fields"
    assert [c.value for c in at.code] == [r"sh -c '\x1b[2J<script>alert(1)</script>" + "x" * 80]
    assert not [m for m in at.markdown if "script" in m.value]
    at.toggle[0].set_value(True).run()
    assert at.dataframe[0].value["Field"].tolist() == list(ROW)


def test_a_row_without_empty_fields_has_no_switch():
    at = AppTest.from_function(script)
    at.session_state["row"] = {"pid": 1}
    assert not at.run().toggle
