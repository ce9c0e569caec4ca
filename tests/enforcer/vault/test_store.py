"""Records on disk: whole or not at all, in folders of ours alone, changed by one at a time."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
from pathlib import Path

import pytest

from enforcer.vault.record import Record, Traits, VaultError
from enforcer.vault.store import Vault, aside_name, content_name

ROOT = Path(__file__).parents[3]


def record(item="q-abc", time_ns=1, **changes):
    return Record(item, "intended", "/x", (1, 2), 5, 1, Traits(0, 0, 0, 0, 0), time_ns, {}, **changes)


def test_what_is_written_is_read_again(vault):
    with vault.locked():
        vault.write(record("q-b", 2))
        vault.write(record("q-a", 3))
        vault.write(record("q-c", 1).now("taken"))
    assert [(r.id, r.state) for r in vault.records()] == [("q-c", "taken"), ("q-b", "intended"), ("q-a", "intended")]
    assert vault.read("q-b") == record("q-b", 2)


def test_only_its_owner_may_look_inside(vault):
    with vault.locked():
        vault.write(record())
    for path in [vault.root, *vault.root.rglob("*")]:
        assert path.stat().st_mode & 0o077 == 0, path


def test_a_folder_open_to_others_is_refused(vault):
    vault.root.mkdir(parents=True)
    vault.root.chmod(0o755)
    with pytest.raises(VaultError, match="not a folder of ours alone"), vault.locked():
        pass


def test_found_by_the_beginning_of_an_id(vault):
    with vault.locked():
        vault.write(record("q-abc"))
        vault.write(record("q-abd"))
    assert vault.find("q-abc").id == "q-abc"
    for begin, told in {"q-ab": "2 quarantined", "q-x": "no quarantined", "": "no quarantined"}.items():
        with pytest.raises(VaultError, match=told):
            vault.find(begin)


def test_ids_are_short_and_new(vault):
    ids = {vault.new_id() for _ in range(200)}
    assert len(ids) == 200
    assert all(len(i) == 10 for i in ids)


def test_a_full_disk_leaves_the_record_before(vault, monkeypatch):
    def full(*_):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with vault.locked():
        vault.write(record())
        with monkeypatch.context() as patch:
            patch.setattr(os, "fsync", full)
            with pytest.raises(OSError, match="No space"):
                vault.write(record().now("taken"))
        assert vault.records() == [record()]
        vault.clear()
        assert [p.name for p in (vault.root / "records").iterdir()] == ["q-abc.json"]


def test_a_damaged_record_is_named(vault):
    with vault.locked():
        vault.write(record())
    (vault.root / "records" / "q-abc.json").write_text("{")
    with pytest.raises(VaultError, match=r"q-abc\.json: a record that cannot be read"):
        vault.records()
    with pytest.raises(VaultError, match="No such file"):
        vault.read("q-none")


def test_no_vault_has_no_records(vault):
    assert vault.records() == []


def test_a_second_process_waits(vault):
    script = (
        "import sys; from pathlib import Path; from enforcer.vault.store import Vault\n"
        "print('waits', flush=True)\nwith Vault(Path(sys.argv[1])).locked(): print('has it', flush=True)"
    )
    with vault.locked():
        other = subprocess.Popen(
            [sys.executable, "-c", script, vault.root], stdout=subprocess.PIPE, text=True, cwd=ROOT
        )
        assert other.stdout.readline() == "waits\n"
        with pytest.raises(subprocess.TimeoutExpired):
            other.wait(0.3)
    assert other.communicate(timeout=20)[0] == "has it\n"


def test_names():
    assert content_name(record(how="copied")) == "q-abc.copy"
    assert content_name(record(how="moved")) == "q-abc"
    assert aside_name(record()) == ".lictor-q-abc"
    assert Vault(Path("/v")).root == Path("/v")
