"""What a session was told is kept for it alone, and nobody's file in its place is trusted."""

from __future__ import annotations

import os
import pwd
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from lictor.hooks.answer import Policies
from lictor.hooks.interface import Act, Acts
from lictor.hooks.told import told
from pipeline.policy.compile import RunContext, compile_policies
from pipeline.policy.load import read_policies
from pipeline.policy.model import Scope

POLICIES = Path(__file__).parents[3] / "policies"

NOW = datetime(2026, 11, 25, 12, 0, 0, tzinfo=UTC)
LATER = "2026-11-25T12:00:01.000000Z"
as_root = pytest.mark.skipif(os.geteuid() != 0, reason="no root: nothing can be given to another user")


@pytest.fixture
def here(tmp_path):
    return {"TMPDIR": str(tmp_path)}


@pytest.fixture
def folder(tmp_path):
    return tmp_path / f"lictor-hook-{os.geteuid()}"


def known(run, session, environment, becomes=None):
    """What is known; and what becomes so."""
    with told(run, session, NOW, environment) as kept:
        before = kept.time
        kept.time = becomes or kept.time
    return before


def test_a_new_session_knows_nothing_of_the_last_ten_minutes(here):
    assert known("run", "s", here) == "2026-11-25T11:50:00.000000Z"


def test_what_was_told_is_kept_per_run_and_session(here):
    known("run", "s", here, LATER)
    assert known("run", "s", here) == LATER
    assert known("run", "other", here) < LATER
    assert known("another", "s", here) < LATER


def test_the_time_of_the_first_look_is_kept_too(here):
    known("run", "s", here)
    with told("run", "s", datetime(2026, 11, 25, 15, 0, 0, tzinfo=UTC), here) as kept:
        assert kept.time == "2026-11-25T11:50:00.000000Z"


def test_only_the_user_can_read_it(here, folder):
    before = os.umask(0)
    try:
        known("run", "s", here)
    finally:
        os.umask(before)
    assert folder.stat().st_mode & 0o7777 == 0o700
    (file,) = folder.iterdir()
    assert file.stat().st_mode & 0o7777 == 0o600


def test_it_is_written_only_when_the_block_ends_well(here):
    known("run", "s", here, LATER)

    def told_too_early():
        with told("run", "s", NOW, here) as kept:
            kept.time = "2026-11-25T13:00:00.000000Z"
            raise KeyError

    with pytest.raises(KeyError):
        told_too_early()
    assert known("run", "s", here) == LATER


@pytest.mark.parametrize("session", ["", "../../x", "a/b", "x" * 5000, "a\nb", "\0", "\udcff", "."])
def test_any_name_of_a_session_is_one_file_of_its_own(here, folder, tmp_path, session):
    known("run", "s", here)
    known("run", session, here, LATER)
    assert known("run", session, here) == LATER
    assert known("run", "s", here) != LATER
    assert len(list(folder.iterdir())) == 2
    assert list(tmp_path.iterdir()) == [folder]


def test_two_hooks_at_once_do_not_both_tell(here):
    with told("run", "s", NOW, here) as first:
        code = (
            "from datetime import UTC, datetime\nfrom lictor.hooks.told import told\n"
            f"with told('run', 's', datetime(2026, 11, 25, tzinfo=UTC), {here!r}) as kept: print(kept)"
        )
        ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
        assert (first is None, ended.stdout) == (False, "None\n")
        with told("run", "other", NOW, here) as other:
            assert other is not None
    assert known("run", "s", here)


@pytest.mark.parametrize("text", ["", "x", "2026", "9" * 64, "2026-11-25T12:00:00.000000Z\n", "\xff"])
def test_a_file_with_something_else_in_it_counts_as_none(here, folder, text):
    known("run", "s", here, LATER)
    (file,) = folder.iterdir()
    file.write_text(text, encoding="latin-1")
    assert known("run", "s", here) == "2026-11-25T11:50:00.000000Z"


def a_link(folder, tmp_path):
    (tmp_path / "real").mkdir(0o700)
    folder.symlink_to(tmp_path / "real")


def a_linked_file(folder, tmp_path):
    folder.mkdir(0o700)
    (tmp_path / "victim").write_text("as it was")
    (folder / "run.s").symlink_to(tmp_path / "victim")


def open_to_others(folder, _):
    folder.mkdir(0o755)


def a_file(folder, _):
    folder.write_text("")


@pytest.mark.parametrize("made", [a_link, a_linked_file, open_to_others, a_file])
def test_a_place_that_others_could_reach_is_not_used(here, folder, tmp_path, made):
    made(folder, tmp_path)
    assert known("run", "s", here, LATER) == "2026-11-25T11:59:00.000000Z"
    assert known("run", "s", here) == "2026-11-25T11:59:00.000000Z"
    if made is a_linked_file:
        assert (tmp_path / "victim").read_text() == "as it was"


@as_root
def test_a_place_of_another_user_is_not_used(here, folder):
    folder.mkdir(0o700)
    os.chown(folder, pwd.getpwnam("nobody").pw_uid, -1)
    assert known("run", "s", here, LATER) == "2026-11-25T11:59:00.000000Z"
    assert list(folder.iterdir()) == []


def test_without_a_place_to_keep_it():
    assert known("run", "s", {"TMPDIR": "/proc/nowhere"}) == "2026-11-25T11:59:00.000000Z"


def test_without_a_temporary_folder_of_its_own_it_is_tmp(tmp_path):
    folder = f"/tmp/lictor-hook-{os.geteuid()}"
    run = tmp_path.parent.name + "-" + tmp_path.name
    known(run, "s", {})
    assert os.path.exists(f"{folder}/{run}.s")
    os.unlink(f"{folder}/{run}.s")


def test_no_descriptor_stays_open(here):
    before = len(os.listdir("/proc/self/fd"))
    for session in ("a", "a", "b"):
        known("run", session, here)
        with told("run", session, NOW, here), told("run", session, NOW, here) as second:
            assert second is None
    assert len(os.listdir("/proc/self/fd")) == before


@pytest.mark.parametrize("name", ["aider", "claude-code", "codex", "coding-agent", "default", "gemini-cli", "opencode"])
def test_the_policies_that_come_with_lictor_let_a_hook_keep_it_and_read_the_reasons(name):
    context = RunContext("/home/a/repo", "/home/a", {}, "a", "here", "claude-code" if name == "default" else name)
    read = [replace(policy, scope=Scope()) for policy in read_policies([POLICIES / f"{name}.yaml"])]
    policies = Policies(compile_policies(read, context), "a")
    acts = (
        Act("file.mkdir", "/tmp/lictor-hook-1000", exe="/usr/bin/python3.11"),
        Act(
            "file.create",
            "/tmp/lictor-hook-1000/run-1.s",
            exe="/usr/bin/python3.11",
            intent=("read", "write", "create"),
        ),
        Act("file.write", "/tmp/lictor-hook-1000/run-1.s", exe="/usr/bin/python3.11", intent=("read", "write")),
        Act("file.read", "/run/lictor/runs/run-1/reasons.jsonl", exe="/usr/bin/python3.11", intent=("read",)),
    )
    assert [
        policies.decide(act).verdict for act in acts if policies.answer(Acts((act,)), may_allow=False).kind != "none"
    ] == []
