import errno
import os
import signal
import subprocess
import sys
import threading
import time
import uuid
from dataclasses import replace
from pathlib import Path

import pytest

from collectors.identity import process_key_from_proc
from enforcer.guard import Guard
from enforcer.interface import LEASE_MARGIN_S, GuardRefusal, Limits, Order, Outcome, RunHandle
from enforcer.linux import enforcer as module
from enforcer.linux.cgroup import RunCgroup
from enforcer.linux.cgroupfs import CgroupError
from enforcer.linux.enforcer import LinuxEnforcer
from enforcer.linux.reopen import open_as
from enforcer.linux.signalled import Signalled
from enforcer.rate import Rate
from enforcer.vault.record import VaultError
from enforcer.vault.store import Vault
from enforcer.vault.take import take


def order(pid, run="r", key=None):
    return Order("kill", run, process_key_from_proc(pid) if key is None else key, pid)


@pytest.fixture
def child():
    with subprocess.Popen(["sleep", "60"]) as process:
        yield process
        process.kill()


@pytest.fixture
def enforcer():
    return LinuxEnforcer()


def test_kills_and_proves_one_process(enforcer, child):
    asked = order(child.pid)
    assert enforcer.wait_gone(asked, 0) is None
    assert enforcer.kill_process(asked, 5).confirmed
    assert enforcer.wait_gone(asked, 0).confirmed


def test_the_guard_stands_before_every_order(enforcer):
    for pid in (os.getpid(), os.getppid(), 1):
        with pytest.raises(GuardRefusal):
            enforcer.kill_process(order(pid), 0)
    with pytest.raises(GuardRefusal):
        enforcer.kill_process(order(os.getpid(), run=""), 0)


def survivors_of(mark, marked):
    def find():
        return [(pid, process_key_from_proc(pid)) for pid in marked(mark)]

    return find


def test_kill_of_a_run_reaches_those_who_left_the_cgroup(enforcer, place, marked):
    mark = f"LICTOR_TEST={uuid.uuid4().hex}"
    leave = f"echo $$ > {place.directory}/elsewhere/cgroup.procs; exec setsid sleep 300"
    (place.directory / "elsewhere").mkdir()
    with RunCgroup.create("r", [place]) as group:
        root = subprocess.Popen(
            ["sh", "-c", f"sh -c '{leave}' & sleep 0.1; echo ready; wait"],
            preexec_fn=lambda: group.add(0),  # noqa: PLW1509 - no threads here
            stdout=subprocess.PIPE, text=True, env=os.environ | {"LICTOR_TEST": mark.split("=")[1]},
        )  # fmt: skip
        root.stdout.readline()
        assert len(group.pids()) == len(marked(mark)) - 1
        handle = RunHandle("r", group=group, survivors=survivors_of(mark, marked))
        assert enforcer.wait_run_gone(order(root.pid), handle, 0) is None
        outcome = enforcer.kill_run(order(root.pid), handle, 5)
        assert outcome.confirmed, outcome
        assert outcome.evidence == (
            "cgroup.kill written; cgroup.events shows populated 0; no tagged process is left elsewhere"
        )
        assert marked(mark) == []
        root.communicate()


def test_a_run_without_a_cgroup_is_ended_by_its_tags(enforcer, marked):
    mark = f"LICTOR_TEST={uuid.uuid4().hex}"
    code = "import os,time\nfor _ in range(5): os.fork()\nos.write(1,b'x')\ntime.sleep(60)"
    root = subprocess.Popen(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, env=os.environ | {"LICTOR_TEST": mark[12:]}
    )
    assert len(root.stdout.read(32)) == 32
    handle = RunHandle("r", survivors=survivors_of(mark, marked))
    assert enforcer.kill_run(order(root.pid), handle, 5).confirmed
    assert marked(mark) == []
    root.communicate()


