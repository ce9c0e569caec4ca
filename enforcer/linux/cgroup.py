"""The control group of a run: the one handle that reaches every process an agent has started.

A walk over pids races with fork; ``cgroup.kill`` and ``cgroup.freeze`` do not, since the
kernel itself puts each child where its parent is. The group lies below ``lictor/`` in the
cgroup v2 tree, which need not be at ``/sys/fs/cgroup``. Its maker holds a file lock on it, so
that a later start can tell what a crashed one left behind from what is in use.
"""

from __future__ import annotations

import contextlib
import os
import re
import select
import signal
import time
from pathlib import Path
from typing import TYPE_CHECKING, Literal, NamedTuple, Self

from enforcer.linux import bare, cgroupfs
from enforcer.linux.cgroupfs import CgroupError, Place, cgroup2_mount

if TYPE_CHECKING:
    from collections.abc import Iterable
    from types import TracebackType

__all__ = ["CgroupError", "Reaped", "RunCgroup", "cgroup2_mount", "reap_stale"]

_RUN_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,127}")
# An agent that is root may make groups of its own below the run's. These limits keep the tree
# small enough to be walked and taken down again; containers inside a run need only a few levels.
_LIMITS = {"cgroup.max.depth": 64, "cgroup.max.descendants": 4096}

_FAIL = ("trusted.lictor.fail", "user.lictor.fail")
"""On a group's directory, for whoever comes after a crash: open, closed, or settled once that was seen to. The second is
for who may not write the first; an agent that is another user can write neither."""


class Reaped(NamedTuple):
    """What was done about a group whose Lictor had died."""

    run: str
    what: Literal["removed", "released", "killed", "stuck"]
    """Empty and removed; let go on; ended and removed; or it did not follow in time, and is tried again next time."""


