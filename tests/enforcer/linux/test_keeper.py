import contextlib
import fcntl
import json
import os
import signal
import subprocess
import time
from pathlib import Path

import pytest

from collectors.identity import process_key_from_proc
from enforcer.linux import cgroupfs, keeper, process
from enforcer.linux.cgroup import RunCgroup
from enforcer.linux.keeper import Keeper, KeeperError, read_settled
from enforcer.settled import Settled


@pytest.fixture
def group(place):
    with RunCgroup.create("run-1", [place]) as made:
        yield made
        made.kill()
        assert made.wait_empty(5)


@pytest.fixture
def log(tmp_path):
    return tmp_path / "services" / "7.keeper"


@pytest.fixture
def kept(log):
    made = Keeper.start(log)
    yield made
    made.close()


def memory(pid):
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    return sum(int(line.split()[1]) for line in lines if line.startswith("Private_"))


def status(pid, key):
    lines = dict(line.split(":\t", 1) for line in Path(f"/proc/{pid}/status").read_text().splitlines() if ":\t" in line)
    return lines[key]


def is_ready(kept):
    return Path(f"/proc/{kept.pid}/comm").read_text() == "lictor-keeper\n"


def test_it_is_small_and_holds_nothing_of_ours(group, kept, log, until):
    assert until(lambda: is_ready(kept))
    held = {os.readlink(f"/proc/{kept.pid}/fd/{number}") for number in os.listdir(f"/proc/{kept.pid}/fd")}
    pipes = {name for name in held if name.startswith("pipe:")}
    assert len(pipes) == 1
    assert held - pipes <= {"/dev/null", str(log), "anon_inode:[pidfd]"}
    assert until(lambda: Path(f"/proc/{kept.pid}/wchan").read_text() != "0" or status(kept.pid, "State")[0] == "S")
    assert memory(kept.pid) < 10 * 1024
    assert not {"numpy", "arrow", "duckdb"} & set(Path(f"/proc/{kept.pid}/maps").read_text().replace("/", " ").split())
    assert Path(f"/proc/{kept.pid}/environ").read_bytes() in (b"", b"LD_LIBRARY_PATH")
    assert os.readlink(f"/proc/{kept.pid}/cwd") == "/"


def test_what_the_service_holds_open_is_free_once_it_ends(place, log):
    """A keeper that inherited the lock of a cgroup would have it look used for ever."""
    group = RunCgroup.create("run-1", [place])
    kept = Keeper.start(log)
    group.close()
    descriptor = cgroupfs.lock(group.directory)
    assert descriptor is not None
    os.close(descriptor)
    kept.close()


def test_it_is_out_of_reach_of_a_terminal_and_of_signals(kept, until):
    assert os.getsid(kept.pid) == kept.pid
    for number in (signal.SIGINT, signal.SIGHUP, signal.SIGTERM):  # perhaps before its first line
        os.kill(kept.pid, number)
    assert until(lambda: is_ready(kept))
    for number in (signal.SIGINT, signal.SIGHUP, signal.SIGTERM):
        os.kill(kept.pid, number)
    time.sleep(0.1)
    assert status(kept.pid, "State")[0] == "S"
    assert signal.pthread_sigmask(signal.SIG_BLOCK, set()) == set()  # nothing of that is left with us


def test_goodbye_ends_it_at_once_and_in_order(group, kept, log):
    assert group.freeze()
    kept.add("run-1", group.directory, os.getpid(), process_key_from_proc(os.getpid()), "closed")
    begun = time.monotonic()
    kept.close()
    assert time.monotonic() - begun < 3  # most of it is Python's start
    assert not Path(f"/proc/{kept.pid}").exists()
    assert read_settled(log) == []
    assert cgroupfs.events(group.directory)["frozen"] == 1
    assert group.thaw()
    kept.close()


@pytest.mark.parametrize("then", ["release", "kill"])
def test_a_lease_that_runs_out_is_carried_out_while_lictor_lives(group, grow, kept, log, until, then):
    tree = grow(group=group)
    kept.add("run-1", group.directory, tree.pid, tree.key, "closed")
    kept.lease("run-1", 0.3, then)
    assert group.freeze()
    told = time.monotonic()
    if then == "release":
        assert until(lambda: cgroupfs.events(group.directory)["frozen"] == 0)
        assert tree.tagged()
    else:
        assert until(lambda: not tree.tagged() or not group.populated())
        assert group.wait_empty(2)
    assert time.monotonic() - told > 0.1
    assert until(lambda: read_settled(log, 0))
    [row] = read_settled(log, 0)
    assert (row.run, row.what, row.enforcement) == ("run-1", then, "confirmed")
    assert "lease" in row.evidence
    assert group.directory.exists()  # Lictor lives, and may have use for it


