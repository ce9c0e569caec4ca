from __future__ import annotations

import os
import shutil
import time
from threading import Event

import pytest
from watchdog.observers.api import BaseObserver, EventEmitter

from collectors.portable import places as module
from collectors.portable.places import Places
from collectors.portable.touches import Touches
from collectors.portable.trouble import Trouble
from collectors.portable.watching import watching


class Watched:
    """Places under a real watchdog, with what was told of them."""

    def __init__(self, own=()):
        self.said = []
        self.trouble = Trouble(self.said.append)
        self.watching = watching(self.trouble)
        self.watching.observer.start()
        self.touches = Touches(lambda path: self.places.wanted(path), Event())  # noqa: PLW0108 - there are no places yet
        self.places = Places(self.watching.observer, self.touches, self.trouble, own)

    def told(self, seconds=0.3):
        time.sleep(seconds)
        return [(t.operation, os.path.basename(t.path)) for t in self.touches.take()[0]]


@pytest.fixture
def watched(tmp_path):
    made = Watched([tmp_path / "work" / "lake"])
    (tmp_path / "work").mkdir()
    yield made
    made.watching.close()


def test_all_below_a_workspace_is_told_but_what_lictor_writes(watched, tmp_path):
    work = tmp_path / "work"
    watched.places.heed(1, [work])
    (work / "lake").mkdir()
    (work / "deep" / "er").mkdir(parents=True)
    time.sleep(0.2)
    (work / "deep" / "er" / "a").write_text("x")
    (work / "lake" / "log").write_text("x")
    (tmp_path / "outside").write_text("x")
    assert watched.told() == [("file.mkdir", "deep"), ("file.mkdir", "er"), ("file.create", "a")]


def test_a_single_file_is_told_and_its_neighbours_are_not(watched, tmp_path):
    secret = tmp_path / "secret"
    secret.write_text("x")
    watched.places.heed(1, [tmp_path / "work", secret])
    (tmp_path / "other").write_text("x")
    secret.write_text("y")
    assert watched.told() == [("file.write", "secret")]


def test_a_place_that_comes_later_is_waited_for(watched, tmp_path):
    folder = tmp_path / "later" / "ssh"
    watched.places.heed(1, [tmp_path / "work", folder])
    folder.mkdir(parents=True)
    watched.told()
    watched.places.renew()
    (folder / "key").write_text("x")
    assert watched.told() == [("file.create", "key")]


def test_a_workspace_that_is_deleted_while_it_is_watched_and_made_anew(watched, tmp_path):
    work = tmp_path / "work"
    watched.places.heed(1, [work])
    shutil.rmtree(work)
    assert ("file.delete", "work") in watched.told()
    watched.places.renew()
    work.mkdir()
    assert watched.told() == [("file.mkdir", "work")]
    watched.places.renew()
    (work / "a").write_text("x")
    assert watched.told() == [("file.create", "a")]


def test_a_loop_of_links_ends(watched, tmp_path):
    work = tmp_path / "work"
    (work / "a").mkdir()
    os.symlink(work, work / "a" / "loop")
    os.symlink("self", work / "self")
    watched.places.heed(1, [work])
    (work / "a" / "x").write_text("x")
    assert watched.told() == [("file.create", "x")]


def test_a_place_that_is_a_link_is_told_of_under_its_own_name(watched, tmp_path):
    (tmp_path / "dotfiles" / "deep").mkdir(parents=True)
    link = tmp_path / "config"
    link.symlink_to("dotfiles")
    watched.places.heed(1, [tmp_path / "work", link])
    (tmp_path / "dotfiles" / "a").write_text("x")
    (link / "deep" / "b").write_text("x")
    time.sleep(0.3)
    assert [t.path for t in watched.touches.take()[0]] == [str(link / "a"), str(link / "deep" / "b")]
    shutil.rmtree(tmp_path / "dotfiles")
    time.sleep(0.3)
    assert str(link) in [t.path for t in watched.touches.take()[0]]


def test_elsewhere_only_what_is_of_concern_counts(watched, tmp_path):
    elsewhere = tmp_path / "config"
    elsewhere.mkdir()
    watched.places.heed(1, [tmp_path / "work", elsewhere], lambda path: path.endswith(".conf"))
    for name in ("work/a", "config/a", "config/a.conf"):
        (tmp_path / name).write_text("x")
    told = sorted(watched.told())  # each place has a thread of its own
    assert told == [("file.create", "a"), ("file.create", "a.conf")]
    assert watched.places.runs(str(elsewhere / "a")) == []
    assert watched.places.runs(str(elsewhere / "a.conf")) == [1]


def test_a_vast_place_of_a_policy_is_not_watched_and_that_is_said(watched, tmp_path, monkeypatch):
    monkeypatch.setattr(module, "MOST_FOLDERS", 5)
    vast = tmp_path / "vast"
    for n in range(7):
        (vast / str(n)).mkdir(parents=True)
    watched.places.heed(1, [tmp_path / "work", vast])
    watched.trouble.say()
    assert f"{vast} is not watched" in watched.said[0]
    assert "place_too_large" in watched.trouble.take()
    (vast / "0" / "a").write_text("x")
    assert watched.told() == []


def test_the_nearest_place_decides_whose_a_path_is(watched, tmp_path):
    watched.places.heed(1, [tmp_path])
    watched.places.heed(2, [tmp_path / "work"])
    assert watched.places.runs(str(tmp_path / "work" / "a")) == [2]
    assert watched.places.runs(str(tmp_path / "b")) == [1]
    watched.places.heed(3, [tmp_path / "work"])
    assert watched.places.runs(str(tmp_path / "work" / "a")) == [2, 3]
    assert watched.places.runs("/elsewhere") == []
    assert watched.places.runs(str(tmp_path / "workshop")) == [1]


def test_nothing_is_told_after_the_last_run(watched, tmp_path):
    watched.places.heed(1, [tmp_path / "work"])
    watched.places.drop(1)
    (tmp_path / "work" / "a").write_text("x")
    assert watched.told() == []
    assert not watched.watching.observer.emitters


def test_watchdog_that_has_ended_is_told_in_every_interval(watched, tmp_path):
    watched.watching.observer.stop()
    watched.watching.observer.join()
    watched.places.renew()
    assert watched.trouble.take() == watched.trouble.take() == {"watching_ended": 1}


def test_runs_come_and_go_while_files_are_told(watched, tmp_path):
    """watchdog's threads ask for the places at any time."""
    work = tmp_path / "work"
    watched.places.heed(1, [work])
    for n in range(300):
        (work / f"a{n}").touch()
        watched.places.heed(2 + n % 7, [work])
        watched.places.drop(2 + (n + 3) % 7)
    assert len([name for operation, name in watched.told(1.0) if operation == "file.create"]) == 300


class SlowToEnd(EventEmitter):
    """As watchdog's on Windows: it learns that it is to end once its wait is over."""

    def queue_events(self, timeout):
        time.sleep(timeout)


def test_the_end_of_a_run_does_not_wait_for_each_of_its_places_in_turn(tmp_path):
    observer = BaseObserver(SlowToEnd, timeout=0.4)
    observer.start()
    folders = [tmp_path / f"place{n}" for n in range(8)]
    for folder in folders:
        folder.mkdir()
    places = Places(observer, Touches(lambda _: True, Event()), Trouble(print), [])
    places.heed(1, folders)
    assert len(observer.emitters) == 8
    begun = time.monotonic()
    places.drop(1)
    assert time.monotonic() - begun < 0.8
    assert observer.emitters == set()
    observer.stop()
    observer.join()
