"""Each rung of the ladder on a real run: asked, frozen, cut off, quarantined, killed, released; decided by people.

Everything goes through the command line. What happened is read from the run's own output, from ``/proc``, from the
cgroup tree and from a listener of the test's.
"""

from __future__ import annotations

import fcntl
import json
import os
import pty
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import termios
import threading
import time
from pathlib import Path

import pytest

from tests.kernel.held import Running, has_ended, state

pytestmark = pytest.mark.kernel

SECRET = "TOP-SECRET-4711"
SECRET_RULE = '{{ id: secrets, on: file.read, match: {{ path: "SECRET" }}, action: {action}, because: "Not for agents.", instead: "Ask." }}'
LOOP = "n=0; while [ $n -lt 20000 ]; do n=$((n+1)); echo $n >&3; sleep 0.01; done"


def policy(*rules, more=""):
    return f"lictor: 1\nname: rungs\n{more}\nrules: [{', '.join(rules)}]\n"


@pytest.fixture
def begin(outside):
    """Starts a run; ends what is left of it. In a folder that the agent's user can reach, which pytest's own is not."""
    started = []
    tmp_path = Path(tempfile.mkdtemp(prefix="lictor-rungs-"))

    def start(text, script, **more):
        (tmp_path / "secret").write_text(SECRET)
        (tmp_path / "secret").chmod(0o644)
        text = text.replace('"SECRET"', f'"{tmp_path.resolve()}/secret"')
        running = Running(outside, tmp_path, text, "/bin/sh", "-c", script, **more)
        started.append(running)
        return running

    yield start
    for running in started:
        if running.process.poll() is None:
            running.process.terminate()
            try:
                running.process.wait(10)
            except subprocess.TimeoutExpired:
                running.process.kill()
                running.process.wait()
    shutil.rmtree(tmp_path)


def ask(action="ask", **limits):
    more = f"holds: {{ {', '.join(f'{k}: {v}' for k, v in limits.items())} }}" if limits else ""
    return policy(SECRET_RULE.format(action=action), more=more)


def test_asked_and_released_it_goes_on_where_it_stood(begin):
    run = begin(ask(), "cat ../secret; echo after")
    (row,) = run.held()
    assert (row["operation"], row["rule"], row["because"], row["instead"]) == (
        "file.read",
        "secrets",
        "Not for agents.",
        "Ask.",
    )
    assert row["object"].endswith("/secret")
    assert row["exe"].endswith("cat")
    run.wait_for(lambda: run.held()[0]["change"])
    assert "secrets" in run.held()[0]["change"]
    assert run.is_frozen()
    assert state(row["pid"]) == "T"
    time.sleep(0.3)
    assert run.said() == ""
    done = run.lictor("release", row["hold"], "--why", "it is a test")
    assert done.returncode == 0, done.stderr
    assert "confirmed" in done.stdout
    assert run.end() == 0
    assert run.said() == f"{SECRET}after\n"
    states = [(r["state"], r["decided_by"], r["decided_uid"], r["why"]) for r in run.table("requests")]
    assert dict.fromkeys(states) == dict.fromkeys(
        [("waiting", None, None, None), ("released", "root", 0, "it is a test")]
    )
    assert states[-1][0] == "released"
    assert {e for e, _, _ in run.deeds("ask")} == {"confirmed"}
    assert {(e, actor) for e, _, actor in run.deeds("release")} == {("confirmed", "root")}


CONTINUE = """
exec 2>/dev/null
(sleep 0.1; exec cat ../secret) & child=$!
n=0; while [ $n -lt 30000 ]; do n=$((n+1)); kill -CONT $child; done
"""


@pytest.mark.parametrize("trial", range(3))
def test_a_helper_that_continues_the_one_that_asks_gains_nothing(begin, trial):
    """As fast as a shell can, from before the question to after the freeze: whoever moves on is dead."""
    run = begin(ask(limit="2s", ask="deny"), CONTINUE)
    run.end()
    assert run.said() == "", trial
    assert {row["state"] for row in run.table("requests")} <= {"waiting", "denied", "gone"}


def test_asked_and_denied_the_one_that_asked_ends_and_the_rest_goes_on(begin):
    run = begin(ask(), "cat ../secret; echo after")
    (row,) = run.held()
    assert run.lictor("deny", row["hold"]).returncode == 0
    assert run.end() == 0
    assert run.said() == "after\n"
    assert has_ended(row["pid"])
    assert run.table("requests")[-1]["state"] == "denied"


def test_nobody_decides_and_the_limit_does(begin):
    run = begin(ask(limit="1s", ask="deny"), "cat ../secret; echo after")
    assert run.end() == 0
    assert run.said() == "after\n"
    last = run.table("requests")[-1]
    assert (last["state"], last["decided_by"], last["why"]) == ("denied", "lictor", "nobody decided within 1 s")