@pytest.mark.parametrize("then", ["release", "kill"])
def test_a_run_without_a_group_is_reached_by_its_processes(grow, kept, log, state, until, then):
    tree = grow()
    kept.add("run-1", None, tree.pid, tree.key, "open", tree.tagged())
    for pid in tree.pids():
        os.kill(pid, signal.SIGSTOP)
    kept.lease("run-1", 0.2, then)
    if then == "release":
        assert until(lambda: not any(state(pid) == "T" for pid in tree.pids()))
        assert tree.pids()
    else:
        assert until(lambda: not tree.tagged())
    assert until(lambda: read_settled(log, 0))
    [row] = read_settled(log, 0)
    assert (row.run, row.what, row.enforcement) == ("run-1", then, "confirmed")


def test_a_lease_that_is_cleared_or_renewed_in_time_does_nothing(group, grow, kept, log):
    tree = grow(group=group)
    kept.add("run-1", group.directory, tree.pid, tree.key, "open")
    kept.lease("run-1", 0.2, "kill")
    kept.lease("run-1", 60, "kill")
    kept.clear("run-1")
    kept.lease("run-1", 60, "kill")
    assert group.freeze()
    time.sleep(0.5)
    assert cgroupfs.events(group.directory) == {"populated": 1, "frozen": 1}
    kept.drop("run-1")
    kept.close()
    assert read_settled(log) == []
    assert group.thaw()


def test_a_group_that_is_gone_is_not_told(place, kept):
    group = RunCgroup.create("run-1", [place])
    group.remove()
    kept.add("run-1", group.directory, 1, 0, "closed")


def test_others_that_are_not_in_the_group_yet_are_told_too(place, grow, log, until):
    group = RunCgroup.create("run-1", [place])
    tree = grow()
    strangers = [(pid, key + 1) for pid, key in grow("echo ready; read line").tagged()]
    others = tree.tagged() * 60  # several lines of them

    def act(kept):
        kept.add("run-1", group.directory, 0, 0, "closed", [*others, *strangers])

    with service(log, act) as (pid, _):
        os.kill(pid, signal.SIGKILL)
        assert until(lambda: not tree.pids())
        assert until(lambda: not group.directory.exists())
        assert all(Path(f"/proc/{pid}").exists() for pid, _ in strangers)
    group.close()


def test_the_root_is_named_by_its_start_unless_it_is_another_process():
    own = os.getpid()
    ticks = int(Path("/proc/self/stat").read_text().rpartition(")")[2].split()[19])
    assert keeper._start(own, process_key_from_proc(own)) == ticks
    assert keeper._start(own, process_key_from_proc(own) + 1) == 0
    assert keeper._start(2**22, 7) == 0


def test_a_keeper_that_ended_says_so_once_and_for_all(kept):
    os.kill(kept.pid, signal.SIGKILL)
    os.waitid(os.P_PID, kept.pid, os.WEXITED | os.WNOWAIT)
    with pytest.raises(KeeperError, match=rf"^keeper {kept.pid} has ended$"):
        kept.clear("run-1")
    with pytest.raises(KeeperError):
        kept.clear("run-1")


def test_a_keeper_that_hangs_is_never_waited_for_and_never_wakes_again(kept, until):
    assert until(lambda: is_ready(kept))
    os.kill(kept.pid, signal.SIGSTOP)
    longest = 0.0
    with pytest.raises(KeeperError, match="does not listen"):  # noqa: PT012 - the pipe fills at some line
        for _ in range(10_000):
            begun = time.monotonic()
            kept.clear("run-" + "x" * 100)
            longest = max(longest, time.monotonic() - begun)
    assert longest < 0.5
    assert not Path(f"/proc/{kept.pid}").exists()


def test_a_line_that_would_not_be_written_in_one_piece_is_refused(kept, tmp_path):
    deep = tmp_path.joinpath(*["é" * 120] * 8)  # each letter is six bytes of JSON
    deep.mkdir(parents=True)
    with pytest.raises(KeeperError, match=r"^run run-1 has too long a path: /"):
        kept.add("run-1", deep, 1, 0, "open")
    kept.clear("run-1")  # it goes on


def test_a_log_that_cannot_be_written_is_an_error_with_its_name(tmp_path):
    before = os.listdir("/proc/self/fd")
    (tmp_path / "file").touch()
    with pytest.raises(KeeperError, match=r"cannot start the keeper: .*/file"):
        Keeper.start(tmp_path / "file" / "log")
    (tmp_path / "link").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(KeeperError, match="cannot start the keeper"):
        Keeper.start(tmp_path / "link")
    assert not (tmp_path / "elsewhere").exists()
    assert os.listdir("/proc/self/fd") == before