def test_a_group_that_holds_lictor_is_not_killed(enforcer, place):
    with RunCgroup.create("r", [place]) as group:
        before = Path("/proc/self/cgroup").read_text().rsplit("0::", 1)[1].strip()
        group.add(0)
        try:
            with pytest.raises(GuardRefusal, match="Lictor itself"):
                enforcer.kill_run(order(os.getpid()), RunHandle("r", group=group), 0)
        finally:
            procs = place.directory.parents[len(Path(place.path).parts) - 2] / before.lstrip("/") / "cgroup.procs"
            procs.write_text("0")


def test_a_tagged_process_that_is_protected_stops_the_order(enforcer):
    handle = RunHandle("r", survivors=lambda: [(os.getpid(), process_key_from_proc(os.getpid()))])
    with pytest.raises(GuardRefusal, match="Lictor itself"):
        enforcer.kill_run(order(os.getpid()), handle, 0)


def test_a_survivor_that_is_gone_by_now_does_not_count(enforcer, child):
    stale = (child.pid, process_key_from_proc(child.pid) ^ 1)
    assert enforcer.kill_run(order(child.pid), RunHandle("r", survivors=lambda: [stale]), 0).confirmed
    assert child.poll() is None


def test_what_lives_on_is_never_claimed_as_killed(enforcer, child):
    class Stubborn:
        def pids(self):
            return [child.pid]

        def kill(self):
            return None

        def wait_empty(self, timeout):
            return timeout < 0

    outcome = enforcer.kill_run(order(child.pid), RunHandle("r", group=Stubborn()), 0.02)
    assert (outcome.enforcement, outcome.evidence) == ("unverified", "cgroup.kill written")


def test_a_cgroup_that_may_not_be_killed_is_a_failure_with_its_reason(enforcer, child):
    class Foreign:
        def pids(self):
            return []

        def kill(self):
            raise CgroupError("cannot kill /x: Permission denied; run as the user who made it")

    outcome = enforcer.kill_run(order(child.pid), RunHandle("r", group=Foreign()), 0)
    assert (outcome.enforcement, "Permission denied" in outcome.evidence) == ("failed", True)


# Standing still


COUNT = """
import os, sys, time
if os.fork() == 0:
    os.setsid()
    os.fork()
    time.sleep(300)
    os._exit(0)
n = 0
while True:
    n += 1
    os.pwrite(1, b"%020d" % n, 0)
"""


class Tree:
    """Processes that count into a file, in a cgroup; what they do is read from the file and from ``/proc``."""

    def __init__(self, place, folder, mark):
        self.mark, self.file = mark, folder / "count"
        self.group = RunCgroup.create("r", [place])
        with self.file.open("wb") as out:
            self.root = subprocess.Popen(
                [sys.executable, "-c", COUNT], stdout=out, env=os.environ | {"LICTOR_TEST": mark},
                preexec_fn=lambda: self.group.add(0),  # noqa: PLW1509 - no threads here
            )  # fmt: skip
        self.leases = []
        self.wait_for(self.moves)

    def handle(self, survivors=lambda: (), **more):
        return RunHandle("r", survivors=survivors, lease=self.lease, **{"group": self.group} | more)

    def lease(self, seconds):
        self.leases.append((seconds, frozen(self.group)))

    def moves(self):
        before = self.file.read_bytes()
        time.sleep(0.1)
        return self.file.read_bytes() != before

    def stop(self):
        self.root.send_signal(signal.SIGSTOP)
        self.wait_for(lambda: state(self.root.pid) == "T")

    @staticmethod
    def wait_for(condition):
        deadline = time.monotonic() + 10
        while not condition():
            assert time.monotonic() < deadline

    def end(self):
        self.group.kill()
        self.root.wait()
        self.group.wait_empty(5)
        self.group.remove()


def frozen(group):
    return "frozen 1" in (group.directory / "cgroup.events").read_text()


def state(pid):
    return Path(f"/proc/{pid}/stat").read_bytes().rpartition(b")")[2].split()[0].decode()


