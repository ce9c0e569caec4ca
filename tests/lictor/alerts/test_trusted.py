from __future__ import annotations

import os
from pathlib import Path

import pytest

from lictor.alerts.trusted import read_guarded, refuse_writable
from lictor.errors import LictorError

NOBODY = 65534
root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")


@pytest.fixture
def file(tmp_path):
    made = tmp_path / "safe" / "alerts.yaml"
    made.parent.mkdir(mode=0o755)
    made.write_text("alerts: 1\n")
    made.chmod(0o600)
    return made


def test_our_own_file_is_read_and_trusted(file):
    assert read_guarded(file, 100) == (b"alerts: 1\n", True)


@pytest.mark.parametrize("mode", [0o620, 0o602, 0o666])
def test_a_file_that_others_can_write_is_refused(file, mode):
    file.chmod(mode)
    with pytest.raises(LictorError, match=r"others than its owner can write it.*chmod go-w"):
        read_guarded(file, 100)


@pytest.mark.parametrize("mode", [0o775, 0o757])
def test_a_folder_that_others_can_write_is_as_bad(file, mode):
    file.parent.chmod(mode)
    with pytest.raises(LictorError, match=f"others can put another file in its place.*{file.parent}"):
        read_guarded(file, 100)
    file.parent.chmod(mode | 0o1000)  # sticky: nobody else can rename the file
    assert read_guarded(file, 100)[1]


def test_the_folder_of_a_link_and_that_of_its_goal_both_count(file, tmp_path):
    link = tmp_path / "links" / "alerts.yaml"
    link.parent.mkdir()
    link.symlink_to(file)
    assert read_guarded(link, 100)[1]
    link.parent.chmod(0o777)
    with pytest.raises(LictorError, match=str(link.parent)):
        read_guarded(link, 100)
    link.parent.chmod(0o755)
    file.parent.chmod(0o777)
    with pytest.raises(LictorError, match=str(file.parent)):
        read_guarded(link, 100)


@root
def test_a_file_of_somebody_else_is_read_and_not_trusted(file):
    os.chown(file, NOBODY, NOBODY)
    assert read_guarded(file, 100) == (b"alerts: 1\n", False)


@root
def test_a_folder_of_somebody_else_is_refused(file):
    os.chown(file.parent, NOBODY, NOBODY)
    with pytest.raises(LictorError, match="others can put another file in its place"):
        read_guarded(file, 100)


@root
def test_owners_other_than_those_named_are_refused(file):
    os.chown(file, NOBODY, NOBODY)
    with pytest.raises(LictorError, match="another user's"):
        refuse_writable(file, file.stat(), {0})
    refuse_writable(file, file.stat(), {0, NOBODY})


def test_what_is_no_plain_file_is_refused_at_once(tmp_path):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe, 0o600)
    for place in (pipe, Path("/dev/null")):
        with pytest.raises(LictorError, match="not a plain file"):
            read_guarded(place, 100)


def test_what_is_missing_or_too_large_is_told(file, tmp_path):
    with pytest.raises(LictorError, match=r"missing\.yaml: cannot be read: No such file"):
        read_guarded(tmp_path / "missing.yaml", 100)
    with pytest.raises(LictorError, match="larger than 5 bytes"):
        read_guarded(file, 5)