class RunCgroup:
    """The cgroup of one run. A context manager: leaving it removes the group, which must be empty by then."""

    def __init__(self, run: str, place: Place, descriptor: int) -> None:
        """Use ``create``; this only ties the parts together."""
        self.run = run
        self.directory: Path = place.directory / run
        self.path: str = f"{place.path.rstrip('/')}/{run}"
        """Where it is in the cgroup v2 tree, as ``/proc/<pid>/cgroup`` of a member shows it."""
        self.descriptor = descriptor
        """Open directory, locked while the run is ours; what BPF programs are attached to."""

    @classmethod
    def create(
        cls, run: str, among: Iterable[Place] | None = None, *, fail: Literal["open", "closed"] = "open"
    ) -> Self:
        """Make the cgroup of a run, below the root of the tree or else below Lictor's own cgroup.

        ``fail`` says what becomes of it when Lictor dies and its keeper too: ``reap_stale`` of a later start reads it.
        Takes over an empty group of the same name that nobody holds. Raises ``CgroupError`` when
        no place is writable, when the name is in use, or when it cannot be a directory name.
        """
        if not _RUN_ID.fullmatch(run):
            raise CgroupError(f"run id {run!r} cannot name a cgroup; use letters, digits, '.', '_' and '-'")
        refusals: list[str] = []
        for place in cgroupfs.places() if among is None else among:
            try:
                group = cls._create_at(run, place)
            except OSError as error:
                refusals.append(f"{place.directory}: {error.strerror}")
            else:
                _mark(group.descriptor, fail)
                return group
        raise CgroupError(
            f"cannot make a cgroup for run {run} ({'; '.join(refusals)}); "
            "run as root, or under `systemd-run --user --scope -p Delegate=yes`"
        )

    @classmethod
    def _create_at(cls, run: str, place: Place) -> Self:
        place.directory.mkdir(exist_ok=True)
        directory = place.directory / run
        for _ in range(5):  # a reaper may hold or remove the new group in the instant before it is locked
            made = _make(directory)
            descriptor = cgroupfs.lock(directory)
            if descriptor is None:
                time.sleep(0.002)
                continue
            group = cls(run, place, descriptor)
            if made and group._is_current():
                return group._limited()
            # What a crashed run left is not used again: it may be frozen, limited or full of groups.
            group._clear()
        raise CgroupError(f"run {run} already has a cgroup that is in use: {directory}; take another run id")

    def _limited(self) -> Self:
        try:
            for name, limit in _LIMITS.items():
                self._write(name, str(limit))
        except OSError:
            self.remove()
            raise
        return self

    def _clear(self) -> None:
        try:
            if self._is_current() and not cgroupfs.remove_tree(self.directory):
                raise CgroupError(f"cgroup {self.directory} still holds processes of an earlier run; end them first")
        finally:
            self.close()

    def _is_current(self) -> bool:
        try:
            return os.path.samestat(self.directory.stat(), os.fstat(self.descriptor))
        except FileNotFoundError:
            return False

    @property
    def id(self) -> int:
        """The kernel's 64-bit cgroup id, as ``bpf_get_current_cgroup_id`` gives it."""
        return os.fstat(self.descriptor).st_ino

    def add(self, pid: int) -> None:
        """Move a process with all its threads into the group; 0 means the caller.

        Raises ``ProcessLookupError`` when it is gone and ``CgroupError`` when it may not be moved.
        """
        try:
            self._write("cgroup.procs", str(pid))
        except ProcessLookupError:
            raise
        except OSError as error:
            raise CgroupError(
                f"cannot move process {pid} into {self.path}: {error.strerror}; "
                "kernel threads and other users' processes cannot be moved"
            ) from error

    def pids(self) -> list[int]:
        """Every process in the group and in groups below it, also those the agent made itself."""
        return [pid for directory in cgroupfs.subtree(self.directory) for pid in cgroupfs.members(directory)]

    def kill(self) -> None:
        """Send SIGKILL to everything in the group and below, and return at once.

        The kernel (≥ 5.14) does it against forks too; on an older one the group is frozen and
        signalled until it stays empty, at most a second.
        """
        try:
            self._write("cgroup.kill", "1")
        except OSError as error:  # an older kernel, or the group is gone: then there is nobody to signal
            if error.errno not in cgroupfs.GONE:
                raise CgroupError(f"cannot kill {self.path}: {error.strerror}; run as the user who made it") from error
            self._kill_by_signals()

    def _kill_by_signals(self, timeout: float = 1.0) -> None:
        # Frozen processes cannot fork, and the cgroup v2 freezer lets SIGKILL through.
        with contextlib.suppress(OSError):
            self._write("cgroup.freeze", "1")
        deadline = time.monotonic() + timeout
        while (pids := self.pids()) and time.monotonic() < deadline:
            self._signal(pids, signal.SIGKILL)
            self.wait_empty(0.01)
        with contextlib.suppress(OSError):
            self._write("cgroup.freeze", "0")

    def continue_stopped(self) -> int:
        """SIGCONT to every member that a signal has stopped, or will stop once it is thawed; how many those were."""
        return self._signal([pid for pid in self.pids() if bare.stops(pid)], signal.SIGCONT)

    def _signal(self, pids: list[int], number: int) -> int:
        return len(bare.send(pids, number, lambda: set(self.pids()))) if pids else 0

    def freeze(self, timeout: float = 1.0) -> bool:
        """Stop everything in the group; true once the kernel reports that it stands still."""
        return self._set_frozen(wanted=True, timeout=timeout)

    def thaw(self, timeout: float = 1.0) -> bool:
        """Let the group run again; true once the kernel reports that it does."""
        return self._set_frozen(wanted=False, timeout=timeout)

    def _set_frozen(self, *, wanted: bool, timeout: float) -> bool:
        try:
            self._write("cgroup.freeze", str(int(wanted)))
        except OSError as error:
            raise CgroupError(
                f"cannot {'freeze' if wanted else 'thaw'} {self.path}: {error.strerror}; "
                "cgroup.freeze needs a kernel of 5.2 or later and the right to write it"
            ) from error
        return self._wait("frozen", wanted=wanted, timeout=timeout)

    def populated(self) -> bool:
        """Whether any process lives in the group or below; false also when the group is gone."""
        return bool(cgroupfs.events(self.directory).get("populated", 0))

    def wait_empty(self, timeout: float) -> bool:
        """Wait at most ``timeout`` seconds until no process is left; false when some still live."""
        return self._wait("populated", wanted=False, timeout=timeout)

    def _wait(self, key: str, *, wanted: bool, timeout: float) -> bool:
        deadline, pause = time.monotonic() + timeout, 0.001
        descriptor = cgroupfs.open_events(self.directory)
        if descriptor is None:
            return not wanted
        try:
            poll = select.poll()
            poll.register(descriptor, select.POLLPRI)
            while (state := cgroupfs.read_events(descriptor)) and state[key] != wanted:
                left = deadline - time.monotonic()
                if left <= 0:
                    return False
                # The kernel holds a notice back for up to 10 ms, and a removed group gives none.
                poll.poll(min(left, pause) * 1000)
                pause = min(2 * pause, 0.1)
            return bool(state) or not wanted
        finally:
            os.close(descriptor)

    def remove(self, timeout: float = 1.0) -> None:
        """Remove the group and all groups below it, and give up the lock; nothing to do when it is gone.

        A group stays busy for an instant after its last process; raises ``CgroupError`` when it
        still is after ``timeout`` seconds, and keeps the lock then.
        """
        deadline = time.monotonic() + timeout
        while not cgroupfs.remove_tree(self.directory):
            if time.monotonic() > deadline:
                raise CgroupError(f"cgroup {self.path} still holds processes {self.pids()[:5]}; kill the run first")
            self.wait_empty(0.02)
            time.sleep(0.002)
        self.close()

    def close(self) -> None:
        """Give up the lock and leave the group as it is; safe to call twice."""
        if self.descriptor >= 0:
            os.close(self.descriptor)
            self.descriptor = -1

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.remove()

    def _write(self, name: str, text: str) -> None:
        cgroupfs.write(self.directory / name, text)


