"""What the live collector of Windows is worth, and whether this machine can run it."""

from __future__ import annotations

import os

from collectors.interface import CollectorError, LiveCollector, Source, Wanted


def usable() -> str | None:
    """Why it cannot be used here. A session like the real ones is started, opened for reading and stopped again."""
    from collectors.etw import tracing  # noqa: PLC0415 - only where it may be used

    if (reason := tracing.installed()) is not None:
        return reason
    from collectors.etw.sessions import PROCESS, Owner  # noqa: PLC0415

    trial = tracing.Trace(PROCESS, Owner(os.getpid(), 0).name(PROCESS), lambda _event: None)
    try:
        trial.start()
    except (CollectorError, OSError) as error:
        return str(error)
    trial.stop()
    return None


def build(wanted: Wanted) -> LiveCollector:
    """The collector, not open yet."""
    from collectors.etw.collector import EtwCollector  # noqa: PLC0415 - see ``usable``

    return EtwCollector(wanted)


ETW = Source(
    name="etw",
    title="Event Tracing for Windows, live",
    needs="Windows 10 1709 or newer (64-bit); administrator, service, or Performance Log Users; pywintrace",
    operations=frozenset(
        ("exec", "exit", "image.load", "file.open", "file.read", "file.write", "file.create", "file.delete", "file.rename",
         "file.link", "file.mkdir", "net.connect", "net.accept", "net.send", "net.receive", "dns.query", "registry.create",
         "registry.set", "registry.delete", "script.run", "process.kill", "process.access")
    ),
    sees="every program, file, connection, name asked for and registry value of the processes of a run, with command lines; "
    "script text that is scanned or logged by Windows",
    misses="whether an open was to read or to write, before it does; results of file operations; names of registry keys opened "
    "before; names asked for by programs with a resolver of their own; what a full buffer drops, which is counted",
    costs="memory that cannot be paged out (20 MB, at most 64 MB); events of the whole machine are decoded and those of others left out",
    acts="afterwards from user space",
    usable=usable,
    build=build,
)  # fmt: skip
