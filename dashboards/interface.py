"""What the dashboard needs from outside of it: the lake to ask, a journal to write, and hands that act.

The dashboard stands on the lake alone and may not import the service. Whoever starts it (``lictor dashboard``) hands it
these; tests hand it others. Rows are dictionaries as the command line prints them: what a page shows of a held run is
what ``lictor held`` shows.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import IntEnum
from typing import Any, Protocol

import pyarrow as pa

Rows = list[dict[str, Any]]
Span = tuple[datetime, datetime]
"""From a moment to another one, which is not in it any more."""


class Role(IntEnum):
    """What somebody may do here; each may all that those before it may."""

    viewer = 1
    """Sees what happened, without content: no command lines, no prompts."""
    analyst = 2
    """Sees content, searches, hunts, triages findings."""
    responder = 3
    """Acts: freeze, release, kill, isolate, restore."""
    admin = 4
    """Sees who did what here, rolls policies out."""


@dataclass(frozen=True)
class Account:
    """Who looks. ``source``: local, link (the one who started the dashboard) or oidc."""

    name: str
    role: Role
    source: str


class DashboardError(Exception):
    """Something cannot be done, and why, in one line for a person."""


class Asked(Protocol):
    """A lake that answers SQL: ``Lake`` and ``StandingLake`` of ``pipeline.lake`` both do."""

    def query(
        self,
        sql: str,
        *,
        timeout: float = 30.0,
        limit: int | None = None,
        skip_damaged: bool = False,
        span: Span | None = None,
    ) -> pa.Table:
        """Rows of one SELECT; raises ``LakeError``."""

    def query_all(
        self, sqls: Mapping[str, str], *, timeout: float = 60.0, skip_damaged: bool = False, span: Span | None = None
    ) -> Mapping[str, pa.Table | Exception]:
        """Many SELECTs of one moment by name; one that fails gives its error. Raises ``LakeError``."""


class Journal(Protocol):
    """Where it is written who looked at what here, and did what: the table ``console``."""

    def write(self, account: Account, act: str, **columns: Any) -> None:
        """One row, durable when this returns; raises ``DashboardError`` where it cannot be: then nothing is shown or done."""


class Deeds(Protocol):
    """Orders to the services of this machine that hold runs. All raise ``DashboardError``."""

    def live(self) -> Rows:
        """Runs that go on now under a service here, with their state: ``run``, ``agent``, ``state``, …"""

    def held(self) -> Rows:
        """Questions that wait for a person, as ``lictor held`` lists them."""

    def order(self, do: str, name: str, why: str | None, account: Account, *, for_run: bool = False) -> Rows:
        """Have it done (release, deny, kill, freeze, isolate); what was seen of it: ``deed``, ``id``, ``enforcement``, ``evidence``."""


class Vault(Protocol):
    """Files that were taken away. All raise ``DashboardError``."""

    def listed(self) -> Rows:
        """As ``lictor quarantine list``."""

    def restore(self, file: str, account: Account, why: str) -> str:
        """Puts a file back; one line about where it is."""

    def purge(self, file: str, account: Account, why: str) -> str:
        """Deletes it for good; one line about it."""


@dataclass(frozen=True)
class Origin:
    """Where a policy's text comes from: ``file`` is what it is called, ``files`` are texts of files that it may include, by path.

    They are those that the lake has of that version: no file of this machine is read for whoever writes here.
    """

    file: str = "policy.yaml"
    files: Mapping[str, str] = field(default_factory=dict)


NOWHERE = Origin()


class Policies(Protocol):
    """The policy tools of the command line, over text that is in no file yet. All raise ``DashboardError``."""

    def check(self, text: str, origin: Origin = NOWHERE) -> Rows:
        """What is wrong with a policy: ``line``, ``column``, ``message``, and ``file`` where it is one that is included."""

    def explain(self, text: str, origin: Origin = NOWHERE) -> Rows:
        """Each rule and where this machine enforces it."""

    def lint(self, text: str, origin: Origin = NOWHERE) -> tuple[Rows, Rows]:
        """Warnings (rules that never decide, contradict each other or are broad), and the permissiveness score with its parts."""

    def tests(self, text: str, origin: Origin = NOWHERE) -> Rows:
        """The tests inside a policy: ``place``, ``test``, ``passed``, ``text``."""

    def diff(self, old: str, new: str, origin: Origin = NOWHERE) -> Rows:
        """What changed, by rule."""

    def backtest(self, text: str, since: datetime, origin: Origin = NOWHERE) -> Mapping[str, Any]:
        """What it would have done to the runs in the lake."""


@dataclass(frozen=True)
class Ports:
    """All of it. What is ``None`` is not to be had here, and pages say so."""

    lake: Asked
    journal: Journal
    deeds: Deeds | None = None
    vault: Vault | None = None
    policies: Policies | None = None
    facts: Sequence[tuple[str, str]] = ()
    """What stands on the page about health: version, lake folder, and the like, by name."""
    workbench: Asked | None = None
    """For a person's SQL, hunts and exports: a caged process for each, so that no page waits for them; ``lake`` where there is none."""
