"""The service onto a machine and off it again, by the service manager itself: as an administrator does it, in a Python environment whose path has blanks."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from lictor.winservice import eventlog, manager, sealing
from lictor.winservice.names import NAME

CODE = Path(__file__).parents[2]
POLICY = """\
lictor: 1
name: installed
rules:
  - { id: none, on: exec, match: { argv: "*never*" }, action: kill }
"""


@pytest.fixture(scope="module")
def python(tmp_path_factory):
    """The interpreter of an environment that alone knows where Lictor is: only who starts it as the environment's can run the service."""
    top = tmp_path_factory.mktemp("program") / "my environment"
    base = Path(getattr(sys, "_base_executable", sys.executable)).parent
    for folder in (top / "Scripts", top / "Lib" / "site-packages"):
        folder.mkdir(parents=True)
    (top / "pyvenv.cfg").write_text(f"home = {base}\ninclude-system-site-packages = true\n")
    (top / "Lib" / "site-packages" / "lictor.pth").write_text(str(CODE))
    for file in (base / "python.exe", *base.glob("*.dll")):
        shutil.copy(file, top / "Scripts")
    return top / "Scripts" / "python.exe"


@pytest.fixture
def winservice(python):
    """Function: ``python -I -m lictor.winservice`` with these words; its exit status and what it told. The service is taken away afterwards."""
    if manager.look(NAME) is not None:
        pytest.skip(f"a service {NAME} is installed on this machine, and stays as it is")
    environ = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}

    def run(*words):
        command = [str(python), "-I", "-m", "lictor.winservice", *map(str, words), "--format", "json"]
        done = subprocess.run(command, capture_output=True, text=True, check=False, env=environ, cwd="C:\\")
        assert done.stdout, done.stderr
        told = json.loads(done.stdout)
        return done.returncode, {step["name"]: step for step in told["steps"]}

    yield run
    manager.stop(NAME, 30)
    manager.remove(NAME)
    eventlog.remove()


@pytest.fixture
def home(tmp_path):
    return tmp_path / "my home"


@pytest.fixture
def policies(tmp_path):
    (tmp_path / "policies").mkdir()
    (tmp_path / "policies" / "one.yaml").write_text(POLICY)
    return tmp_path / "policies"


def log(home):
    return (home / "log" / "service.log").read_text(encoding="utf-8")


def test_it_is_installed_updated_looked_at_and_taken_away(winservice, home, policies, python):
    kept = sealing.keeps_lists(home.parent)
    status, steps = winservice("install", "--home", home, "--source", "portable", "--policies", policies, "--unsealed")
    assert status == 0, steps
    for name in ("stopped", "policies", "service", "event log", "running"):
        assert steps[name]["state"] == "confirmed", steps[name]
    assert steps["home"]["state"] == ("confirmed" if kept else "unverified"), steps["home"]
    found = manager.look(NAME)
    assert (found.state, found.account, found.start) == ("running", "LocalSystem", 2)
    assert f' "{python}" host --home "{home}" ' in found.command
    assert "watching" in log(home)
    assert eventlog.is_registered()

    status, steps = winservice("install", "--home", home, "--source", "portable", "--audit", "--unsealed")
    assert status == 0, steps
    assert steps["stopped"]["evidence"] == "stopped"
    assert manager.look(NAME).command.endswith(" --audit --unsealed")
    assert log(home).count("ended as it was told to") == 1
    assert (home / "policies" / "one.yaml").read_text() == POLICY

    status, steps = winservice("status")
    assert steps["running"]["state"] == "confirmed", steps
    assert status == 0, steps

    status, steps = winservice("uninstall", "--home", home)
    assert status == 0, steps
    assert (steps["service"]["state"], manager.look(NAME)) == ("confirmed", None)
    assert eventlog.message_file() is None
    assert (home / "policies" / "one.yaml").exists()
    assert (home / "lake").is_dir()
    status, steps = winservice("uninstall", "--home", home, "--purge")
    assert (status, home.exists()) == (0, False), steps


def test_it_runs_on_a_home_that_only_administrators_may_write_and_on_no_other(winservice, home, policies):
    status, steps = winservice("install", "--home", home, "--source", "portable", "--policies", policies)
    if sealing.keeps_lists(home.parent):
        assert (status, steps["home"]["state"], steps["running"]["state"]) == (0, "confirmed", "confirmed"), steps
        return
    assert (status, steps["running"]["state"]) == (1, "failed"), steps
    assert "not started" in log(home).splitlines()[-1]
    assert "not started" in steps["running"]["evidence"]
    assert manager.look(NAME).state == "stopped"
    assert list((home / "lake").iterdir()) == []


def test_what_is_broken_changes_nothing(winservice, home, policies, python):
    (policies / "two.yaml").write_text("lictor: 1\nname: broken\nrules: nothing\n")
    words = [str(python), "-I", "-m", "lictor.winservice", "install", "--home", str(home), "--policies", str(policies)]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    assert (done.returncode, "two.yaml:3" in done.stderr) == (2, True)
    assert not home.exists()
    assert manager.look(NAME) is None
