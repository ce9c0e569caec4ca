import os
import shutil
import signal
import subprocess
import sys
import threading
import time

import pytest

from collectors.identity import process_key_from_proc
from enforcer.interface import GuardRefusal
from enforcer.linux.process import alive, continue_process, is_stopped, kill_process, opened, wait_ended, wait_gone


@pytest.fixture
def child():
    with subprocess.Popen(["sleep", "60"]) as process:
        yield process
        process.kill()


def test_kill_is_confirmed_by_the_pidfd(child):
    outcome = kill_process(child.pid, process_key_from_proc(child.pid), timeout=5)
    assert outcome.enforcement == "confirmed"
    assert child.wait(0.5) == -9


def test_another_process_with_the_pid_is_not_signalled(child):
    with pytest.raises(GuardRefusal, match=f"pid {child.pid} is another process by now"):
        kill_process(child.pid, process_key_from_proc(child.pid) + 1)
    time.sleep(0.02)
    assert child.poll() is None


def test_one_that_ended_by_itself_was_not_stopped(child):
    key = process_key_from_proc(child.pid)
    child.kill()
    with opened(child.pid) as descriptor:
        assert wait_ended(descriptor, 5)
    for _ in range(2):  # first as a zombie, then gone
        outcome = kill_process(child.pid, key)
        assert outcome.enforcement == "failed"
        assert "before it could be killed" in outcome.evidence
        child.wait()


def test_without_waiting_the_end_is_not_claimed():
    """A stopped parent of many threads takes a moment; what was not seen is unverified or seen, never assumed."""
    code = "import threading,time,sys\nfor _ in range(50): threading.Thread(target=time.sleep,args=(60,)).start()\nprint('up',flush=True)"
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True) as process:
        process.stdout.readline()
        key = process_key_from_proc(process.pid)
        outcome = kill_process(process.pid, key, timeout=0)
        assert outcome.enforcement in ("unverified", "confirmed")
        if outcome.enforcement == "unverified":
            assert outcome.evidence == "SIGKILL sent by pidfd"
        proof = wait_gone(process.pid, key, 5)
        assert proof is not None
        assert not alive(process.pid, key)


def test_alive_follows_the_process_through_zombie_to_gone(child):
    key = process_key_from_proc(child.pid)
    assert alive(child.pid, key)
    assert not alive(child.pid, key ^ 1)
    assert wait_gone(child.pid, key, 0.01) is None
    assert wait_gone(child.pid, key ^ 1, 0.01) is not None
    child.kill()
    assert wait_gone(child.pid, key, 5).enforcement == "confirmed"
    assert not alive(child.pid, key)
    child.wait()
    assert not alive(child.pid, key)
    assert wait_gone(child.pid, key, 0) is not None


def test_waiting_ends_with_the_process(child):
    timer = threading.Timer(0.05, child.kill)
    timer.start()
    began = time.monotonic()
    assert wait_gone(child.pid, process_key_from_proc(child.pid), 10) is not None
    assert time.monotonic() - began < 5
    timer.join()


def test_a_process_whose_leader_has_ended_still_lives():
    """Its /proc state is Z while another thread runs on: such a process can act, so it must count as alive."""
    code = "import ctypes,threading,time\nthreading.Thread(target=time.sleep,args=(60,)).start()\nprint('up',flush=True)\nctypes.CDLL(None).syscall(60,0)"
    if os.uname().machine != "x86_64":
        pytest.skip("the number of exit(2) is known here for x86-64 only")
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True) as process:
        process.stdout.readline()
        key = process_key_from_proc(process.pid)
        deadline = time.monotonic() + 5
        while b") Z" not in open(f"/proc/{process.pid}/stat", "rb").read() and time.monotonic() < deadline:  # noqa: SIM115
            time.sleep(0.01)
        assert alive(process.pid, key)
        assert kill_process(process.pid, key, 5).confirmed
        assert not alive(process.pid, key)


@pytest.mark.parametrize("pid", [0, -1, 2**22 + 7])
def test_nobody(pid):
    assert kill_process(pid, 1).enforcement == "failed"
    assert not alive(pid, 1)
    assert wait_gone(pid, 1, 0) is not None