def ticks(pids):
    """What the kernel says each has computed so far."""
    return {pid: Path(f"/proc/{pid}/stat").read_bytes().rpartition(b")")[2].split()[11:13] for pid in pids}


@pytest.fixture
def tree(place, tmp_path):
    made = Tree(place, tmp_path, uuid.uuid4().hex)
    yield made
    made.end()


def until_seen(look):
    """The proof, which may come at a later look."""
    deadline = time.monotonic() + 5
    while (outcome := look()) is None and time.monotonic() < deadline:
        time.sleep(0.002)
    return outcome


def test_a_run_stands_still_and_goes_on(enforcer, tree, marked):
    outcome = enforcer.freeze_run(order(tree.root.pid), tree.handle(), 5)
    assert outcome.confirmed, outcome
    pids = marked(tree.mark)
    assert len(pids) >= 3
    assert outcome.evidence == f"cgroup.events shows frozen 1, {len(pids)} processes; none of the run is elsewhere"
    before = ticks(pids)
    assert not tree.moves()
    assert ticks(pids) == before
    assert enforcer.thaw_run(order(tree.root.pid), tree.handle(), 5).evidence == "cgroup.events shows frozen 0"
    tree.wait_for(tree.moves)


def test_where_no_cgroup_can_be_had_signals_stop_a_run_and_let_it_go_on(enforcer, tree, marked):
    def refused():
        raise CgroupError("may not be made")

    leases = []
    survivors = survivors_of(tree.mark, marked)
    handle = replace(
        tree.handle(), group=None, gather=refused, survivors=survivors, signals=Signalled(survivors), lease=leases.append
    )  # fmt: skip
    asked = order(tree.root.pid)
    outcome = enforcer.freeze_run(asked, handle, 5)
    assert outcome.confirmed, outcome
    assert "stopped by SIGSTOP" in outcome.evidence
    assert not tree.moves()
    assert enforcer.wait_run_frozen(asked, handle, 0).confirmed
    assert enforcer.thaw_run(asked, handle, 5).evidence == "SIGCONT sent; /proc shows none of them stopped"
    tree.wait_for(tree.moves)
    assert leases == [Limits().seconds + LEASE_MARGIN_S, None]
    assert enforcer.freeze_run(asked, replace(handle, signals=None), 0) == Outcome("failed", "may not be made")


def test_a_freeze_that_is_not_waited_for_is_proven_later(enforcer, tree):
    asked, handle = order(tree.root.pid), tree.handle()
    outcome = enforcer.freeze_run(asked, handle, 0)
    assert outcome.enforcement in ("confirmed", "unverified")
    assert until_seen(lambda: enforcer.wait_run_frozen(asked, handle, 0)).confirmed
    assert frozen(tree.group)


def test_the_lease_is_there_before_anybody_stands_still_and_ends_with_it(enforcer, tree):
    handle = tree.handle(limits=Limits(90.0))
    enforcer.freeze_run(order(tree.root.pid), handle, 5)
    enforcer.thaw_run(order(tree.root.pid), handle, 5)
    assert tree.leases == [(90 + LEASE_MARGIN_S, False), (None, False)]


def test_who_has_left_the_cgroup_is_moved_back_and_stands_still(enforcer, tree, place, marked):
    elsewhere = place.directory / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "cgroup.procs").write_text(str(tree.root.pid))  # the one that counts
    handle = tree.handle(survivors_of(f"LICTOR_TEST={tree.mark}", marked))
    first = enforcer.freeze_run(order(tree.root.pid), handle, 1)
    assert first.enforcement == "unverified"  # it was moved; that it stands still is seen at the next look
    assert until_seen(lambda: enforcer.wait_run_frozen(order(tree.root.pid), handle, 0.1)).confirmed
    assert Path(f"/proc/{tree.root.pid}/cgroup").read_text().strip().endswith(tree.group.path)
    assert not tree.moves()


