"""The programs that close the network of a cgroup: loaded once, attached to one run's group, read back from the kernel.

Attached by links, which the kernel takes down when their last holder is gone: a Lictor that
dies leaves nobody cut off. Other programs on the same group stay in force beside these.
"""

from __future__ import annotations

import ctypes
import errno
import os
from pathlib import Path

import collectors.ebpf
from collectors.kernel.libbpf import KernelRefusalError, Object, Program, library

OBJECT = Path(collectors.ebpf.__file__).parent / "sensor" / "isolate.bpf.o"

ATTACH_TYPES = {
    "cgroup_skb/ingress": 0,
    "cgroup_skb/egress": 1,
    "cgroup/connect4": 10,
    "cgroup/connect6": 11,
    "cgroup/sendmsg4": 14,
    "cgroup/sendmsg6": 15,
}
"""The kernel's number (``enum bpf_attach_type``) of each section of the object."""

_MOST = 64  # programs that the kernel permits for one group and type

_loaded: Object | None = None


def load() -> Object:
    """The object, loaded at first use and kept; raises ``KernelRefusalError``."""
    global _loaded  # noqa: PLW0603 - one object serves all runs, and loading it anew for each would cost milliseconds
    if _loaded is None:
        if not OBJECT.exists():
            raise KernelRefusalError("the programs that cut a network are not built: run `make sensor`")
        _loaded = Object(OBJECT, {})
    return _loaded


class Programs:
    """The programs on one cgroup; its open directory is given each time, since its owner may close it."""

    def __init__(self) -> None:
        self._links: dict[str, int] = {}
        self._ids: dict[str, int] = {}

    def attach(self, cgroup: int) -> None:
        """Attach those that are not attached yet; raises ``KernelRefusalError``, and keeps what could be done."""
        refused: KernelRefusalError | None = None
        for program in load().programs():
            if program.section in self._links:
                continue
            try:
                self._ids[program.section] = id_of(program)
                self._links[program.section] = program.attach_cgroup(cgroup)
            except KernelRefusalError as error:
                refused = error
        if refused is not None:
            raise refused

    def detach(self) -> None:
        """Take all of ours off; safe to call twice."""
        for link in self._links.values():
            library().c.bpf_link__destroy(ctypes.c_void_p(link))
        self._links.clear()

    def standing(self, cgroup: int) -> list[str]:
        """Sections of ours that the kernel lists on the group; raises ``OSError`` when the group is gone."""
        return [s for s, number in ATTACH_TYPES.items() if self._ids.get(s, 0) in query(cgroup, number)]


def id_of(program: Program) -> int:
    """The kernel's number of a loaded program, the second word of ``struct bpf_prog_info``."""
    info = ctypes.create_string_buffer(8)
    length = ctypes.c_uint32(len(info))
    if library().c.bpf_obj_get_info_by_fd(program.fd, info, ctypes.byref(length)):
        raise library().refusal("the kernel does not tell of a program", "it needs CAP_SYS_ADMIN or CAP_BPF")
    return int.from_bytes(info.raw[4:8], "little")


def query(cgroup: int, attach_type: int) -> list[int]:
    """Numbers of the programs of one type that are attached right to a cgroup; raises ``OSError``."""
    found, count, flags = (ctypes.c_uint32 * _MOST)(), ctypes.c_uint32(_MOST), ctypes.c_uint32()
    if library().c.bpf_prog_query(cgroup, attach_type, 0, ctypes.byref(flags), found, ctypes.byref(count)):
        number = ctypes.get_errno() or errno.EIO
        raise OSError(number, os.strerror(number))
    return list(found[: count.value])
