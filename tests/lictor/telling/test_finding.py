"""A process finds its run by real ancestors, by its environment where those are gone, and never one that is forged."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile

import pytest

from lictor.telling.finding import RUN_VARIABLE, find_run
from lictor.telling.folder import RunInfo, make

FIND = (
    "import os\nfrom lictor.telling.finding import find_run\nfound = find_run(os.getpid())\nprint(found and found.name)"
)


@pytest.fixture
def begun(runtime, monkeypatch):
    """Function: the folder of a run with a root process."""
    monkeypatch.delenv(RUN_VARIABLE, raising=False)
    return lambda run, pid: make(RunInfo(run, "agent", pid, 0, 0))


def found_by_grandchild(**environment):
    """What a process finds that has this one two steps above, with a shell between."""
    script = f'"{sys.executable}" -c "$0"; true'
    ended = subprocess.run(
        ["sh", "-c", script, FIND], env={**os.environ, **environment}, capture_output=True, text=True, check=True
    )
    return ended.stdout.strip()


def test_by_its_ancestors(begun):
    folder = begun("mine", os.getpid())
    assert find_run(os.getpid(), {}) == folder


@pytest.mark.skipif(os.geteuid() != 0, reason="no root: a program started anew believes only root's folders")
def test_by_ancestors_of_real_descendants_the_nearest_first(begun):
    begun("outer", os.getppid())
    assert found_by_grandchild() == "outer"
    begun("inner", os.getpid())
    assert found_by_grandchild() == "inner"
    assert found_by_grandchild(LICTOR_RUN="outer") == "inner"


def test_of_no_run(begun):
    with subprocess.Popen(["sleep", "60"]) as other:
        begun("others", other.pid)
        assert find_run(os.getpid(), {}) is None
        assert find_run(other.pid, {}).name == "others"
        other.kill()


def test_another_process_with_the_pid_of_its_root_is_not_it(begun):
    folder = begun("mine", os.getpid())
    text = (folder / "run.json").read_text()
    start = text.split('"root_start": ')[1].split(",")[0]
    (folder / "run.json").write_text(text.replace(f'"root_start": {start}', f'"root_start": {int(start) - 1}'))
    assert find_run(os.getpid(), {}) is None


def test_by_the_environment_where_the_root_is_gone(begun):
    with subprocess.Popen(["true"]) as gone:
        pass
    folder = begun("mine", gone.pid)
    assert find_run(os.getpid(), {}) is None
    assert find_run(os.getpid(), {RUN_VARIABLE: "mine"}) == folder


@pytest.mark.parametrize("name", ["", "absent", "..", "../runs/mine", "/tmp", "mine/", "mine\n", "\udcff"])
def test_an_environment_that_names_no_run(begun, name):
    with subprocess.Popen(["true"]) as gone:
        pass
    begun("mine", gone.pid)
    assert find_run(os.getpid(), {RUN_VARIABLE: name}) is None


def test_a_folder_that_an_agent_could_have_made_is_not_found(begun):
    folder = begun("mine", os.getpid())
    folder.chmod(0o777)
    assert find_run(os.getpid(), {RUN_VARIABLE: "mine"}) is None


def test_without_any_folder(runtime):
    assert find_run(os.getpid(), {RUN_VARIABLE: "mine"}) is None
    assert find_run(2**22 + 5, {}) is None


@pytest.mark.skipif(os.geteuid() != 0, reason="no root: no process of another user")
def test_a_hook_of_another_user_finds_the_systems_run(tmp_path, monkeypatch):
    """Its own runtime folder is another one; a copy of /run stands for the system's."""
    monkeypatch.delenv("LICTOR_RUNTIME", raising=False)
    code = (
        "import os, sys\nfrom pathlib import Path\n"
        "from lictor import runtime\nruntime.SYSTEM = Path(sys.argv[1])\n"
        "from lictor.telling.finding import find_run\nfrom lictor.telling.folder import RunInfo, make\n"
        "made = make(RunInfo('mine', 'agent', os.getpid(), 0, 0))\n"
        "os.setuid(65534)\nassert runtime.run_dir('mine') != made\nprint(find_run(os.getpid()) == made)"
    )
    with tempfile.TemporaryDirectory(dir="/tmp") as folder:  # one that another user can reach
        os.chmod(folder, 0o755)
        environment = {**os.environ, "XDG_RUNTIME_DIR": str(tmp_path)}
        ended = subprocess.run(
            [sys.executable, "-c", code, f"{folder}/lictor"],
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
    assert (ended.stdout, ended.stderr) == ("True\n", "")


def test_it_loads_nothing_heavy():
    code = "import sys, lictor.telling.finding, lictor.telling.reading; print({'numpy', 'pyarrow', 'pydantic', 'typer'} & set(sys.modules))"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, check=True).stdout == b"set()\n"