def test_a_rule_that_was_excused_asks_no_more_in_this_run(begin):
    run = begin(ask(), "cat ../secret; cat ../secret; cat ../secret")
    (row,) = run.held()
    assert run.lictor("release", row["hold"], "--for-run").returncode == 0
    assert run.end() == 0
    assert run.said() == SECRET * 3
    assert len({row["id"] for row in run.table("requests")}) == 1


def test_each_time_it_asks_again_otherwise(begin):
    run = begin(ask(), "cat ../secret; cat ../secret")
    (first,) = run.held()
    run.lictor("release", first["hold"], check=True)
    run.wait_for(lambda: [r for r in run.held() if r["hold"] != first["hold"]])
    (second,) = run.held()
    run.lictor("deny", second["hold"], check=True)
    run.end()
    assert run.said() == SECRET


def test_an_asked_connection_is_refused_and_passes_after_its_release(begin):
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        rule = f"{{ id: net, on: net.connect, match: {{ port: {port} }}, action: ask }}"
        connect = f"bash -c 'exec 3<>/dev/tcp/127.0.0.1/{port} && echo connected' 2>&1"
        run = begin(policy(rule), f"{connect}; {connect}")
        (row,) = run.held()
        assert row["object"] == f"127.0.0.1:{port}"
        run.lictor("release", row["hold"], check=True)
        assert run.end() == 0
        first, second = (
            run.said().strip().split("\n", 1) if run.said().count("\n") == 2 else run.said().strip().rsplit("\n", 1)
        )
        assert "Operation not permitted" in first
        assert second == "connected"


def test_a_freeze_stops_the_whole_tree_and_a_kill_leaves_nobody(begin):
    script = f"exec 3>count; setsid sh -c '{LOOP}' & (sleep 300 &) ; sleep 0.5; touch x; rm x; sleep 300"
    run = begin(policy('{ id: hold, on: file.delete, match: { path: "${workspace}/x" }, action: freeze }'), script)
    (row,) = run.held()
    assert (row["then"], row["operation"]) == ("kill", "file.delete")
    assert run.is_frozen()
    pids = run.pids()
    assert len(pids) >= 4
    before = (run.work / "count").read_text()
    time.sleep(0.3)
    assert (run.work / "count").read_text() == before
    done = run.lictor("kill", row["run"])
    assert done.returncode == 0, done.stderr
    run.end()
    assert all(has_ended(pid) for pid in pids)
    assert run.table("requests")[-1]["state"] == "killed"


def test_a_person_freezes_and_releases_a_run(begin):
    run = begin(policy(), f"exec 3>count; {LOOP}")
    run.wait_for(lambda: (run.work / "count").exists() and (run.work / "count").read_text())
    (name,) = run.runs()
    run.lictor("freeze", name, "--why", "let me look", check=True)
    assert run.is_frozen()
    run.lictor("release", name, check=True)
    before = (run.work / "count").read_text()
    run.wait_for(lambda: (run.work / "count").read_text() != before)
    run.lictor("kill", name, check=True)
    run.end()
    assert {actor for _, _, actor in run.deeds("freeze")} == {"root"}


TALK = """
exec 3<>/dev/tcp/127.0.0.1/PORT
while echo x >&3; do sleep 0.01; done 2>/dev/null
echo cut
(exec 4<>/dev/tcp/127.0.0.1/PORT) 2>&1 | grep -m1 -o "Operation not permitted"
echo yes >still-works; cat still-works
sleep 300
"""


def test_isolation_cuts_the_run_and_nobody_else(begin):
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        peers = []
        threading.Thread(target=lambda: [peers.append(server.accept()[0]) for _ in range(2)], daemon=True).start()
        run = begin(policy(), f"trap '' PIPE; exec bash -c '{TALK.replace('PORT', str(port))}'")
        run.wait_for(lambda: peers)
        with socket.create_connection(("127.0.0.1", port)) as ours:
            (name,) = run.runs()
            done = run.lictor("isolate", name)
            assert done.returncode == 0, done.stdout + done.stderr
            run.wait_for(lambda: "yes" in run.said())
            assert run.said() == "cut\nOperation not permitted\nyes\n"
            ours.sendall(b"y")  # a connection of ours to the same place goes on
            run.wait_for(lambda: len(peers) == 2)
            assert peers[1].recv(1) == b"y"
            run.lictor("release", name, check=True)
            run.lictor("kill", name, check=True)
        run.end()
        assert {e for e, _, _ in run.deeds("isolate")} == {"confirmed"}
        assert {e for e, _, _ in run.deeds("join")} == {"confirmed"}


def test_a_quarantined_file_is_out_of_reach(begin):
    rule = '{ id: dropper, on: exec, match: { path: "${workspace}/drop" }, action: quarantine }'
    run = begin(policy(rule), "cp /bin/echo drop; ./drop ran; echo after; sleep 1; cat drop")
    run.end()
    assert run.said() == "after\n"
    assert not (run.work / "drop").exists()
    (found,) = json.loads(run.lictor("quarantine", "list", "--lake", run.folder / "lake", "--format", "json").stdout)
    assert found["path"] == str(run.work / "drop")
    (deed,) = run.deeds("quarantine")
    assert deed[0] == "confirmed"
    assert "ENOENT" in deed[1]


