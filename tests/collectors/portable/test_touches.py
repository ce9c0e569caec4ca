from __future__ import annotations

from threading import Event

import pytest
from watchdog import events

from collectors.portable import touches as module
from collectors.portable.touches import EVENTS, Touches


@pytest.fixture
def touches():
    return Touches(lambda path: path.startswith("/w"), Event())


def operations(touches):
    return [(t.operation, t.path, t.path_to) for t in touches.take()[0]]


def send(touches, *sent):
    for one in sent:
        touches.dispatch(one)


def test_one_open_for_writing_is_one_row_however_often_it_was_written(touches):
    created, written, closed = (
        events.FileCreatedEvent("/w/a"),
        events.FileModifiedEvent("/w/a"),
        events.FileClosedEvent("/w/a"),
    )
    send(touches, created, written, written, closed)
    assert operations(touches) == [("file.create", "/w/a", None)]
    send(touches, written, written, closed, written, closed)
    assert operations(touches) == [("file.write", "/w/a", None)] * 2


def test_a_close_after_an_open_for_writing_without_a_write_is_one_too(touches):
    send(touches, events.FileClosedEvent("/w/a"))
    assert operations(touches) == [("file.write", "/w/a", None)]


def test_where_no_close_is_told_a_later_write_counts_anew(touches, monkeypatch):
    now = [100.0]
    monkeypatch.setattr(module.time, "monotonic", lambda: now[0])
    for pause in (0.0, 1.0, 1.9, 2.1):
        now[0] += pause
        send(touches, events.FileModifiedEvent("/w/a"))
    assert len(operations(touches)) == 2


def test_what_is_told_twice_of_a_new_folder_is_one_row_unless_it_went_in_between(touches, monkeypatch):
    now = [100.0]
    monkeypatch.setattr(module.time, "monotonic", lambda: now[0])
    folder, file, gone = (
        events.DirCreatedEvent("/w/d"),
        events.FileCreatedEvent("/w/d/a"),
        events.FileDeletedEvent("/w/d/a"),
    )
    send(touches, folder, folder, file, events.FileModifiedEvent("/w/d/a"), file)
    assert operations(touches) == [("file.mkdir", "/w/d", None), ("file.create", "/w/d/a", None)]
    send(touches, gone, file)
    assert [operation for operation, _, _ in operations(touches)] == ["file.delete", "file.create"]
    now[0] += 1.5  # its end was not told: it is news all the same
    send(touches, folder)
    assert operations(touches) == [("file.mkdir", "/w/d", None)]


def test_moves_deletes_and_folders(touches):
    send(
        touches, events.FileMovedEvent("/w/a", "/w/b"), events.FileMovedEvent("/elsewhere", "/w/c"), events.FileDeletedEvent("/w/b"),
        events.DirCreatedEvent("/w/d"), events.DirMovedEvent("/w/d", "/w/e"), events.DirDeletedEvent("/w/e"),
    )  # fmt: skip
    assert operations(touches) == [
        ("file.rename", "/w/a", "/w/b"), ("file.rename", "/elsewhere", "/w/c"), ("file.delete", "/w/b", None),
        ("file.mkdir", "/w/d", None), ("file.rename", "/w/d", "/w/e"), ("file.delete", "/w/e", None),
    ]  # fmt: skip


def test_what_nobody_asked_for_and_what_watchdog_made_up_is_no_row(touches):
    made_up = events.FileMovedEvent("/w/d/a", "/w/e/a", is_synthetic=True)
    send(touches, made_up, events.FileCreatedEvent("/other/a"), events.FileOpenedEvent("/w/a"))
    assert operations(touches) == []
    assert events.FileOpenedEvent not in EVENTS


def test_what_does_not_fit_is_counted(touches, monkeypatch):
    monkeypatch.setattr(module, "MOST", 3)
    send(touches, *(events.FileDeletedEvent(f"/w/{n}") for n in range(5)))
    kept, dropped = touches.take()
    assert (len(kept), dropped) == (3, 2)
    assert touches.take() == ([], 0)


def test_names_of_bytes_are_taken_and_the_reader_is_woken(touches):
    send(touches, events.FileCreatedEvent(b"/w/a\xff\n"))
    assert operations(touches) == [("file.create", "/w/a\udcff\n", None)]
    assert touches._wake.is_set()
