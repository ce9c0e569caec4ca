import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from enforcer.linux import cgroupfs, keeping
from enforcer.linux.cgroup import RunCgroup
from enforcer.linux.keeping import Keeping


@pytest.fixture
def group(place):
    with RunCgroup.create("run-1", [place]) as made:
        yield made
        made.kill()
        assert made.wait_empty(5)


@pytest.fixture
def told():
    """Function: a keeper that was told something; what it holds open is closed with the test."""
    keepers = []

    def make(*lines):
        keepers.append(Keeping())
        for line in lines:
            keepers[-1].hear(line)
        return keepers[-1]

    yield make
    for keeper in keepers:
        for run in keeper.known.values():
            run.close()


def add(group, run="run-1", fail="open"):
    return {
        "do": "add", "run": run, "group": str(group.directory), "id": group.id, "root": 1, "start": 0, "fail": fail,
    }  # fmt: skip


def lease(seconds, run="run-1", then="release"):
    return {"do": "lease", "run": run, "until": keeping._now() + int(seconds * 1e9), "then": then}


def test_nothing_known_means_to_wait_for_ever(told):
    assert told()._wait_ms() is None


@pytest.mark.parametrize(("seconds", "low", "high"), [(0.3, 200, 302), (-1, 0, 1), (3600, 1000, 1001)])
def test_a_lease_is_waited_for_but_a_second_at_most(told, group, seconds, low, high):
    assert low <= told(add(group), lease(seconds))._wait_ms() <= high


def test_a_lease_that_is_up_is_carried_out(told, group, capfd):
    assert group.freeze()
    keeper = told(add(group), lease(0))
    keeper._step()
    assert cgroupfs.events(group.directory)["frozen"] == 0
    row = json.loads(capfd.readouterr().out)
    assert (row["run"], row["what"], row["enforcement"]) == ("run-1", "release", "confirmed")
    assert "its lease was up" in row["evidence"]
    assert keeper.leases == {}
    assert keeper._wait_ms() <= 10


def test_a_lease_counts_that_was_told_before_its_run(told, group):
    keeper = told(lease(0), add(group))
    keeper._step()
    assert keeper.deeds["run-1"].then == "release"


@pytest.mark.parametrize("word", ["clear", "drop"])
def test_a_lease_that_was_cleared_does_nothing(told, group, word):
    assert group.freeze()
    keeper = told(add(group), lease(0), {"do": word, "run": "run-1"})
    keeper._step()
    assert keeper.deeds == {}
    assert cgroupfs.events(group.directory)["frozen"] == 1
    assert ("run-1" in keeper.known) == (word == "clear")
    assert group.thaw()


def test_a_word_of_lictor_ends_what_was_begun_for_it(told, group):
    """It hung, came back, and freezes the run anew: nobody must thaw that."""
    keeper = told(add(group), lease(0))
    keeper._step()
    assert keeper.deeds
    keeper.hear(lease(60))
    assert group.freeze()
    keeper._step()
    assert cgroupfs.events(group.directory)["frozen"] == 1
    assert group.thaw()


def test_a_run_that_is_told_again_keeps_its_lease(told, group):
    keeper = told(add(group), lease(60), add(group))
    assert list(keeper.leases) == ["run-1"]
    assert len(os.listdir(f"/proc/self/fd/{keeper.known['run-1'].folder}")) > 5


ROOT = Path(__file__).parents[3]
PROGRAM = [sys.executable, "-c", "import sys; from enforcer.linux.keeping import main; main(int(sys.argv[1]))"]


@pytest.fixture
def program():
    """The program itself, as a child that is told and asked through pipes."""
    process = subprocess.Popen([*PROGRAM, str(os.getpid())], stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=ROOT)
    yield process
    process.kill()
    process.wait()
    process.stdin.close()
    process.stdout.close()


def say(process, *words):
    for word in words:
        process.stdin.write(word if isinstance(word, bytes) else json.dumps(word).encode() + b"\n")
    process.stdin.flush()


def test_goodbye_ends_it_and_nothing_is_done(program, group):
    assert group.freeze()
    say(program, add(group), {"do": "goodbye"})
    assert program.wait(10) == 0
    assert program.stdout.read() == b""
    assert cgroupfs.events(group.directory)["frozen"] == 1
    assert group.thaw()


def test_nonsense_does_not_end_it(program, group):
    assert group.freeze()
    say(program, b'\n{}\n[]\nnull\n\xff\n{"do": "add"}\n{"do": "lease", "run": "x"}\n', add(group), b'{"do": "goodb')
    program.stdin.close()
    assert program.wait(10) == 0
    assert json.loads(program.stdout.read())["what"] == "release"
    assert not group.directory.exists()


def test_a_lictor_that_died_before_it_began_is_noticed(group):
    """The pipe is held open by somebody else (here: the test); only the parent's pid tells."""
    gone = subprocess.Popen(["true"])
    gone.wait()
    assert group.freeze()
    read, write = os.pipe()
    os.write(write, json.dumps(add(group)).encode() + b"\n")
    done = subprocess.run(
        [*PROGRAM, str(gone.pid)], stdin=read, capture_output=True, cwd=ROOT, timeout=20, check=False
    )  # fmt: skip
    os.close(read)
    os.close(write)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["what"] == "release"
    assert not group.directory.exists()


def test_sigterm_counts_only_once_all_is_settled(program, group, grow, until, state):
    tree = grow("echo ready; read line", group)
    say(program, add(group))
    assert until(lambda: Path(f"/proc/{program.pid}/comm").read_text() == "lictor-keeper\n")
    program.send_signal(signal.SIGTERM)
    program.send_signal(signal.SIGHUP)
    program.send_signal(signal.SIGINT)
    assert group.freeze()
    program.stdin.close()
    assert until(lambda: cgroupfs.events(group.directory)["frozen"] == 0)
    os.kill(tree.pid, signal.SIGSTOP)  # late
    assert until(lambda: state(tree.pid) == "S")
    assert program.wait(10) == -signal.SIGTERM
    assert os.getxattr(group.directory, "trusted.lictor.fail") == b"settled"
    assert tree.process.poll() is None
