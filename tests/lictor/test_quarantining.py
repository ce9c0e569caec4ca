"""Orders and what they prove, rows of ``actions``, and what a crash leaves to be said."""

from __future__ import annotations

import os
from dataclasses import replace

import pytest

from enforcer.interface import Order
from enforcer.vault.record import VaultError
from enforcer.vault.take import take
from lictor import quarantining
from lictor.errors import LictorError


@pytest.fixture
def vault(tmp_path):
    return quarantining.vault_of(tmp_path / "lake")


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "tool"
    path.write_text("bad")
    path.chmod(0o755)
    return path


@pytest.fixture
def rows():
    return []


@pytest.fixture
def write(rows):
    return lambda table: rows.extend(table.to_pylist())


def order(file):
    return Order("quarantine", "r-1", 11, 22, object=str(file), rule="tools", policy="house")


def test_an_order_is_carried_out_and_proven(vault, file):
    found = quarantining.quarantine(vault, order(file), "a-1")
    assert found.enforcement == ("confirmed" if os.geteuid() == 0 else "unverified")
    [record] = vault.records()
    assert found.evidence.startswith(f"{record.id}: moved to the vault, mode 000 (SHA-256 {record.sha256})")
    assert (record.deed, record.finding["rule"], record.finding["agent_run"]) == ("a-1", "tools", "r-1")
    assert not file.exists()


@pytest.mark.parametrize("name", ["none", "link", None])
def test_what_cannot_be_done_is_an_outcome(vault, file, tmp_path, name):
    (tmp_path / "link").symlink_to(file)
    found = quarantining.quarantine(vault, replace(order(file), object=name and str(tmp_path / name)))
    assert found.enforcement == "failed"
    assert file.exists()


def test_another_inode_is_not_touched(vault, file):
    assert quarantining.quarantine(vault, order(file), inode=(1, 1)).enforcement == "failed"
    assert file.exists()


def test_restore_and_purge_are_two_rows_each(vault, file, rows, write):
    for deed in ("restore", "purge"):
        quarantining.quarantine(vault, order(file))
        item = quarantining.listed(vault).to_pylist()[0]["id"]
        getattr(quarantining, deed)(vault, item, write)
        intent, result = rows[-2:]
        assert intent["id"] == result["id"]
        assert [(r["phase"], r["action"], r["object"]) for r in (intent, result)] == [
            ("intent", deed, str(file)), ("result", deed, str(file)),
        ]  # fmt: skip
        assert (intent["enforcement"], result["enforcement"]) == (None, "confirmed")
        assert (result["agent_run"], result["rule"], bool(result["actor"])) == ("r-1", "tools", True)
        assert item in result["evidence"]
        assert file.exists() == (deed == "restore")


def test_a_restore_that_fails_is_a_result_too(vault, file, rows, write, tmp_path):
    quarantining.quarantine(vault, order(file))
    file.write_text("new")
    item = vault.records()[0].id
    with pytest.raises(LictorError, match="is not replaced"):
        quarantining.restore(vault, item, write)
    assert [(r["phase"], r["enforcement"]) for r in rows] == [("intent", None), ("result", "failed")]
    with pytest.raises(LictorError, match="no quarantined files have an id like 'q-none'"):
        quarantining.restore(vault, "q-none", write)
    (tmp_path / "link").symlink_to(tmp_path)
    quarantining.restore(vault, item, write, tmp_path / "link" / "new")
    assert (tmp_path / "new").read_text() == "bad"


def test_the_list_shows_what_is_there_and_on_request_what_was(vault, file, write):
    assert quarantining.listed(vault).num_rows == 0
    quarantining.quarantine(vault, order(file))
    [row] = quarantining.listed(vault).to_pylist()
    assert (row["path"], row["state"], row["mode"], row["size"], row["policy"]) == (
        str(file), "taken", "0755", 3, "house",
    )  # fmt: skip
    quarantining.purge(vault, row["id"], write)
    assert quarantining.listed(vault).num_rows == 0
    assert [r["state"] for r in quarantining.listed(vault, everything=True).to_pylist()] == ["purged"]


def test_a_name_that_is_no_text_can_be_listed(vault, tmp_path):
    path = os.fsencode(tmp_path) + b"/bad\xff\n"
    with open(path, "w"):
        pass
    quarantining.quarantine(vault, replace(order(tmp_path), object=os.fsdecode(path)))
    assert quarantining.listed(vault).to_pylist()[0]["path"].endswith("/bad\\xff\n")


@pytest.mark.parametrize(
    ("state", "action", "enforcement"),
    [("intended", "quarantine", "confirmed"), ("restoring", "restore", "failed"), ("purging", "purge", "confirmed")],
)
def test_an_interrupted_deed_gets_its_result(vault, file, rows, write, state, action, enforcement):
    quarantining.quarantine(vault, order(file), "a-1")
    [record] = vault.records()
    vault.write(replace(record, state=state, how=None if state == "intended" else record.how))
    [line] = quarantining.settle(vault, write)
    assert record.id in line
    [row] = rows
    assert (row["id"], row["phase"], row["action"], row["enforcement"]) == ("a-1", "result", action, enforcement)
    assert quarantining.settle(vault, write) == []


def test_a_file_that_the_system_took_later_has_two_rows_of_its_own(vault, file, rows, write, monkeypatch):
    quarantining.quarantine(vault, order(file), "a-1")
    [record] = vault.records()
    vault.write(replace(record, state="intended", how=None))
    monkeypatch.setattr(quarantining.here, "is_delayed", lambda found: found.state == "intended")
    quarantining.settle(vault, write)
    assert [(row["phase"], row["enforcement"]) for row in rows] == [("intent", None), ("result", "confirmed")]
    assert len({row["id"] for row in rows} | {"a-1"}) == 2


def test_nothing_is_made_where_there_is_no_vault(vault, rows, write):
    assert quarantining.settle(vault, write) == rows == []
    assert not vault.root.exists()


def test_what_stays_between_two_states_is_said(vault, file, write):
    record = take(vault, str(file), {}).record
    (vault.root / "content" / record.id).rename(vault.root / "content" / "x")
    (vault.root / "content" / record.id).write_text("other")
    vault.write(replace(record, state="intended", path="/none/tool", inode=(1, 1)))
    [line] = quarantining.settle(vault, write)
    assert "between two states" in line


def test_a_vault_that_cannot_be_read_is_one_line(vault, file, write):
    record = take(vault, str(file), {}).record
    (vault.root / "records" / f"{record.id}.json").write_text("{")
    with pytest.raises(VaultError):
        vault.records()
    for call in (lambda: quarantining.listed(vault), lambda: quarantining.settle(vault, write)):
        with pytest.raises(LictorError, match="cannot be read"):
            call()
