"""Self-test: what this machine permits, what that costs, and what to do about it.

Every answer comes from trying, not from reading version numbers. A new part of Lictor adds
its probes to ``probes``; a probe is any callable that returns the fields of a ``Check``.
"""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Iterable, Sequence
from functools import partial
from pathlib import Path

import pyarrow as pa

from lictor.probes import house, sources
from lictor.probes.check import FAIL, OK, WARN, Check, Probe

SENSOR_PROBES = "collectors.ebpf.probe"
"""Module whose ``PROBES`` load and attach the sensor's own programs."""

FOR_SENSOR = ("kernel", "BTF", "bpf(2)", "ring buffer", "raw tracepoint", "kernel sensor", "cgroup v2")
"""Checks of what the sensor and its enforcement need, and no other source."""


def probes(lake: Path) -> list[Probe]:
    """Every probe, in the order in which a person would look."""
    if sys.platform == "win32":
        from lictor.probes import windows, windows_deeds  # noqa: PLC0415 - each system has its own

        return [*windows.PROBES, *sources.PROBES, *windows_deeds.PROBES, house.python, partial(house.lake, lake)]
    from lictor.probes import bpf, system  # noqa: PLC0415 - as above

    return [*bpf.PROBES, *_sensor_probes(), *sources.PROBES, *system.PROBES, *house.PROBES, partial(house.lake, lake)]


def examine(todo: Iterable[Probe]) -> list[Check]:
    """Run the probes; one that breaks is a failed check and stops no other."""
    return [_examined(probe) for probe in todo]


def eased(checks: Sequence[Check]) -> list[Check]:
    """The checks, those of the sensor only a warning where another source can be used: Lictor works then, with less."""
    if not any(check.name.startswith(sources.NAME) and check.state == OK for check in checks):
        return list(checks)
    return [c._replace(state=WARN) if c.name in FOR_SENSOR and c.state == FAIL else c for c in checks]


def as_table(checks: Sequence[Check]) -> pa.Table:
    """Rows ``name, state, found, costs, fix``, all text."""
    columns = {field: pa.array([getattr(c, field) for c in checks], pa.string()) for field in Check._fields}
    return pa.table(columns)


def healthy(checks: Iterable[Check]) -> bool:
    """Whether nothing that is needed failed."""
    return all(c.state != FAIL for c in checks)


def summary(checks: Sequence[Check]) -> str:
    """One line: how it stands."""
    failed, warned = ([c.name for c in checks if c.state == state] for state in (FAIL, WARN))
    if failed:
        return f"needed and missing: {', '.join(failed)}"
    return f"works, with less: {', '.join(warned)}" if warned else "all is well"


def _examined(probe: Probe) -> Check:
    try:
        return Check(*probe())
    except Exception as error:  # noqa: BLE001 - a broken probe is a finding; the rest must still be told
        name = str(getattr(getattr(probe, "func", probe), "__name__", "probe"))
        return Check(
            name.replace("_", " "),
            FAIL,
            f"the probe itself broke: {type(error).__name__}: {error}",
            "this cannot be told",
            "report it",
        )


def _sensor_probes() -> Sequence[Probe]:
    if importlib.util.find_spec(SENSOR_PROBES) is None:
        return ()
    found: Sequence[Probe] = importlib.import_module(SENSOR_PROBES).PROBES
    return found
