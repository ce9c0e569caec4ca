"""What ``suggest`` learns from: distinct things that runs did, and what a policy that denies by default would have to allow.

A thing can ask for several permissions: a rename touches two names, and an open for reading and writing must pass as both.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from pipeline.policy.decide import groups

GOVERNABLE = ("exec", "file.read", "file.write", "file.delete", "file.chmod", "network")
"""Selectors that a suggestion can close: what is seen of them names a file or a peer."""

USUAL = ("file.write", "network")
"""Those that are closed where nobody says otherwise: what changes things, and what leaves the machine."""

SECRETS = ("credential", "browser-data")
EVERY_LABEL = ("credential", "persistence", "agent-config", "guard", "browser-data")
"""The built-in labels. All of them matter to a write; reading start-up files and settings is what every program does."""


@dataclass(frozen=True)
class SeenRun:
    """A run that is learned from; ``workspace`` and ``home`` are absolute paths."""

    id: str
    workspace: str
    home: str


@dataclass(frozen=True)
class Fact:
    """Something that a run did, and how often; names are those of ``activity``."""

    run: str
    operation: str
    events: int
    intents: frozenset[str] = frozenset()
    path: str | None = None
    path_to: str | None = None
    script: str | None = None
    exe: str | None = None
    ip: str | None = None
    port: int | None = None
    domain: str | None = None
    protocol: str | None = None


def selectors_of(fact: Fact, governed: frozenset[str]) -> Iterator[str]:
    """Closed selectors under which a fact is looked at. Defaults do not speak of unix sockets."""
    if fact.operation.startswith("net.") and fact.protocol == "unix":
        return
    found = (s for group in groups(fact.operation, fact.intents) for s in group if s in governed)
    yield from dict.fromkeys(found)


def names_of(fact: Fact) -> tuple[str | None, ...]:
    """Names that must be allowed; what a symbolic link points to falls under no default."""
    if fact.operation == "exec":
        return (fact.exe or fact.path,)
    if fact.operation in ("file.rename", "file.link"):
        return fact.path, fact.path_to
    return (fact.path_to if fact.operation == "file.symlink" else fact.path,)


def every_name(fact: Fact) -> tuple[str, ...]:
    """Names that a rule can deny the fact by."""
    names = (fact.path, fact.path_to, *((fact.script, fact.exe) if fact.operation == "exec" else ()))
    return tuple(name for name in names if name is not None)


def labels_for(selector: str) -> tuple[str, ...]:
    """Labels of files that are never suggested to be opened to a selector."""
    return SECRETS if selector == "file.read" else EVERY_LABEL
