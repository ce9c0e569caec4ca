"""Alarms are findings, once a minute for the same failure."""

from __future__ import annotations

import json

import pytest

from enforcer.interface import Order, Outcome
from lictor.enforcing.alarms import QUIET_S, Alarms
from pipeline import schema

ORDER = Order("freeze", "run-1", 7, 70, object="/x", rule="r", policy="p")
FAILED = Outcome("failed", "cgroup.events does not show frozen 1")


@pytest.fixture
def told():
    return []


@pytest.fixture
def clock():
    return [100.0]


@pytest.fixture
def alarms(told, clock):
    rows = []
    made = Alarms(rows.append, told.append, lambda: clock[0])
    made.rows = rows
    return made


def test_a_failure_is_a_finding_and_a_line(alarms, told):
    alarms.failed(ORDER, FAILED)
    (table,) = alarms.rows
    assert table.schema == schema.lake_schema("findings")
    (row,) = table.to_pylist()
    assert (row["agent_run"], row["rule"], row["policy"], row["severity"]) == (
        "run-1",
        "lictor:action-failed",
        "p",
        "high",
    )
    assert row["title"] == "action freeze failed: cgroup.events does not show frozen 1"
    assert json.loads(row["evidence"]) == {"action": "freeze", "object": "/x", "pid": 70, "process_key": 7}
    assert told == ["action freeze failed: cgroup.events does not show frozen 1 (run run-1, rule r)"]


def test_the_same_failure_is_told_once_a_minute_and_another_at_once(alarms, told, clock):
    alarms.failed(ORDER, FAILED)
    clock[0] += QUIET_S - 0.1
    alarms.failed(ORDER, FAILED)
    assert len(alarms.rows) == 1
    alarms.failed(Order("kill", "run-1", 7, 70, rule="r"), FAILED)
    assert len(alarms.rows) == 2
    clock[0] += 0.2
    alarms.failed(ORDER, FAILED)
    assert len(alarms.rows) == len(told) == 3


def test_memory_is_bounded(alarms):
    for number in range(10_000):
        alarms.failed(Order("kill", f"run-{number}", 7, 70), FAILED)
    assert len(alarms.rows) == 10_000
    assert len(alarms._told) <= 4096


def test_any_alarm_names_what_it_is(alarms):
    alarms.raise_("paused", "enforcement was paused", "critical")
    (row,) = alarms.rows[0].to_pylist()
    assert (row["rule"], row["severity"], row["agent_run"], row["evidence"]) == (
        "lictor:paused",
        "critical",
        None,
        None,
    )
