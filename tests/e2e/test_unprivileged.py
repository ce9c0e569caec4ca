"""``lictor run`` by an ordinary user: no root, no sensor, no cgroup, the lake in the user's own folder."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from functools import cache
from pathlib import Path
from types import SimpleNamespace

import pytest

from lictor.lake import open_lake

ROOT = Path(__file__).resolve().parents[2]
NEEDED = "import duckdb, psutil, pyarrow, re2, watchdog"
AGENT = """\
import os, socket, subprocess, time
os.mkdir("made")
time.sleep(0.5)  # what happens in a folder before it is watched is not told
with open("made/a", "w") as file:
    file.write("x")
os.rename("made/a", "b")
server = socket.create_server(("127.0.0.1", 0))
subprocess.run(["sleep", "0.7"])
client = socket.create_connection(server.getsockname())
held = open("held", "w")
held.write("x")
held.flush()
time.sleep(1.5)
print("survived", flush=True)
os.remove("b")
"""
POLICY = """\
lictor: 1
name: house
rules:
  - {{ id: held, on: file.write, match: {{ path: "${{workspace}}/held" }}, action: {action} }}
  - {{ id: key, on: file.write, match: {{ path: "~/.ssh/**" }}, action: deny }}
"""


# ``env`` at the end: what setpriv starts itself is still looked up with the rights of root.
AS_NOBODY = ("setpriv", "--reuid=nobody", "--regid=nogroup", "--clear-groups", "env")


def as_nobody(*command, **more):
    return subprocess.run((*AS_NOBODY, *command), capture_output=True, text=True, check=False, timeout=60, **more)


@cache
def python():
    """A Python of this version that an ordinary user may run, with the libraries of this one; ``None`` where there is none."""
    name = f"python3.{sys.version_info.minor}"
    path = os.pathsep.join([str(ROOT), *(p for p in sys.path if p.endswith("site-packages"))])
    for candidate in (sys.executable, f"/usr/bin/{name}", f"/usr/local/bin/{name}"):
        environment = {"PATH": os.environ["PATH"], "PYTHONPATH": path, "PYTHONDONTWRITEBYTECODE": "1"}
        if as_nobody(candidate, "-c", NEEDED, env=environment, cwd="/").returncode == 0:
            return candidate, environment
    return None


@pytest.fixture
def user():
    """An ordinary user's home and workspace, and a function that runs ``lictor`` there as that user."""
    if os.geteuid():
        pytest.skip("needs root to become an ordinary user")
    if python() is None:
        pytest.skip("no Python of this version can be run by an ordinary user")
    program, environment = python()
    nobody = pwd.getpwnam("nobody")
    home = Path(tempfile.mkdtemp(dir="/tmp"))  # tmp_path lies in a folder of root's alone
    for name in ("work", ".ssh"):
        (home / name).mkdir()
    (home / "work" / "agent.py").write_text(AGENT)
    for folder in (home, home / "work", home / ".ssh"):
        os.chown(folder, nobody.pw_uid, nobody.pw_gid)

    place = {"env": {**environment, "HOME": str(home)}, "cwd": home / "work"}  # no session: XDG_RUNTIME_DIR is not set

    def lictor(*arguments):
        return as_nobody(program, "-m", "lictor", *map(str, arguments), **place)

    def begun(*arguments):
        command = (*AS_NOBODY, program, "-m", "lictor", *map(str, arguments))
        return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **place)

    yield SimpleNamespace(home=home, work=home / "work", lictor=lictor, begun=begun, python=program)
    shutil.rmtree(home)


def rows(user, query):
    return open_lake(user.home / ".local" / "share" / "lictor").query(query).to_pylist()


