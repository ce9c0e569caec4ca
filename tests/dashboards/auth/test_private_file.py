"""Files that decide who comes in, and that nobody else may have touched."""

from __future__ import annotations

import os

import pytest

from dashboards.auth import private_file
from dashboards.auth.private_file import PrivateFile
from dashboards.interface import DashboardError


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "file"
    path.write_text("one")
    path.chmod(0o600)
    return path


def test_private_file_is_read(path):
    assert private_file.text(path) == "one"


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o602, 0o660, 0o644])
def test_file_of_others_to_read_or_write_is_refused(path, mode):
    path.chmod(mode)
    with pytest.raises(DashboardError, match="chmod 600"):
        private_file.text(path)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files away")
def test_file_of_another_user_is_refused(path):
    os.chown(path, 12345, -1)
    with pytest.raises(DashboardError, match="belongs to user 12345"):
        private_file.text(path)


def test_what_is_no_file_is_refused_and_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "pipe", 0o600)
    for odd in (tmp_path / "pipe", tmp_path):
        with pytest.raises(DashboardError):
            private_file.text(odd)


def test_missing_huge_and_binary_files_are_errors_in_one_line(path, tmp_path, monkeypatch):
    path.write_bytes(b"\xff")
    for wrong in (path, tmp_path / "none"):
        with pytest.raises(DashboardError) as told:
            private_file.text(wrong)
        assert "\n" not in str(told.value)
    monkeypatch.setattr(private_file, "LARGEST", 10)
    path.write_text("x" * 11)
    with pytest.raises(DashboardError, match="more than 10 bytes"):
        private_file.text(path)


def test_file_is_parsed_when_it_changes_and_only_then(path):
    parsed = []
    file = PrivateFile(path, lambda _, text: parsed.append(text) or text)
    assert [file.now(), file.now()] == ["one", "one"]
    draft = path.with_name("new")
    draft.write_text("two")
    draft.chmod(0o600)
    draft.replace(path)
    assert [file.now(), file.now()] == ["two", "two"]
    assert parsed == ["one", "two"]


def test_what_was_in_it_does_not_outlive_a_file_that_became_public_or_is_gone(path):
    file = PrivateFile(path, lambda _, text: text)
    file.now()
    path.chmod(0o644)
    for _ in range(2):
        with pytest.raises(DashboardError):
            file.now()
    path.chmod(0o600)
    assert file.now() == "one"
    path.unlink()
    with pytest.raises(DashboardError, match="nobody can sign in"):
        file.now()


def test_file_that_cannot_be_understood_any_more_lets_nobody_in(path):
    def parse(_, text):
        if text == "bad":
            raise DashboardError("not understood")
        return text

    file = PrivateFile(path, parse)
    file.now()
    path.write_text("bad")
    for _ in range(2):
        with pytest.raises(DashboardError, match="not understood"):
            file.now()
