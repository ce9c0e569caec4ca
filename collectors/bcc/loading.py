"""Has the kernel programs compiled and attached by a process of their own, and holds what it hands over."""

from __future__ import annotations

import array
import json
import os
import socket
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import collectors.ebpf
from collectors.bcc import compiler
from collectors.bcc.machine import bcc_path, headers
from collectors.interface import CollectorError
from collectors.kernel.libbpf import KernelRefusalError, Map, missed

INSTALL = "install them (Debian: apt install python3-bpfcc linux-headers-amd64)"
RECORDS = Path(collectors.ebpf.__file__).parent / "sensor"
"""Folder of ``record.h``, which both sources of kernel events compile with."""

_PAGE = 4096
_PATIENCE_S = 120.0
"""Compiling takes some seconds, on a busy machine many."""
_KINDS = ("maps", "programs", "links")


class Loaded:
    """Maps, programs and links of the attached sensor, by their descriptors."""

    def __init__(self, descriptors: Mapping[str, Mapping[str, int]]) -> None:
        self._descriptors = descriptors

    def map(self, name: str) -> Map:
        """A map by name; raises ``KernelRefusalError`` for one that there is not."""
        try:
            return Map(self._descriptors["maps"][name], name)
        except KeyError as error:
            raise KernelRefusalError(f"the sensor has no map {name}") from error

    def missed(self) -> int:
        """Calls that the kernel skipped, of all programs."""
        return sum(missed(fd) for fd in self._descriptors["programs"].values())

    def close(self) -> None:
        """Detach and free everything; safe to call twice."""
        for kind in reversed(_KINDS):
            for fd in self._descriptors.get(kind, {}).values():
                os.close(fd)
        self._descriptors = {}


def load(rings: Mapping[str, int], processors: int) -> Loaded:
    """Compile and attach, with rings of so many bytes; raises ``CollectorError``."""
    place, found = bcc_path(), headers()
    if place is None or found is None:
        raise CollectorError(f"BCC or kernel headers are not installed; {INSTALL}")
    told = {
        "path": str(place),
        "build": str(found.build) if found.build else None,
        "source": str(found.source) if found.source else None,
        "flags": [
            f"-I{RECORDS}",
            f"-DPROCESSORS={processors}",
            *(f"-D{name.upper()}_PAGES={size // _PAGE}" for name, size in rings.items()),
            "-Wno-macro-redefined",
        ],
    }
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with ours, theirs:
        command = [sys.executable, "-I", compiler.__file__, json.dumps(told), str(theirs.fileno())]
        with subprocess.Popen(
            command, pass_fds=[theirs.fileno()], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE, cwd="/",
        ) as child:  # fmt: skip
            theirs.close()
            try:
                _, errors = child.communicate(timeout=_PATIENCE_S)
            except subprocess.TimeoutExpired as error:
                child.kill()
                raise CollectorError(f"BCC was not done compiling after {_PATIENCE_S:.0f} s") from error
        taken = _taken(ours)
    if child.returncode or not taken["links"]:
        Loaded(taken).close()
        raise KernelRefusalError(_reason(errors.decode(errors="replace")), errors.decode(errors="replace"))
    return Loaded(taken)


def _taken(channel: socket.socket) -> dict[str, dict[str, int]]:
    """Descriptors that the child has sent, by kind and name."""
    found: dict[str, dict[str, int]] = {kind: {} for kind in _KINDS}
    while True:
        # Not recv_fds: it drops its flags in Python 3.11, and what we start would inherit the descriptors.
        room = socket.CMSG_SPACE(compiler.AT_ONCE * array.array("i").itemsize)
        message, control, _, _ = channel.recvmsg(1 << 16, room, socket.MSG_CMSG_CLOEXEC)
        if not message:
            return found
        descriptors = array.array("i")
        for _, _, data in control:
            descriptors.frombytes(data)
        for (kind, name), fd in zip(json.loads(message), descriptors, strict=True):
            found[kind][name] = fd


def _reason(errors: str) -> str:
    """One line out of what the compiler or the kernel said."""
    lines = [line.strip() for line in errors.splitlines() if line.strip()]
    telling = [line for line in lines if "error:" in line or "fatal error" in line] or lines[-1:]
    return f"BCC could not compile or load its programs: {telling[0] if telling else 'it said nothing'}"
