import os
import shutil
import signal
import subprocess
import sys
import time
import uuid
from pathlib import Path

import pytest

from collectors.identity import process_key_from_proc
from enforcer.linux import adopt as adopting
from enforcer.linux import cgroupfs
from enforcer.linux.adopt import adopt
from enforcer.linux.cgroup import CgroupError, RunCgroup


@pytest.fixture(autouse=True)
def folder(place, monkeypatch):
    """Runs' groups are made in the test's own folder, which is named as Lictor's for what goes by its name."""
    monkeypatch.setattr(cgroupfs, "places", lambda *_: [place])
    return place


@pytest.fixture
def elsewhere(place):
    """A group outside of Lictor's folder."""
    made = place.directory.parent / f"elsewhere-{uuid.uuid4().hex[:8]}"
    made.mkdir()
    yield made
    assert cgroupfs.remove_tree(made)


def nobody():
    return []


def test_whole_tree_moves_in_and_back(grow, place, elsewhere, group_of, until):
    tree = grow()
    before = {pid: group_of(pid) for pid in tree.pids()}
    other = tree.pids()[-1]
    (elsewhere / "cgroup.procs").write_text(str(other))
    before[other] = group_of(other)
    adopted = adopt("r", tree.pid, tree.key, tree.tagged)
    assert {group_of(pid) for pid in before} == {f"{place.path}/r"}
    assert sorted(adopted.group.pids()) == sorted(before)
    assert cgroupfs.events(adopted.group.directory)["frozen"] == 0
    assert adopted.give_back()
    assert {pid: group_of(pid) for pid in before} == before
    assert not adopted.group.directory.exists()
    tree.end()


def test_children_born_inside_go_to_where_the_root_was(grow, elsewhere, group_of, until):
    tree = grow('echo ready; read line; sleep 300 & echo "$!"; read line')
    (elsewhere / "cgroup.procs").write_text(str(tree.pid))
    adopted = adopt("r", tree.pid, tree.key, nobody)
    tree.process.stdin.write(b"\n")
    tree.process.stdin.flush()
    child = int(tree.process.stdout.readline())
    assert group_of(child) == adopted.group.path
    assert adopted.give_back()
    assert Path(group_of(child)).name == Path(group_of(tree.pid)).name == elsewhere.name
    tree.end()


def test_descendants_count_as_well_as_who_is_tagged(grow, group_of):
    """What has left the tree by a double fork is known by its tag alone; what has no tag, by its parents."""
    tree = grow()
    adopted = adopt("r", tree.pid, tree.key, nobody)
    inside = set(adopted.group.pids())
    assert tree.pid in inside
    assert inside < set(tree.pids())
    adopted.give_back()
    adopted = adopt("r", 2**22, 7, tree.tagged)
    assert set(adopted.group.pids()) == set(tree.pids())
    adopted.give_back()


def test_threads_move_with_their_process(grow, group_of):
    code = "import threading, time; [threading.Thread(target=time.sleep, args=(60,)).start() for _ in range(5)]; print('ready', flush=True)"
    tree = grow(f'exec {sys.executable} -c "{code}"')
    adopted = adopt("r", tree.pid, tree.key, tree.tagged)
    tasks = list(Path(f"/proc/{tree.pid}/task").iterdir())
    assert len(tasks) == 6
    assert {cgroupfs.own_cgroup((task / "cgroup").read_text()) for task in tasks} == {adopted.group.path}
    adopted.give_back()


def test_a_stopped_process_moves_and_stays_stopped(grow, stop, state, group_of):
    tree = grow()
    stopped = tree.pids()[-1]
    stop(stopped)
    adopted = adopt("r", tree.pid, tree.key, tree.tagged, made=lambda _: None)
    assert group_of(stopped) == adopted.group.path
    assert state(stopped) == "T"
    adopted.give_back()
    assert state(stopped) == "T"


STORM = """
import os, signal, time
signal.signal(signal.SIGCHLD, signal.SIG_IGN)
print("ready", flush=True)
while True:
    if os.fork() == 0:
        if os.fork() == 0:
            time.sleep(0.05)
        os._exit(0)
"""


def test_a_fork_storm_is_won(grow, group_of, place):
    """Children of the storm leave it by a double fork and live for 50 ms each: about a hundred at any time."""
    tree = grow(f"exec {sys.executable} -c '{STORM}'")
    adopted = adopt("r", tree.pid, tree.key, tree.tagged, made=lambda _: None)
    for _ in range(10):
        seen = {}
        for pid in tree.pids():
            try:
                seen[pid] = group_of(pid)
            except FileNotFoundError:
                continue
        assert set(seen.values()) == {adopted.group.path}
    assert adopted.give_back()
    assert group_of(tree.pid) != adopted.group.path
    assert not (place.directory / "r").exists()


