"""Quarantine of every kind of file that there is, and against those who swap names meanwhile."""

from __future__ import annotations

import contextlib
import hashlib
import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from enforcer.vault import calls
from enforcer.vault import take as taking
from enforcer.vault.reconcile import reconcile
from enforcer.vault.record import VaultError
from enforcer.vault.take import take

ROOT = Path(__file__).parents[3]


def content(vault):
    return sorted((vault.root / "content").iterdir())


def take_(vault, path, **more):
    return take(vault, str(path), {"rule": "r"}, **more)


def test_moved_hashed_and_kept_with_everything(vault, make, tmp_path):
    path = make(tmp_path / "home" / "tool", b"abc")
    before = path.lstat()
    record = take_(vault, path).record
    assert not path.exists()
    [there] = content(vault)
    assert (there.stat().st_ino, there.stat().st_mode & 0o7777, there.stat().st_uid) == (before.st_ino, 0, os.geteuid())
    assert (record.state, record.how, record.path, record.finding) == ("taken", "moved", str(path), {"rule": "r"})
    assert record.sha256 == hashlib.sha256(b"abc").hexdigest()
    assert (record.traits.mode, record.traits.mtime_ns) == (0o4751, before.st_mtime_ns)
    assert vault.records() == [record]


def test_other_names_lose_their_mode_too(vault, make, tmp_path):
    path = make(tmp_path / "tool")
    os.link(path, tmp_path / "other")
    record = take_(vault, path).record
    assert (record.how, record.links) == ("moved", 2)
    assert (tmp_path / "other").stat().st_mode & 0o7777 == 0


FULL = """
import os, sys
from pathlib import Path
from enforcer.vault.store import Vault
from enforcer.vault.take import take
from enforcer.vault.reconcile import reconcile
root, mode = Path(sys.argv[1]), sys.argv[2]
vault = Vault(root / "vault")
with vault.locked(): pass
path = (root if mode == "same" else Path(sys.argv[3])) / "tool"
path.write_bytes(b"x" * 5000); path.chmod(0o755)
with open(root / "filler", "wb", buffering=0) as filler:
    while True:
        try: filler.write(bytes(4096))
        except OSError: break
try: print(take(vault, str(path), {}).record.state)
except Exception as error: print(type(error).__name__, error)
(root / "filler").unlink()
reconcile(vault)
print(oct(path.stat().st_mode), [r.state for r in vault.records()], os.listdir(vault.root / "content"))
"""


