"""The exit statuses are the agents' own, so they are said here a second time."""

from __future__ import annotations

from lictor.hooks import interface


def test_statuses_are_what_claude_code_codex_and_gemini_cli_document():
    assert (interface.GOES_ON, interface.FAILED, interface.BLOCKS) == (0, 1, 2)


def test_without_more_an_answer_says_nothing_and_the_tool_runs():
    assert interface.Answer().kind == "none"
    assert interface.Output() == interface.Output("", "", 0)
