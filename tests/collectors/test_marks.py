"""Marks against what real agents were seen to set, and against anything a program could put there."""

import json

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from collectors import marks
from pipeline import schema

TRACE = "00-11111111111111111111111111111111-2222222222222222-01"


def filled(*texts: str | None) -> dict[str, list[str | None]]:
    return {name: array.to_pylist() for name, array in marks.columns(pa.array(texts, pa.string())).items()}


def test_a_codex_tool_call_as_recorded() -> None:
    text = json.dumps(
        {
            "CODEX_TOOL_CALL_ID": "call_1b0c912dd18f43cf9f0116e3",
            "CODEX_THREAD_ID": "01a207a7-6d54-7971-974e-a25326e02b0b",
            "TRACEPARENT": TRACE,
        }
    )
    assert filled(text, None, text) == {
        "tool_call": ["call_1b0c912dd18f43cf9f0116e3", None, "call_1b0c912dd18f43cf9f0116e3"],
        "conversation": ["01a207a7-6d54-7971-974e-a25326e02b0b", None, "01a207a7-6d54-7971-974e-a25326e02b0b"],
        "trace_id": ["1" * 32, None, "1" * 32],
        "span_id": ["2" * 16, None, "2" * 16],
    }


def test_the_first_mark_of_the_table_wins_and_the_second_stands_in() -> None:
    both = json.dumps({"CODEX_SESSION_ID": "session", "CODEX_THREAD_ID": "thread"})
    assert filled(both, '{"CODEX_SESSION_ID": "session"}')["conversation"] == ["thread", "session"]


@pytest.mark.parametrize(
    "bad",
    [
        "",
        "00-" + "0" * 32 + "-2222222222222222-01",
        "ff-" + "1" * 32 + "-2222222222222222-01",
        "00-" + "1" * 32 + "-" + "0" * 16 + "-01",
        "00-" + "G" * 32 + "-2222222222222222-01",
        TRACE + "\n",
    ],
)
def test_a_trace_context_that_w3c_calls_invalid_fills_nothing(bad: str) -> None:
    assert filled(json.dumps({"TRACEPARENT": bad})) == {name: [None] for name in marks.FILLED}


@given(
    st.one_of(
        st.text(),
        st.recursive(
            st.none() | st.text(), lambda s: st.lists(s) | st.dictionaries(st.sampled_from(marks.NAMES), s)
        ).map(json.dumps),
    )
)
def test_whatever_stands_in_the_environment_is_no_error(text: str) -> None:
    for array in marks.columns(pa.array([text])).values():
        assert array.type == schema.DICTIONARY
        assert len(array) == 1


def test_a_dictionary_array_with_nulls_and_slices_keeps_its_rows() -> None:
    array = pa.array(
        ['{"CODEX_TOOL_CALL_ID": "a"}', None, '{"CODEX_TOOL_CALL_ID": "b"}', '{"CODEX_TOOL_CALL_ID": "a"}']
    ).dictionary_encode()
    assert marks.columns(array.slice(1, 3))["tool_call"].to_pylist() == [None, "b", "a"]


def test_every_column_that_a_mark_fills_is_in_the_schema() -> None:
    assert set(marks.FILLED) <= {c.name for c in schema.ACTIVITY}
    assert len(set(marks.NAMES)) == len(marks.NAMES)


def test_agent_of_names_the_agent_that_set_the_mark() -> None:
    assert marks.agent_of('{"GEMINI_CLI": "1"}') == "gemini-cli"
    assert marks.agent_of('{"AGENT": "1", "OPENCODE": "1"}') == "opencode"
    assert marks.agent_of('{"TRACEPARENT": "x"}') is None
    assert marks.agent_of("[") is None
    assert marks.agent_of(None) is None
