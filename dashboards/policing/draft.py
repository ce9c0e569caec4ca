"""A policy's text as somebody edits it: kept for their session only, checked by the same functions as the command line.

Nothing is written to a policy file from here. What the tools say of a text is remembered for a moment, since a page is drawn anew at each click.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import pyarrow as pa

from dashboards import context, hiding
from dashboards.interface import DashboardError, Origin, Policies, Rows

BLANK = """\
lictor: 1
name: new-policy
mode: audit
defaults: { exec: allow, file.read: allow, file.write: audit, network: audit }
rules: []
"""
"""What a new policy begins with: it records and stops nothing."""
_REMEMBERED = 16
_ABSENT = "Policies cannot be checked from here: the dashboard runs without Lictor's policy tools."


@dataclass(frozen=True)
class Draft:
    """A text, what it would replace (``stands``, empty for a new one), and what it may include."""

    policy: str
    version: str
    stands: str
    text: str
    origin: Origin = field(default_factory=Origin)

    @property
    def changed(self) -> bool:
        """Whether it differs from what is in force."""
        return self.text != self.stands

    @property
    def sha256(self) -> str:
        """Hash of its text, for the journal."""
        return hashlib.sha256(self.text.encode()).hexdigest()

    @property
    def key(self) -> str:
        """Names it among the drafts of a session."""
        return f"policies_draft_{self.version or 'new'}"


def from_lake(policy: str, version: str, texts: pa.Table) -> Draft:
    """The draft of a version as the lake has it. Raises ``DashboardError`` where its text is not to be had."""
    rows = texts.to_pylist()
    if not rows:
        raise DashboardError(f"the lake has no text of version {version}: its rows may have been removed")
    own = next((row for row in rows if row["own"]), rows[0])
    if any(row["text"] == hiding.HIDDEN for row in rows):
        raise DashboardError("the text of policies is shown to analysts and above")
    files = {row["file"]: row["text"] or "" for row in rows if row is not own}
    return Draft(policy, version, own["text"] or "", own["text"] or "", Origin(own["file"] or "policy.yaml", files))


def new() -> Draft:
    """A policy that is not there yet."""
    return Draft("new-policy", "", "", BLANK)


def tools() -> Policies:
    """The policy tools. Raises ``DashboardError`` where there are none."""
    found = context.ports().policies
    if found is None:
        raise DashboardError(_ABSENT)
    return found


def told(what: str, draft: Draft) -> Any:
    """What a tool (check, explain, lint, tests) says of a text. Raises ``DashboardError``."""
    files = tuple(draft.origin.files.items())
    return _told(tools(), what, draft.text, draft.origin.file, files)  # type: ignore[arg-type]  # every object has a hash


def problems(draft: Draft) -> Rows:
    """What is wrong with it, where it stands; empty where nothing is."""
    found: Rows = told("check", draft)
    return found


def differences(draft: Draft) -> Rows:
    """What it changes of the text in force, by rule. Raises ``DashboardError``."""
    return tools().diff(draft.stands, draft.text, draft.origin)


@lru_cache(_REMEMBERED)
def _told(found: Policies, what: str, text: str, file: str, files: tuple[tuple[str, str], ...]) -> Any:
    origin = Origin(file, dict(files))
    asked: Mapping[str, Any] = {
        "check": found.check,
        "explain": found.explain,
        "lint": found.lint,
        "tests": found.tests,
    }
    return asked[what](text, origin)
