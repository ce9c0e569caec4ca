"""Lictor under SIGKILL before every line of every action of the ladder, with a real process tree and a keeper.

After each kill the keeper must bring the run to rest, and the next start must settle what is owed: nothing frozen,
nothing stopped, no cgroup left, the tree ended or going on as the policy says, each intent with one result, and a
file in exactly one place. The kills are spread over all lines that an action runs in ``enforcer/``.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.trials import begin, every

ROOT = Path(__file__).parents[2]

CASES = [
    "freeze-release",
    "ask-release",
    "ask-deny",
    "freeze-kill",
    "limit",
    "process",
    "run",
    "isolate-join",
    "quarantine",
]

KILLS = r"""
import json, os, signal, subprocess, sys, time
from pathlib import Path
import pyarrow as pa
from types import SimpleNamespace
from collectors.identity import boot_id, process_key_from_proc
from enforcer.decisions import Decision
from enforcer.guard import Guard
from enforcer.interface import Limits, Order, Outcome, RunHandle
from enforcer.ladder import Ladder
from enforcer.linux import cgroupfs
from enforcer.linux.cgroup import RunCgroup, reap_stale
from enforcer.linux.enforcer import LinuxEnforcer
from enforcer.linux.isolation import Isolation
from enforcer.linux.keeper import Keeper
from lictor.enforcing.interrupted import FOLDER, Interrupted
from lictor.lake import open_lake
from lictor.quarantining import quarantine, settle, vault_of
from pipeline import schema
from pipeline.lake.writer import LakeWriter

case, fail, folder, program, kills, offset = sys.argv[1], sys.argv[2], Path(sys.argv[3]), sys.argv[4], int(sys.argv[5]), float(sys.argv[7])
WATCHED = str(Path(sys.argv[6]) / "enforcer") + os.sep
VERDICT = {"freeze-release": "freeze", "ask-release": "ask", "ask-deny": "ask", "freeze-kill": "freeze", "limit": "ask",
           "process": "deny", "run": "kill", "isolate-join": "isolate", "quarantine": "quarantine"}[case]

def row(pid, key, file):
    held = VERDICT == "ask"
    values = {"operation": "file.read", "class": "file", "agent_run": "run", "process_key": key, "pid": pid, "rule": "x",
              "policy": "p", "verdict": VERDICT, "enforced_at": "kernel" if held else "none", "path": str(file), "errno": 0}
    columns = {}
    for name, value in values.items():
        array = pa.array([value], schema.lake_type("activity", name))
        columns[name] = array.dictionary_encode() if pa.types.is_string(array.type) else array
    return schema.batch("activity", columns)

class Steps:
    # Every line that runs in enforcer/ is a step; the process ends right before the chosen one.
    def __init__(self, kill_at): self.count, self.kill_at = 0, kill_at
    def __call__(self, frame, event, _):
        return self.line if frame.f_code.co_filename.startswith(WATCHED) else None
    def line(self, frame, event, _):
        if event == "line":
            if self.count == self.kill_at: os.kill(os.getpid(), signal.SIGKILL)
            self.count += 1
        return self.line

def tree(group, mark):
    read, write = os.pipe()
    pid = os.fork()
    if pid == 0:
        group.add(0)
        os.dup2(write, 1)
        os.closerange(3, 1024)
        os.execve(program, [program, "6"], {"LICTOR_FAULT": mark})
    os.close(write)
    assert os.read(read, 10)
    os.close(read)
    return pid

