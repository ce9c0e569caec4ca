"""The policy tools for the dashboard: over text that is in no file yet.

Whoever writes there can include no file of this machine, only texts that the lake has of the policy's own files.
"""

from __future__ import annotations

import math
import posixpath
import time
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import pyarrow as pa

from dashboards.interface import NOWHERE, DashboardError, Origin, Rows
from lictor import backtest_report, backtesting, judging, policies
from lictor.context import local_context
from lictor.errors import LictorError
from lictor.history.asking import Window
from lictor.offers import this_host
from pipeline.lake.errors import LakeError
from pipeline.lake.reader import Lake
from pipeline.policy.load import PolicyError, load_policy
from pipeline.policy.model import Policy
from pipeline.policy.testing import run_tests


class PolicyTools:
    """``lake`` is asked for backtests: in a worker of its own, since those take long."""

    def __init__(self, lake: Lake) -> None:
        self._lake = lake

    def check(self, text: str, origin: Origin = NOWHERE) -> Rows:
        """What is wrong: ``line``, ``column``, ``message``, and ``file`` where it is one that is included."""
        try:
            _load(text, origin)
        except PolicyError as error:
            file = "" if error.filename == origin.file else error.filename
            return [
                {"line": p.line, "column": p.column, "message": p.message, "file": p.file or file}
                for p in error.problems
            ]
        return []

    def explain(self, text: str, origin: Origin = NOWHERE) -> Rows:
        """Each rule and where this machine enforces it."""
        host, _ = this_host()
        return _rows(judging.where_enforced([_read(text, origin)], local_context(agent=""), host))

    def lint(self, text: str, origin: Origin = NOWHERE) -> tuple[Rows, Rows]:
        """Warnings, and the permissiveness score: its total first, then its parts, ``points`` and ``text``."""
        found = judging.linted(_read(text, origin), local_context(agent=""))
        parts = [{"points": r.points, "text": r.text} for r in found.score.reasons]
        return found.table.to_pylist(), [{"points": found.score.points, "text": "permissiveness of 100"}, *parts]

    def tests(self, text: str, origin: Origin = NOWHERE) -> Rows:
        """The tests inside a policy."""
        return _rows(policies.results_table(run_tests(_read(text, origin), local_context(agent=""))))

    def diff(self, old: str, new: str, origin: Origin = NOWHERE) -> Rows:
        """What changed, by rule, and whether that is wider or narrower."""
        return _rows(judging.differences(_read(old, origin), _read(new, origin), local_context(agent="")))

    def backtest(self, text: str, since: datetime, origin: Origin = NOWHERE) -> Mapping[str, Any]:
        """What it would have done to the runs since then: ``rows`` by rule, ``told`` in words, ``broken``, ``newly_allowed``, ``events``."""
        window = Window(math.floor(since.timestamp() * 1e9), time.time_ns())
        try:
            found = backtesting.backtest(self._lake, [_read(text, origin)], backtesting.Asking(window=window))
        except (LictorError, LakeError, PolicyError) as error:
            raise DashboardError(str(error)) from error
        return {
            "rows": backtest_report.table(found, "rule").to_pylist(), "told": backtest_report.summary(found),
            "broken": found.broken, "newly_allowed": found.newly_allowed, "events": found.events,
        }  # fmt: skip


def _rows(table: pa.Table) -> Rows:
    found: Rows = table.to_pylist()
    return found


def _read(text: str, origin: Origin) -> Policy:
    try:
        return _load(text, origin)
    except PolicyError as error:
        raise DashboardError(str(error)) from error


def _load(text: str, origin: Origin) -> Policy:
    """The policy of a text. Raises ``PolicyError``."""

    def fetch(name: str, including: str) -> tuple[str, str]:
        path = posixpath.normpath(posixpath.join(posixpath.dirname(including), name))
        if path not in origin.files:
            raise ValueError("the lake has no text of it with this version")
        return origin.files[path], path

    return load_policy(text, origin.file, fetch if origin.files else None)
