"""Lictor under SIGKILL before every line of its care for cgroups: made, frozen, leased, taken in, given back, dropped.

A real process tree, with sessions of its own, orphans and a process that forks all the time, must be found alive
where the run fails open and gone where it fails closed; nothing frozen, nothing stopped, no cgroup and no keeper left.
Where the keeper is killed in the same instant, the next start of Lictor must bring that about.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from enforcer.linux import cgroupfs
from enforcer.linux.cgroup import CgroupError, RunCgroup

ROOT = Path(__file__).parents[2]

pytestmark = pytest.mark.alone  # it acts on cgroups, and its processes fork all the time

KILLS = r"""
import faulthandler, json, os, signal, sys, time, traceback
from pathlib import Path
from collectors.identity import process_key_from_proc
from enforcer.linux import cgroupfs, process
from enforcer.linux.adopt import adopt
from enforcer.linux.cgroup import RunCgroup, reap_stale
from enforcer.linux.keeper import Keeper, read_settled

case, fail, folder, program, kills, both = sys.argv[1], sys.argv[2], Path(sys.argv[3]), sys.argv[4], int(sys.argv[5]), sys.argv[6] == "both"
place = cgroupfs.Place(Path(sys.argv[7]), sys.argv[8])
WATCHED = str(Path(sys.argv[9]) / "enforcer" / "linux") + os.sep
cgroupfs.places = lambda *_: [place]
then = "kill" if fail == "closed" else "release"
faulthandler.dump_traceback_later(120, exit=True)  # a trial takes some 100 ms: say where it hangs

class Steps:
    # Each line that runs within one call into enforcer/linux/ is a step; the process ends right before the chosen one.
    # (bare.py is left out: what Lictor uses of it looks at every process, and changes nothing.)
    def __init__(self, kill_at): self.call, self.seen, self.kill_at, self.keeper = 0, {}, kill_at, None
    def __call__(self, frame, event, _):
        name = frame.f_code.co_filename
        if not name.startswith(WATCHED) or name.endswith("/bare.py"): return None
        self.call += frame.f_back.f_code.co_filename == "<string>"  # a call from here
        return self.line
    def line(self, frame, event, _):
        step = f"{self.call} {frame.f_code.co_filename.removeprefix(WATCHED)}:{frame.f_lineno}"
        if event == "line" and step not in self.seen:
            if step == self.kill_at: self.end()
            self.seen[step] = True
        return self.line
    def end(self):
        if both and self.keeper is not None:
            try: os.kill(self.keeper.pid, signal.SIGKILL)
            except ProcessLookupError: pass  # Lictor had said goodbye
        os.kill(os.getpid(), signal.SIGKILL)

def grow(mark, group=None):
    # The command waits for a word, as under lictor run; it never begins when its Lictor dies before that.
    go_read, go = os.pipe()
    ready, said = os.pipe()
    pid = os.fork()
    if pid == 0:
        sys.settrace(None)
        os.close(go)
        if group is not None: group.add(0)
        os.write(said, b"here\n")
        if not os.read(go_read, 1): os._exit(0)
        os.dup2(said, 1); os.dup2(said, 2)  # not ours: who reads ours would wait for the tree
        os.closerange(3, 1024)
        os.execve(program, [program, "8"], {"LICTOR_FAULT": mark})
    os.close(go_read); os.close(said)
    assert os.read(ready, 5) == b"here\n"
    def begin():
        os.write(go, b"!")
        assert os.read(ready, 20) == b"ready\n"
    return pid, begin

def marked(mark):
    found = []
    for name in os.listdir("/proc"):
        try:
            if name.isdigit() and mark.encode() in Path(f"/proc/{name}/environ").read_bytes(): found.append(int(name))
        except OSError: pass
    return found

def stop_one(mark):
    for pid in sorted(marked(mark), reverse=True):
        try: return os.kill(pid, signal.SIGSTOP)
        except ProcessLookupError: pass  # it has ended since

def tagged(mark):
    found = []
    for pid in marked(mark):
        try: found.append((pid, process_key_from_proc(pid)))
        except OSError: pass
    return found

def own(mark, keeper, tell, _):
    # lictor run: the group is there before the command.
    group = RunCgroup.create(mark, fail=fail)
    root, begin = grow(mark, group)
    key = process_key_from_proc(root)
    keeper.add(mark, group.directory, root, key, fail)
    tell(phase="told")
    begin()
    hold(keeper, group, mark, root)
    keeper.lease(mark, 60, then)
    group.freeze()
    keeper.clear(mark)
    group.thaw()
    tell(phase="ending")
    group.kill()
    group.wait_empty(5)
    group.remove()
    keeper.drop(mark)

def found(mark, keeper, tell, root):
    # lictor watch: the tree is there already, taken in when its policy may hold it, given back in the end.
    key = process_key_from_proc(root)
    def made(group):
        keeper.add(mark, group.directory, root, key, fail, tagged(mark))
        stop_one(mark)  # the kernel may hold one at any moment
        tell(phase="told")
    adopted = adopt(mark, root, key, lambda: tagged(mark), fail=fail, made=made)
    hold(keeper, adopted.group, mark, root)
    tell(phase="leaving")
    adopted.group.continue_stopped()
    adopted.give_back()
    keeper.drop(mark)

def hold(keeper, group, mark, root):
    # The kernel has stopped one before its call returned; then the run is frozen under a lease, and a person says go on.
    os.kill(root, signal.SIGSTOP)
    keeper.lease(mark, 60, then)
    group.freeze()
    keeper.lease(mark, 30, then)
    os.kill(root, signal.SIGCONT)
    group.thaw()
    keeper.clear(mark)

