"""What else of the system Lictor uses: rights, control groups, file permission events, Landlock."""

from __future__ import annotations

import ctypes
import errno
import os
import tempfile
from collections.abc import Mapping
from pathlib import Path

from enforcer.linux.cgroup import RunCgroup
from enforcer.linux.cgroupfs import CgroupError
from lictor.probes.check import FAIL, OK, WARN, Check

NEEDED_CAPABILITIES: Mapping[str, int] = {
    "CAP_KILL": 5, "CAP_NET_ADMIN": 12, "CAP_SYS_PTRACE": 19, "CAP_SYS_ADMIN": 21, "CAP_PERFMON": 38, "CAP_BPF": 39,
}  # fmt: skip
"""Name → bit in ``CapEff`` of ``/proc/self/status``."""

_LANDLOCK_CREATE_RULESET, _LANDLOCK_VERSION_FLAG = 444, 1
_FAN_CLOEXEC, _FAN_CLASS_CONTENT, _FAN_MARK_ADD, _FAN_OPEN_PERM = 0x1, 0x4, 0x1, 0x10000
_AT_FDCWD = -100


def capabilities(status: str | None = None) -> Check:
    """Rights of this process, from the text of ``/proc/self/status``."""
    status = Path("/proc/self/status").read_text(encoding="utf-8") if status is None else status
    bits = next(int(line.split()[1], 16) for line in status.splitlines() if line.startswith("CapEff:"))
    missing = [name for name, bit in NEEDED_CAPABILITIES.items() if not bits >> bit & 1]
    if missing:
        return Check(
            "capabilities", WARN, f"without {', '.join(missing)}", "the kernel sensor needs them", "run as root"
        )
    return Check("capabilities", OK, ", ".join(NEEDED_CAPABILITIES))


def control_group() -> Check:
    """A run's cgroup, made and removed again: it carries network rules and ``cgroup.kill``."""
    costs = "network rules and the kill of a whole run are not available"
    try:
        with RunCgroup.create(f"doctor-{os.getpid()}") as group:
            directory = group.directory
            can_kill = (directory / "cgroup.kill").exists()
    except CgroupError as error:
        return Check(
            "cgroup v2",
            FAIL,
            str(error).split(";", 1)[0],
            costs,
            "mount it (mount -t cgroup2 none /sys/fs/cgroup), run as root",
        )
    if not can_kill:
        return Check(
            "cgroup v2",
            WARN,
            f"{directory.parent}, without cgroup.kill",
            "a run is killed process by process",
            "update the kernel to 5.14",
        )
    return Check("cgroup v2", OK, f"{directory.parent} writable, with cgroup.kill")


def other_mounts(mountinfo: str | None = None) -> Check:
    """The file systems tracefs and bpffs, which many guides ask for: Lictor attaches through bpf(2) and pins nothing."""
    mountinfo = (
        Path("/proc/self/mountinfo").read_text(encoding="utf-8", errors="surrogateescape")
        if mountinfo is None
        else mountinfo
    )
    types = {line.partition(" - ")[2].split(" ", 1)[0] for line in mountinfo.splitlines()}
    said = [
        f"{name} {'mounted' if type_ in types else 'not mounted'}"
        for name, type_ in (("tracefs", "tracefs"), ("bpffs", "bpf"))
    ]
    return Check("tracefs, bpffs", OK, f"{', '.join(said)}; neither is needed")


def landlock() -> Check:
    """The lock around a person's SQL: the query worker may read the lake and nothing else."""
    libc = ctypes.CDLL(None, use_errno=True)
    abi = int(
        libc.syscall(
            ctypes.c_long(_LANDLOCK_CREATE_RULESET), None, ctypes.c_long(0), ctypes.c_long(_LANDLOCK_VERSION_FLAG)
        )
    )
    if abi >= 1:
        return Check("Landlock", OK, f"ABI {abi}")
    why = os.strerror(ctypes.get_errno())
    return Check(
        "Landlock",
        FAIL,
        why,
        "SQL cannot be locked to the lake",
        "boot with landlock in lsm= and CONFIG_SECURITY_LANDLOCK",
    )


def file_permission_events() -> Check:
    """Fanotify permission events: the way to refuse an open before it happens without LSM programs."""
    libc = ctypes.CDLL(None, use_errno=True)
    descriptor = int(libc.fanotify_init(ctypes.c_uint(_FAN_CLOEXEC | _FAN_CLASS_CONTENT), ctypes.c_uint(os.O_RDONLY)))
    code = ctypes.get_errno() if descriptor < 0 else _mark(libc, descriptor)
    if not code:
        return Check("fanotify", OK, "permission events")
    costs = "file and exec rules are enforced by killing the process before it returns, not by refusing the call"
    step = "run as root" if code == errno.EPERM else "use a kernel built with CONFIG_FANOTIFY_ACCESS_PERMISSIONS"
    return Check("fanotify", WARN, f"no permission events: {os.strerror(code)}", costs, step)


def _mark(libc: ctypes.CDLL, descriptor: int) -> int:
    """Ask for permission events on a file of our own; 0 or the error number."""
    try:
        with tempfile.NamedTemporaryFile() as file:
            path = ctypes.c_char_p(os.fsencode(file.name))
            refused = libc.fanotify_mark(descriptor, _FAN_MARK_ADD, ctypes.c_uint64(_FAN_OPEN_PERM), _AT_FDCWD, path)
            # Closed before the file is, so that nobody waits for an answer that does not come.
            code = ctypes.get_errno() if refused else 0
            os.close(descriptor)
            return code
    except OSError as error:
        return error.errno or errno.EIO


PROBES = (capabilities, control_group, landlock, file_permission_events, other_mounts)
