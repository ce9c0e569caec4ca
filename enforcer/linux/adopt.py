"""A run that was found, and not started by Lictor, gets a cgroup of its own: only there can it be frozen as a whole.

Its processes go on forking while they are moved. So the group is frozen meanwhile, where a keeper knows of it: who is
inside forks no more, and a storm dries up. Once two looks in a row find nobody outside, the tree is inside for
good, since a child is born where its parent is. What was moved can be given back.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Literal

from collectors.identity import process_key_from_proc, read_stat
from enforcer.linux import bare, cgroupfs, process
from enforcer.linux.cgroup import CgroupError, RunCgroup

Tagged = Callable[[], Sequence[tuple[int, int]]]
"""Gives (pid, process_key) of each live process of the run, wherever it is."""

SECONDS = 2.0
"""How long a tree may take to be inside, or to be outside again."""

_QUIET = 2


class Adopted:
    """A run in its new cgroup."""

    def __init__(self, group: RunCgroup, home: str, *, kept: bool) -> None:
        """Use ``adopt``. ``home`` is where the root was; ``kept``: a keeper knows the group, so it may be frozen."""
        self.group = group
        self.home = home
        self.origins: dict[int, str] = {}
        """Process key → the group that the process was moved from, as ``/proc/<pid>/cgroup`` showed it."""
        self._kept = kept

    def stand_still(self) -> None:
        """Freeze the group, where somebody would thaw it should Lictor die now."""
        if self._kept:
            self.group.freeze(0)

    def move_in(self, pid: int, key: int) -> None:
        """Move one process in; nothing when it has ended. Raises ``CgroupError`` where that is not possible."""
        if not process.alive(pid, key):  # asked just before: its pid may be somebody else's by now
            return
        try:
            origin = group_of(pid)
            self.group.add(pid)
        except OSError:  # it went meanwhile
            return
        except CgroupError:
            if process.alive(pid, key):
                raise
            return
        self.origins.setdefault(key, origin)

    def give_back(self) -> bool:
        """Move everybody back to where they came from (later children: to the root's place), and remove the group.

        Whether the group is gone. What cannot be moved in time stays and goes on, and the group with it.
        """
        deadline = time.monotonic() + SECONDS
        with suppress(OSError, CgroupError):
            self.stand_still()  # inside, nobody forks any more; who is moved out goes on
            while (pids := self.group.pids()) and time.monotonic() < deadline:
                for pid in pids:
                    self._move_out(pid)
                time.sleep(0.001)
        with suppress(OSError, CgroupError):
            self.group.thaw()
        with suppress(OSError, CgroupError):
            self.group.remove(0.2)
        self.group.close()
        return not self.group.directory.exists()

    def _move_out(self, pid: int) -> None:
        with suppress(
            OSError
        ):  # the process, or the group it goes to, may end at any moment: the next round tries again
            origin = _living(cgroupfs.directory(self.origins.get(process_key_from_proc(pid), self.home)))
            cgroupfs.write(origin / "cgroup.procs", str(pid))


def adopt(
    run: str,
    root_pid: int,
    root_key: int,
    tagged: Tagged,
    *,
    fail: Literal["open", "closed"] = "open",
    made: Callable[[RunCgroup], None] | None = None,
) -> Adopted:
    """Move the whole tree of a run into a group of its own: what ``tagged`` gives, and all that descends from the root.

    ``made`` is called with the group before anybody is in it, to tell a keeper; without it nothing is frozen meanwhile.
    Raises ``CgroupError``, and moves everybody back, when a process cannot be moved or the tree is not inside within
    ``SECONDS``. Never moves process 1, kernel threads, this process, one above it, one that it has started itself where
    it belongs to the tree, or what another run has in its own group.
    """
    tree = _Tree(root_pid, root_key, tagged)
    home = _origin(root_pid) or "/"
    adopted = Adopted(RunCgroup.create(run, fail=fail), home, kept=made is not None)
    try:
        if made is not None:
            made(adopted.group)
        adopted.stand_still()
        _move_in(adopted, tree)
        adopted.group.thaw()
    except BaseException:
        adopted.give_back()
        raise
    return adopted


def _move_in(adopted: Adopted, tree: _Tree) -> None:
    deadline, quiet = time.monotonic() + SECONDS, 0
    while quiet < _QUIET:
        outside = tree.outside(adopted.group)
        if outside and time.monotonic() > deadline:
            raise CgroupError(
                f"{len(outside)} processes of run {adopted.group.run} are still outside of its cgroup: they fork faster "
                "than they can be moved; kill the run instead"
            )
        for pid, key in outside:
            adopted.move_in(pid, key)
        quiet = 0 if outside else quiet + 1


class _Tree:
    """The processes of a run, as they are found."""

    def __init__(self, root_pid: int, root_key: int, tagged: Tagged) -> None:
        self._root_pid, self._root_key, self._tagged = root_pid, root_key, tagged
        self._protected = {1, *_lineage(os.getpid())}
        self._run_folders = tuple(f"{place.path.rstrip('/')}/" for place in cgroupfs.places())
        self._is_above = root_pid in self._protected
        """An agent may have started Lictor; then Lictor's own children are no part of the run."""

    def outside(self, group: RunCgroup) -> list[tuple[int, int]]:
        """(pid, key) of those that are not in the group; the slow look, for descendants, once the tags show nobody."""
        inside = set(group.pids())
        tagged = self._tagged()
        self._is_above |= os.getpid() in [pid for pid, _ in tagged]
        found = [(pid, key) for pid, key in tagged if pid not in inside and self._is_movable(pid, key)]
        return found or [(pid, key) for pid, key in self._descendants(inside) if self._is_movable(pid, key)]

    def _descendants(self, inside: set[int]) -> list[tuple[int, int]]:
        """The root and all below it that is in no run's group; nobody when the root has ended."""
        if not process.alive(self._root_pid, self._root_key):
            return []
        below = [pid for pid in _below(self._root_pid) if pid not in inside and not self._is_in_a_run(pid)]
        keys = {pid: key for pid in below if (key := _key(pid)) is not None}
        # Asked again: had the root ended meanwhile, its pid and all below it could be somebody else's.
        return list(keys.items()) if process.alive(self._root_pid, self._root_key) else []

    def _is_in_a_run(self, pid: int) -> bool:
        return (_origin(pid) or "").startswith(self._run_folders)

    def _is_movable(self, pid: int, key: int) -> bool:
        if pid in self._protected or not process.alive(pid, key):
            return False
        if self._is_above and os.getpid() in _lineage(pid):
            return False
        with suppress(ProcessLookupError):
            return not read_stat(pid).kernel_thread
        return False


def _below(root: int) -> list[int]:
    """A process and all that descend from it, by what ``/proc`` says of parents."""
    children: dict[int, list[int]] = {}
    for pid, parent, _ in bare.everybody():
        children.setdefault(parent, []).append(pid)
    found = [root]
    for pid in found:
        found += children.get(pid, [])
    return found


def _key(pid: int) -> int | None:
    with suppress(ProcessLookupError):
        return process_key_from_proc(pid)
    return None


def _lineage(pid: int) -> list[int]:
    """A process and those above it."""
    found: list[int] = []
    with suppress(ProcessLookupError):
        while pid > 0 and pid not in found:
            found.append(pid)
            pid = read_stat(pid).parent_pid
    return found


def group_of(pid: int) -> str:
    """The cgroup of a process, as ``/proc`` names it; raises ``OSError`` when the process is gone."""
    return cgroupfs.own_cgroup(Path(f"/proc/{pid}/cgroup").read_text(encoding="utf-8", errors="surrogateescape"))


def _origin(pid: int) -> str | None:
    with suppress(OSError):
        return group_of(pid)
    return None


def _living(group: Path) -> Path:
    """The group, or the nearest one above it that is still there; not the folder of the runs, which is nobody's place."""
    while not group.is_dir() or group.name == cgroupfs.FOLDER:
        group = group.parent
    return group