def test_a_survivor_that_ended_meanwhile_is_no_obstacle(enforcer, tree, child):
    key = process_key_from_proc(child.pid)

    def stale():
        child.kill()
        child.wait()
        return [(child.pid, key)]

    assert enforcer.freeze_run(order(tree.root.pid), tree.handle(stale), 5).confirmed


def test_one_that_ends_right_before_it_is_moved_is_looked_for_again(enforcer, child):
    group = Fake(child.pid, add=ProcessLookupError())
    handle = RunHandle("r", group=group, survivors=lambda: [(child.pid, process_key_from_proc(child.pid))])
    assert enforcer.freeze_run(order(child.pid), handle, 0).enforcement == "unverified"


@pytest.mark.parametrize("error", [CgroupError("cannot move process 7"), OSError(16, "busy")])
def test_one_that_cannot_be_moved_is_a_failure(enforcer, child, error):
    group = Fake(child.pid, add=error)
    handle = RunHandle("r", group=group, survivors=lambda: [(child.pid, process_key_from_proc(child.pid))])
    assert enforcer.freeze_run(order(child.pid), handle, 0) == Outcome("failed", str(error))


def test_a_protected_process_elsewhere_is_not_moved(enforcer, child):
    group = Fake(child.pid)
    handle = RunHandle("r", group=group, survivors=lambda: [(os.getpid(), process_key_from_proc(os.getpid()))])
    with pytest.raises(GuardRefusal, match="Lictor itself"):
        enforcer.wait_run_frozen(order(child.pid), handle, 0)
    assert group.added == []


def test_a_run_that_has_ended_is_a_failure_and_no_exception(enforcer, place, child):
    """Its cgroup is gone by the time that somebody looks whether it stands still."""
    with RunCgroup.create("r", [place]) as group:
        handle = RunHandle("r", group=group)
    assert enforcer.wait_run_frozen(order(child.pid), handle, 0).enforcement == "failed"
    assert enforcer.thaw_run(order(child.pid), handle, 0).enforcement == "failed"
    assert enforcer.freeze_run(order(child.pid), handle, 0).enforcement == "failed"


def test_a_run_that_cannot_be_gathered_is_not_frozen_and_has_no_lease(enforcer, child):
    leases = []

    def gather():
        raise CgroupError("the tree did not come to rest")

    for handle in (RunHandle("r", lease=leases.append), RunHandle("r", gather=gather, lease=leases.append)):
        assert enforcer.freeze_run(order(child.pid), handle, 0).enforcement == "failed"
    assert leases == []


def test_a_run_that_was_found_is_gathered_first(enforcer, tree):
    gathered = []
    handle = tree.handle(group=None, gather=lambda: gathered.append(1) or tree.group)
    assert enforcer.freeze_run(order(tree.root.pid), handle, 5).confirmed
    assert gathered
    assert not tree.moves()


def test_a_group_with_a_protected_process_is_not_frozen_and_has_no_lease(enforcer, child):
    group, leases = Fake(child.pid, os.getpid()), []
    with pytest.raises(GuardRefusal, match="Lictor itself"):
        enforcer.freeze_run(order(child.pid), RunHandle("r", group=group, lease=leases.append), 0)
    assert (group.did, leases) == ([], [])


def test_a_group_that_does_not_thaw_is_never_claimed_to(enforcer, child):
    leases = []
    handle = RunHandle("r", group=Fake(child.pid, thaws=False), lease=leases.append)
    assert enforcer.thaw_run(order(child.pid), handle, 0).enforcement == "failed"
    assert leases == []  # whoever holds the lease must still see to it


class Fake:
    """A group that does as it is told, and writes it down."""

    def __init__(self, *pids, add=None, thaws=True):
        self._pids, self._add, self._thaws = [pids[0]] if add else list(pids), add, thaws
        self._inside = [] if add else list(pids)
        self.did, self.added = [], []

    def pids(self):
        return self._inside

    def add(self, pid):
        if self._add is not None:
            raise self._add
        self.added.append(pid)

    def freeze(self, timeout):
        self.did.append("freeze")
        return timeout >= 0

    def thaw(self, timeout):
        self.did.append("thaw")
        return self._thaws and timeout >= 0


