"""``lictor pause`` and ``lictor resume`` as a person types them; the file that they leave is read without Lictor."""

from __future__ import annotations

import json
import os

import pytest

from tests.lictor.control.conftest import Book, needs_root, runtime, served

__all__ = ["runtime"]  # a fixture of another folder

pytestmark = needs_root


def test_pause_and_resume(lictor, runtime):
    with served(Book(), follow=(runtime / "paused.json").exists):
        ended = lictor("pause", "--why", "false \x1b[2Jalarms")
        assert (ended.status, ended.err) == (0, "")
        assert ended.out.splitlines() == [
            "paused: nothing is enforced until lictor resume; all is recorded",
            f"service {os.getpid()}: confirmed: it enforces nothing",
        ]
        written = json.loads((runtime / "paused.json").read_text())
        assert (written["who"], written["why"]) == ("root", "false \x1b[2Jalarms")
        ended = lictor("resume")
        assert (ended.status, ended.err) == (0, "")
        assert ended.out.splitlines()[1] == f"service {os.getpid()}: confirmed: it enforces again"
        assert not (runtime / "paused.json").exists()


def test_a_service_that_does_not_follow_is_exit_status_1(lictor, runtime):
    with served(Book(), follow=lambda: False):
        ended = lictor("pause", "--why", "x")
    assert ended.status == 1
    assert ended.err == f"lictor pause: service {os.getpid()}: failed: it goes on as before\n"
    assert (runtime / "paused.json").exists()


def test_nothing_was_paused(lictor, runtime):
    ended = lictor("resume")
    assert (ended.status, ended.out.splitlines()[0]) == (0, "nothing was paused")


@pytest.mark.parametrize("arguments", [[], ["--why"]])
def test_a_reason_is_wanted(lictor, runtime, arguments):
    ended = lictor("pause", *arguments)
    assert ended.status == 2
    assert "--why" in ended.err
    assert not runtime.exists()


def test_where_it_cannot_be_written_one_line_says_so(lictor, monkeypatch):
    monkeypatch.setenv("LICTOR_RUNTIME", "/proc/nowhere")
    ended = lictor("pause", "--why", "x")
    assert (ended.status, ended.out, len(ended.err.splitlines())) == (2, "", 1)
