"""What found a finding: a hunt, a Sigma rule, a rule of a policy, or Lictor itself about what it could not do."""

from __future__ import annotations

from dataclasses import dataclass

from queries.catalog import CatalogError
from queries.hunting import Hunt, hunts


@dataclass(frozen=True)
class Finder:
    """``kind``: hunt, Sigma rule, rule of a policy, or Lictor. What is not known is empty."""

    kind: str
    name: str
    answers: str = ""
    false_positives: str = ""
    tactics: tuple[str, ...] = ()
    hunt: Hunt | None = None


def finder(rule: str | None, policy: str | None) -> Finder:
    """Of a finding's ``rule`` and ``policy``."""
    kind, colon, name = (rule or "").partition(":")
    if colon and kind == "hunt":
        return _hunt(name)
    if colon and kind == "sigma":
        return Finder(
            "Sigma rule", name, "A rule of the Sigma bundle of this lake: lictor sigma list tells its text's place."
        )
    if colon and kind == "lictor":
        return Finder("Lictor", name, "Lictor reports about itself: something that it was to do did not take hold.")
    return Finder("Rule of a policy", rule or "?", f"A chain of events that policy {policy or '?'} names.")


def _hunt(name: str) -> Finder:
    try:
        found = hunts().get(name)
    except CatalogError:
        found = None
    if found is None:
        return Finder("Hunt", name, "This version of Lictor has no hunt of that name.")
    return Finder("Hunt", name, found.answers, found.false_positives, found.tactics, found)
