"""Which protocol some JSON is in, also on what real agents sent."""

from __future__ import annotations

import json

import pytest

from lictor.errors import LictorError
from lictor.hooks.protocols import NAMES, PROTOCOLS, protocol_of
from tests.corpus import corpus


def test_each_name_is_a_protocol():
    assert sorted(p.name for p in PROTOCOLS) == sorted(NAMES)
    assert [protocol_of({}, name).name for name in NAMES] == list(NAMES)


@pytest.mark.parametrize("data", [{}, {"tool_name": "Bash"}, {"hook_event_name": 3}, {"hook_event_name": []}])
def test_what_is_no_hooks_json_is_refused(data):
    with pytest.raises(LictorError, match="no 'hook_event_name'"):
        protocol_of(data, None)


def test_an_unknown_name_is_refused_with_those_that_there_are():
    with pytest.raises(LictorError, match="claude-code, codex, gemini"):
        protocol_of({"hook_event_name": "PreToolUse"}, "cursor")


def test_claude_code_is_told():
    assert protocol_of({"hook_event_name": "PreToolUse", "tool_name": "Read"}, None).name == "claude-code"


@pytest.mark.parametrize("agent", ["codex", "gemini"])
def test_recorded_calls_are_told(agent):
    lines = corpus("agent-otel", agent, "hooks", f"hook-{agent}.log").read_text().splitlines()
    assert len(lines) > 5
    assert {protocol_of(json.loads(line)["input"], None).name for line in lines} == {agent}
