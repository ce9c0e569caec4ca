import os
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import psutil
import pytest
from hypothesis import given
from hypothesis import strategies as st

from collectors.identity import (
    TICK_NS,
    _boot_hash,
    boot_id,
    key_of,
    parse_stat,
    process_key_from_proc,
    process_keys,
    read_stat,
)

BOOT = "2d088848-4352-4a84-ad11-eb5cb4b8afc6"
ticks = st.integers(0, 2**42 - 1)
pids = st.integers(0, 2**22 - 1)


def keys(start_ns, tgid, boot=BOOT):
    return process_keys(boot, np.array(start_ns, np.int64), np.array(tgid, np.int32))


def plain_key(boot_hash: int, start_ns: int, tgid: int) -> int:
    """The same fold in Python integers."""
    word = 2**64 - 1
    x = ((start_ns // 10_000_000) << 22 | tgid) ^ boot_hash
    x = (x ^ x >> 30) * 0xBF58476D1CE4E5B9 & word
    x = (x ^ x >> 27) * 0x94D049BB133111EB & word
    x ^= x >> 31
    return x - 2**64 if x >= 2**63 else x


@given(st.lists(st.tuples(st.integers(0, 2**63 - 1).filter(lambda n: n // TICK_NS < 2**42), pids), max_size=30))
def test_vectorised_fold_equals_plain_integers(rows):
    got = keys([s for s, _ in rows], [p for _, p in rows])
    assert got.dtype == np.int64
    assert got.tolist() == [plain_key(int(_boot_hash(BOOT)), s, p) for s, p in rows]


@given(st.tuples(ticks, pids), st.tuples(ticks, pids))
def test_distinct_processes_of_a_boot_have_distinct_keys(one, other):
    limit = 2**63 // TICK_NS
    one, other = (one[0] % limit, one[1]), (other[0] % limit, other[1])
    got = keys([one[0] * TICK_NS, other[0] * TICK_NS], [one[1], other[1]])
    assert (got[0] == got[1]) == (one == other)


def test_key_ignores_what_proc_cannot_show():
    assert len(set(keys([70_000_000, 75_000_000, 79_999_999], [9, 9, 9]).tolist())) == 1


def test_keys_of_two_boots_differ():
    start, tgid = np.arange(1000) * TICK_NS, np.arange(1000) + 1
    assert not np.intersect1d(keys(start, tgid), keys(start, tgid, "another-boot")).size


def test_keys_are_stable_across_versions():
    assert keys([123_456_789_012], [4711]).tolist() == [-2409303233982084400]


def test_empty_input_gives_empty_output():
    assert keys([], []).shape == (0,)


def test_live_processes_agree_with_psutil():
    """psutil reads the same kernel field by its own parser; boot time cancels out through our own process."""
    seen = {}
    for process in psutil.process_iter():
        try:
            stat = read_stat(process.pid)
            created = psutil.Process(process.pid).create_time()
        except (psutil.Error, ProcessLookupError):
            continue
        seen[process.pid] = (stat, created)
    own, own_created = seen[os.getpid()]
    assert len(seen) > 1
    for pid, (stat, created) in seen.items():
        assert stat.pid == pid
        assert stat.start_ticks - own.start_ticks == round((created - own_created) * 100)
    assert len({key_of(stat) for stat, _ in seen.values()}) == len(seen)


def test_start_time_lies_between_clock_readings_of_the_parent():
    before = time.clock_gettime_ns(time.CLOCK_BOOTTIME)
    child = subprocess.Popen(["/bin/sleep", "30"])
    after = time.clock_gettime_ns(time.CLOCK_BOOTTIME)
    try:
        stat = read_stat(child.pid)
        assert before // TICK_NS <= stat.start_ticks <= after // TICK_NS
        assert stat.parent_pid == os.getpid()
        assert not stat.dead
        assert not stat.kernel_thread
        whole_tick = np.array([stat.start_ticks * TICK_NS + TICK_NS - 1])
        assert process_key_from_proc(child.pid) == process_keys(boot_id(), whole_tick, np.array([child.pid]))[0]
    finally:
        child.kill()
        deadline = time.monotonic() + 5
        while not read_stat(child.pid).dead and time.monotonic() < deadline:
            time.sleep(0.005)
        assert read_stat(child.pid).dead  # a zombie counts as dead before it is waited for
        child.wait()
    with pytest.raises(ProcessLookupError):
        process_key_from_proc(child.pid)


def test_key_survives_exec_also_from_a_second_thread():
    """execve from another thread gives it the leader's pid and start time (bypass A11)."""
    code = (
        "import os,sys,threading,time; print('up',flush=True); sys.stdin.readline();"
        "threading.Thread(target=os.execv,args=('/bin/sleep',['sleep','30'])).start(); time.sleep(30)"
    )
    child = subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        child.stdout.readline()
        key = process_key_from_proc(child.pid)
        child.stdin.write("\n")
        child.stdin.flush()
        deadline = time.monotonic() + 10
        while "sleep" not in Path(f"/proc/{child.pid}/comm").read_text() and time.monotonic() < deadline:
            time.sleep(0.01)
        assert Path(f"/proc/{child.pid}/comm").read_text() == "sleep\n"
        assert process_key_from_proc(child.pid) == key
    finally:
        child.kill()
        child.communicate()


@pytest.mark.parametrize("name", [b"cat", b"a) R 1 (b", b") Z 1 1", b"", b"new\nline"])
def test_a_process_name_cannot_forge_fields(name):
    rest = b"S 7 1 1 0 -1 4194304 96 0 0 0 0 0 0 0 20 0 1 0 97470 3133440 359"
    stat = parse_stat(b"42 (" + name + b") " + rest)
    assert (stat.pid, stat.parent_pid, stat.start_ticks, stat.dead, stat.kernel_thread) == (42, 7, 97470, False, False)


def test_start_time_is_taken_back_from_a_time_namespace():
    text = b"42 (x) S 7 1 1 0 -1 4194304 96 0 0 0 0 0 0 0 20 0 1 0 97470 3133440 359"
    assert parse_stat(text, namespace_ticks=97000).start_ticks == 470


def test_kernel_threads_are_told_apart():
    try:
        stat = read_stat(2)
    except ProcessLookupError:
        pytest.skip("no kernel threads in this pid namespace")
    assert stat.kernel_thread == (Path("/proc/2/exe").exists() is False)
