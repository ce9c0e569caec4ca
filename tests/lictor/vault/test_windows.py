"""The calls of Windows are made up, as in the tests of its vault; ``tests/windows`` has the commands for real."""

from __future__ import annotations

import pytest

from enforcer.interface import Order
from lictor.vault import windows


@pytest.fixture
def vault(tmp_path, windows_files):
    return windows.vault_at(tmp_path / "vault")


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "tool.exe"
    path.write_bytes(b"bad")
    return path


def take(vault, file):
    order = Order("quarantine", "", 0, 0, object=str(file), actor="ann")
    return windows.take(vault, order, "d-1", None)


def test_a_file_goes_in_comes_out_and_goes_for_good(vault, file, tmp_path):
    assert take(vault, file).confirmed
    [record] = vault.records()
    assert (record.deed, record.finding["actor"], file.exists()) == ("d-1", "ann", False)
    back = windows.restore(vault, record.id, tmp_path / "new", deed="d-2", even_if_changed=False)
    assert (back.state, back.deed, (tmp_path / "new").read_bytes()) == ("restored", "d-2", b"bad")
    assert windows.restored(back).confirmed
    assert windows.restored(back.now("restored", note="its owner reads back as another")).enforcement == "unverified"
    assert take(vault, tmp_path / "new").confirmed
    gone = windows.purge(vault, vault.records()[1].id, deed="d-3")
    assert (gone.state, gone.deed) == ("purged", "d-3")


def test_what_a_crash_left_is_settled_as_it_was_and_as_it_is(vault, file):
    take(vault, file)
    [record] = vault.records()
    vault.write(record.now("purging"))
    assert [r.id for r in windows.unsettled(vault)] == [record.id]
    [(before, now)] = windows.settle(vault)
    assert (before.state, now.state, windows.is_delayed(before)) == ("purging", "purged", False)
    assert windows.is_delayed(record.now("intended", how="moved"))


def test_nobody_is_ended_for_a_file_that_a_person_takes_away():
    assert windows._nobody(8, 80).enforcement == "failed"
