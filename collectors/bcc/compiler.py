"""The process that compiles and attaches, run by its file and alone: what it needs of the machine ends with it.

It stands in a mount namespace of its own, so that headers and tracefs can be where BCC looks for them and nothing of the
machine is touched. The descriptors of maps, programs and links go to whoever started it; they keep everything alive, and
LLVM's memory is given back.
"""

from __future__ import annotations

import ctypes
import json
import os
import socket
import sys
from pathlib import Path
from typing import Any

SENSOR = Path(__file__).parent / "sensor"
PARTS = ("maps.c", "text.c", "process.c", "call.c", "network.c", "returned.c")
"""One program text, in this order: BCC rewrites what stands in the main file only."""
CONTINUED = ("part_paths", "part_marks", "part_started", "part_arguments")
"""Programs that others go on in, by their number in the map ``parts``."""
MAPS = ("events", "priority", "strings", "tags", "counts", "setup", "marks", "folders", "parts")
"""To be handed over; ``parts`` only to be held: a table of programs that no process has open is emptied."""
AT_ONCE = 64
"""Descriptors in one message; the kernel takes 253."""

_CLONE_NEWNS, _MS_REC, _MS_PRIVATE = 0x20000, 1 << 14, 1 << 18
_TRACEFS = Path("/sys/kernel/tracing")


def enter_namespace(build: str | None, source: str | None) -> None:
    """Mounts of our own: tracefs where there is none, and headers where BCC looks for them; raises ``OSError``."""
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(_CLONE_NEWNS):
        raise OSError(ctypes.get_errno(), "no mount namespace of our own")
    _mount(libc, "none", Path("/"), None, _MS_REC | _MS_PRIVATE)
    if not (_TRACEFS / "events").exists():
        _mount(libc, "tracefs", _TRACEFS, "tracefs")
    if build is None or source is None:
        return
    modules = Path("/lib/modules") / os.uname().release
    _mount(libc, "tmpfs", modules if modules.is_dir() else modules.parent, "tmpfs")
    modules.mkdir(exist_ok=True)
    (modules / "build").symlink_to(build)
    (modules / "source").symlink_to(source)


def _mount(libc: ctypes.CDLL, what: str, where: Path, kind: str | None, flags: int = 0) -> None:
    code = kind.encode() if kind else None
    if libc.mount(what.encode(), os.fsencode(where), code, ctypes.c_ulong(flags), None):
        raise OSError(ctypes.get_errno(), f"{what} was not mounted", str(where))


def loaded(flags: list[str]) -> dict[str, list[tuple[str, int]]]:
    """Compile, load, attach; names and descriptors of maps, programs and links."""
    from bcc import BPF  # noqa: PLC0415 - found only once the path has been extended

    text = "".join((SENSOR / part).read_text(encoding="utf-8") for part in PARTS)
    made: Any = BPF(text=text, cflags=flags)
    for number, name in enumerate(CONTINUED):
        made["parts"][ctypes.c_int(number)] = ctypes.c_int(made.load_func(name, BPF.RAW_TRACEPOINT).fd)
    names = [(_text(name), one) for name, one in made.funcs.items()]
    return {
        "maps": [(name, made[name].map_fd) for name in MAPS],
        "programs": [(name, one.fd) for name, one in names],
        "links": [
            (_text(name), link)
            for some in (made.raw_tracepoint_fds, made.tracepoint_fds)
            for name, link in some.items()
        ],
    }


def _text(name: bytes | str) -> str:
    return name.decode() if isinstance(name, bytes) else name


def main(told: str, channel: int) -> None:
    """``told`` is JSON: ``path`` of BCC, compiler ``flags``, ``build`` and ``source`` of the headers or null."""
    wanted = json.loads(told)
    enter_namespace(wanted["build"], wanted["source"])
    sys.path.append(wanted["path"])
    found = loaded(wanted["flags"])
    all_of_them = [(kind, name, fd) for kind, some in found.items() for name, fd in some]
    with socket.socket(fileno=channel) as out:
        for begin in range(0, len(all_of_them), AT_ONCE):
            some = all_of_them[begin : begin + AT_ONCE]
            names = json.dumps([[kind, name] for kind, name, _ in some]).encode()
            socket.send_fds(out, [names], [fd for _, _, fd in some])
    sys.stdout.flush()
    os._exit(0)  # at an ordinary end BCC would detach what has just been handed over


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
