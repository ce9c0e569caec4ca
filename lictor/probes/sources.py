"""The sources of this machine in their order: what each sees and misses, and why one is chosen."""

from __future__ import annotations

from functools import cache, partial

from collectors.interface import CollectorError, Source
from collectors.sources import SOURCES, Choice, choose
from lictor.probes.check import OK, WARN, Check, Probe

NAME = "source "
"""How the name of each of these checks begins."""


def source(one: Source) -> Check:
    """One source, tried; the chosen one says why."""
    choice = _choice()
    name = f"{NAME}{one.name}"
    reason = one.usable()
    if reason is not None:
        return Check(
            name, WARN, reason, f"not seen as {one.sees}", f"it needs {one.needs}; lictor run takes the next source"
        )
    if choice is not None and choice.source is one:
        return Check(name, OK, f"chosen: {choice.why}; sees {one.sees}; misses {one.misses}")
    return Check(name, OK, f"can be had with --source {one.name}; sees {one.sees}; misses {one.misses}")


@cache
def _choice() -> Choice | None:
    try:
        return choose()
    except CollectorError:
        return None


PROBES: tuple[Probe, ...] = tuple(partial(source, one) for one in SOURCES if one.belongs_here())
