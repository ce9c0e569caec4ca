"""The folder of a run: made so that everybody can read it, and gone at the end."""

from __future__ import annotations

import json
import os
import pwd
import subprocess
import sys

import psutil
import pytest

from collectors.identity import process_key_from_proc
from lictor.errors import LictorError
from lictor.runtime import run_dir
from lictor.telling.folder import RunInfo, make, remove, remove_stale


@pytest.fixture
def info(runtime):
    return RunInfo(
        "run-1",
        "claude-code",
        os.getpid(),
        process_key_from_proc(os.getpid()),
        1_790_000_000_000_000,
        ("house", "more"),
    )


def test_it_says_who_the_run_is(info):
    folder = make(info)
    assert folder == run_dir("run-1")
    facts = json.loads((folder / "run.json").read_text())
    assert facts == {
        "run": "run-1", "agent": "claude-code", "started": 1_790_000_000_000_000, "policies": ["house", "more"],
        "root_pid": os.getpid(), "root_key": process_key_from_proc(os.getpid()), "root_start": facts["root_start"],
        "service_pid": os.getpid(), "service_start": facts["root_start"],
    }  # fmt: skip
    started = psutil.boot_time() + facts["root_start"] / os.sysconf("SC_CLK_TCK")
    assert abs(started - psutil.Process().create_time()) < 2


@pytest.mark.parametrize("mask", [0o077, 0o000])
def test_everybody_reads_and_nobody_else_writes_whatever_the_umask(info, runtime, mask):
    before = os.umask(mask)
    try:
        folder = make(info)
    finally:
        os.umask(before)
    for path, mode in ((runtime, 0o755), (runtime / "runs", 0o755), (folder, 0o755), (folder / "run.json", 0o644)):
        assert path.stat().st_mode & 0o7777 == mode
    assert os.listdir(folder) == ["run.json"]


def test_a_root_process_that_is_gone_already_has_no_start(runtime):
    assert json.loads((make(RunInfo("r", "a", 2**22 + 5, 1, 1)) / "run.json").read_text())["root_start"] is None


def test_making_it_again_says_what_is_so_now(info, runtime):
    make(info)
    folder = make(RunInfo("run-1", "codex", 1, 2, 3))
    assert json.loads((folder / "run.json").read_text())["agent"] == "codex"


def test_it_is_gone_at_the_end_with_all_that_is_in_it(info):
    folder = make(info)
    (folder / "reasons.jsonl").write_text("{}\n")
    (folder / "more").mkdir()
    remove("run-1")
    assert not folder.exists()
    remove("run-1")


@pytest.mark.parametrize("run", ["", "..", "../../etc", "a/b", "a\n"])
def test_no_other_folder_is_reached_by_a_name(info, runtime, run):
    folder = make(info)
    with pytest.raises(LictorError, match="no folder for run"):
        make(RunInfo(run, "a", 1, 1, 1))
    remove(run)
    assert (folder / "run.json").exists()


def test_a_link_in_its_place_is_not_followed(info, runtime, tmp_path):
    (tmp_path / "victim").mkdir()
    (tmp_path / "victim/run.json").write_text("as it was")
    (runtime / "runs").mkdir(parents=True)
    (runtime / "runs/run-2").symlink_to(tmp_path / "victim")
    remove("run-2")
    assert (tmp_path / "victim/run.json").read_text() == "as it was"


@pytest.mark.skipif(os.geteuid() != 0, reason="no root: nothing can be given to another user")
def test_a_folder_of_somebody_else_is_refused(info, runtime):
    (runtime / "runs/run-1").mkdir(parents=True)
    os.chown(runtime / "runs/run-1", pwd.getpwnam("nobody").pw_uid, -1)
    with pytest.raises(LictorError, match="somebody else's"):
        make(info)


def test_where_nothing_can_be_made_is_said_in_one_line(info, runtime):
    runtime.write_text("a file in its place")
    with pytest.raises(LictorError, match="LICTOR_RUNTIME") as caught:
        make(info)
    assert "\n" not in str(caught.value)


def test_folders_of_killed_services_are_removed_and_those_of_living_ones_stay(info, runtime):
    code = (
        "import os\nfrom lictor.telling.folder import RunInfo, make\n"
        "make(RunInfo('killed', 'a', 1, 1, 1))\nos.kill(os.getpid(), 9)"
    )
    subprocess.run([sys.executable, "-c", code], check=False, timeout=30)
    make(info)
    (runtime / "runs/not-lictors").mkdir()
    assert {path.name for path in (runtime / "runs").iterdir()} == {"killed", "run-1", "not-lictors"}
    assert remove_stale() == ["killed"]
    assert {path.name for path in (runtime / "runs").iterdir()} == {"run-1", "not-lictors"}


def test_another_process_with_the_services_pid_does_not_keep_a_folder(info):
    folder = make(info)
    facts = json.loads((folder / "run.json").read_text())
    (folder / "run.json").write_text(json.dumps(facts | {"service_start": facts["service_start"] - 1}))
    assert remove_stale() == ["run-1"]
    assert not folder.exists()