@pytest.mark.parametrize("mode", ["same", "foreign"])
def test_a_disk_that_is_really_full_loses_nothing(root, tmp_path, mode):
    (tmp_path / "small").mkdir()
    mounted = 'mount -t tmpfs -o size=100k none $1 && exec $3 -c "$4" $1 $2 $5'
    done = subprocess.run(
        ["unshare", "-m", "sh", "-c", mounted, "sh", tmp_path / "small", mode, sys.executable, FULL, tmp_path],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    if done.returncode and "mount" in done.stderr:
        pytest.skip("no right to mount a small file system: run as root outside of a container")
    assert done.stdout.splitlines() == [f"VaultError {done.stdout.split()[1]} No space left on device; not quarantined",
                                        "0o100755 [] []"]  # fmt: skip


def test_a_file_that_is_too_large_is_moved_unhashed(vault, tmp_path, foreign):
    for folder, how in ((tmp_path, "moved"), (foreign, "sealed")):
        with (folder / "huge").open("wb") as file:
            file.truncate(1 << 40)
        record = take_(vault, folder / "huge").record
        assert (record.how, record.sha256, record.size) == (how, None, 1 << 40)


@pytest.mark.parametrize("kind", ["link", "folder", "pipe", "none", "through a link"])
def test_everything_else_is_refused_and_untouched(vault, make, tmp_path, kind):
    make(tmp_path / "file")
    (tmp_path / "link").symlink_to(tmp_path / "file")
    (tmp_path / "folder").mkdir()
    (tmp_path / "through").symlink_to(tmp_path)
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(VaultError):
        take_(vault, tmp_path / {"through a link": "through/file"}.get(kind, kind))
    assert vault.records() == content(vault) == []
    assert (tmp_path / "file").stat().st_mode & 0o7777 == 0o4751


def test_the_vault_does_not_swallow_itself(vault, make, tmp_path):
    item = take_(vault, make(tmp_path / "tool")).record.id
    for part in (f"content/{item}", f"records/{item}.json", "lock"):
        with pytest.raises(VaultError, match="of the vault itself"):
            take_(vault, vault.root / part)


def test_another_file_under_the_name_is_not_touched(vault, make, tmp_path):
    path = make(tmp_path / "tool")
    meant = (path.stat().st_dev, path.stat().st_ino)
    path.rename(tmp_path / "away")
    make(path)
    with pytest.raises(VaultError, match="another file has this name"):
        take_(vault, path, inode=meant)
    assert path.exists()


def test_immutable_files_are_taken(root, vault, make, tmp_path):
    path = make(tmp_path / "tool")
    if subprocess.run(["chattr", "+i", path], capture_output=True, check=False).returncode:
        pytest.skip("this file system has no inode flags: put the temporary folder on ext4, xfs or btrfs")
    assert take_(vault, path).record.traits.flags & calls.IMMUTABLE


def test_who_holds_it_open_is_told(vault, make, tmp_path):
    path = make(tmp_path / "tool")
    script = "import sys, time; f = open(sys.argv[1], 'r+'); print('ready', flush=True); time.sleep(60)"
    with subprocess.Popen([sys.executable, "-c", script, path], stdout=subprocess.PIPE, text=True) as child:
        child.stdout.readline()
        assert [(h.pid, h.how) for h in take_(vault, path).holders] == [(child.pid, "write")]
        child.kill()


def test_a_file_that_is_renamed_meanwhile_is_followed(vault, make, tmp_path, foreign, monkeypatch):
    for folder in (tmp_path, foreign):
        path = make(folder / "tool", b"bad")
        strip = taking.traits.strip

        def stripped(file, path=path, strip=strip):
            strip(file)
            with contextlib.suppress(FileNotFoundError):
                path.rename(path.with_name("away"))

        monkeypatch.setattr(taking.traits, "strip", stripped)
        record = take_(vault, path).record
        monkeypatch.setattr(taking.traits, "strip", strip)
        assert (record.state, record.path) == ("taken", str(path.with_name("away")))
        assert "bad" not in [p.read_text() for p in folder.iterdir() if p.is_file()]


def test_a_race_of_names_takes_the_right_file_and_loses_none(vault, tmp_path):
    home = tmp_path / "home"
    home.mkdir()
    stop = threading.Event()

    def swap():
        while not stop.is_set():
            for one, two in (("tool", "x"), ("good", "tool"), ("x", "good")):
                with contextlib.suppress(OSError):
                    os.rename(home / one, home / two)

    for _ in range(15):
        (home / "tool").write_text("bad")
        (home / "good").write_text("good")
        (home / "tool").chmod(0o644)
        meant = (home / "tool").stat()
        stop.clear()
        racer = threading.Thread(target=swap)
        racer.start()
        try:
            taken = take_(vault, home / "tool", inode=(meant.st_dev, meant.st_ino)).record
        except VaultError:
            taken = None
        finally:
            stop.set()
            racer.join()
        # The racer itself may rename one file over the other; a file that the vault caught is in one place with its bytes.
        if taken:
            [there] = content(vault)
            assert there.stat().st_ino == meant.st_ino
            there.unlink()
        else:
            assert content(vault) == []
        for path in home.iterdir():
            path.unlink()


def test_one_that_was_caught_and_cannot_be_put_back_lies_beside(vault, make, tmp_path, monkeypatch):
    home = tmp_path / "home"
    path = make(home / "tool", b"bad")
    make(home / "good", b"good")
    rename = calls.rename_noreplace

    def swapped(*arguments):
        monkeypatch.setattr(calls, "rename_noreplace", rename)
        path.rename(home / "away")
        (home / "good").rename(path)
        rename(*arguments)
        path.write_bytes(b"third")

    monkeypatch.setattr(calls, "rename_noreplace", swapped)
    record = take_(vault, path).record
    assert record.path == str(home / "away")
    assert f"another file of that name was caught and is .lictor-{record.id}-0 now" in record.note
    assert {p.name: p.read_bytes() for p in home.iterdir()} == {"tool": b"third", f".lictor-{record.id}-0": b"good"}


def test_a_place_where_nothing_can_be_moved_is_told(vault):
    path = next((p for p in (Path("/proc/self/comm"), Path("/proc/version")) if p.is_file()), None)
    if path is None:
        pytest.skip("no /proc here: mount it")
    with pytest.raises(VaultError):
        take_(vault, os.path.realpath(path))
    reconcile(vault)
    assert {r.state for r in vault.records()} <= {"undone"}
