"""What the portable collector is worth, and whether this machine can run it."""

from __future__ import annotations

import importlib.util

from collectors.interface import LiveCollector, Source, Wanted


def usable() -> str | None:
    """Why it cannot be used here: only a library that is missing."""
    missing = [name for name in ("psutil", "watchdog") if importlib.util.find_spec(name) is None]
    return f"not installed: {', '.join(missing)}" if missing else None


def build(wanted: Wanted) -> LiveCollector:
    """The collector, not open yet."""
    from collectors.portable.collector import PortableCollector  # noqa: PLC0415 - only where it is used

    return PortableCollector(wanted)


PORTABLE = Source(
    name="portable",
    title="process table and file notices (psutil, watchdog)",
    needs="nothing: any user, Linux, macOS or Windows",
    operations=frozenset(
        ("fork", "exec", "exit", "file.create", "file.write", "file.delete", "file.rename", "file.mkdir", "file.symlink",
         "net.connect", "net.accept", "net.listen")
    ),
    sees="processes and connections that live long enough to be met by a look (20 ms to 1 s apart); "
    "files created, written, moved and deleted in the workspace and where the policy looks",
    misses="reads, short-lived processes and connections, failed calls, files elsewhere, and mostly who touched a file",
    costs="at most 2 % of one processor in an idle run, whatever the number of files; a file event is a row within 1 s",
    acts="afterwards from user space, as far as this user may signal, and only to a process that was seen doing it",
    usable=usable,
    build=build,
    counts=False,
)  # fmt: skip