def test_account_is_read_without_what_a_crash_cut(tmp_path):
    log = tmp_path / "log"
    assert read_settled(log) == []
    row = {"time_ns": 1, "run": "r", "what": "kill", "enforcement": "confirmed", "evidence": "e"}
    log.write_bytes(json.dumps(row).encode() + b'\n{"time_ns": 1}\n[]\n7\n\n' + json.dumps(row).encode()[:-9])
    assert read_settled(log) == [Settled(**row)]


def test_account_waits_for_a_keeper_that_is_still_at_it(tmp_path):
    log = tmp_path / "log"
    log.touch()
    with log.open("rb") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        begun = time.monotonic()
        assert read_settled(log, 0.2) == []
        assert 0.2 <= time.monotonic() - begun < 2
    begun = time.monotonic()
    read_settled(log, 5)
    assert time.monotonic() - begun < 1


@contextlib.contextmanager
def service(log, act):
    """A Lictor of its own: a child that starts a keeper and waits to be killed. Gives its pid and the keeper's."""
    read, write = os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            kept = Keeper.start(log)
            act(kept)
            os.write(write, f"{kept.pid}\n".encode())
            time.sleep(60)
        finally:
            os._exit(1)
    os.close(write)
    with open(read) as said:
        keeper_pid = int(said.readline())
    try:
        yield pid, keeper_pid
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
        with contextlib.suppress(ChildProcessError):
            os.waitpid(pid, 0)


def has_ended(pid):
    try:
        return process.read_stat(pid).dead
    except ProcessLookupError:
        return True


@pytest.mark.parametrize("fail", ["open", "closed"])
def test_a_run_is_settled_when_lictor_is_killed(place, grow, log, until, state, stop, fail):
    group = RunCgroup.create("run-1", [place])
    tree = grow(group=group)
    stop(tree.pids()[-1])
    stop(tree.pid)

    def act(kept):
        kept.add("run-1", group.directory, tree.pid, tree.key, fail)
        kept.lease("run-1", 60, "release")
        group.freeze()

    with service(log, act) as (pid, keeper_pid):
        assert cgroupfs.events(group.directory)["frozen"] == 1
        os.kill(pid, signal.SIGKILL)
        if fail == "open":
            assert until(lambda: cgroupfs.events(group.directory)["frozen"] == 0)
            assert until(lambda: not [p for p in tree.pids() if state(p) == "T"])
            assert len(tree.pids()) >= 6
            [row] = read_settled(log)
            assert row.what == "release"
            assert "had been stopped: 2" in row.evidence
            tree.end()
        else:
            assert until(lambda: not tree.pids())
            [row] = read_settled(log)
            assert row.what == "kill"
        assert row.enforcement == "confirmed"
        assert "Lictor had died" in row.evidence
        assert until(lambda: not group.directory.exists(), 2)  # a second is the longest it does not look
        assert until(lambda: has_ended(keeper_pid))
    group.close()


def test_a_child_that_holds_the_pipe_does_not_hide_the_death(place, log, until):
    """The service forks, for its command or to probe something; that child has the pipe open too and lives on."""
    group = RunCgroup.create("run-1", [place])
    children = os.pipe()

    def act(kept):
        kept.add("run-1", group.directory, 0, 0, "open")
        group.freeze()
        child = os.fork()
        if child == 0:
            time.sleep(60)
            os._exit(0)
        os.write(children[1], f"{child}\n".encode())

    with service(log, act) as (pid, keeper_pid):
        child = int(os.read(children[0], 20))
        os.kill(pid, signal.SIGKILL)
        assert until(lambda: not group.directory.exists())
        assert until(lambda: has_ended(keeper_pid))
        os.kill(child, 0)
        os.kill(child, signal.SIGKILL)
    for end in children:
        os.close(end)
    group.close()


def test_the_end_of_one_run_is_not_waited_for_by_another(place, grow, log, until):
    groups = [RunCgroup.create(f"run-{number}", [place]) for number in range(20)]
    tree = grow("echo ready; read line", groups[0])

    def act(kept):
        for number, group in enumerate(groups):
            kept.add(f"run-{number}", group.directory, tree.pid, 0, "open")
            group.freeze()

    with service(log, act) as (pid, _):
        os.kill(pid, signal.SIGKILL)
        assert until(lambda: not any(group.directory.exists() for group in groups[1:]))
        assert groups[0].directory.exists()
        assert {row.run for row in read_settled(log)} == {f"run-{number}" for number in range(20)}
        tree.end()
        assert until(lambda: not groups[0].directory.exists())
    for group in groups:
        group.close()


def test_starting_one_takes_the_service_little_time(log):
    begun = time.monotonic()
    made = Keeper.start(log)
    took = time.monotonic() - begun
    made.close()
    assert took < 0.5  # some milliseconds, on a machine that has nothing else to do
    assert subprocess.run(["true"], check=False).returncode == 0  # our own children are still ours to wait for
