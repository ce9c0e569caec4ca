from __future__ import annotations

import os

import pytest

from collectors.interface import Run
from collectors.portable import handles
from collectors.portable.processes import Processes


@pytest.fixture
def members(script, tmp_path):
    child = script("import sys; a = open(sys.argv[1], 'w'); b = open(sys.argv[2]); print('open', flush=True); input()", str(tmp_path / "w"), __file__)  # fmt: skip
    assert child.stdout.readline() == "open\n"
    processes = Processes({1: Run("run", None)})
    processes.tag(child.pid, 1)
    return list(processes.members.values())


def test_who_writes_is_found_and_who_reads_is_not(members, tmp_path):
    written = str(tmp_path / "w")
    assert handles.holders(members, {written, __file__, "/nowhere"}) == {written: members[0]}


def test_elsewhere_psutil_is_asked(members, tmp_path, monkeypatch):
    monkeypatch.setattr(handles, "LINUX", False)
    assert set(handles.holders(members, {str(tmp_path / "w")})) == {str(tmp_path / "w")}


def test_a_file_that_was_deleted_meanwhile_is_held_by_nobody(members, tmp_path):
    os.unlink(tmp_path / "w")
    assert handles.holders(members, {str(tmp_path / "w")}) == {}
