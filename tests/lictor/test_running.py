"""``lictor run`` as a program of its own: what the command, its caller and the lake see of it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
import uuid
from pathlib import Path
from types import SimpleNamespace

import pytest

from enforcer.linux import cgroupfs
from enforcer.linux.cgroupfs import CgroupError
from lictor.running import Options, run_command
from pipeline.lake.reader import Lake

pytestmark = pytest.mark.kernel

LICTOR = (sys.executable, "-c", "from lictor.cli.app import main; main()")
POLICY = """\
lictor: 1
name: test
rules:
  - id: secret
    on: file.read
    match: { path: "**/secret" }
    action: deny
    because: It is secret.
    instead: Ask for it.
"""


@pytest.fixture
def policy(tmp_path):
    path = tmp_path / "policy.yaml"
    path.write_text(POLICY)
    return path


@pytest.fixture
def secret(tmp_path):
    path = tmp_path / "secret"
    path.write_text("the secret\n")
    return path


@pytest.fixture
def lictor(tmp_path):
    """Function: run ``lictor run`` to its end."""

    def run(*command, options=(), **popen):
        line = (*LICTOR, "run", "--lake", str(tmp_path / "lake"), *map(str, options), "--", *map(str, command))
        done = subprocess.run(line, capture_output=True, text=True, check=False, timeout=50, cwd=tmp_path, **popen)
        return SimpleNamespace(status=done.returncode, out=done.stdout, err=done.stderr)

    return run


@pytest.fixture
def asked(tmp_path):
    return lambda sql: Lake(tmp_path / "lake").query(sql).to_pylist()


def alive(mark):
    """Pids of all live processes with a text in their environment: a truth from outside."""
    found = []
    for entry in Path("/proc").iterdir():
        try:
            if entry.name.isdigit() and mark.encode() in (entry / "environ").read_bytes():
                found.append(int(entry.name))
        except OSError:
            continue
    return found


@pytest.fixture
def mark():
    """A variable for the environment; what still carries it afterwards is ended."""
    text = f"LICTOR_TEST={uuid.uuid4().hex}"
    yield text
    for pid in alive(text):
        os.kill(pid, signal.SIGKILL)


def with_mark(mark):
    return {**os.environ, **dict([mark.split("=")])}


def wait_for(condition, seconds=15):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_a_denied_read_ends_the_command_and_is_accounted_for(lictor, asked, policy, secret):
    done = lictor("sh", "-c", f"cat {secret}; echo $?", options=("--policy", policy))
    assert (done.status, done.out) == (0, "137\n")
    assert f"denied: file.read {secret} (rule secret)" in done.err
    assert "secret: It is secret. Ask for it." in done.err
    (row,) = asked("SELECT * FROM activity WHERE verdict = 'deny'")
    assert (row["path"], row["rule"], row["outcome"], row["enforced_at"], row["enforcement"]) == (
        str(secret), "secret", "denied", "kernel", "confirmed",
    )  # fmt: skip


def test_reads_that_nobody_released_in_time_are_accounted_for(lictor, asked, tmp_path):
    paths = [tmp_path / name for name in ("one", "two")]
    for path in paths:
        path.write_text("the secret\n")
    rule = {"id": "r", "on": "file.read", "match": {"path": [str(path) for path in paths]}, "action": "ask"}
    policy = tmp_path / "policy.yaml"
    policy.write_text(json.dumps({"lictor": 1, "name": "p", "holds": {"limit": "1s"}, "rules": [rule]}))
    done = lictor("sh", "-c", f"cat {paths[0]}; cat {paths[1]}; echo end", options=("--policy", policy))
    assert (done.status, done.out) == (0, "end\n")
    assert done.err.splitlines()[-2].endswith("none lost, 0 denied at once, 2 held, 2 of them denied")
    ended = asked("SELECT object, decided_by FROM request_log WHERE state = 'denied' ORDER BY object")
    assert ended == [{"object": str(path), "decided_by": "lictor"} for path in paths]


def test_audit_prints_the_secret_records_the_verdict_and_acts_on_nothing(lictor, asked, policy, secret):
    done = lictor("cat", secret, options=("--policy", policy, "--audit"))
    assert (done.status, done.out) == (0, "the secret\n")
    assert "would have been denied" in done.err
    assert asked("SELECT verdict, rule, action, enforced_at, enforcement FROM activity WHERE verdict = 'deny'") == [
        {"verdict": "deny", "rule": "secret", "action": None, "enforced_at": None, "enforcement": None}
    ]
    assert asked("SELECT count(*) AS n FROM actions") == [{"n": 0}]
    assert asked("SELECT DISTINCT mode FROM run_log") == [{"mode": "audit"}]


@pytest.fixture(scope="module")
def ordinary(tmp_path_factory):
    """One run of a command with marks and a family, while somebody else works beside it; many tests ask about it."""
    folder = tmp_path_factory.mktemp("ordinary")
    script = (
        "import os, subprocess, time\n"
        f"def say(): open(f'{folder}/pid-' + str(os.getpid()), 'w').close()\n"
        "say()\n"
        "if os.fork() == 0:\n    os.setsid()\n    if os.fork() == 0:\n        say(); os._exit(0)\n    say(); os._exit(0)\n"
        "for _ in range(3):\n    if os.fork() == 0:\n        say(); os._exit(0)\n"
        f"subprocess.run(['sh', '-c', 'true; : > {folder}/pid-$$'])\n"
        "while True:\n    try: os.wait()\n    except ChildProcessError: break\n"
        "time.sleep(0.2)\n"
    )
    line = (*LICTOR, "run", "--lake", str(folder / "lake"), "--", sys.executable, "-S", "-c", script)
    beside = subprocess.Popen(["sh", "-c", "while :; do cat /dev/null; done"])
    try:
        environ = {**os.environ, "CODEX_TOOL_CALL_ID": "call-7"}
        done = subprocess.run(line, capture_output=True, check=False, timeout=50, env=environ)
    finally:
        beside.kill()
        beside.wait()
    pids = {int(p.name.removeprefix("pid-")) for p in folder.glob("pid-*")}
    lake = Lake(folder / "lake")
    return SimpleNamespace(status=done.returncode, pids=pids, asked=lambda sql: lake.query(sql).to_pylist())


def test_every_process_of_the_run_has_its_id(ordinary):
    """Also one that forked twice and left its session; the truth is what each process says of itself."""
    assert (ordinary.status, len(ordinary.pids)) == (0, 7)
    found = ordinary.asked("SELECT DISTINCT pid, agent_run, (SELECT any_value(run) FROM run_log) AS run FROM activity")
    assert {r["pid"] for r in found} == ordinary.pids
    assert {(r["agent_run"], r["run"]) for r in found} == {(found[0]["run"], found[0]["run"])}


def test_the_tree_has_no_gap(ordinary):
    orphans = ordinary.asked(
        "SELECT process_key FROM activity WHERE pid NOT IN (SELECT root_pid FROM run_log)"
        " AND (parent_key IS NULL OR parent_key NOT IN (SELECT process_key FROM activity))"
    )
    assert orphans == []


def test_nobody_else_is_in_the_lake(ordinary):
    assert ordinary.asked("SELECT exe FROM activity WHERE exe LIKE '%/cat' OR agent_run IS NULL") == []


def test_marks_of_the_environment_become_columns(ordinary):
    rows = ordinary.asked("SELECT tool_call, marks, join_confidence FROM activity WHERE operation = 'exec'")
    assert rows
    for row in rows:
        assert (row["tool_call"], json.loads(row["marks"])["CODEX_TOOL_CALL_ID"]) == ("call-7", "call-7")
        assert 0 < row["join_confidence"] < 1


def test_no_cgroup_is_left_behind(ordinary):
    try:
        places = cgroupfs.places()
    except CgroupError as error:
        pytest.skip(str(error))
    (row,) = ordinary.asked("SELECT run, cgroup FROM run_log WHERE state = 'ended'")
    assert row["cgroup"].endswith(f"/lictor/{row['run']}")
    assert not [place for place in places if (place.directory / row["run"]).exists()]


LEFT = """\
sleep 60 &
setsid sleep 60 &
(trap '' TERM HUP INT; sleep 60; sleep 60) &
exit 3
"""


def test_processes_that_were_left_behind_are_ended_and_that_is_proven(lictor, asked, mark):
    """In the background, out of the session, deaf to signals."""
    done = lictor("sh", "-c", LEFT, env=with_mark(mark))
    assert done.status == 3
    assert "4 process(es) were left behind and are ended" in done.err
    assert alive(mark) == []
    actions = asked("SELECT phase, action, enforcement, actor FROM actions ORDER BY phase")
    assert [(a["phase"], a["action"], a["enforcement"]) for a in actions] == [
        ("intent", "kill", None),
        ("result", "kill", "confirmed"),
    ]


def test_a_process_that_left_its_cgroup_is_ended_too(lictor, mark):
    """An agent that runs as root can move itself; the tag stays with it."""
    try:
        top = cgroupfs.places()[0].directory.parent
    except CgroupError as error:
        pytest.skip(str(error))
    done = lictor(
        "sh",
        "-c",
        f"(echo 0 > {top}/cgroup.procs; exec sleep 30 <&- >&- 2>&-) & sleep 0.3; exit 3",
        env=with_mark(mark),
    )
    assert done.status == 3
    assert alive(mark) == []


def test_what_ends_by_itself_is_not_ended(lictor, asked, tmp_path):
    done = lictor("sh", "-c", f"(sleep 0.4; touch {tmp_path}/finished) &")
    assert (done.status, (tmp_path / "finished").exists()) == (0, True)
    assert "left behind" not in done.err
    assert asked("SELECT count(*) AS n FROM actions") == [{"n": 0}]


@pytest.fixture
def running(tmp_path, mark):
    """Function: ``lictor run`` in the background, once its command is up."""
    made = []

    def start(script):
        line = (
            *LICTOR,
            "run",
            "--lake",
            str(tmp_path / "lake"),
            "--",
            "sh",
            "-c",
            f"{script.replace('READY', f'touch {tmp_path}/ready')}",
        )
        child = subprocess.Popen(line, stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, env=with_mark(mark))
        made.append(child)
        wait_for((tmp_path / "ready").exists)
        return child

    yield start
    for child in made:
        child.kill()
        child.wait()
        child.stderr.close()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_to_lictor_ends_the_command_and_the_account_is_kept(running, asked, mark, number):
    child = running("READY; exec sleep 60")
    child.send_signal(number)
    assert child.wait(20) == 128 + number
    assert set(alive(mark)) == set()
    ended = asked("SELECT state, exit_code FROM run_log WHERE state = 'ended'")
    assert ended == [{"state": "ended", "exit_code": 128 + number}]


def test_a_command_that_cleans_up_after_itself_may(running):
    child = running("trap 'exit 9' TERM; READY; while :; do sleep 0.05; done")
    child.send_signal(signal.SIGTERM)
    assert child.wait(20) == 9


def test_a_second_signal_ends_a_command_that_does_not_follow(running, mark):
    child = running("trap '' TERM; READY; while :; do sleep 0.05; done")
    child.send_signal(signal.SIGTERM)
    time.sleep(0.2)
    assert child.poll() is None
    child.send_signal(signal.SIGTERM)
    assert child.wait(20) == 137
    assert alive(mark) == []


def test_an_enforced_command_does_not_outlive_a_lictor_that_was_killed(tmp_path, policy, mark):
    line = (
        *LICTOR,
        "run",
        "--lake",
        str(tmp_path / "lake"),
        "--policy",
        str(policy),
        "--",
        "sh",
        "-c",
        f"touch {tmp_path}/ready; exec sleep 60",
    )
    child = subprocess.Popen(line, stderr=subprocess.DEVNULL, env=with_mark(mark))
    try:
        wait_for((tmp_path / "ready").exists)
    finally:
        child.kill()
        child.wait()
    wait_for(lambda: not alive(mark))


def test_run_command_gives_the_status_and_says_nothing_when_quiet(tmp_path, capfd):
    options = Options(["sh", "-c", "exit 6"], (), tmp_path / "lake", "tester", quiet=True)
    assert run_command(options) == 6
    assert capfd.readouterr() == ("", "")
    (run,) = Lake(tmp_path / "lake").query("SELECT agent, command FROM run_log WHERE state = 'ended'").to_pylist()
    assert run == {"agent": "tester", "command": "sh -c 'exit 6'"}
