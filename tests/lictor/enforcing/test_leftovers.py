from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import pytest

from enforcer.interface import Outcome
from enforcer.vault.record import Record, Traits, VaultError
from enforcer.windows.isolate import Firewall
from lictor.enforcing import leftovers
from lictor.enforcing.leftovers import Leftovers
from lictor.errors import LictorError

FINDING = {"run": "run-1", "rule": "keys", "policy": "p", "pid": 8}
RECORD = Record(
    "q-1", "intended", "C:\\tool.exe", (1, 2), 3, 1, Traits(0, 0, 0, 0, 0), 5, FINDING, deed="d-1",
)  # fmt: skip


@pytest.fixture
def settle(tmp_path, monkeypatch):
    """Function: rows and lines for records (before, now), those still open, and the firewall's rules."""

    def run(settled=(), left=(), rules=(), join=None, root=tmp_path):
        monkeypatch.setattr(leftovers, "reconcile", lambda _vault: iter(settled))
        monkeypatch.setattr(leftovers, "unsettled", lambda _vault: list(left))
        monkeypatch.setattr(leftovers.process, "alive", lambda pid, _key: pid == 4)
        read = (lambda: Firewall(rules)) if not isinstance(rules, Exception) else raising(rules)
        made = Leftovers(
            SimpleNamespace(root=Path(root)), SimpleNamespace(host="box", boot_id="b-1"), read=read,
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


def test_a_machine_where_nothing_was_left_says_nothing(settle, tmp_path):
    assert settle() == ([], [])
    assert settle(settled=[(RECORD, RECORD)], root=tmp_path / "none") == ([], []), "there is no vault"


@pytest.mark.parametrize(("state", "enforcement"), [("taken", "confirmed"), ("undone", "failed")])
def test_a_file_gets_the_result_that_its_intent_is_owed(settle, state, enforcement):
    (row,), (line,) = settle([(RECORD, RECORD.now(state, note="why"))])
    assert (row["id"], row["phase"], row["action"], row["enforcement"]) == ("d-1", "result", "quarantine", enforcement)
    assert row["evidence"] == f"q-1: settled at the next start: {state}; why"
    assert (row["agent_run"], row["rule"], row["pid"], row["object"], row["host"]) == (
        "run-1",
        "keys",
        8,
        RECORD.path,
        "box",
    )
    assert f"q-1 ({RECORD.path}) is {state}" in line


def test_a_file_that_windows_took_at_its_start_has_two_rows_of_its_own(settle):
    rows, _ = settle([(RECORD.now("intended", how="moved"), RECORD.now("taken", how="moved"))])
    assert [row["phase"] for row in rows] == ["intent", "result"]
    assert len({row["id"] for row in rows} | {"d-1"}) == 2


@pytest.mark.parametrize(("state", "enforcement"), [("restored", "confirmed"), ("taken", "failed")])
def test_a_restore_is_told_as_one(settle, state, enforcement):
    rows, _ = settle([(RECORD.now("restoring", deed=None), RECORD.now(state, deed=None))])
    assert [(row["action"], row["enforcement"]) for row in rows] == [("restore", None), ("restore", enforcement)]


def test_what_stays_open_is_said(settle):
    rows, lines = settle(left=[RECORD, RECORD.now("intended", how="moved")])
    assert rows == []
    assert [line.rpartition(") and ")[2] for line in lines] == ["stays so", "waits for the next start of Windows"]


def test_a_vault_that_cannot_be_read_is_an_error(settle, monkeypatch):
    def broken():
        raise VaultError("q-2.json: a record that cannot be read")
        yield

    with pytest.raises(LictorError, match=r"quarantine: q-2\.json"):
        settle(broken())


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
