"""What Lictor does on Windows, done for real to processes and files of its own: each deed is undone, and proven or not.

This is the test that a customer runs on a host of his: nothing here believes a return code.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import numpy as np

from collectors.etw import tracing
from collectors.etw.inbox import Inbox
from collectors.etw.machine import processes
from collectors.etw.sessions import PROCESS, Owner
from collectors.interface import CollectorError
from enforcer.interface import KeeperError, Order, Outcome
from enforcer.vault.record import VaultError
from enforcer.windows import process
from enforcer.windows.give_back import restore
from enforcer.windows.isolate import ProgramBlock
from enforcer.windows.job import Job
from enforcer.windows.keeper import Keeper
from enforcer.windows.launch import launch
from enforcer.windows.quarantine import Quarantine
from enforcer.windows.suspension import is_made
from enforcer.windows.vault import WindowsVault
from lictor.probes.check import FAIL, OK, WARN, Check, Probe

_SLEEPS = "import time; time.sleep(60)"
_PATIENCE_S = 5.0
_LEASE_S = 0.3
_STARTED = 1
"""Id of the event of Kernel-Process that tells of a start; its payload begins with the pid."""


def session() -> Check:
    """A session is started, tells of a process that is started meanwhile, and is stopped."""
    costs = "the live source cannot be used; the portable one sees less"
    if (reason := tracing.installed()) is not None:
        return Check("ETW session", WARN, reason, costs, "pip install pywintrace==0.2.0")
    inbox = Inbox()
    created = next((one.created for one in processes() if one.pid == os.getpid()), 0)
    trace = tracing.Trace(PROCESS, Owner(os.getpid(), created).name(PROCESS), inbox.put)
    try:
        trace.start()
    except (CollectorError, OSError) as error:
        return Check("ETW session", WARN, str(error), costs, "run as administrator or as a service")
    try:
        seen = _tells_of(inbox, trace)
    finally:
        lost = trace.stop()
    if not seen:
        found = f"started, but it did not tell of an own process within {_PATIENCE_S:g} s"
        return Check(
            "ETW session", WARN, found, costs, "look whether another product filters the provider, and report it"
        )
    return Check(
        "ETW session", OK, f"started, told of an own process, stopped; {lost.events if lost else 0} events lost"
    )


def _tells_of(inbox: Inbox, trace: tracing.Trace) -> bool:
    pid = subprocess.run([sys.executable, "-S", "-c", "import os; print(os.getpid())"], capture_output=True, check=True)
    wanted, deadline = int(pid.stdout), time.monotonic() + _PATIENCE_S
    while time.monotonic() < deadline:
        with suppress(OSError, tracing.SessionGoneError):
            trace.flush()
        if _has(inbox, wanted):
            return True
        time.sleep(0.05)
    return False


def _has(inbox: Inbox, pid: int) -> bool:
    """Whether one of the records that came is that of the start of a process."""
    taken = inbox.take()
    starts = taken.records[taken.records["id"] == _STARTED]["start"]
    return any(taken.data[at : at + 4].view(np.uint32)[0] == pid for at in starts.tolist())


def job() -> Check:
    """A process is started inside a job and ended by one call."""
    name, costs = "job object", "runs cannot be ended as a whole"
    with _child() as (group, pid, key):
        if group.pids() != [pid]:
            return Check(name, FAIL, f"the job lists {group.pids()} and not {pid}", costs, "report it")
        group.kill()
        gone = group.wait_empty(_PATIENCE_S) and process.wait_gone(pid, key, _PATIENCE_S) is not None
    if not gone:
        return Check(
            name, FAIL, f"process {pid} was there {_PATIENCE_S:g} s after TerminateJobObject", costs, "report it"
        )
    return Check(name, OK, "an own process was started in a job and ended with it; the job lists nobody")


def suspend() -> Check:
    """A process is made to stand still, and goes on."""
    name, costs = "suspend", "runs cannot be held for a person's decision"
    with _child() as (group, pid, _):
        still = group.freeze(_PATIENCE_S)
        again = group.thaw(_PATIENCE_S)
    if not (still and again):
        found = f"process {pid} was {'not ' if not still else ''}seen to stand still, and {'went on' if again else 'did not go on'}"
        return Check(name, FAIL, found, costs, "report it")
    return Check(name, OK, "an own process stood still by the count of suspensions of its threads, and went on")


def keeper() -> Check:
    """A keeper is started and lets a process go on that stands still for longer than was said."""
    name, costs = "keeper", "what is frozen stays frozen should Lictor die"
    with tempfile.TemporaryDirectory() as folder, _child() as (group, pid, key):
        log = Path(folder) / "keeper"
        try:
            beside = Keeper.start(log)
        except KeeperError as error:
            return Check(name, FAIL, str(error), costs, "report it")
        try:
            beside.add("doctor", group, "closed", [(pid, key)])
            group.tell(lambda halt: beside.halt("doctor", halt))
            beside.lease("doctor", _LEASE_S, "release")
            still = group.freeze(_PATIENCE_S)
            again = _went_on(group)
            beside.look()
        except KeeperError as error:
            return Check(name, FAIL, str(error), costs, "report it")
        finally:
            beside.close()
        if not (still and again):
            found = f"process {pid} was {'not ' if not still else ''}seen to stand still, and {'went on' if again else 'did not go on'}"
            return Check(name, FAIL, found, costs, "report it")
    return Check(name, OK, "it let an own process go on that had stood still for too long, and ended at a word")


def _went_on(group: Job) -> bool:
    deadline = time.monotonic() + _PATIENCE_S
    while any(is_made(halt) for halt in group.halts):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


def quarantine() -> Check:
    """A file of ours is taken away, with its access list read back, and comes back."""
    name, costs = "quarantine", "files cannot be taken away for good"
    with tempfile.TemporaryDirectory() as folder:
        vault, file = WindowsVault(str(Path(folder) / "vault")), Path(folder) / "lictor-doctor.txt"
        file.write_bytes(b"lictor doctor")
        order = Order("quarantine", run="doctor", process_key=0, pid=0, object=str(file))
        told = Quarantine(vault, _nobody_is_ended)(order, "doctor")
        try:
            back = restore(vault, next(iter(vault.root.glob("records/*.json"))).stem).state
        except (StopIteration, OSError, VaultError) as error:
            return Check(name, FAIL, f"{told.evidence}; not restored: {error}", costs, "report it")
    state = OK if told.confirmed else WARN
    fix = "" if told.confirmed else "run as administrator, on a volume with NTFS"
    return Check(name, state, f"{told.evidence}; then {back}", "" if told.confirmed else costs, fix)


def firewall() -> Check:
    """A block rule for a program that does not exist is set, read back and removed."""
    name, costs = "firewall", "the network of a run cannot be cut"
    block = ProgramBlock("doctor", lambda: [str(Path(tempfile.gettempdir()) / "lictor-doctor-nothing.exe")])
    cut, joined = block.cut(), block.join()
    if cut.confirmed and joined.confirmed:
        return Check(name, OK, "a block rule was set, read back and removed")
    return Check(
        name,
        WARN,
        f"{cut.evidence}; {joined.evidence}",
        costs,
        "run as administrator; look for rules of your group policy",
    )


def _nobody_is_ended(pid: int, key: int) -> Outcome:  # noqa: ARG001 - a quarantine asks so
    return Outcome("failed", "the doctor ends nobody")


@contextmanager
def _child() -> Iterator[tuple[Job, int, int]]:
    """A process of ours in a job that ends with the block: (job, pid, process key)."""
    group = Job(fail="closed")
    try:
        launched = launch(group, [sys.executable, "-S", "-c", _SLEEPS])
        yield group, launched.pid, launched.key
    finally:
        group.kill()
        group.wait_empty(_PATIENCE_S)
        group.close()


PROBES: tuple[Probe, ...] = (session, job, suspend, keeper, quarantine, firewall)