def lictor(trial, kill_at, tell):
    name = f"fault-{os.getpid()}-{trial}"
    folder_ = folder / str(trial)
    writer = LakeWriter(folder / "lake", "h", report=lambda _: None)
    keeper = Keeper.start(folder / "keeper" / f"{trial}.jsonl")
    group = RunCgroup.create(name, fail=fail)
    root = tree(group, name)
    key = process_key_from_proc(root)
    file = folder_ / "dropper"
    keeper.add(name, group.directory, root, key, fail)
    os.write(tell, json.dumps({"group": str(group.directory), "root": root}).encode() + b"\n")
    if VERDICT == "ask":
        os.kill(root, signal.SIGSTOP)
    vault = vault_of(folder_ / "vault")
    isolation = Isolation(group, group.pids, lambda on: None, lambda: True)
    def keep(rows):
        writer.append("actions", rows); writer.sync()
    then = lambda s: keeper.clear(name) if s is None else keeper.lease(name, s, "kill" if fail == "closed" else "release")
    handle = RunHandle("run", group=group, survivors=lambda: [(p, process_key_from_proc(p)) for p in group.pids()],
                       network=lambda: isolation, limits=Limits(0.0 if case == "limit" else 60.0), lease=then)
    enforcer = LinuxEnforcer(Guard(), lambda order, deed, inode: quarantine(vault, order, deed, inode))
    ladder = Ladder(enforcer, {"run": handle}.get, host="h", boot_id=boot_id(), journal=keep)
    steps = Steps(kill_at)
    sys.settrace(steps)
    _, rows = ladder.act(row(root, key, file))
    if rows is not None: keep(rows)
    def until(done):
        deadline = time.monotonic() + 5
        while not done() and time.monotonic() < deadline:
            if (more := ladder.tick()) is not None: keep(more)
    until(lambda: ladder.pending == 0 and (case not in ("freeze-release", "ask-release", "ask-deny", "freeze-kill") or list(ladder.holds)))
    for hold in ladder.holds:
        ladder.decide(hold, Decision({"deny": "deny", "kill": "kill"}.get(case.split("-")[-1], "release"), "person"))
    if case == "isolate-join":
        ladder.order(Order("join", "run", key, root, actor="person"))
    until(lambda: ladder.pending == 0)
    if (rows := ladder.tick()) is not None: keep(rows)
    sys.settrace(None)
    enforcer.close()
    if kill_at is None:
        os.write(tell, json.dumps({"steps": steps.count}).encode() + b"\n")
    os.kill(os.getpid(), signal.SIGKILL)  # every trial ends so: after the last step, too

def state(pid):
    try: return Path(f"/proc/{pid}/stat").read_bytes().rpartition(b")")[2].split()[0].decode()
    except OSError: return None

def marked(mark):
    found = []
    for entry in Path("/proc").iterdir():
        try:
            if entry.name.isdigit() and mark.encode() in (entry / "environ").read_bytes(): found.append(int(entry.name))
        except OSError: pass
    return found

def wait(condition, seconds=5):
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if condition(): return True
        time.sleep(0.005)
    return False

def one(trial, kill_at):
    file = folder / str(trial) / "dropper"
    file.parent.mkdir(parents=True)
    file.write_bytes(b"#!/bin/sh\n" * 100)
    file.chmod(0o755)
    read, write = os.pipe()
    pid = os.fork()
    if pid == 0:
        try: lictor(trial, kill_at, write)
        except BaseException as error:
            import traceback; traceback.print_exc()
        os._exit(3)
    os.close(write)
    said = b""
    while piece := os.read(read, 4096): said += piece
    os.close(read)
    _, status = os.waitpid(pid, 0)
    faults, told = [], {}
    for line in said.decode().splitlines(): told |= json.loads(line)
    if os.WIFEXITED(status): return [f"trial {trial}: it ended with {os.WEXITSTATUS(status)}"], told
    group, mark = Path(told["group"]), told["group"].rsplit("/", 1)[1]
    if fail == "closed":
        if not wait(lambda: not marked(mark)): faults.append("the tree lives on")
    else:
        alive = lambda: marked(mark)
        if not wait(lambda: cgroupfs.events(group).get("frozen", 0) == 0): faults.append("frozen")
        if not wait(lambda: not any(state(p) == "T" for p in alive())): faults.append("stopped")
        for p in alive():
            try: os.kill(p, signal.SIGKILL)
            except ProcessLookupError: pass
        while marked(mark):  # its fork storm
            for p in marked(mark):
                try: os.kill(p, signal.SIGKILL)
                except ProcessLookupError: pass
    if not wait(lambda: not group.exists()): faults.append("the cgroup stays")
    settle(vault_of(folder / str(trial) / "vault"), owed.append)
    vault = vault_of(folder / str(trial) / "vault")
    held = [r for r in vault.records() if r.state == "taken"] if vault.root.is_dir() else []
    if file.exists() == bool(held): faults.append(f"the file is {'twice' if held else 'nowhere'}")
    if file.exists() and (file.stat().st_mode & 0o7777, file.read_bytes()) != (0o755, b"#!/bin/sh\n" * 100): faults.append("the file is another")
    return [f"trial {trial}, step {kill_at}: {fault}" for fault in faults], told

