from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import pytest

from lictor.system import windows

OWN = "S-1-5-21-1-2-3-1001"


@pytest.mark.parametrize(
    ("sddl", "closed"),
    [
        ("O:BAG:SYD:PAI(A;OICI;FA;;;SY)(A;OICI;FA;;;BA)(A;OICI;FRFX;;;BU)", True),
        (f"O:{OWN}G:BUD:(A;;FA;;;SY)(A;;FA;;;{OWN})", True),
        ("O:BAG:SYD:(A;;FA;;;BA)(A;;FA;;;BU)", False),
        ("O:BAG:SYD:(A;;FA;;;BA)(A;;0x1301bf;;;BU)", False),
        ("O:BAG:SYD:(A;;FA;;;BA)(A;OICIIO;FA;;;CO)", True),
        ("O:BAG:SYD:(D;;FA;;;BU)(A;;FA;;;BA)", True),
        ("O:BUG:SYD:(A;;FA;;;BA)", False),
        ("O:S-1-5-21-9-9-9-1001G:SYD:(A;;FA;;;BA)", False),
        ("O:BAG:SYD:", False),
        ("O:BAG:SYD:(broken)", False),
    ],
)
def test_who_may_write_is_said_by_owner_and_access_list(sddl, closed):
    assert windows.is_closed(sddl, OWN) is closed


def test_the_list_of_our_own_folders_is_closed():
    assert windows.is_closed(f"O:BAG:SY{windows.READABLE}", OWN)


def test_what_cannot_be_described_is_not_ours(monkeypatch):
    def refused(_):
        raise OSError("access denied")

    monkeypatch.setattr(windows.security, "describe", refused)
    assert not windows.is_ours(Path("x"), None)


def test_homes_and_paths_are_written_as_policies_write_them(monkeypatch):
    monkeypatch.setattr(windows.getpass, "getuser", lambda: "Dea")
    monkeypatch.setattr(windows.Path, "home", classmethod(lambda _: r"C:\Users\Dea"))
    monkeypatch.setenv("SYSTEMDRIVE", "C:")
    assert windows.pattern_path(r"C:\a\b.txt") == "C:/a/b.txt"
    assert windows.home_of(r"CORP\dea") == "C:/Users/Dea"
    assert windows.home_of(r"CORP\ben") == "C:/Users/ben"
    assert windows.user_of(SimpleNamespace(username=lambda: r"CORP\ben")) == (1, "ben", "C:/Users/ben")


def test_folders_of_a_user():
    assert windows.data_folder({"LOCALAPPDATA": "/l"}) == Path("/l")
    assert windows.user_runtime({"LOCALAPPDATA": "/l"}, 1) == Path("/l/lictor/run")


@pytest.mark.parametrize(("uid", "closed"), [(0, True), (1, False)])
def test_an_administrators_folder_is_closed_to_other_writers(tmp_path, monkeypatch, uid, closed):
    applied = []
    monkeypatch.setattr(windows, "own_uid", lambda: uid)
    monkeypatch.setattr(windows.security, "apply", lambda *a, **k: applied.append((a, k)))
    windows.make_folder(tmp_path / "x")
    assert bool(applied) is closed
    assert (tmp_path / "x").is_dir()
