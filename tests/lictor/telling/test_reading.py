"""What a reader gets of the file of reasons, also of one that was started anew or that Lictor has not written."""

from __future__ import annotations

import os

import pytest

from lictor.telling.folder import RunInfo, make
from lictor.telling.reading import newer_than
from lictor.telling.reasons import AT_ONCE, Reasons

NOON = 1_790_000_000_000_000_000


@pytest.fixture
def folder(runtime):
    return make(RunInfo("run-1", "agent", os.getpid(), 0, 0))


@pytest.fixture
def reasons(folder):
    return Reasons(folder, lambda: NOON)


def test_what_was_written_is_read(reasons, stopped):
    reasons.add([stopped(), stopped("/b", because=None, rule=None)])
    first, second = newer_than(reasons.folder, "")
    assert (first.operation, first.object, first.rule, first.action) == (
        "file.read",
        "/home/a/.ssh/id_ed25519",
        "credentials",
        "deny",
    )
    assert (first.because, first.instead) == ("Keys are private.", "Ask the broker.")
    assert (second.object, second.because, second.rule) == ("/b", "", "")


def test_only_what_is_newer(reasons, stopped):
    reasons.add([stopped("/a"), stopped("/b")])
    known = newer_than(reasons.folder, "")[-1].time
    assert newer_than(reasons.folder, known) == []
    reasons.add([stopped("/c"), stopped("/d")])
    assert [reason.object for reason in newer_than(reasons.folder, known)] == ["/c", "/d"]
    assert newer_than(reasons.folder, "9999") == []


def test_what_is_known_stays_known_when_the_file_is_started_anew(reasons, stopped):
    known, seen, wanted = "", [], 0
    for round_ in range(300):
        reasons.add([stopped(f"/{round_}-{i}-" + "x" * 200) for i in range(AT_ONCE)])
        wanted += AT_ONCE
        found = newer_than(reasons.folder, known)
        known = found[-1].time
        seen += [reason.object for reason in found]
    assert len(seen) == len(set(seen)) == wanted


BROKEN = b'\n{\n[]\n3\n{"time": 5}\n{"rule": "x"}\n\xff\n' + b"[" * 5000 + b"\n"


def test_lines_that_are_none_are_passed_over(reasons, stopped):
    reasons.add([stopped("/a")])
    with reasons.path.open("ab") as file:
        file.write(BROKEN)
    reasons.add([stopped("/b")])
    assert [reason.object for reason in newer_than(reasons.folder, "")] == ["/a", "/b"]


def test_a_line_that_is_just_being_written_waits_for_its_end(reasons, stopped):
    reasons.add([stopped("/a"), stopped("/b")])
    whole = reasons.path.read_bytes()
    reasons.path.write_bytes(whole[:-1])
    assert [reason.object for reason in newer_than(reasons.folder, "")] == ["/a"]


def test_values_of_other_types_are_no_texts(folder):
    (folder / "reasons.jsonl").write_text('{"time": "2026", "operation": 3, "object": ["x"], "because": {"a": 1}}\n')
    (reason,) = newer_than(folder, "")
    assert (reason.operation, reason.object, reason.because, reason.instead) == ("", "", "", "")


HOSTILE = {
    "absent": lambda path: path.unlink(),
    "link": lambda path: (path.rename(path.with_name("x")), path.symlink_to("x")),
    "huge": lambda path: path.open("ab").truncate(3 << 20),
    "writable": lambda path: path.chmod(0o666),
    "pipe": lambda path: (path.unlink(), os.mkfifo(path)),
    "folder": lambda path: path.parent.chmod(0o775),
}


@pytest.mark.parametrize("how", HOSTILE)
def test_a_file_that_lictor_has_not_made_is_none(reasons, stopped, how):
    reasons.add([stopped()])
    HOSTILE[how](reasons.path)
    assert newer_than(reasons.folder, "") == []