# Stopped, frozen, and what may be done to those


@pytest.mark.parametrize("stops", ["before", "once it would go on"])
def test_one_that_was_stopped_goes_on_when_its_run_does(enforcer, tree, stops):
    """As after a release: told to go on while all stand still, and off with the rest."""
    asked, handle = order(tree.root.pid), tree.handle()
    if stops == "before":
        tree.stop()
    assert enforcer.freeze_run(asked, handle, 5).confirmed
    tree.root.send_signal(signal.SIGSTOP)
    assert (state(tree.root.pid) == "T") is (stops == "before")
    assert enforcer.continue_process(asked).confirmed
    assert state(tree.root.pid) != "T"
    assert not tree.moves()
    assert enforcer.thaw_run(asked, handle, 5).confirmed
    tree.wait_for(tree.moves)


def test_to_thaw_is_not_to_let_a_stopped_one_go_on(enforcer, tree):
    tree.stop()
    enforcer.freeze_run(order(tree.root.pid), tree.handle(), 5)
    enforcer.thaw_run(order(tree.root.pid), tree.handle(), 5)
    assert not tree.moves()
    assert state(tree.root.pid) == "T"


@pytest.mark.parametrize("stopped", [False, True])
def test_a_frozen_process_can_be_killed_and_the_rest_goes_on(enforcer, tree, stopped):
    asked, handle = order(tree.root.pid), tree.handle()
    if stopped:
        tree.stop()
    enforcer.freeze_run(asked, handle, 5)
    assert enforcer.kill_process(asked, 5).confirmed
    assert tree.root.wait(5) == -signal.SIGKILL
    assert enforcer.thaw_run(asked, handle, 5).confirmed
    assert len(tree.group.pids()) >= 1


def test_a_frozen_run_can_be_killed(enforcer, tree, marked):
    asked = order(tree.root.pid)
    handle = tree.handle(survivors_of(f"LICTOR_TEST={tree.mark}", marked))
    tree.stop()
    assert enforcer.freeze_run(asked, handle, 5).confirmed
    assert enforcer.kill_run(asked, handle, 5).confirmed
    assert marked(tree.mark) == []


def test_whoever_stands_still_may_go_on_also_where_it_may_not_be_killed(tree):
    enforcer = LinuxEnforcer(Guard(exe=lambda _: "/usr/bin/runc", of_root=lambda _: True))
    asked = order(tree.root.pid)
    tree.stop()
    with pytest.raises(GuardRefusal, match="is runc"):
        enforcer.kill_process(asked, 0)
    assert enforcer.continue_process(asked).confirmed
    tree.wait_for(tree.moves)


# How much, and whom


def test_nothing_is_done_to_a_run_that_holds_up_others(tree, marked):
    """A container runtime of root's among its processes: the run as a whole is not touched."""
    enforcer = LinuxEnforcer(Guard(exe=lambda _: "/usr/bin/containerd", of_root=lambda _: True))
    asked, handle = order(tree.root.pid), tree.handle(network=Net)
    for deed in (
        lambda: enforcer.freeze_run(asked, handle, 0), lambda: enforcer.kill_run(asked, handle, 0),
        lambda: enforcer.cut_network(asked, handle), lambda: enforcer.kill_process(asked, 0),
    ):  # fmt: skip
        with pytest.raises(GuardRefusal, match="holds up more than this run"):
            deed()
    assert tree.moves()
    assert not frozen(tree.group)


def test_too_many_kills_in_one_run_are_a_failure_and_not_the_end_of_it(child):
    enforcer = LinuxEnforcer(Guard(rate=lambda most: Rate(min(most, 1))))
    nobody = order(2**22 + 7, key=1)
    enforcer.kill_process(nobody, 0)
    outcome = enforcer.kill_process(order(child.pid), 0)
    assert (outcome.enforcement, "acted on as a whole" in outcome.evidence) == ("failed", True)
    assert child.poll() is None
    assert enforcer.kill_process(replace(order(child.pid), actor="root"), 5).confirmed


