"""Fields of JSON whatever type they have."""

from __future__ import annotations

import json

import pytest

from lictor.hooks.fields import call_of, context, ended_of, text, texts, whole
from lictor.hooks.interface import Ended


@pytest.mark.parametrize("value", [None, 3, [], {}, "", True])
def test_what_is_no_text_is_not_there(value):
    assert text({"a": value, "b": "x"}, "a", "b") == "x"
    assert texts({"a": value}, "a") == []


def test_texts_take_one_and_many():
    assert texts({"a": "x", "b": ["y", 3, None, "z"]}, "a", "b") == ["x", "y", "z"]


def test_half_a_surrogate_pair_becomes_the_replacement_character():
    assert whole("a\ud800b") == "a\ufffdb"
    assert whole("\ud83d\ude00") == "\U0001f600"
    assert whole("ä") == "ä"


@pytest.mark.parametrize("given", [None, [], "x", 3])
def test_an_input_that_is_no_object_is_an_empty_one(given):
    call = call_of({"hook_event_name": "Before", "tool_name": "T", "tool_input": given, "cwd": 3}, "Before")
    assert (call.tool, call.input, call.cwd) == ("T", {}, "")


def test_other_events_and_events_without_a_tool_are_no_calls():
    assert call_of({"hook_event_name": "After", "tool_name": "T"}, "Before") is None
    assert call_of({"hook_event_name": "Before"}, "Before") is None


def test_a_call_that_is_over_has_its_event_and_session():
    assert ended_of({"hook_event_name": "After", "session_id": "s"}, ("After", "Failed")) == Ended("After", "s")
    assert ended_of({"hook_event_name": "Failed", "session_id": 3}, ("After", "Failed")) == Ended("Failed", "")


@pytest.mark.parametrize("event", ["Before", "", None, 3, ["After"], {}])
def test_of_other_events_nothing_is_over(event):
    assert ended_of({"hook_event_name": event, "session_id": "s"}, ("After",)) is None


def test_a_text_for_the_agent_is_ascii_json():
    output = context(Ended("After", "s"), "ü\n")
    assert output.stdout.isascii()
    assert json.loads(output.stdout)["hookSpecificOutput"]["additionalContext"] == "ü\n"