def test_the_group_stands_still_meanwhile_only_where_a_keeper_knows(grow):
    tree = grow()
    seen = []

    def made(group):
        seen.append((group.pids(), cgroupfs.events(group.directory)["populated"]))

    def tagged():
        directories = [directory for place in cgroupfs.places() for directory in cgroupfs.children(place.directory)]
        seen.extend((directory / "cgroup.freeze").read_text() for directory in directories)
        return tree.tagged()

    adopted = adopt("r", tree.pid, tree.key, tagged, made=made)
    assert seen[0] == ([], 0)
    assert set(seen[1:]) == {"1\n"}
    assert (adopted.group.directory / "cgroup.freeze").read_text() == "0\n"
    adopted.give_back()
    seen.clear()
    adopt("r", tree.pid, tree.key, tagged).give_back()
    assert set(seen) == {"0\n"}


def test_lictor_its_parents_and_process_1_are_never_moved(place, group_of):
    protected = [1, os.getpid(), os.getppid()]
    before = [group_of(pid) for pid in protected]
    adopted = adopt("r", os.getppid(), process_key_from_proc(os.getppid()),
                    lambda: [(pid, process_key_from_proc(pid)) for pid in protected])  # fmt: skip
    assert [group_of(pid) for pid in protected] == before
    assert set(adopted.group.pids()).isdisjoint(protected)
    assert adopted.give_back()


def test_children_of_a_lictor_that_the_agent_started_are_not_the_agents(group_of):
    with subprocess.Popen(["sleep", "60"]) as child:
        before = group_of(child.pid)
        key = process_key_from_proc(child.pid)
        own = os.getpid(), process_key_from_proc(os.getpid())
        adopted = adopt("r", *own, lambda: [own, (child.pid, key)])
        assert group_of(child.pid) == before
        adopted.give_back()
        adopted = adopt("r", child.pid, key, nobody)  # what Lictor watches it may have started itself
        assert group_of(child.pid) == adopted.group.path
        adopted.give_back()
        child.kill()


def test_kernel_threads_are_never_moved(group_of):
    threads = [int(e.name) for e in Path("/proc").iterdir() if e.name.isdigit() and not _command(e)]
    if not threads:
        pytest.skip("no kernel threads in this pid namespace")
    pairs = [(pid, process_key_from_proc(pid)) for pid in threads[:5]]
    adopted = adopt("r", *pairs[0], lambda: pairs)
    assert adopted.group.pids() == []
    assert adopted.give_back()


def _command(entry):
    try:
        return (entry / "cmdline").read_bytes()
    except OSError:
        return b"gone"


def test_a_pid_that_is_used_again_is_not_moved(grow, group_of):
    stranger = grow("echo ready; read line")
    before = group_of(stranger.pid)
    adopted = adopt("r", stranger.pid, stranger.key + 1, lambda: [(stranger.pid, stranger.key + 1)])
    assert group_of(stranger.pid) == before
    adopted.move_in(stranger.pid, stranger.key + 1)
    assert group_of(stranger.pid) == before
    assert adopted.give_back()


def test_what_ends_meanwhile_is_nothing_special(grow):
    tree = grow()
    gone = subprocess.Popen(["true"])
    gone_key = process_key_from_proc(gone.pid)
    os.waitid(os.P_PID, gone.pid, os.WEXITED | os.WNOWAIT)  # a zombie

    def tagged():
        return [*tree.tagged(), (gone.pid, gone_key), (2**22, 7)]

    adopted = adopt("r", tree.pid, tree.key, tagged)
    assert set(adopted.group.pids()) == set(tree.pids())
    adopted.move_in(2**22, 7)
    adopted.give_back()
    gone.wait()


def test_what_another_run_has_stays_there_unless_it_is_tagged(grow, place, group_of):
    tree = grow()
    other = next(pid for pid in tree.pids() if pid != tree.pid and _parent(pid) == tree.pid)
    with RunCgroup.create("other", [place]) as group:
        group.add(other)
        adopted = adopt("r", tree.pid, tree.key, nobody)
        assert group_of(other) == group.path
        adopted.give_back()
        adopted = adopt("r", tree.pid, tree.key, tree.tagged)
        assert group_of(other) == adopted.group.path
        adopted.give_back()
        assert group_of(other) == group.path
        tree.end()
        assert group.wait_empty(5)


def _parent(pid):
    return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])


def test_an_origin_that_is_gone_is_the_nearest_one_above(grow, elsewhere, group_of):
    inner = elsewhere / "session/scope"
    inner.mkdir(parents=True)
    tree = grow("echo ready; read line")
    (inner / "cgroup.procs").write_text(str(tree.pid))
    adopted = adopt("r", tree.pid, tree.key, tree.tagged)
    inner.rmdir()
    inner.parent.rmdir()
    assert adopted.give_back()
    assert Path(group_of(tree.pid)).name == elsewhere.name
    tree.end()


