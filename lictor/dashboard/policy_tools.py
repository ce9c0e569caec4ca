"""The policy tools for the dashboard: over text that is in no file yet.

Whoever writes there can include no file of this machine, only texts that the lake has of the policy's own files.
"""

from __future__ import annotations

import math
import posixpath
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
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
from pipeline.policy.context import RunContext
from pipeline.policy.load import PolicyError, load_policy
from pipeline.policy.model import Policy
from pipeline.policy.testing import run_tests

_PUBLIC = frozenset({"HOME", "USER", "LOGNAME"})
"""Variables whose values a policy's text may ask for here."""


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
        with _told():
            return _rows(judging.where_enforced([_load(text, origin)], _context(), host))

    def lint(self, text: str, origin: Origin = NOWHERE) -> tuple[Rows, Rows]:
        """Warnings, and the permissiveness score: its total first, then its parts, ``points`` and ``text``."""
        with _told():
            found = judging.linted(_load(text, origin), _context())
        parts = [{"points": r.points, "text": r.text} for r in found.score.reasons]
        return found.table.to_pylist(), [{"points": found.score.points, "text": "permissiveness of 100"}, *parts]

    def tests(self, text: str, origin: Origin = NOWHERE) -> Rows:
        """The tests inside a policy."""
        with _told():
            return _rows(policies.results_table(run_tests(_load(text, origin), _context())))

    def diff(self, old: str, new: str, origin: Origin = NOWHERE) -> Rows:
        """What changed, by rule, and whether that is wider or narrower."""
        with _told():
            return _rows(judging.differences(_load(old, origin), _load(new, origin), _context()))

    def backtest(self, text: str, since: datetime, origin: Origin = NOWHERE) -> Mapping[str, Any]:
        """What it would have done to the runs since then: ``rows`` by rule, ``told`` in words, ``broken``, ``newly_allowed``, ``events``."""
        window = Window(math.floor(since.timestamp() * 1e9), time.time_ns())
        with _told():
            found = backtesting.backtest(self._lake, [_load(text, origin)], backtesting.Asking(window=window))
        return {
            "rows": backtest_report.table(found, "rule").to_pylist(), "told": backtest_report.summary(found),
            "broken": found.broken, "newly_allowed": found.newly_allowed, "events": found.events,
        }  # fmt: skip


def _rows(table: pa.Table) -> Rows:
    found: Rows = table.to_pylist()
    return found


@contextmanager
def _told() -> Iterator[None]:
    """Every error that is meant for a person, in one line. Some are found only when a policy meets this machine."""
    try:
        yield
    except PolicyError as error:
        raise DashboardError("; ".join(str(error).splitlines())) from error
    except (LictorError, LakeError) as error:
        raise DashboardError(str(error)) from error


def _context() -> RunContext:
    """Where and who this process is, and of its variables only what everybody knows: whoever may write a policy could read the rest by it."""
    here = local_context(agent="")
    return replace(here, env={name: value for name, value in here.env.items() if name in _PUBLIC})


def _load(text: str, origin: Origin) -> Policy:
    """The policy of a text. Raises ``PolicyError``."""

    def fetch(name: str, including: str) -> tuple[str, str]:
        path = posixpath.normpath(posixpath.join(posixpath.dirname(including), name))
        if path not in origin.files:
            raise ValueError("the lake has no text of it with this version")
        return origin.files[path], path

    return load_policy(text, origin.file, fetch if origin.files else None)
