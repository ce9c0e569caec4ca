from __future__ import annotations

import os

import pytest

from collectors.interface import Run
from collectors.portable.attribution import row
from collectors.portable.image import Image
from collectors.portable.machine import Identity
from collectors.portable.processes import Member
from collectors.portable.touches import Touch

RUNS = {1: Run("one", "agent"), 2: Run("two", "agent")}
MEMBER = Member(Identity(7, 77, 1, 5), 2, Image("/bin/x"))


def test_an_open_handle_names_the_process():
    found = row(Touch(1, "file.write", "/w/a"), {"/w/a": MEMBER}, RUNS, [1])
    assert (found["agent_run"], found["process_key"], found["pid"], found["exe"]) == ("two", 77, 7, "/bin/x")
    assert (found["initiator_evidence"], found["quality"]) == ("open handle", "from_proc,inferred")


def test_of_a_move_either_name_does():
    assert row(Touch(1, "file.rename", "/w/a", "/w/b"), {"/w/b": MEMBER}, RUNS, [1])["pid"] == 7


def test_without_a_handle_the_run_alone_is_named():
    found = row(Touch(1, "file.delete", "/w/a"), {}, RUNS, [1])
    assert found["agent_run"] == "one"
    assert "process_key" not in found
    assert (found["initiator"], found["initiator_evidence"], found["quality"]) == (
        "unknown",
        "place and time",
        "inferred",
    )


@pytest.mark.parametrize("about", [[], [1, 2], [9]])
def test_where_no_single_run_fits_none_is_named(about):
    assert "agent_run" not in row(Touch(1, "file.delete", "/w/a"), {}, RUNS, about)


def test_what_is_there_is_told_by_inode_and_a_link_as_what_it_is(tmp_path):
    (tmp_path / "a").touch()
    os.symlink("a", tmp_path / "link")
    made = row(Touch(1, "file.create", str(tmp_path / "a")), {}, RUNS, [1])
    link = row(Touch(1, "file.create", str(tmp_path / "link")), {}, RUNS, [1])
    assert made["ino"] == os.stat(tmp_path / "a").st_ino
    assert (link["operation"], link["path"], link["path_to"]) == ("file.symlink", "a", str(tmp_path / "link"))
    assert link["class"] == "file"


def test_who_is_inferred_already_says_so_once():
    member = Member(MEMBER.who, 1, Image(), quality="from_proc,parent_unknown,inferred")
    assert row(Touch(1, "file.write", "/a"), {"/a": member}, RUNS, [])["quality"].count("inferred") == 1