def books():
    # The next start: what the vault owes, then what is owed beside it; read with DuckDB.
    lake = folder / "lake"
    (lake / FOLDER).mkdir(parents=True, exist_ok=True)
    (lake / FOLDER / "1.json").write_text(json.dumps({"pid": 1, "key": 0, "since": 0}))
    with LakeWriter(lake, "h", report=lambda _: None) as writer:
        for rows in owed: writer.append("actions", rows)
    with LakeWriter(lake, "h", report=lambda _: None) as writer:
        settled = Interrupted(lake, SimpleNamespace(host="h", boot_id=boot_id()), lambda _: None)
        for table, rows in settled.settle(): writer.append(table, rows)
        settled.end()
    found = open_lake(lake).query(
        "SELECT id, count(*) FILTER (phase = 'intent') AS asked, count(*) FILTER (phase = 'result') AS told FROM actions GROUP BY id"
    ).to_pylist()
    return len(found), [f"action {r['id']}: {r['asked']} intents, {r['told']} results" for r in found if (r["asked"], r["told"]) != (1, 1)]

owed = []
(folder / "keeper").mkdir(parents=True)
faults, told = one(0, None)
steps = told.get("steps", 0)
chosen = sorted({int((i + offset) * steps / kills) for i in range(kills)})
for trial, kill_at in enumerate(chosen, 1):
    more, _ = one(trial, kill_at)
    faults += more
deeds, more = books()
print(json.dumps({"kills": len(chosen), "steps": steps, "deeds": deeds, "faults": faults + more}))
"""


@pytest.fixture(scope="module")
def tree(tmp_path_factory):
    """The program with the process tree."""
    program = tmp_path_factory.mktemp("tree") / "tree"
    source = ROOT / "benchmarks" / "tree.c"
    built = subprocess.run(["cc", "-O1", str(source), "-o", str(program)], capture_output=True, check=False)
    if built.returncode:
        pytest.skip("no C compiler that builds tree.c")
    return program


KILLS_OF_A_CASE = 32 if every() else 8


def begun(case, fail, folder, tree):
    """The kills of one case; their account comes on its output."""
    folder.mkdir()
    return subprocess.Popen(
        [sys.executable, "-c", KILLS, case, fail, str(folder), str(tree), str(KILLS_OF_A_CASE), str(ROOT), str(begin())],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=os.environ | {"PYTHONPATH": str(ROOT)},
    )  # fmt: skip


@pytest.mark.kernel
@pytest.mark.parametrize("case", CASES)
def test_whatever_the_moment_nothing_is_lost_doubled_or_stuck(case, tmp_path, tree):
    both = {fail: begun(case, fail, tmp_path / fail, tree) for fail in ("open", "closed")}  # they mostly wait
    try:
        ended = {fail: (*one.communicate(timeout=300), one.returncode) for fail, one in both.items()}
    finally:
        for one in both.values():
            one.kill()
    for fail, (out, said, status) in ended.items():
        assert status == 0, said
        found = json.loads(out.splitlines()[-1])
        assert found["faults"] == [], (fail, said)
        assert found["kills"] >= KILLS_OF_A_CASE - 2, found
        assert found["steps"] >= 100, found
        assert found["deeds"] >= found["kills"] // 2, found  # most kills come after the first intent is out
