"""What this Windows is and what this user may do there: asked of the system, and of nobody's manual."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable
from functools import partial

from collectors.etw import machine, tracing
from enforcer.interface import Outcome
from enforcer.windows.privileges import enable
from lictor.probes.check import FAIL, OK, WARN, Check, Probe
from lictor.system import here
from lictor.winservice.status import status
from lictor.winservice.steps import Step

_INSTALL = "as administrator: python -m lictor.winservice install"

LEAST_BUILD = 16299
"""Windows 10 1709: the first with an unbounded number of providers per session and start keys in every event."""

PRIVILEGES = {
    "SeDebugPrivilege": "processes of other users cannot be acted on",
    "SeSystemProfilePrivilege": "the kernel's own process events, with their command lines, cannot be asked for",
    "SeTakeOwnershipPrivilege": "files of other users may not be taken away",
}
"""Right of a token → what is lost without it."""

_AS_SERVICE = "run as administrator (elevated), or as a service (python -m lictor.winservice install)"


def administrator(uid: Callable[[], int] = here.own_uid) -> Check:
    """Whether this process is an administrator's whose rights are switched on, or LocalSystem's."""
    if uid() == 0:
        return Check("administrator", OK, "administrator or LocalSystem, elevated")
    return Check(
        "administrator", WARN, "an ordinary user, or not elevated",
        "only processes and files of this user are reached; no session of ETW, no firewall", _AS_SERVICE,
    )  # fmt: skip


def privilege(name: str, switch: Callable[[str], Outcome] = enable) -> Check:
    """One right, switched on and read back."""
    told = switch(name)
    if told.confirmed:
        return Check(name, OK, told.evidence)
    return Check(name, WARN, told.evidence, PRIVILEGES[name], _AS_SERVICE)


def version() -> Check:
    """Which Windows this is."""
    if sys.platform != "win32":
        return Check("Windows", FAIL, f"this is {sys.platform}", "nothing of Windows is here", "run it on Windows")
    found = sys.getwindowsversion()
    said = f"{found.major}.{found.minor}, build {found.build}"
    if found.build < LEAST_BUILD:
        costs = "the live source may see less; nested jobs may be missing"
        return Check("Windows", WARN, said, costs, f"update to build {LEAST_BUILD} or newer")
    return Check("Windows", OK, said)


def library(installed: Callable[[], str | None] = tracing.installed) -> Check:
    """The package that the live source stands on."""
    reason = installed()
    if reason is None:
        return Check("pywintrace", OK, "installed")
    return Check("pywintrace", WARN, reason, "the live source cannot be used", "pip install pywintrace==0.2.0")


def drives(volumes: Callable[[], list[tuple[str, str]]] = machine.volumes) -> Check:
    r"""Whether device names of the kernel (``\Device\HarddiskVolume3``) can be turned into drives, as policies write them."""
    found = volumes()
    if not found:
        costs = "paths of events stay as the kernel has them, and patterns with a drive match none"
        return Check("drives", FAIL, "the system names no device of any drive", costs, "report it")
    return Check("drives", OK, ", ".join(f"{drive} {device}" for device, drive in found))


def service(steps: Callable[[], Iterable[Step]] = status) -> Check:
    """Whether the service is there, runs, comes back after a failure, and is the only one that writes its home."""
    found = list(steps())
    if not found[1:]:
        return Check(
            "service", WARN, found[0].evidence, "agents are watched only while somebody runs lictor watch", _INSTALL
        )
    by_state = {state: [s for s in found if s.state == state] for state in ("failed", "unverified")}
    if wrong := by_state["failed"]:
        costs = (
            "agents are not watched"
            if any(s.name == "running" for s in wrong)
            else "the service is not what was installed"
        )
        return Check("service", FAIL, "; ".join(f"{s.name}: {s.evidence}" for s in wrong), costs, _INSTALL)
    if unknown := by_state["unverified"]:
        costs = "these could not be made sure of"
        return Check(
            "service", WARN, "; ".join(f"{s.name}: {s.evidence}" for s in unknown), costs, "run as administrator"
        )
    return Check("service", OK, "runs, comes back after a failure, and its home is closed")


PROBES: tuple[Probe, ...] = (
    administrator, *(partial(privilege, name) for name in PRIVILEGES), version, library, drives,
    service,
)  # fmt: skip
