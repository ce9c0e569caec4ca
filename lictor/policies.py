"""What ``lictor policy`` finds out about policy files: where each rule is carried out, and what its tests say.

Every file is looked at, also behind a broken one, so that one call tells all there is to mend.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

import pyarrow as pa

from pipeline.policy.compile import Program, RunContext, compile_policies
from pipeline.policy.load import PolicyError, read_policies
from pipeline.policy.model import Policy, Scope
from pipeline.policy.testing import Enforcement, TestResult, explain_enforcement, run_tests

NOT_STOPPING = "judged only: stops nothing"

T = TypeVar("T")


def check(files: Sequence[Path], context: RunContext) -> tuple[pa.Table | None, list[PolicyError]]:
    """Rows ``policy, rule, on, action, enforced, reason`` of the valid files, and what is wrong with the others."""
    found, wrong = _each(files, lambda policy: _ways(compile_policies([replace(policy, scope=Scope())], context)))
    return (_as_table([row for rows in found for row in rows]) if found else None), wrong


def run_all(files: Sequence[Path], context: RunContext) -> tuple[list[list[TestResult]], list[PolicyError]]:
    """Results of the tests inside each valid file, and what is wrong with the others."""
    return _each(files, lambda policy: run_tests(policy, context))


def results_table(results: Iterable[TestResult]) -> pa.Table:
    """Rows ``place, policy, test, passed, text`` of test results."""
    rows = [
        {"place": r.place, "policy": r.policy, "test": r.number, "passed": r.passed, "text": r.text} for r in results
    ]
    fields = [
        ("place", pa.string()),
        ("policy", pa.string()),
        ("test", pa.int64()),
        ("passed", pa.bool_()),
        ("text", pa.string()),
    ]
    return pa.Table.from_pylist(rows, schema=pa.schema(fields))


def _each(files: Sequence[Path], look: Callable[[Policy], T]) -> tuple[list[T], list[PolicyError]]:
    found: list[T] = []
    wrong: list[PolicyError] = []
    for file in files:
        try:
            found += [look(policy) for policy in read_policies([file])]
        except PolicyError as error:
            wrong.append(error)
    return found, wrong


def _ways(program: Program) -> list[tuple[str, ...]]:
    """(policy, rule, operations, action, where, reason): rules in the order of the file, then defaults."""
    explained: dict[str, list[Enforcement]] = {}
    for way in explain_enforcement(program):
        explained.setdefault(way.rule, []).append(way)
    rows = [
        row for rule in program.rules for row in _rows(explained.get(rule.id), rule.id, sorted(rule.on), rule.action)
    ]
    for sequence in program.sequences:
        rule = sequence.rule
        rows += _rows(explained.get(rule.id), rule.id, sorted(rule.on), rule.action)
    for selector, action in program.defaults.items():
        rows += _rows(explained.get(f"default:{selector}"), f"default:{selector}", [selector], action)
    return [(program.name, *row) for row in rows]


def _rows(ways: Iterable[Enforcement] | None, rule: str, on: Sequence[str], action: str) -> list[tuple[str, ...]]:
    if ways is None:
        return [(rule, ", ".join(on), action, NOT_STOPPING, "")]
    return [(rule, ", ".join(e.operations), e.action, e.where, e.reason) for e in ways]


def _as_table(rows: Sequence[tuple[str, ...]]) -> pa.Table:
    names = ("policy", "rule", "on", "action", "enforced", "reason")
    return pa.table({name: pa.array([row[i] for row in rows], pa.string()) for i, name in enumerate(names)})
