"""Every process of a run belongs to the run, however it was made.

Covers A1, A2, A3, A4, A11 of the bypass list. Each process leaves a trace of its own: an open
of a file that does not exist, named after its pid, which it also prints.
"""

from __future__ import annotations

import json
import os
import sys

import pytest

pytestmark = pytest.mark.kernel

REUSE = """
import json, os, time
def child():
    pid = os.fork()
    if pid == 0:
        try: open(f"{os.environ['TRACE']}.{os.getpid()}")
        except OSError: pass
        os._exit(0)
    os.waitpid(pid, 0)
    return pid
first = child()
time.sleep(0.05)
for _ in range(200):
    with open("/proc/sys/kernel/ns_last_pid", "w") as f: f.write(str(first - 1))
    if child() == first:
        print(json.dumps(first)); break
"""


def traces(observed, trace):
    """pid → rows of its trace."""
    found = {}
    for row in observed.rows(errno=2):
        if (row["path"] or "").startswith(f"{trace}."):
            assert row["path"] == f"{trace}.{row['pid']}"
            found.setdefault(row["pid"], []).append(row)
    return found


def chain(creator, key):
    """Keys from a process up to the root of the run; ``creator`` maps each process to who made it."""
    keys = [key]
    while keys[-1] in creator:
        keys.append(creator[keys[-1]])
    return keys


def assert_all_belong(observed, trace, pids):
    found = traces(observed, trace)
    assert sorted(found) == sorted(pids)
    (root,) = set(observed.table("runs")["root_key"].to_pylist())
    creator = {r["child_key"]: r["process_key"] for r in observed.rows("fork")}
    for rows in found.values():
        for row in rows:
            assert row["agent_run"] == observed.run
            keys = chain(creator, row["process_key"])
            assert keys[-1] == root
            assert row["parent_key"] == keys[1]
    assert {r["agent_run"] for r in observed.rows()} == {observed.run}


ACTS = {
    "double_fork": "{acts} double_fork {trace}", "clone_parent": "{acts} clone_parent {trace}",
    "thread_open": "{acts} thread_open {trace}", "plain": "{acts} trace {trace}",
    "vforked": "{acts} vforked {acts} {trace}", "thread_exec": "{acts} thread_exec {acts} {trace}",
    "setsid": "setsid {acts} trace {trace} & wait", "nohup": "nohup {acts} trace {trace} & wait",
    "subshells": "(((({acts} trace {trace}; :); :); :); :)",
}  # fmt: skip


@pytest.fixture(scope="module")
def odd(lictor_once, acts, tmp_path_factory):
    """One run in which each act was done; its folder holds what each printed."""
    folder = tmp_path_factory.mktemp("acts")
    lines = [f"({line.format(acts=acts, trace=folder / name)}) > {folder / name}" for name, line in ACTS.items()]
    observed = lictor_once("sh", "-c", "\n".join(lines))
    observed.folder = folder
    return observed


@pytest.mark.parametrize("act", ACTS)
def test_a_process_made_in_an_odd_way_belongs_to_the_run(odd, act):
    pids = [int(line) for line in (odd.folder / act).read_text().split()]
    assert len(pids) == 1
    assert_all_belong(odd, odd.folder / act, pids)


def test_a_false_parent_does_not_hide_the_creator(odd):
    """With CLONE_PARENT /proc names the creator's parent; the row names who called clone."""
    ((row,),) = traces(odd, odd.folder / "clone_parent").values()
    (creator,) = {
        r["process_key"]
        for r in odd.rows("exec")
        if " clone_parent " in (r["cmdline"] or "") and r["exe"].endswith("acts")
    }
    assert row["parent_key"] == creator


def test_exec_from_a_thread_keeps_the_process(odd, acts):
    """The thread takes over the leader's pid; both programs are one process."""
    ((trace,),) = traces(odd, odd.folder / "thread_exec").values()
    execs = [r for r in odd.rows("exec", errno=0, process_key=trace["process_key"]) if r["exe"] == str(acts)]
    assert len(execs) == 2
    assert all(r["pid"] == r["tid"] == trace["pid"] for r in execs)


def test_a_fork_storm_loses_nobody(lictor, acts, tmp_path):
    observed = lictor("sh", "-c", f"{acts} storm {tmp_path}/trace 500; :")
    assert_all_belong(observed, f"{tmp_path}/trace", [int(line) for line in observed.out.split()])
    forks, exits = observed.rows("fork"), observed.rows("exit")
    assert len(forks) == len({r["child_key"] for r in forks}) == 501
    assert {r["child_key"] for r in forks} <= {r["process_key"] for r in exits}


def test_a_pid_used_again_is_another_process(lictor, tmp_path):
    if os.geteuid() or not os.access("/proc/sys/kernel/ns_last_pid", os.W_OK):
        pytest.skip("no right to choose the next pid")
    observed = lictor("env", f"TRACE={tmp_path}/trace", sys.executable, "-I", "-c", REUSE)
    if not observed.out:
        pytest.skip("the pid was not given out again: the machine starts too many processes")
    pid = json.loads(observed.out)
    rows = traces(observed, f"{tmp_path}/trace")[pid]
    assert len(rows) == 2
    assert len({r["process_key"] for r in rows}) == 2
    exits = observed.rows("exit", pid=pid)
    assert [r["process_key"] for r in rows] == [r["process_key"] for r in exits]
