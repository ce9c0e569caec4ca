"""What a quarantine and its undoing prove on Linux; rows and the way through all of it are tested with ``lictor.quarantining``."""

from __future__ import annotations

import os
from dataclasses import replace

import pytest

from enforcer.interface import Order
from enforcer.vault.holders import Holder
from enforcer.vault.take import Taken
from enforcer.vault.take import take as taken_by_vault
from lictor.vault import posix


@pytest.fixture
def vault(tmp_path):
    return posix.vault_at(tmp_path / "vault")


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "tool"
    path.write_text("bad")
    return path


def order(file):
    return Order("quarantine", "r-1", 11, 22, object=str(file), rule="tools", policy="house", actor="ann")


def test_a_file_goes_in_and_comes_out_at_another_place(vault, file, tmp_path):
    found = posix.take(vault, order(file), "d-1", None)
    assert found.enforcement == ("confirmed" if os.geteuid() == 0 else "unverified")
    [record] = vault.records()
    assert record.finding == {
        "agent_run": "r-1", "rule": "tools", "policy": "house", "process_key": 11, "pid": 22, "actor": "ann",
    }  # fmt: skip
    (tmp_path / "link").symlink_to(tmp_path)
    back = posix.restore(vault, record.id, tmp_path / "link" / "new", deed="d-2", even_if_changed=False)
    assert (back.state, back.deed, back.to) == ("restored", "d-2", str(tmp_path / "new"))
    assert posix.restored(back).confirmed
    assert (tmp_path / "new").read_text() == "bad"


def test_what_is_not_there_fails(vault, tmp_path):
    assert posix.take(vault, order(tmp_path / "none"), None, None).enforcement == "failed"


def test_what_a_crash_left_is_settled_as_it_was_and_as_it_is(vault, file):
    posix.take(vault, order(file), "d-1", None)
    [record] = vault.records()
    vault.write(replace(record, state="purging"))
    assert [r.id for r in posix.unsettled(vault)] == [record.id]
    [(before, now)] = posix.settle(vault)
    assert (before.state, now.state, posix.is_delayed(before)) == ("purging", "purged", False)
    assert posix.unsettled(vault) == []


def test_what_a_quarantine_does_not_prove_is_said(vault, file):
    record = taken_by_vault(vault, str(file), {}).record
    cases = {
        "1 other name of it stay": (Taken(replace(record, links=2), []), True, "confirmed"),
        "still held open by sh (7, write), who keep": (Taken(record, [Holder(7, "sh", "write")]), True, "unverified"),
        " and 3 more, who": (Taken(record, [Holder(i, "sh", "read") for i in range(8)]), True, "unverified"),
        "without root the same user": (Taken(record, []), False, "unverified"),
        "processes of root can still read": (Taken(replace(record, how="sealed"), []), True, "unverified"),
        "the copy read back": (Taken(replace(record, how="copied"), []), True, "confirmed"),
    }
    for text, (taken, root, enforcement) in cases.items():
        found = posix.outcome(taken, root=root)
        assert (text in found.evidence, found.enforcement) == (True, enforcement), found