def _make(directory: Path) -> bool:
    """Make a group; false when it is already there."""
    try:
        directory.mkdir()
    except FileExistsError:
        return False
    return True


def _mark(descriptor: int, what: str) -> None:
    for name in _FAIL:
        with contextlib.suppress(OSError):
            os.setxattr(descriptor, name, what.encode())
            return


def _marked(descriptor: int) -> str:
    """What a group's marker says; "open" without one: nobody may be killed on a guess."""
    for name in _FAIL:
        with contextlib.suppress(OSError):
            return os.getxattr(descriptor, name).decode()
    return "open"


def reap_stale(among: Iterable[Place] | None = None) -> list[Reaped]:
    """See to the cgroups that crashed runs left behind; gives those about which something was done.

    A group that is locked (its Lictor lives) or that is another user's stays. An empty one is removed. One that still
    holds processes has lost its Lictor and its keeper: it is ended where the run was to fail closed, else what was
    frozen or stopped goes on, once. Without a cgroup v2 tree there is nothing to do.
    """
    try:
        searched = cgroupfs.places() if among is None else among
    except CgroupError:
        return []
    found = [(place, directory) for place in searched for directory in cgroupfs.children(place.directory)]
    return [Reaped(directory.name, what) for place, directory in found if (what := _reap(place, directory)) is not None]


def _reap(place: Place, directory: Path) -> Literal["removed", "released", "killed", "stuck"] | None:
    """See to one group, unless somebody holds it."""
    try:
        descriptor = cgroupfs.lock(directory)
        if descriptor is None:
            return None
        try:
            return _settle(RunCgroup(directory.name, place, descriptor))
        finally:
            os.close(descriptor)
    except (PermissionError, CgroupError):
        return None


def _settle(group: RunCgroup) -> Literal["removed", "released", "killed", "stuck"] | None:
    if not group.populated():
        return "removed" if cgroupfs.remove_tree(group.directory) else None
    fail = _marked(group.descriptor)
    if fail == "closed":
        group.kill()
        group.wait_empty(1.0)
        return "killed" if cgroupfs.remove_tree(group.directory) else "stuck"
    if fail == "settled":
        return None
    return _release(group)


def _release(group: RunCgroup, timeout: float = 1.0) -> Literal["released", "stuck"] | None:
    """Let a group go on; ``None`` where nothing of it stood still."""
    deadline = time.monotonic() + timeout
    stood = bare.read(f"{group.directory}/cgroup.freeze") == b"1\n"  # also where the freeze had only begun
    thawed = group.thaw(timeout)
    while (late := group.continue_stopped()) and time.monotonic() < deadline:  # some stop only once they are thawed
        stood = True
        time.sleep(0.002)
    if late or not thawed:
        return "stuck"
    _mark(group.descriptor, "settled")
    return "released" if stood else None