def test_too_many_runs_are_refused(child):
    enforcer = LinuxEnforcer(Guard(rate=lambda most: Rate(min(most, 1))))
    handle = RunHandle("r", network=Net)
    assert enforcer.cut_network(order(child.pid), handle).confirmed
    other = replace(order(child.pid), run="other")
    with pytest.raises(GuardRefusal, match="a person must order"):
        enforcer.cut_network(other, replace(handle, run="other"))
    assert enforcer.cut_network(replace(other, actor="root"), replace(handle, run="other")).confirmed


# The network


class Net:
    def cut(self):
        return Outcome("confirmed", "cut")

    def join(self):
        return Outcome("confirmed", "joined")


class Broken:
    def cut(self):
        raise CgroupError("no program could be attached")

    join = cut


def test_a_network_is_cut_and_joined_by_whoever_knows_how(enforcer, child):
    handle = RunHandle("r", network=Net)
    assert enforcer.cut_network(order(child.pid), handle) == Outcome("confirmed", "cut")
    assert enforcer.join_network(order(child.pid), handle) == Outcome("confirmed", "joined")


@pytest.mark.parametrize("network", [None, Broken])
def test_a_network_that_cannot_be_is_a_failure(enforcer, child, network):
    handle = RunHandle("r", network=network)
    assert enforcer.cut_network(order(child.pid), handle).enforcement == "failed"
    assert enforcer.join_network(order(child.pid), handle).enforcement == "failed"


# A file


NOBODY = 65534


@pytest.fixture
def shelf(tmp_path):
    """A folder that everybody may enter, also where pytest has made those above it for one user."""
    if os.geteuid() != 0:
        pytest.skip("only root may take the rights of another user away and try as him")
    for parent in (tmp_path, *tmp_path.parents):
        if parent.stat().st_mode & 0o001 == 0:
            parent.chmod(parent.stat().st_mode | 0o011)
    return tmp_path


@pytest.fixture
def dropper(shelf):
    file = shelf / "work" / "dropper"
    file.parent.mkdir(mode=0o777)
    file.write_text("#!/bin/sh\necho bad\n")
    file.chmod(0o755)
    os.chown(file, NOBODY, NOBODY)
    return file


@pytest.fixture
def taker(shelf):
    """An enforcer with a real vault; ends with its thread."""
    vault = Vault(shelf / "vault")

    def quarantine(order, deed, inode):
        try:
            taken = take(vault, order.object, {"rule": order.rule}, inode, deed)
        except VaultError as error:
            return Outcome("failed", str(error))
        return Outcome("confirmed", f"{taken.record.how} {taken.record.deed}")

    made = LinuxEnforcer(Guard(files=[shelf / "lake"]), quarantine)
    made.vault = vault
    yield made
    made.close()


def kernel_inode(file):
    """The file as the sensor names it: 12 bits of major, 20 of minor."""
    status = file.stat()
    return (os.major(status.st_dev) << 20) | os.minor(status.st_dev), status.st_ino


def taken(enforcer, child, file, **more):
    wanted = replace(order(child.pid), action="quarantine", object=str(file), uid=NOBODY, **more)
    enforcer.begin_quarantine(wanted, "deed-1")
    return until_seen(lambda: enforcer.wait_quarantined(wanted, "deed-1", 0.1))


def test_a_file_is_taken_away_and_tried_by_its_name(taker, child, dropper):
    assert open_as(NOBODY, str(dropper)) == 0
    outcome = taken(taker, child, dropper, inode=kernel_inode(dropper))
    assert outcome == Outcome("confirmed", "moved deed-1; open by its name gives ENOENT")
    assert not dropper.exists()
    (record,) = taker.vault.records()
    assert (record.path, record.deed, record.traits.uid) == (str(dropper), "deed-1", NOBODY)
    assert open_as(NOBODY, str(dropper)) == errno.ENOENT