def test_a_run_is_recorded_in_the_users_own_folder(user):
    done = user.lictor("run", "--", user.python, "agent.py")
    assert (done.returncode, done.stdout) == (0, "survived\n"), done.stderr
    assert done.stderr.splitlines()[0].startswith("lictor: source portable: not seen are reads")
    (run,) = rows(user, "SELECT * FROM runs WHERE state = 'ended'")
    assert (run["source"], run["user"], run["exit_code"]) == ("portable", "nobody", 0)
    activity = rows(user, "SELECT * FROM activity ORDER BY time_ns")
    assert {(r["source"], r["agent_run"]) for r in activity} == {("portable", run["run"])}
    files = {(r["operation"], r["path"], r["path_to"]) for r in activity if r["class"] == "file"}
    work = str(user.work)
    assert files >= {
        ("file.mkdir", f"{work}/made", None), ("file.rename", f"{work}/made/a", f"{work}/b"),
        ("file.create", f"{work}/held", None), ("file.delete", f"{work}/b", None),
    }  # fmt: skip
    assert all("inferred" in r["quality"] for r in activity if r["class"] == "file")
    counted = Counter(r["operation"] for r in activity)
    assert counted["net.connect"] == counted["net.listen"] == 1
    (sleep,) = [r for r in activity if r["operation"] == "exec" and r["cmdline"] == "sleep 0.7"]
    assert sleep["parent_key"] == run["root_key"]
    reasons = {r["reason"] for r in rows(user, "SELECT reason FROM coverage WHERE lost IS NULL")}
    assert reasons >= {"polled", "places_only", "reads_unseen"}
    numbers = rows(user, "SELECT sum(emitted) AS emitted, sum(delivered) AS delivered, sum(lost) AS lost FROM coverage")
    assert numbers[0]["emitted"] == len(activity) + numbers[0]["lost"]
    assert numbers[0]["delivered"] == len(activity)


def test_who_holds_a_forbidden_file_is_ended_and_for_an_act_by_nobody_known_nobody_is(user):
    policy = user.work.parent / "policy.yaml"
    policy.write_text(POLICY.format(action="deny"))
    script = f"echo x > {user.home}/.ssh/key; exec {user.python} agent.py"
    done = user.lictor("run", "--policy", policy, "--", "sh", "-c", script)
    assert (done.returncode, done.stdout) == (137, ""), done.stderr
    assert "carried out afterwards from user space" in done.stderr.splitlines()[0]
    actions = rows(user, "SELECT * FROM actions WHERE phase = 'result' AND action = 'kill'")
    by_rule = {r["rule"]: r for r in actions}
    assert by_rule["held"]["enforcement"] == "confirmed"
    assert by_rule["key"]["enforcement"] == "failed"
    assert "not who did it" in by_rule["key"]["evidence"]
    assert rows(user, "SELECT count(*) AS n FROM findings WHERE rule = 'lictor:action-failed'")[0]["n"] >= 1


def test_a_run_is_held_without_a_cgroup_and_goes_on_should_lictor_die(user):
    policy = user.home / "policy.yaml"
    policy.write_text(POLICY.format(action="ask") + "on_failure: open\n")
    with user.begun("run", "--policy", policy, "--", user.python, "agent.py") as run:
        try:
            line = next(line for line in run.stderr if " is frozen: " in line)
            agent = int(line.rpartition("pid ")[2].rstrip(")\n"))
            time.sleep(2)  # by itself it would have ended by now
            assert Path(f"/proc/{agent}/stat").read_bytes().rpartition(b")")[2].split()[0] == b"T"
        finally:
            run.kill()
        assert run.stdout.read() == "survived\n"
    actions = rows(user, "SELECT * FROM actions WHERE phase = 'result' AND action = 'ask'")
    assert ["stopped by SIGSTOP" in row["evidence"] for row in actions] == [True]


def test_the_sensor_cannot_be_had_by_name(user):
    done = user.lictor("run", "--source", "ebpf", "--", "touch", "never")
    assert done.returncode == 2
    assert "the source ebpf cannot be used" in done.stderr
    assert not (user.work / "never").exists()


def test_a_run_of_roots_under_the_same_source_has_a_cgroup_to_be_ended_by(tmp_path):
    """What a source sees and what Lictor may do are two things."""
    if os.geteuid():
        pytest.skip("needs root for a cgroup")
    (tmp_path / "policy.yaml").write_text(POLICY.format(action="kill"))
    (tmp_path / "agent.py").write_text(AGENT)
    run = (
        "run",
        "--source",
        "portable",
        "--lake",
        str(tmp_path / "lake"),
        "--policy",
        str(tmp_path / "policy.yaml"),
        "--",
    )
    work = tmp_path / "work"
    work.mkdir()
    command = [sys.executable, "-m", "lictor", *run, sys.executable, str(tmp_path / "agent.py")]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60, cwd=work, env=environment)
    assert done.returncode == 137, done.stderr
    (row,) = (
        open_lake(tmp_path / "lake")
        .query("SELECT * FROM actions WHERE phase = 'result' AND action = 'kill'")
        .to_pylist()
    )
    assert row["enforcement"] == "confirmed"
    assert row["evidence"].startswith("cgroup.kill written")
