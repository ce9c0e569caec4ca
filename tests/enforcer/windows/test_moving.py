from __future__ import annotations

import hashlib
import sys

import pytest

from enforcer.vault.record import VaultError
from enforcer.windows import api, moving


@pytest.fixture
def other_volume(monkeypatch):
    def refuse(*_):
        raise OSError(api.NOT_SAME_DEVICE, "another volume")

    monkeypatch.setattr(api, "call", refuse)
    monkeypatch.setattr(api, "code_of", lambda error: error.errno)


def test_move_asks_for_one_that_replaces_and_is_on_disk(monkeypatch):
    asked = []
    monkeypatch.setattr(api, "call", lambda *a: asked.append(a) or 1)
    assert not moving.move("a", "b")
    assert not moving.move("a", "b", replace=False)
    moving.at_next_start("a", "b")
    assert [flags for *_, flags in asked] == [1 | 8, 8, 4]


def test_other_volume_gets_a_verified_copy_and_the_original_goes(other_volume, tmp_path):
    source, target = tmp_path / "a", tmp_path / "b"
    source.write_bytes(b"x" * 3_000_000)
    source.chmod(0o444)
    assert moving.move(str(source), str(target))
    assert not source.exists()
    assert moving.sha256(str(target)) == hashlib.sha256(b"x" * 3_000_000).hexdigest()


def test_copy_that_reads_back_differently_leaves_the_original(other_volume, tmp_path, monkeypatch):
    source, target = tmp_path / "a", tmp_path / "b"
    source.write_bytes(b"x")
    monkeypatch.setattr(moving, "sha256", lambda path: path)
    with pytest.raises(VaultError, match="reads back differently"):
        moving.move(str(source), str(target))
    assert source.exists()
    assert not target.exists()


def test_any_other_error_is_the_callers(monkeypatch):
    def refuse(*_):
        raise OSError(api.SHARING_VIOLATION, "held")

    monkeypatch.setattr(api, "call", refuse)
    with pytest.raises(OSError, match="held"):
        moving.move("a", "b")


@pytest.mark.parametrize(
    ("path", "waits"), [("C:\\Home\\TOOL.exe", True), ("C:\\vault\\q-1", False), ("C:\\other", False)]
)
def test_only_sources_of_the_list_wait_for_the_next_start(monkeypatch, path, waits):
    listed = ["\\??\\C:\\home\\tool.exe", "\\??\\C:\\vault\\q-1", "\\??\\C:\\gone", ""]
    monkeypatch.setattr(moving, "_pending", lambda: listed)
    assert moving.waits_for_start(path) == waits


@pytest.mark.skipif(sys.platform == "win32", reason="there it has one")
def test_another_system_has_no_such_list():
    with pytest.raises(OSError, match="only Windows"):
        moving.waits_for_start("a")
