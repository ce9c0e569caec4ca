"""``lictor held`` and what people decide, with services in threads that note what they were asked to do."""

from __future__ import annotations

import json
import os
import sys
from contextlib import ExitStack

import pytest

from tests.lictor.control.conftest import Book, needs_root, runtime, served

__all__ = ["runtime"]  # a fixture of another folder

pytestmark = [pytest.mark.usefixtures("runtime"), needs_root]

AGENT = 4711
RUN, HOLD = "20261126-100000-aabbccdd", "7f3a0123456789abcdef"
QUESTION = {
    "hold": HOLD, "run": RUN, "agent": "codex", "user": "dev", "left": 12.5, "then": "deny", "operation": "file.read",
    "object": "/home/dev/\x1b[2J.ssh/id_rsa", "rule": "keys", "because": "Keys stay here.", "change": "unless: exe /usr/bin/ssh",
    "pid": 99, "exe": "/usr/bin/cat", "cmdline": "cat id_rsa",
}  # fmt: skip


class Asking(Book):
    """A service with one question, told in full."""

    def answer(self, request, peer):
        answer = super().answer(request, peer)
        if request.do == "held":
            answer["rows"] = [QUESTION | row for row in answer["rows"]]
        return answer


@pytest.fixture
def serve():
    """Function: a service of this book, until the end of the test."""
    with ExitStack() as stack:
        yield lambda book: stack.enter_context(served(book)) and book


@pytest.fixture
def service(serve):
    return serve(Asking({RUN: AGENT}, {HOLD: RUN}))


def test_held_as_data_has_every_column_and_the_values_as_they_are(lictor, service):
    ended = lictor("held", "--format", "json")
    (row,) = json.loads(ended.out)
    assert {name: row[name] for name in QUESTION} == QUESTION
    assert ended.status == 0


def test_held_as_a_table_shows_what_to_type_and_nothing_that_repaints(lictor, service):
    out = lictor("held").out
    assert HOLD[:8] in out
    assert HOLD not in out
    assert RUN in out
    assert "\x1b" not in out
    assert "decide:" not in out  # that is for terminals


def test_held_on_a_terminal_says_how_to_decide(service, terminal, monkeypatch):
    from lictor.cli.app import invoke  # noqa: PLC0415 - with standard output replaced

    def draw(out):
        monkeypatch.setattr(sys, "stdout", out)
        invoke(["held"])
        monkeypatch.undo()

    sent = terminal(draw)
    assert "Keys stay here." in sent
    assert "decide: lictor release HOLD | lictor deny HOLD | lictor kill RUN" in sent


def test_held_into_a_file(lictor, service, tmp_path):
    assert lictor("held", "-o", tmp_path / "held.json").status == 0
    assert json.loads((tmp_path / "held.json").read_text())[0]["hold"] == HOLD


def test_nothing_is_held(lictor, serve):
    serve(Book({RUN: AGENT}))
    ended = lictor("held", "--format", "json")
    assert (ended.status, json.loads(ended.out), ended.err) == (0, [], "")


def test_one_service_that_refuses_does_not_hide_the_others(lictor, service):
    with served(Book(), is_agent=lambda _pid: True):
        ended = lictor("held", "--format", "json")
    assert ended.status == 1
    assert len(json.loads(ended.out)) == 1
    assert "an agent decides nothing" in ended.err


NOBODY_RUNS = "no service is running here: lictor run with a policy is one, and lictor watch\n"


@pytest.mark.parametrize(
    ("arguments", "status", "begin"),
    [(["held"], 2, ""), (["release", "x"], 1, "lictor release: "), (["kill", "x"], 1, "lictor kill: ")],
)
def test_without_a_service_one_line_says_so(lictor, arguments, status, begin):
    ended = lictor(*arguments)
    assert (ended.status, ended.out, ended.err) == (status, "", begin + NOBODY_RUNS)


@pytest.mark.parametrize(
    ("arguments", "do", "name", "why", "for_run"),
    [
        (["release", "7f3a"], "release", HOLD, None, False),
        (["release", HOLD, "--why", "I asked", "--for-run"], "release", HOLD, "I asked", True),
        (["release", RUN], "release", RUN, None, False),
        (["deny", "7f", "--why", "no"], "deny", HOLD, "no", False),
        (["kill", "2026"], "kill", RUN, None, False),
        (["freeze", RUN, "--why", "look"], "freeze", RUN, "look", False),
        (["isolate", "20261126"], "isolate", RUN, None, False),
    ],
)
def test_each_command_is_one_order_and_one_line(lictor, service, arguments, do, name, why, for_run):
    ended = lictor(*arguments)
    assert (ended.status, ended.err) == (0, "")
    assert ended.out == f"{do} {name}: confirmed: seen by a test\n"
    (request,) = service.asked
    assert (request.do, request.name, request.why, request.for_run) == (do, name, why, for_run)


def test_a_release_says_what_it_undid(lictor, serve):
    class Isolated(Book):
        def answer(self, request, peer):
            answer = super().answer(request, peer)
            if request.do == "release":
                answer["rows"] = [row | {"deed": "join"} for row in answer["rows"]]
            return answer

    serve(Isolated({RUN: AGENT}))
    assert lictor("release", RUN).out == f"release from isolation {RUN}: confirmed: seen by a test\n"


@pytest.mark.parametrize("enforcement", ["failed", "unverified"])
def test_what_could_not_be_proven_is_exit_status_1(lictor, serve, enforcement):
    serve(Book({RUN: AGENT}, enforcement=enforcement))
    ended = lictor("kill", RUN)
    assert (ended.status, ended.out) == (1, f"kill {RUN}: {enforcement}: seen by a test\n")


def test_what_is_refused_is_exit_status_1_and_says_why(lictor, serve):
    book = serve(Book({RUN: os.getuid()}))
    ended = lictor("kill", RUN)
    assert (ended.status, ended.out) == (1, "")
    assert ended.err.startswith("lictor kill: the agent runs as ")
    assert len(ended.err.splitlines()) == 1
    assert book.asked == []


def test_an_id_that_nothing_has_is_exit_status_1(lictor, service):
    ended = lictor("deny", "nope")
    assert (ended.status, ended.err) == (1, "lictor deny: nope fits no runs here\n")


def test_an_id_that_several_have_is_bad_usage(lictor, service, serve):
    other = serve(Book({f"{RUN}-2": AGENT}))
    ended = lictor("kill", "2026")
    assert (ended.status, ended.out) == (2, "")
    assert f"{RUN}, {RUN}-2: give more of the one that is meant" in ended.err
    assert service.asked == other.asked == []


@pytest.mark.parametrize("do", ["release", "deny", "kill", "freeze", "isolate"])
def test_nothing_is_not_everything(lictor, service, do):
    ended = lictor(do, "")
    assert ended.status == 2
    assert "whose?" in ended.err
    assert lictor(do).status == 2
    assert service.asked == []


def test_what_a_service_says_cannot_repaint_the_terminal(lictor, serve):
    serve(Book({RUN: AGENT}, enforcement="failed\x1b[2J"))
    assert "\x1b" not in lictor("kill", RUN).out
