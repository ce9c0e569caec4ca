"""Folders of runs that somebody else has touched are not there for a hook."""

from __future__ import annotations

import json
import os
import pwd

import pytest

from lictor.telling import believed
from lictor.telling.believed import all_facts, facts_of, is_believed, is_name, read_believed

NOBODY = pwd.getpwnam("nobody").pw_uid
as_root = pytest.mark.skipif(os.geteuid() != 0, reason="no root: nothing can be given to another user")


@pytest.fixture
def folder(runtime):
    """A folder of a run as Lictor makes it, with a file in it."""
    path = runtime / "runs" / "run-1"
    path.mkdir(parents=True)
    path.chmod(0o755)
    (path / "f").write_bytes(b"what root wrote")
    (path / "f").chmod(0o644)
    (path / "run.json").write_text(json.dumps({"run": "run-1", "root_pid": 5}))
    return path


def test_what_root_alone_can_write_is_read(folder):
    assert is_believed(folder)
    assert read_believed(folder, "f", 100) == b"what root wrote"
    assert read_believed(folder, "f", 15) == b"what root wrote"


def test_root_is_who_is_believed():
    assert believed.OWNER == 0


def a_link(folder):
    (folder / "f").rename(folder / "g")
    (folder / "f").symlink_to("g")


def a_folder_link(folder):
    folder.rename(folder.with_name("other"))
    folder.symlink_to("other")


def a_pipe(folder):
    (folder / "f").unlink()
    os.mkfifo(folder / "f", 0o644)


def a_folder_in_its_place(folder):
    (folder / "f").unlink()
    (folder / "f").mkdir()


HOSTILE = {
    "link": a_link,
    "linked folder": a_folder_link,
    "pipe": a_pipe,
    "folder": a_folder_in_its_place,
    "absent": lambda folder: (folder / "f").unlink(),
    "too large": lambda folder: (folder / "f").write_bytes(b"x" * 101),
    "the group writes": lambda folder: (folder / "f").chmod(0o664),
    "all write": lambda folder: (folder / "f").chmod(0o646),
    "all write the folder": lambda folder: folder.chmod(0o777),
}


@pytest.mark.parametrize("how", HOSTILE)
def test_what_somebody_else_could_have_made_is_not_read(folder, how):
    HOSTILE[how](folder)
    assert read_believed(folder, "f", 100) is None


@as_root
@pytest.mark.parametrize("which", ["file", "folder"])
def test_what_belongs_to_somebody_else_is_not_read(folder, which):
    os.chown(folder if which == "folder" else folder / "f", NOBODY, -1)
    assert read_believed(folder, "f", 100) is None
    assert is_believed(folder) == (which == "file")


@pytest.mark.parametrize("how", ["linked folder", "all write the folder"])
def test_a_folder_that_is_not_roots_alone_is_not_believed(folder, how):
    HOSTILE[how](folder)
    assert not is_believed(folder)


def test_what_is_no_folder_is_not_believed(folder):
    assert not is_believed(folder / "f")
    assert not is_believed(folder / "absent")


def test_facts_are_read(folder):
    assert facts_of(folder) == {"run": "run-1", "root_pid": 5}
    assert list(all_facts(folder.parent)) == [{"run": "run-1", "root_pid": 5}]


@pytest.mark.parametrize("text", ["", "{", "[]", "3", '{"run": "run-2"}', '{"root_pid": 5}', "[" * 60_000, "\0", '{"run": "run-1", "x": "' + "y" * 65_536 + '"}'])  # fmt: skip
def test_facts_that_are_none_are_left_out(folder, text):
    (folder / "run.json").write_text(text)
    assert facts_of(folder) is None
    assert list(all_facts(folder.parent)) == []


def test_a_folder_that_is_not_there_has_no_runs(tmp_path):
    assert list(all_facts(tmp_path / "absent")) == []


@pytest.mark.parametrize("name", ["20261125-101112-0a1b2c3d", "a", "run.1_x"])
def test_names_of_runs(name):
    assert is_name(name)


@pytest.mark.parametrize("name", ["", ".", "..", "../x", "a/b", "-x", ".hidden", "a\n", "a b", "x" * 129, "é"])
def test_no_names_of_runs(name):
    assert not is_name(name)