def test_no_right_to_signal(child):
    if os.geteuid() != 0:
        pytest.skip("needs root to drop to another user")
    code = (
        "import os; from enforcer.linux.process import alive, kill_process\n"
        "alive(os.getpid(), 0); os.setuid(65534)\n"  # all modules are loaded while they can still be read
        f"print(kill_process({child.pid}, {process_key_from_proc(child.pid)}).evidence)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == f"no right to signal process {child.pid}; run Lictor as root"
    assert child.poll() is None


# To go on


def state(pid):
    return open(f"/proc/{pid}/stat", "rb").read().rpartition(b")")[2].split()[0].decode()


def stop(child):
    child.send_signal(signal.SIGSTOP)
    deadline = time.monotonic() + 5
    while state(child.pid) != "T" and time.monotonic() < deadline:
        time.sleep(0.001)
    assert state(child.pid) == "T"


def test_a_stopped_process_goes_on(child):
    assert not is_stopped(child.pid)
    stop(child)
    assert is_stopped(child.pid)
    outcome = continue_process(child.pid, process_key_from_proc(child.pid))
    assert outcome.confirmed
    assert "stopped no more" in outcome.evidence
    assert state(child.pid) != "T"
    assert not is_stopped(child.pid)


def test_one_with_many_threads_goes_on_as_a_whole():
    code = (
        "import threading,time\n"
        "def count():\n"
        "  n=0\n"
        "  while True: n+=1; print(n, flush=True); time.sleep(0.005)\n"
        "for _ in range(20): threading.Thread(target=time.sleep,args=(60,)).start()\n"
        "threading.Thread(target=count).start()"
    )
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE) as process:
        process.stdout.readline()
        stop(process)
        os.set_blocking(process.stdout.fileno(), False)
        while process.stdout.read(65536):  # what it had said before
            pass
        time.sleep(0.05)
        assert not process.stdout.read(1)
        assert continue_process(process.pid, process_key_from_proc(process.pid)).confirmed
        os.set_blocking(process.stdout.fileno(), True)
        assert process.stdout.read(1)
        process.kill()


def test_a_stop_that_has_not_taken_effect_is_taken_back(child):
    """The kernel sends the signal before the call returns; it may not have stopped yet when the answer comes."""
    for _ in range(50):
        child.send_signal(signal.SIGSTOP)
        assert continue_process(child.pid, process_key_from_proc(child.pid)).confirmed
    time.sleep(0.02)
    assert state(child.pid) != "T"


def test_one_that_was_not_stopped_and_one_that_is_gone(child):
    key = process_key_from_proc(child.pid)
    assert continue_process(child.pid, key).confirmed
    child.kill()
    child.wait()
    outcome = continue_process(child.pid, key)
    assert (outcome.enforcement, "has ended" in outcome.evidence) == ("confirmed", True)
    with pytest.raises(ProcessLookupError):
        is_stopped(child.pid)


def test_another_process_with_the_pid_stays_stopped(child):
    stop(child)
    with pytest.raises(GuardRefusal, match="another process by now"):
        continue_process(child.pid, process_key_from_proc(child.pid) + 1)
    assert state(child.pid) == "T"


def test_a_strange_name_does_not_pass_for_a_state(tmp_path):
    program = tmp_path / "x) T ("
    shutil.copy(shutil.which("sleep"), program)
    with subprocess.Popen([program, "60"]) as process:
        assert b") T (" in open(f"/proc/{process.pid}/stat", "rb").read()  # noqa: SIM115
        assert not is_stopped(process.pid)
        process.kill()


def test_no_right_to_let_it_go_on(child):
    if os.geteuid() != 0:
        pytest.skip("needs root to drop to another user")
    stop(child)
    code = (
        "import os; from enforcer.linux.process import alive, continue_process\n"
        "alive(os.getpid(), 0); os.setuid(65534)\n"
        f"print(continue_process({child.pid}, {process_key_from_proc(child.pid)}).evidence)"
    )
    # In the same session anybody may send SIGCONT.
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, start_new_session=True
    )
    assert done.stdout.strip() == f"no right to signal process {child.pid}; run Lictor as root"
    assert state(child.pid) == "T"
