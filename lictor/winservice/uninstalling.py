"""The service off a machine: stopped, taken away, its source too. What it recorded and was told stays, unless that is to go as well."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

from lictor.winservice import eventlog, manager, tree
from lictor.winservice.installing import stopped
from lictor.winservice.names import NAME
from lictor.winservice.steps import Step, attempt

GONE_S = 20.0
"""How long a service may be marked for deletion: until whoever looks at it closes his window."""


def uninstall(home: Path, *, purge: bool) -> Iterator[Step]:
    """Each step as it is done. A service that cannot be stopped is not taken away, and nothing of it is removed."""
    yield (step := stopped())
    if step.state == "failed":
        return
    yield attempt("service", _remove, _is_gone)
    yield attempt("event log", eventlog.remove, lambda: eventlog.message_file() is None)
    yield _purged(home) if purge else Step("home", "confirmed", f"{home} stays, with lake and policies")


def _remove() -> str:
    manager.remove(NAME)
    return "removed"


def _is_gone() -> bool:
    return manager.wait(NAME, lambda _state: False, GONE_S) is None


def _purged(home: Path) -> Step:
    """Everything goes, but nothing that a link leads to."""
    if home.exists() and (found := tree.links(home)):
        return Step("home", "failed", f"{found[0]} leads elsewhere: remove it first, then the rest")
    return attempt("home", lambda: _remove_tree(home), lambda: not home.exists())


def _remove_tree(home: Path) -> str:
    if home.exists():
        shutil.rmtree(home)
    return f"{home} removed, with lake and policies"
