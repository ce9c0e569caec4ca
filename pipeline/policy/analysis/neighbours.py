"""Events near a given one: other files of its folder, other programs, other ports, and the probes of its kind.

A change that was made for one event is measured by what else it changes; these are the events that it is measured on.
"""

from __future__ import annotations

import ipaddress
import posixpath
from typing import TYPE_CHECKING

from pipeline.policy.analysis.probes import probes
from pipeline.policy.analysis.samples import PROGRAMS, varied
from pipeline.policy.decide import LOCAL
from pipeline.policy.model import TestEvent

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pipeline.policy.context import RunContext

_FILES = ("file.read", "file.write", "file.create", "file.delete", "file.chmod")
_NETS = ("net.connect", "net.send")
_PORTS = (22, 25, 53, 80, 443, 8080, 31337)
_ADDRESSES = ("203.0.113.7", "198.51.100.9", "10.1.2.3", "127.0.0.1", "169.254.169.254", "2001:db8::7")


def neighbours(event: TestEvent, context: RunContext) -> tuple[TestEvent, ...]:
    """Events near ``event`` and the probes of its kind, without itself and without doubles."""
    return tuple(dict.fromkeys([*nearest(event, context), *(e for e in _probes(event, context) if e != event)]))


def nearest(event: TestEvent, context: RunContext) -> tuple[TestEvent, ...]:
    """Some tens of events that are most like ``event``, without itself and without doubles."""
    found = [*_programs(event), *_others(event, context), *_files(event, context), *_addresses(event)]
    return tuple(dict.fromkeys(other for other in found if other != event))


def _programs(event: TestEvent) -> Iterator[TestEvent]:
    if event.on != "exec":
        yield from (varied(event, exe=exe) for exe in (*PROGRAMS, "/usr/bin/bash", "/usr/bin/curl", "/usr/bin/git"))
    if event.parent:
        yield varied(event, parent="/opt/unheard-of/parent")


def _others(event: TestEvent, context: RunContext) -> Iterator[TestEvent]:
    """The same in another way: another operation on it, another user, another command line or name."""
    family = _FILES if event.on in _FILES else _NETS if event.on in _NETS else ()
    yield from (varied(event, on=on, intent=()) for on in family)
    if event.user:
        yield varied(event, user="somebody-else")
    if event.argv:
        yield varied(event, argv=f"{event.argv} --other")
    if event.domain:
        yield from (varied(event, domain=name) for name in (f"other.{event.domain}", "host.example"))
    if event.on == "exec":
        yield from (
            varied(event, path=p, exe=p if event.exe == event.path else event.exe) for p in _near(event.path, context)
        )


def _files(event: TestEvent, context: RunContext) -> Iterator[TestEvent]:
    if event.on.startswith("file."):
        yield from (varied(event, path=path) for path in _near(event.path, context))
        if event.path_to:
            yield from (varied(event, path_to=path) for path in _near(event.path_to, context))


def _near(path: str | None, context: RunContext) -> list[str]:
    """Other paths: beside, below and above a path, in the home folder, the workspace and elsewhere."""
    if path is None or not path.startswith("/"):
        return []
    folder, name = posixpath.split(path)
    above = posixpath.dirname(folder)
    stem, dot, kind = name.rpartition(".")
    beside = [f"other{dot}{kind}" if stem else "other", f"{name}.bak", f"sub/{name}", "sub/other"]
    found = [posixpath.join(folder, other) for other in beside]
    found += [posixpath.join(above, "other"), posixpath.join(above, "other", name), f"{path}/below"]
    return [*found, f"{context.home}/other", f"{context.workspace}/other", "/etc/other", f"/srv/other/{name}"]


def _addresses(event: TestEvent) -> Iterator[TestEvent]:
    end = "src" if event.on in LOCAL else "dst"
    here, port = getattr(event, f"{end}_ip"), getattr(event, f"{end}_port")
    if here is not None:
        yield from (varied(event, **{f"{end}_ip": other}) for other in (*_beside(here), *_ADDRESSES))
    if port is not None:
        yield from (varied(event, **{f"{end}_port": other}) for other in (*_PORTS, min(port + 1, 65535)))


def _beside(address: str) -> list[str]:
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return []
    return [str(found + 1 if int(found) % 2 == 0 else found - 1)]


def _probes(event: TestEvent, context: RunContext) -> Iterator[TestEvent]:
    """Probes of the same class of operations, with their own program and with that of the event."""
    kind = event.on.partition(".")[0]
    for probe in probes(context):
        if probe.event.on.partition(".")[0] == kind:
            yield probe.event
            if event.exe and kind != "exec":
                yield varied(probe.event, exe=event.exe)
