"""The filters of the activity explorer: read from the address, with sets that people of Purview know by name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from pipeline.schema import VERDICTS

ACTIVITIES = (
    "Process", "Process end", "File read", "File write", "File delete", "Permission change", "Network connect", "Network listen", "DNS",
    "Registry", "Kernel", "Other",
)  # fmt: skip
KINDS = (
    "SSH key", "cloud credentials", "access token", "agent credentials", "system secret", "environment file", "key ring", "browser store",
    "key store",
)  # fmt: skip
"""Kinds of secret as the view activity_in_context tells them."""

SCOPES = ("external", "private", "loopback")
_STOPPED = VERDICTS[VERDICTS.index("ask") :]
LONGEST, MANY = 200, 50


@dataclass(frozen=True)
class Choice:
    """What is asked for, but for the time and the bar of filters. ``ignored``: values of the address that no filter has."""

    activities: tuple[str, ...] = ()
    verdicts: tuple[str, ...] = ()
    labels: tuple[str, ...] = ()
    kinds: tuple[str, ...] = ()
    scopes: tuple[str, ...] = ()
    labelled: bool = False
    secret: bool = False
    ignored: tuple[str, ...] = ()

    def counted(self) -> dict[str, Any]:
        """As parameters of what is counted by the hour: those filters that the hours know."""
        return {
            "activities": list(self.activities), "verdicts": list(self.verdicts), "labels": list(self.labels), "labelled": int(self.labelled),
        }  # fmt: skip

    def values(self) -> dict[str, Any]:
        """As parameters of ``explorer_rows``."""
        return {**self.counted(), "kinds": list(self.kinds), "scopes": list(self.scopes), "secret": int(self.secret)}

    @property
    def beyond_hours(self) -> bool:
        """Whether the chart counts more than the rows show, as the hours do not know all filters."""
        return bool(self.kinds or self.scopes or self.secret)


SETS: dict[str, tuple[str, Choice]] = {
    "egress": ("Egress", Choice(activities=("Network connect",), scopes=("external",))),
    "credentials": ("Credential access", Choice(activities=("File read", "File write", "File delete"), secret=True)),
    "policy": ("Policy matches", Choice(verdicts=VERDICTS[1:])),
    "blocked": ("Blocked", Choice(verdicts=_STOPPED)),
    "labels": ("Labelled data", Choice(labelled=True)),
}
"""Predefined filters by their name in the address: what people call them, and what they choose."""

_FACETS = {"activity": "activities", "verdict": "verdicts", "label": "labels", "kind": "kinds", "scope": "scopes"}
_ALLOWED: dict[str, tuple[str, ...] | None] = {
    "activity": ACTIVITIES, "verdict": ("none", *VERDICTS), "label": None, "kind": KINDS, "scope": SCOPES,
}  # fmt: skip


def read(address: Mapping[str, Sequence[str]]) -> tuple[str | None, Choice]:
    """The predefined set that an address names, and what is chosen; a filter of its own is stronger than the set's."""
    ignored: list[str] = []
    named = next(iter(address.get("set", ())), None)
    if named is not None and named not in SETS:
        ignored.append(named)
        named = None
    chosen = SETS[named][1] if named else Choice()
    for facet, name in _FACETS.items():
        values = [v for v in address.get(facet, ()) if v][:MANY]
        known = _ALLOWED[facet]
        taken = tuple(dict.fromkeys(v for v in values if (v in known if known else _fit(v))))
        ignored += [v for v in values if v not in taken]
        if taken:
            fields: dict[str, Any] = {name: taken}
            chosen = replace(chosen, **fields)
    return named, replace(chosen, ignored=tuple(ignored))


def _fit(value: str) -> bool:
    return value.isprintable() and len(value) <= LONGEST