def lictor(mark, kill_at, said, root):
    def tell(**what):
        os.write(said, json.dumps(what).encode() + b"\n")
    steps = Steps(kill_at)
    sys.settrace(steps)
    keeper = steps.keeper = Keeper.start(folder / f"{mark}.keeper")
    tell(keeper=keeper.pid)
    {"own": own, "found": found}[case](mark, keeper, tell, root)
    keeper.close()
    sys.settrace(None)
    tell(phase="ended")
    if kill_at is None: (folder / "steps").write_text(json.dumps(list(steps.seen)))
    os.kill(os.getpid(), signal.SIGKILL)

def state(pid):
    try: return Path(f"/proc/{pid}/stat").read_bytes().rpartition(b")")[2].split()[0].decode()
    except OSError: return None

def wait(condition, seconds=10):
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if condition(): return True
        time.sleep(0.01)
    return False

def end(mark):
    while pids := marked(mark):
        for pid in pids:
            try: os.kill(pid, signal.SIGKILL)
            except ProcessLookupError: pass

def one(trial, kill_at):
    mark = f"fault-{os.getpid()}-{trial}"
    root = None
    if case == "found":
        root, begin = grow(mark)
        begin()
    read, write = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.close(read)
        try: lictor(mark, kill_at, write, root)
        except BaseException: traceback.print_exc()
        os._exit(3)
    os.close(write)
    said = b""
    while piece := os.read(read, 4096): said += piece
    os.close(read)
    _, status = os.waitpid(pid, 0)
    told = {}
    for line in said.decode().splitlines(): told |= json.loads(line)
    faults = look(mark, told, root) if not os.WIFEXITED(status) else [f"it ended with {os.WEXITSTATUS(status)}"]
    end(mark)
    if root is not None: os.waitpid(root, 0)
    def gone():
        if both or "phase" not in told: reap_stale([place])  # each start of a Lictor looks
        return not (place.directory / mark).exists()
    if not wait(gone): faults.append("the cgroup stays")
    if "keeper" in told and not wait(lambda: state(told["keeper"]) in (None, "Z", "X")): faults.append("the keeper stays")
    return [f"trial {trial}, step {kill_at}, {told.get('phase')}: {fault}" for fault in faults], told

def look(mark, told, root):
    phase, group, faults = told.get("phase"), place.directory / mark, []
    if both:  # a later start comes when it comes
        inside = [p for d in cgroupfs.subtree(group) for p in cgroupfs.members(d)]
        reap_stale([place])
    concerned = lambda: [p for p in marked(mark) if not both or p in inside]
    if phase == "told" and fail == "closed":
        if not wait(lambda: not concerned()): faults.append("the tree lives on")
        return faults
    if not wait(lambda: cgroupfs.events(group).get("frozen", 0) == 0): faults.append("frozen")
    if not both:
        for row in read_settled(folder / f"{mark}.keeper"):
            if row.enforcement != "confirmed": faults.append(f"the keeper says {row}")
    if not wait(lambda: not any(state(p) == "T" for p in concerned())): faults.append("stopped")
    if not (case == "own" and phase != "told") and fail == "open":
        if len(concerned()) < 7 and not both: faults.append(f"only {len(concerned())} live")
        time.sleep(0.02)
        if any(state(p) == "T" for p in concerned()): faults.append("stopped late")
    return faults

faults, told = one(0, None)
steps = json.loads((folder / "steps").read_text())
chosen = [steps[i * len(steps) // kills] for i in range(kills)]
phases = {}
for trial, kill_at in enumerate(chosen, 1):
    more, told = one(trial, kill_at)
    faults += more
    phases[told.get("phase", "none")] = phases.get(told.get("phase", "none"), 0) + 1
print(json.dumps({"kills": len(chosen), "steps": len(steps), "phases": phases, "faults": faults}))
"""


@pytest.fixture(scope="module")
def tree(tmp_path_factory):
    """The program with the process tree."""
    program = tmp_path_factory.mktemp("tree") / "tree"
    source = ROOT / "benchmarks" / "tree.c"
    built = subprocess.run(["cc", "-O1", "-w", str(source), "-o", str(program)], capture_output=True, check=False)
    if built.returncode:
        pytest.skip("no C compiler that builds tree.c")
    return program


@pytest.fixture
def place(tmp_path):
    """A folder of the test's own in the cgroup tree."""
    try:
        RunCgroup.create(f"probe-{os.getpid()}").remove()
    except CgroupError as error:
        pytest.skip(f"no cgroup can be made here: {error}")
    top = cgroupfs.places()[0]
    name = f"lictor-{tmp_path.name[-40:]}-{os.getpid()}"
    made = cgroupfs.Place(top.directory.parent / name, f"{top.path.removesuffix('/lictor')}/{name}")
    made.directory.mkdir()
    yield made
    assert cgroupfs.remove_tree(made.directory)


@pytest.mark.parametrize("killed", ["lictor", "both"])
@pytest.mark.parametrize("fail", ["open", "closed"])
@pytest.mark.parametrize("case", ["own", "found"])
def test_whatever_the_moment_the_run_is_brought_to_rest(case, fail, killed, tmp_path, tree, place):
    kills = 60 if killed == "lictor" else 20
    done = subprocess.run(
        [sys.executable, "-c", KILLS, case, fail, str(tmp_path), str(tree), str(kills), killed, str(place.directory),
         place.path, str(ROOT)],
        capture_output=True, text=True, check=False, timeout=180, env=os.environ | {"PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout.splitlines()[-1])
    assert found["faults"] == [], done.stderr
    assert found["kills"] == kills, found
    assert found["steps"] >= 100, found
    assert found["phases"]["told"] >= kills // 4, found  # where something can be stuck
    assert found["phases"].get("ended", 0) <= kills // 10, found  # steps that did not come this time
