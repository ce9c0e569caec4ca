from __future__ import annotations

from types import SimpleNamespace

import pytest

from enforcer.interface import Outcome
from enforcer.windows.isolate import Firewall
from lictor.enforcing import leftovers
from lictor.enforcing.leftovers import Leftovers


@pytest.fixture
def settle(monkeypatch):
    """Function: rows and lines for the firewall's rules."""

    def run(rules=(), join=None):
        monkeypatch.setattr(leftovers.process, "alive", lambda pid, _key: pid == 4)
        read = (lambda: Firewall(rules)) if not isinstance(rules, Exception) else raising(rules)
        made = Leftovers(
            SimpleNamespace(host="box", boot_id="b-1"), read=read,
            block=lambda name: SimpleNamespace(join=lambda: join or Outcome("confirmed", f"no rule lictor-{name} is left")),
        )  # fmt: skip
        rows, lines = [], []
        made.settle(lambda table: rows.extend(table.to_pylist()), lines.append)
        return rows, lines

    return run


def raising(error):
    def read():
        raise error

    return read


def test_a_machine_where_nothing_was_left_says_nothing(settle):
    assert settle() == ([], [])


def rule(run, owner):
    return f"v2.31|Action=Block|Active=TRUE|Dir=Out|App=C:\\a.exe|Name=lictor-{run}|Desc=Lictor {owner} -5|"


@pytest.mark.parametrize("join", [None, Outcome("failed", "2 rules lictor-r1 are still there after netsh ran")])
def test_rules_of_a_lictor_that_is_gone_are_removed_and_those_of_one_that_runs_stay(settle, join):
    rows, (line,) = settle(rules=[rule("r1", 3), rule("r1", 3), rule("r2", 4)], join=join)
    assert [(row["phase"], row["action"], row["agent_run"]) for row in rows] == [
        ("intent", "join", "r1"),
        ("result", "join", "r1"),
    ]
    assert rows[1]["enforcement"] == ("failed" if join else "confirmed")
    assert rows[1]["evidence"] in line


def test_a_firewall_that_cannot_be_read_is_said(settle):
    rows, (line,) = settle(rules=OSError("access denied"))
    assert rows == []
    assert "access denied" in line
