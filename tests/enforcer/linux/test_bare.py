import os
import signal
import subprocess
import time
from pathlib import Path

import psutil
import pytest

from enforcer.linux import bare
from enforcer.linux.cgroup import RunCgroup


@pytest.fixture
def child():
    process = subprocess.Popen(["sleep", "60"])
    yield process
    process.kill()
    process.wait()


def start_of(pid):
    return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[19])


def test_what_is_gone_reads_as_nothing_and_takes_no_harm(tmp_path):
    gone = str(tmp_path / "gone")
    assert bare.opened(gone) == -1
    assert bare.closed(-1) == -1
    assert bare.read(gone) == b""
    assert bare.read(str(tmp_path)) == b""  # opens, and cannot be read
    bare.write(gone, "1")
    bare.remove(gone)
    assert not Path(gone).exists()
    assert bare.stat(2**22) == []
    assert not bare.lives(2**22, 0)
    assert not bare.stops(2**22)


def test_files_are_read_whole_and_written_in_one_piece(tmp_path):
    file = tmp_path / "f"
    file.write_bytes(b"x" * 200_000)
    assert bare.read(str(file)) == file.read_bytes()
    bare.write(str(file), "yy")
    assert file.read_bytes()[:3] == b"yyx"
    assert not Path(f"/proc/self/fd/{bare.closed(bare.opened(str(file)))}").exists()


def test_a_process_lives_by_its_start_and_a_zombie_does_not(child):
    start = start_of(child.pid)
    assert bare.lives(child.pid, start)
    assert not bare.lives(child.pid, start + 1)
    child.send_signal(signal.SIGKILL)
    os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
    assert not bare.lives(child.pid, start)


def test_everybody_is_who_psutil_sees(child):
    before = psutil.pids()
    seen = {pid: (parent, start) for pid, parent, start in bare.everybody()}
    assert seen[child.pid] == (os.getpid(), start_of(child.pid))
    assert seen[os.getpid()][0] == os.getppid()
    assert seen.keys() >= set(before) & set(psutil.pids())  # others come and go between the looks


def test_stopped_and_continued(child, stop):
    assert not bare.stops(child.pid)
    stop(child.pid)
    assert bare.stops(child.pid)
    child.send_signal(signal.SIGCONT)
    assert not bare.stops(child.pid)


def test_a_stop_that_waits_for_a_thaw_is_seen(place, grow, until):
    """A frozen process takes no signal: it is stopped only once it is thawed, and would be stuck then."""
    with RunCgroup.create("r", [place]) as group:
        tree = grow("echo ready; read line", group)
        assert group.freeze()
        os.kill(tree.pid, signal.SIGSTOP)
        assert bare.stops(tree.pid)
        os.kill(tree.pid, signal.SIGCONT)
        assert not bare.stops(tree.pid)
        assert group.thaw()
        tree.end()
        assert until(lambda: not group.populated())


def test_a_stop_that_is_obeyed_in_the_middle_of_a_look_is_seen(monkeypatch):
    """The state was read before, the pending signals after it: as the kernel shows a process now and then."""
    between = b"Name:\tsh\nState:\tS (sleeping)\nSigPnd:\t0000000000000000\nShdPnd:\t0000000000000000\n"
    looks = iter([between, between.replace(b"S (sleeping)", b"T (stopped)")])
    monkeypatch.setattr(bare, "read", lambda _: next(looks))
    assert bare.stops(1)


def test_a_stop_is_seen_at_whatever_moment_of_a_thaw(place, grow, until):
    with RunCgroup.create("r", [place]) as group:
        tree = grow("echo ready; read line", group)
        missed = [moment for moment in range(2_000) if not _seen_when_thawed(group, tree.pid, until)]
        tree.end()
        assert until(lambda: not group.populated())
    assert not missed


def _seen_when_thawed(group, pid, until):
    assert group.freeze()
    os.kill(pid, signal.SIGSTOP)
    assert group.thaw()
    seen = bare.stops(pid)
    os.kill(pid, signal.SIGCONT)
    assert until(lambda: not bare.stops(pid))
    return seen


def test_send_reaches_those_that_the_look_finds_again(child):
    assert bare.send([child.pid, 2**22], signal.SIGKILL, lambda: {child.pid, 2**22}) == {child.pid}
    assert child.wait(5) == -9


def test_send_spares_who_is_not_found_again(child):
    assert bare.send([child.pid], signal.SIGKILL, set) == set()
    time.sleep(0.05)
    assert child.poll() is None


def test_send_looks_while_the_process_is_held(child):
    """A pid that is used again between list and signal: the look comes after the descriptor was opened."""
    links = []

    def look():
        for entry in Path("/proc/self/fdinfo").iterdir():
            try:
                links.append(entry.read_text())
            except OSError:
                continue
        return {child.pid}

    bare.send([child.pid], signal.SIGCONT, look)
    assert any(f"Pid:\t{child.pid}\n" in link for link in links)


def test_send_holds_only_so_many_at_a_time(monkeypatch):
    monkeypatch.setattr(bare, "_AT_ONCE", 3)
    children = [subprocess.Popen(["sleep", "60"]) for _ in range(8)]
    looks = []

    def look():
        looks.append(1)
        return {process.pid for process in children}

    assert bare.send([process.pid for process in children], signal.SIGKILL, look) == look()
    assert len(looks) == 4
    assert [process.wait(5) for process in children] == [-9] * 8


def test_parent_is_held_or_gone():
    descriptor = bare.parent(os.getppid())
    assert f"Pid:\t{os.getppid()}\n" in Path(f"/proc/self/fdinfo/{descriptor}").read_text()
    os.close(descriptor)
    assert bare.parent(os.getpid()) == -1
    assert bare.parent(2**22) == -1
