"""Paths put together from records made by hand, in whatever order they come."""

from __future__ import annotations

import numpy as np
import pytest

from collectors.bcc.links import Links
from collectors.bcc.places import Places
from collectors.bcc.records import CLASS_PLACE, NOWHERE
from collectors.bcc.texts import OwnTexts
from collectors.kernel.decode import view
from collectors.kernel.strings import StringTable

HOME = 7
"""A place that is known from the beginning."""


class World:
    """Strings, places, and what comes of records."""

    def __init__(self, event, chunks):
        self.strings = StringTable()
        links = Links()
        links.refresh()
        self.places = Places(self.strings, OwnTexts(self.strings, 2), links)
        self.places.learn(HOME, "/no-such/home")
        self._event, self._chunks = event, chunks
        self._texts = {}

    def text(self, text):
        if text not in self._texts:
            self._texts[text] = number = 3 * len(self._texts) + 1
            self.strings.add(self._chunks(number, text.encode()))
        return self._texts[text]

    def row(self, operation, path, base=0, *, made=0, base_to=0, **members):
        number = self.text(path) if path else 0
        if "path_to" in members:
            members["file__path_to"] = self.text(members.pop("path_to"))
        return self._event(operation, file__path=number, file__dev=base, file__ino=made << 32 | base_to, **members)

    def folder(self, path, base, made):
        record = self.row("file.open", path, base, made=made)
        view(record)["class"] = CLASS_PLACE
        return record

    def complete(self, *rows):
        self.records = view(np.concatenate(rows).copy())
        self.places.complete(self.records)
        return self.strings.get(self.records["file.path"])


@pytest.fixture
def world(event, chunks):
    return World(event, chunks)


def test_relative_paths_begin_where_the_process_stands(world):
    found = world.complete(
        world.row("file.read", "a/b", HOME), world.row("file.delete", "./c", HOME), world.row("file.read", "/abs")
    )
    assert found == ["/no-such/home/a/b", "/no-such/home/./c", "/abs"]  # spelling is the decoder's affair
    assert not world.records["file.dev"].any()
    assert not world.records["file.ino"].any()
    assert not world.records["quality"].any()


def test_folders_may_be_told_after_what_is_opened_from_them(world):
    found = world.complete(
        world.row("file.delete", "leaf", 103),
        world.row("file.read", "two", 102, made=103),
        world.row("file.read", "one", HOME, made=102),
    )
    assert found == ["/no-such/home/one/two/leaf", "/no-such/home/one/two", "/no-such/home/one"]
    assert world.complete(world.row("file.delete", "later", 103)) == ["/no-such/home/one/two/later"]


def test_a_change_of_folder_is_followed_also_by_descriptor(world):
    world.complete(world.folder("below", HOME, 201), world.folder(None, 201, 202))
    assert world.places.text(202) == "/no-such/home/below"
    assert world.complete(world.row("file.read", "x", 202)) == ["/no-such/home/below/x"]


def test_a_beginning_that_is_not_known_is_marked_and_the_rest_kept(world):
    assert world.complete(world.row("file.delete", "x", NOWHERE), world.row("file.read", "y", 4711)) == ["x", "y"]
    assert world.records["quality"].tolist() == [2, 2]


def test_two_paths_have_two_beginnings(world):
    world.places.learn(8, "/other")
    found = world.complete(
        world.row("file.rename", "a", HOME, base_to=8, path_to="b"),
        world.row("file.symlink", "a text", 0, base_to=8, path_to="link"),
        world.row("file.rename", "a", HOME, base_to=NOWHERE, path_to="lost"),
    )
    assert found == ["/no-such/home/a", "a text", "/no-such/home/a"]
    assert world.strings.get(world.records["file.path_to"]) == ["/other/b", "/other/link", "lost"]
    assert world.records["quality"].tolist() == [0, 0, 2]


def test_opens_that_worked_follow_links_and_others_do_not(world, tmp_path):
    (tmp_path / "secret").touch()
    (tmp_path / "link").symlink_to("secret")
    path = f"{tmp_path}/link"
    found = world.complete(
        world.row("file.read", path), world.row("file.delete", path), world.row("file.write", path, ret=-13)
    )
    assert found == [f"{tmp_path}/secret", path, path]
    (tmp_path / "link").unlink()
    assert world.complete(world.row("file.read", path)) == [f"{tmp_path}/secret"], "remembered"
    world.places.forget()
    world.places._links.refresh(1e12)
    assert world.complete(world.row("file.read", path)) == [path]


def test_an_exec_that_failed_is_a_path_too_and_other_records_are_left_alone(world, event):
    world.complete(
        world.row("exec", "tool", HOME, ret=-2), event("fork", fork__child_pid=4), event("net.connect", net__path=9)
    )
    assert world.strings.text(int(world.records["exec.path"][0])) == "/no-such/home/tool"
    assert (world.records["fork.child_pid"][1], world.records["net.path"][2]) == (4, 9)


def test_proc_self_is_named_after_who_asks(world):
    rows = [world.row("file.read", "/proc/self/maps", pid=pid) for pid in (12, 13, 12)]
    assert world.complete(*rows) == ["/proc/12/maps", "/proc/13/maps", "/proc/12/maps"]


def test_an_act_by_descriptor_is_on_the_file_that_was_opened(world):
    opened = world.row("file.write", "file", HOME, made=301)
    assert world.complete(world.row("file.truncate", None, 301), opened)[0] == "/no-such/home/file"


def test_a_text_that_was_lost_leaves_the_folder(world):
    assert world.complete(world.row("file.delete", None, HOME)) == ["/no-such/home"]


def test_dead_places_can_be_dropped(world, monkeypatch):
    monkeypatch.setattr("collectors.bcc.places._MOST_FOLDERS", 1)
    assert not world.places.is_crowded()
    world.places.learn(9, "/nine")
    assert world.places.is_crowded()
    world.places.keep_only({9})
    assert (world.places.text(HOME), world.places.text(9)) == (None, "/nine")
