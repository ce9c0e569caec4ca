from __future__ import annotations

import os
import time

import pytest

from lictor.policy_files import QUIET_S, PolicyFiles


@pytest.fixture
def watched(tmp_path):
    file = tmp_path / "p.yaml"
    file.write_text("a")
    files = PolicyFiles()
    files.watch([str(file)])
    yield files, file
    files.close()


def told(files, seconds=5.0):
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if files.changed():
            return True
        time.sleep(0.01)
    return False


def test_a_write_and_a_file_put_in_its_place_are_each_told_once(watched):
    files, file = watched
    file.write_text("b")
    assert told(files)
    assert not files.changed()
    other = file.with_name("new")
    other.write_text("c")
    os.replace(other, file)
    assert told(files)


def test_reading_and_other_files_are_no_change(watched):
    files, file = watched
    file.read_text()
    file.with_name("other").write_text("x")
    assert not told(files, 3 * QUIET_S)


def test_a_change_counts_when_it_is_over(watched):
    files, file = watched
    begun = time.monotonic()
    with file.open("w") as out:
        for _ in range(5):
            out.write("x")
            out.flush()
            time.sleep(QUIET_S / 2)
            assert not files.changed()
    assert told(files)
    assert time.monotonic() - begun > 5 * QUIET_S / 2


def test_the_set_of_files_can_change(watched, tmp_path):
    files, file = watched
    inner = tmp_path / "inc"
    inner.mkdir()
    files.watch([str(file), str(inner / "b.yaml")])
    (inner / "b.yaml").write_text("x")
    assert told(files)