def test_another_name_of_it_is_no_way_to_it(taker, child, dropper):
    other = dropper.with_name("other")
    os.link(dropper, other)
    outcome = taken(taker, child, dropper)
    assert outcome.enforcement != "failed"
    assert open_as(NOBODY, str(other)) in (errno.EACCES, errno.ENOENT)


def test_a_file_that_came_in_its_place_is_not_taken_for_it(taker, child, dropper):
    meant = kernel_inode(dropper)
    dropper.rename(dropper.with_name("hidden"))
    dropper.write_text("somebody's work")
    outcome = taken(taker, child, dropper, inode=meant)
    assert (outcome.enforcement, "another file" in outcome.evidence) == ("failed", True)
    assert dropper.read_text() == "somebody's work"


def test_a_file_that_comes_between_the_look_and_the_deed_is_not_taken_for_it(taker, child, dropper, monkeypatch):
    """It was gone when its inode was looked up: whatever has its name later is another one."""
    meant, begun = kernel_inode(dropper), threading.Event()
    dropper.unlink()
    quarantine = taker._quarantine
    monkeypatch.setattr(taker, "_quarantine", lambda *args: begun.wait(10) and quarantine(*args))
    wanted = replace(order(child.pid), object=str(dropper), uid=NOBODY, inode=meant)
    taker.begin_quarantine(wanted, "deed-1")
    for number in range(50):  # the file system may give the number of the one that is gone to the next
        dropper.with_name(f"filler-{number}").touch()
    dropper.write_text("somebody's work")
    if kernel_inode(dropper) == meant:
        pytest.skip("the new file has the very inode of the old one: no one can tell them apart")
    begun.set()
    assert until_seen(lambda: taker.wait_quarantined(wanted, "deed-1", 0.1)).enforcement == "failed"
    assert dropper.read_text() == "somebody's work"


def test_a_file_that_can_still_be_opened_is_never_claimed_as_taken(child, dropper):
    liar = LinuxEnforcer(quarantine=lambda *_: Outcome("confirmed", "moved"))
    outcome = taken(liar, child, dropper)
    assert outcome == Outcome("unverified", "moved; a file of that name can still be opened")
    liar.close()


def test_a_vault_that_refuses_is_a_failure_with_its_reason(child, dropper):
    full = LinuxEnforcer(quarantine=lambda *_: Outcome("failed", "No space left on device"))
    assert taken(full, child, dropper) == Outcome("failed", "No space left on device")
    full.close()


def test_without_a_vault_nothing_is_taken(child, dropper):
    plain = LinuxEnforcer()
    assert taken(plain, child, dropper).enforcement == "failed"
    assert dropper.exists()
    plain.close()


def test_a_try_that_cannot_be_made_proves_nothing_and_is_no_failure(child, dropper, monkeypatch):
    def forbidden(*_):
        raise PermissionError(errno.EPERM, "may not become user 65534")

    monkeypatch.setattr(module, "open_as", forbidden)
    enforcer = LinuxEnforcer(quarantine=lambda *_: Outcome("confirmed", "moved"))
    outcome = taken(enforcer, child, dropper)
    assert (outcome.enforcement, "may not become user" in outcome.evidence) == ("unverified", True)
    enforcer.close()


def test_files_that_lictor_lives_on_and_too_many_files_are_refused(taker, child, shelf, dropper):
    with pytest.raises(GuardRefusal, match="belongs to Lictor"):
        taken(taker, child, shelf / "lake" / "wal")
    with pytest.raises(GuardRefusal, match="running program"):
        taken(taker, child, Path(sys.executable).resolve())
    few = LinuxEnforcer(Guard(rate=lambda _: Rate(0)), lambda *_: Outcome("confirmed", "moved"))
    with pytest.raises(GuardRefusal, match="a person must order"):
        taken(few, child, dropper)
    assert dropper.exists()