def test_the_reason_reaches_the_terminal_and_the_folder_of_the_run(begin):
    master, slave = pty.openpty()

    def own_terminal():
        os.setsid()
        fcntl.ioctl(slave, termios.TIOCSCTTY, 0)

    run = begin(ask("deny"), "cat ../secret; sleep 1", user=None, preexec_fn=own_terminal)
    names = []
    run.wait_for(lambda: names.extend(run.runs()) or names)
    file = run.folder / "runtime" / "runs" / names[0] / "reasons.jsonl"
    run.wait_for(file.exists)
    (line,) = [json.loads(text) for text in file.read_text().splitlines()]
    assert (line["rule"], line["because"], line["operation"]) == ("secrets", "Not for agents.", "file.read")
    shown = os.read(master, 4096).decode()
    assert "secrets" in shown
    assert "Not for agents." in shown
    run.end()
    os.close(slave)
    os.close(master)
    assert {e for e, _, _ in run.deeds("warn")} == {"confirmed"}
    assert not file.exists()


def test_the_agents_own_user_decides_nothing(begin):
    run = begin(ask(), "cat ../secret; echo after")
    (row,) = run.held()
    done = run.lictor("release", row["hold"], prefix=("setpriv", "--reuid=nobody", "--clear-groups", "--regid=nogroup"))
    assert done.returncode == 1
    assert "may not decide" in done.stderr
    assert run.is_frozen()
    run.lictor("deny", row["hold"], check=True)
    run.end()


def test_a_run_of_roots_is_not_decided_by_root(begin):
    run = begin(ask(limit="8s"), "cat ../secret; echo after", user=None)
    (row,) = run.held()
    assert run.lictor("release", row["hold"]).returncode == 1
    run.end()
    assert run.said() == "after\n"


def test_the_agent_itself_decides_nothing(begin):
    """Another run's, of root and in the group that may decide: the tag tells."""
    run = begin(ask(limit="20s"), "cat ../secret; echo after")
    (row,) = run.held()
    command = [sys.executable, "-m", "lictor", "release", row["hold"]]
    inner = run.lictor("run", "--lake", run.folder / "other", "--policy", run.policy, "--quiet", "--", *command)
    assert "an agent decides nothing" in inner.stderr
    assert run.is_frozen()
    run.lictor("deny", row["hold"], check=True)
    run.end()


def test_the_red_switch(begin):
    loop = "while [ ! -e stop ]; do cat ../secret 2>/dev/null; sleep 0.1; done"
    run = begin(ask("deny"), loop)
    run.wait_for(run.runs)
    time.sleep(0.5)
    assert run.said() == ""
    assert run.lictor("pause", "--why", "false alarm").returncode == 0
    run.wait_for(lambda: SECRET in run.said())
    assert run.lictor("resume").returncode == 0
    time.sleep(0.7)
    before = run.said()
    time.sleep(0.5)
    assert run.said() == before
    (run.work / "stop").touch()
    run.end()
    rules = [row["rule"] for row in run.table("findings")]
    assert "lictor:paused" in rules
    assert "lictor:resumed" in rules


@pytest.mark.parametrize("fail", ["open", "closed"])
def test_lictor_dies_while_a_run_is_held(begin, fail):
    text = policy(SECRET_RULE.format(action="ask"), more=f"on_failure: {fail}")
    run = begin(text, f"exec 3>count; cat ../secret; {LOOP}")
    (row,) = run.held()
    pids, group = run.pids(), run.group()
    run.process.send_signal(signal.SIGKILL)
    run.process.wait()
    if fail == "closed":
        run.wait_for(lambda: all(has_ended(pid) for pid in pids))
        assert SECRET not in run.said()
    else:
        run.wait_for((run.work / "count").read_text)  # it goes on, and reads: nobody watches any more
        before = (run.work / "count").read_text()
        run.wait_for(lambda: (run.work / "count").read_text() != before)
        for pid in pids:
            if not has_ended(pid):
                os.kill(pid, signal.SIGKILL)
    run.wait_for(lambda: not group.exists())
    assert row["run"]


def test_a_dry_run_touches_nothing_and_says_what_it_would(begin):
    run = begin(ask("deny"), "cat ../secret", options=("--dry-run",))
    run.end()
    assert run.said() == SECRET
    assert all("dry run" in evidence for _, evidence, _ in run.deeds("kill"))
    assert run.deeds("kill")


def test_no_byte_of_a_denied_file_is_printed_in_a_thousand_trials(begin):
    run = begin(ask("deny"), "n=0; while [ $n -lt 1000 ]; do n=$((n+1)); cat ../secret; done; echo $n >done")
    run.end(240)
    assert run.said() == ""
    assert (run.work / "done").read_text() == "1000\n"
    denied = [row for row in run.table("activity") if row["verdict"] == "deny" and row["operation"] == "file.read"]
    assert len(denied) == 1000
    assert {row["enforced_at"] for row in denied} == {"kernel"}