def test_the_folder_of_the_runs_is_nobodys_origin(tmp_path):
    (tmp_path / "lictor").mkdir()
    assert adopting._living(tmp_path / "lictor" / "gone") == tmp_path
    assert adopting._living(tmp_path / "gone") == tmp_path


def test_a_tree_that_cannot_be_had_is_given_back_and_said(grow, group_of, place, monkeypatch):
    monkeypatch.setattr(adopting, "SECONDS", 0.1)
    monkeypatch.setattr(RunCgroup, "add", lambda *_: None)  # as if each left again at once
    tree = grow()
    before = {pid: group_of(pid) for pid in tree.pids()}
    with pytest.raises(
        CgroupError, match=rf"^{len(before)} processes of run r are still outside of its cgroup: .*kill the run"
    ):
        adopt("r", tree.pid, tree.key, tree.tagged)
    assert {pid: group_of(pid) for pid in before} == before
    assert not (place.directory / "r").exists()


def test_a_process_that_may_not_be_moved_undoes_all(grow, group_of, place, monkeypatch):
    tree = grow()
    before = {pid: group_of(pid) for pid in tree.pids()}
    add, last = RunCgroup.add, tree.pids()[-1]

    def refuse(self, pid):
        if pid == last:
            raise CgroupError("cannot move")
        add(self, pid)

    monkeypatch.setattr(RunCgroup, "add", refuse)
    with pytest.raises(CgroupError, match="cannot move"):
        adopt("r", tree.pid, tree.key, tree.tagged, made=lambda _: None)
    assert {pid: group_of(pid) for pid in before} == before
    assert not (place.directory / "r").exists()


def test_a_keeper_that_cannot_be_told_undoes_all(grow, group_of, place):
    tree = grow()
    before = group_of(tree.pid)

    def made(_):
        raise RuntimeError("no keeper")

    with pytest.raises(RuntimeError):
        adopt("r", tree.pid, tree.key, tree.tagged, made=made)
    assert group_of(tree.pid) == before
    assert not (place.directory / "r").exists()


def test_giving_back_leaves_in_the_group_whom_nobody_takes(grow, group_of, monkeypatch):
    monkeypatch.setattr(adopting, "SECONDS", 0.1)
    tree = grow("echo ready; read line")
    adopted = adopt("r", tree.pid, tree.key, tree.tagged, made=lambda _: None)
    monkeypatch.setattr(cgroupfs, "directory", lambda _: Path("/proc/self"))  # takes no processes
    assert not adopted.give_back()
    assert group_of(tree.pid) == adopted.group.path
    assert cgroupfs.events(adopted.group.directory)["frozen"] == 0
    assert cgroupfs.lock(adopted.group.directory) is not None  # a later start sees to it
    tree.end()


def test_giving_back_after_everybody_ended_removes_the_group(grow, until):
    tree = grow("echo ready; read line")
    adopted = adopt("r", tree.pid, tree.key, tree.tagged)
    tree.end()
    assert until(lambda: not adopted.group.populated())
    assert adopted.give_back()
    assert adopted.give_back()


def test_the_marker_says_how_the_run_fails(grow):
    tree = grow("echo ready; read line")
    adopted = adopt("r", tree.pid, tree.key, tree.tagged, fail="closed")
    assert os.getxattr(adopted.group.directory, "trusted.lictor.fail") == b"closed"
    adopted.give_back()


@pytest.mark.parametrize("kept", [False, True])
def test_a_large_tree_is_taken_in_in_time(grow, tmp_path, group_of, kept):
    """Nothing here counts milliseconds; the limit of two seconds must be far away for 300 processes."""
    if shutil.which("cc") is None:
        pytest.skip("no C compiler that builds tree.c")
    source = Path(__file__).parents[3] / "benchmarks" / "tree.c"
    subprocess.run(["cc", "-O1", "-w", str(source), "-o", str(tmp_path / "tree")], check=True)
    tree = grow(f"exec {tmp_path}/tree 300")
    begun = time.monotonic()
    adopted = adopt("r", tree.pid, tree.key, tree.tagged, made=(lambda _: None) if kept else None)
    took = time.monotonic() - begun
    assert {group_of(pid) for pid, _ in tree.tagged() if Path(f"/proc/{pid}").exists()} == {adopted.group.path}
    assert took < 10
    adopted.group.kill()
    assert adopted.group.wait_empty(5)
    assert adopted.give_back()
    assert tree.process.wait(5) == -signal.SIGKILL
