"""The line for a terminal: what it says, that nothing in it is obeyed, and how many there may be."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lictor.telling.lines import MOST_BYTES, Throttle, more_line, terminal_line
from lictor.telling.stopped import Stopped
from pipeline import schema


def test_what_it_says(stopped):
    assert terminal_line(stopped(), "utf-8") == (
        b"\r\nlictor: denied: file.read /home/a/.ssh/id_ed25519 "
        b"(rule credentials: Keys are private. Ask the broker.)\r\n"
    )


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"because": None, "instead": None}, b"denied: file.read /x (rule credentials)"),
        ({"instead": None}, b"denied: file.read /x (rule credentials: Keys are private.)"),
        ({"rule": None, "because": None, "instead": None}, b"denied: file.read /x"),
        ({"what": None, "operation": "exec"}, b"denied: exec (rule credentials: Keys are private. Ask the broker.)"),
        ({"action": "kill", "because": None, "instead": None}, b"killed: file.read /x (rule credentials)"),
        ({"action": "ask", "because": None, "instead": None}, b"held: file.read /x (rule credentials)"),
    ],
)
def test_what_is_not_known_is_left_out(stopped, more, said):
    line = terminal_line(stopped(**{"what": "/x", **more}), "utf-8")
    assert line == b"\r\nlictor: " + said + b"\r\n"


def test_every_verdict_that_stops_has_a_word_of_its_own(stopped):
    stopping = schema.VERDICTS[schema.VERDICTS.index("ask") :]
    words = {terminal_line(stopped(action=verdict), "utf-8").split()[1] for verdict in stopping}
    assert len(words) == len(stopping)
    assert not words & {f"{verdict}:".encode() for verdict in stopping}


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("/a\x1b[2J", rb"/a\x1b[2J"),
        ("/a\nlictor: denied: nothing", rb"/a\nlictor: denied: nothing"),
        ("/a\r\x07\x9b31m", rb"/a\r\x07\x9b31m"),
        ("/a\u202etxt.exe", rb"/a\u202etxt.exe"),
        ("/a\udcff", rb"/a\udcff"),
    ],
)
@pytest.mark.parametrize("encoding", ["utf-8", "ascii"])
def test_a_name_cannot_command_the_terminal(stopped, name, shown, encoding):
    line = terminal_line(stopped(name), encoding)
    assert b" " + shown + b" (rule" in line
    assert re.fullmatch(rb"\r\n[^\x00-\x1f\x7f]*\r\n", line)


def test_letters_are_letters_only_where_the_terminal_reads_them(stopped):
    assert "/ü/Schlüssel 鍵".encode() in terminal_line(stopped("/ü/Schlüssel 鍵"), "utf-8")
    # \xdb would be C3 9B in UTF-8, and 9B is what begins a command on an 8-bit terminal.
    assert rb"/\xdb \u9375" in terminal_line(stopped("/Û 鍵"), "ascii")
    assert terminal_line(stopped("/Û 鍵"), "ascii").isascii()


TEXT = st.text(max_size=300) | st.text(st.characters(codec=None), max_size=300)


@given(TEXT, TEXT, TEXT, st.sampled_from(["utf-8", "ascii"]))
def test_any_texts_make_one_line_of_bounded_length(what, because, rule, encoding):
    line = terminal_line(Stopped("r", 1, 1, "file.read", what, rule, "deny", because), encoding)
    assert len(line) <= MOST_BYTES
    text = line.decode(encoding)
    assert text.startswith("\r\nlictor: denied: file.read")
    assert text.endswith("\r\n")
    inner = text[2:-2]
    assert len(inner.splitlines()) == 1
    assert not any(ord(c) < 0x20 or 0x7F <= ord(c) < 0xA0 for c in inner)


@pytest.mark.parametrize(("encoding", "end"), [("utf-8", "…"), ("ascii", "...")])
def test_what_is_too_long_is_seen_to_be_cut(stopped, encoding, end):
    line = terminal_line(stopped("/" + "鍵" * 500), encoding)
    assert line.decode(encoding).endswith(f"{end}\r\n")
    assert MOST_BYTES - 3 <= len(line) <= MOST_BYTES


def test_how_many_more():
    assert more_line(12, "utf-8") == "\r\nlictor: … and 12 more\r\n".encode()
    assert more_line(12, "ascii") == b"\r\nlictor: ... and 12 more\r\n"


def test_five_lines_in_a_second_and_then_how_many_more():
    throttle = Throttle()
    assert [throttle.lets(10.0 + i / 100) for i in range(9)] == [True] * 5 + [False] * 4
    assert throttle.due(10.9) == 0
    assert not throttle.lets(10.95)  # nothing overtakes the count
    assert throttle.due(11.0) == 5
    assert throttle.due(11.1) == 0
    assert throttle.lets(11.2)


@given(st.lists(st.tuples(st.floats(0, 3), st.booleans()), max_size=60))
def test_never_more_than_five_in_any_second_and_none_forgotten(moments):
    throttle, written, shown, counted = Throttle(), [], 0, 0
    for now, tick in sorted(moments):
        if tick:
            count = throttle.due(now)
            counted += count
            written += [now] if count else []
        elif throttle.lets(now):
            shown += 1
            written.append(now)
    assert shown + counted + throttle.left_out == sum(1 for _, tick in moments if not tick)
    assert all(sixth - first >= 1.0 for first, sixth in zip(written, written[5:], strict=False))
