from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import threading
import winreg
from pathlib import Path

import pytest

from enforcer.interface import GuardRefusal
from enforcer.vault.record import VaultError
from enforcer.windows import process
from enforcer.windows.enforcer import WindowsEnforcer
from enforcer.windows.give_back import restore
from enforcer.windows.guard import WindowsGuard
from enforcer.windows.quarantine import Quarantine
from enforcer.windows.vault import WindowsVault

CONTENT = b"payload\0" * 1000
HOLD = """
import ctypes, sys, time
k = ctypes.WinDLL('kernel32')
k.CreateFileW.restype = ctypes.c_void_p
k.CreateFileW.argtypes = [ctypes.c_wchar_p, ctypes.c_uint32, ctypes.c_uint32, ctypes.c_void_p, ctypes.c_uint32, ctypes.c_uint32, ctypes.c_void_p]
k.CreateFileW(sys.argv[1], 0x80000000, 1, None, 3, 0, None)
print('held', flush=True)
time.sleep(60)
"""
"""Opens a file so that others may read it, and neither rename nor remove it."""


@pytest.fixture
def vault(tmp_path):
    return WindowsVault(str(tmp_path / "vault"))


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "bad.exe"
    path.write_bytes(CONTENT)
    return path


@pytest.fixture
def holder(file):
    held = subprocess.Popen([sys.executable, "-S", "-c", HOLD, str(file)], stdout=subprocess.PIPE)
    assert held.stdout.readline().strip() == b"held"
    yield held
    held.kill()
    held.wait(10)
    held.stdout.close()


def end(pid, key):
    return process.kill_process(pid, key, 2.0)


def record_of(vault):
    (path,) = (vault.root / "records").glob("*.json")
    return vault.read(path.stem)


def test_file_is_gone_from_its_place_and_comes_back_as_it_was(vault, file, order):
    os.utime(file, ns=(10**18, 10**18))
    enforcer = WindowsEnforcer(take=Quarantine(vault, end))
    enforcer.begin_quarantine(order(os.getpid(), "quarantine", object=str(file)), "deed")
    outcome = enforcer.wait_quarantined(order(os.getpid()), "deed", 10)
    enforcer.close()
    record = record_of(vault)
    assert not file.exists()
    assert Path(vault.place(record)).read_bytes() == CONTENT
    assert (record.state, record.how, record.sha256) == ("taken", "moved", hashlib.sha256(CONTENT).hexdigest())
    assert record.sha256 in outcome.evidence
    # Wine maps access lists to mode bits: what reads back is not what was set, and then nothing is confirmed.
    assert outcome.confirmed or "access list reads back as" in outcome.evidence
    assert restore(vault, record.id).state == "restored"
    assert file.read_bytes() == CONTENT
    assert abs(file.stat().st_mtime_ns - 10**18) < 1000


def test_restore_replaces_nothing(vault, file, order):
    Quarantine(vault, end)(order(os.getpid(), object=str(file)), "deed")
    file.write_bytes(b"new")
    record = record_of(vault)
    with pytest.raises(VaultError, match="is not replaced"):
        restore(vault, record.id)
    assert file.read_bytes() == b"new"
    assert vault.read(record.id).state == "taken"


def test_two_processes_do_not_change_the_vault_at_once(vault, file):
    code = f"from enforcer.windows.vault import WindowsVault as V\nwith V({str(vault.root)!r}).locked(): print('in', flush=True); input()"
    with vault.locked():
        other = subprocess.Popen(
            [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
            env=os.environ | {"PYTHONPATH": str(Path(__file__).parents[2])},
        )  # fmt: skip
        came = []
        reader = threading.Thread(target=lambda: came.append(other.stdout.readline()))
        reader.start()
        reader.join(2.0)
        assert came == []
    reader.join(10)
    assert came == ["in\n"]
    other.kill()  # Windows lets go of the lock of one that is ended
    other.wait()
    with vault.locked():
        pass


def test_content_that_changed_in_the_vault_is_not_restored(vault, file, order):
    Quarantine(vault, end)(order(os.getpid(), object=str(file)), "deed")
    record = record_of(vault)
    Path(vault.place(record)).write_bytes(b"other")
    with pytest.raises(VaultError, match="changed in the vault"):
        restore(vault, record.id)


def test_program_that_runs_is_taken_and_lives_on(vault, tree_exe, count, tmp_path, order):
    copy = tmp_path / "agent.exe"
    shutil.copy(tree_exe, copy)
    running = subprocess.Popen([str(copy), str(count.port), "0"])
    assert count.wait(1, 20)
    outcome = Quarantine(vault, end)(order(running.pid, object=str(copy)), "deed")
    assert outcome.enforcement != "failed", outcome
    assert not copy.exists()
    assert count.look(0.2) == 1
    with pytest.raises(FileNotFoundError):
        subprocess.Popen([str(copy), str(count.port), "0"])
    running.kill()
    running.wait(10)


def test_holder_that_the_order_is_about_is_ended_first(vault, file, holder, order):
    outcome = Quarantine(vault, end)(order(holder.pid, object=str(file)), "deed")
    assert not file.exists()
    assert holder.wait(5) == process.EXIT_CODE
    assert f"process {holder.pid} held it" in outcome.evidence


def test_file_that_a_stranger_holds_waits_for_the_next_start_and_says_so(vault, file, holder, order):
    stranger = [(holder.pid, process.key(holder.pid))]
    outcome = Quarantine(vault, end, lambda _: stranger)(order(os.getpid(), object=str(file)), "deed")
    assert outcome.enforcement == "unverified"
    assert "until the next start" in outcome.evidence
    assert file.exists()
    assert holder.poll() is None
    with winreg.OpenKey(winreg.HKEY_LOCAL_MACHINE, r"SYSTEM\CurrentControlSet\Control\Session Manager") as key:
        pending = winreg.QueryValueEx(key, "PendingFileRenameOperations")[0]
    assert any("bad.exe" in one for one in pending)


def test_file_that_is_not_there_is_a_failure(vault, tmp_path, order):
    outcome = Quarantine(vault, end)(order(os.getpid(), object=str(tmp_path / "none")), "deed")
    assert outcome.enforcement == "failed"


@pytest.mark.parametrize("path", [r"C:\Windows\System32\kernel32.dll", sys.executable, r"C:\x\a.txt:stream"])
def test_files_of_windows_of_lictor_and_streams_are_refused(path):
    with pytest.raises(GuardRefusal):
        WindowsGuard().check_file(path)
