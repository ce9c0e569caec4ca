from __future__ import annotations

from enforcer.settled import Settled, from_log

ONE = Settled(5, "run-1", "release", "confirmed", "é stands still\nno more")


def test_what_is_written_is_read_again_a_line_each():
    text = ONE.line() * 2
    assert text.count(b"\n") == 2
    assert list(from_log(text)) == [ONE, ONE]


def test_lines_that_a_crash_cut_and_those_of_somebody_else_are_left_out():
    text = b'{"time_ns": 6, "ru\n' + ONE.line() + b'[1]\n{"a": 1}\nx\n' + ONE.line()[:-8]
    assert list(from_log(text)) == [ONE]
