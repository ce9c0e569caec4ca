"""The vault under SIGKILL before every system call that changes something, and in the middle of every write.

After each kill a new process cleans up, as Lictor does at its start (that one is killed too, at a step of its own).
Then the file must be in exactly one place with everything that was its own, and no deed may be stuck.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

KILLS = """
import base64, json, os, shutil, signal, sys
from pathlib import Path
from enforcer.vault import calls, copying
from enforcer.vault.give_back import purge, restore
from enforcer.vault.reconcile import reconcile, unsettled
from enforcer.vault.store import Vault
from enforcer.vault.take import take

BASE, FOREIGN = Path(sys.argv[1]), Path(sys.argv[2])
copying._PIECE, copying._ZEROS = 8192, bytes(8192)
BYTES = os.urandom(3000) + bytes(40_000) + os.urandom(3000)
ROOT = os.geteuid() == 0
XATTRS = sys.argv[3] == "xattrs"
CHANGING = ("write", "pwrite", "ftruncate", "fsync", "rename", "replace", "unlink", "link", "mkdir",
            "chmod", "chown", "utime", "setxattr", "removexattr", "open")
real = {name: getattr(os, name) for name in CHANGING}
real_calls = {"rename_noreplace": calls.rename_noreplace}

os.fsync = lambda _: None  # a kill leaves the kernel's pages as they are; only a power cut would not

class Steps:
    def __init__(self, kill_at=None, half=False):
        self.count, self.kill_at, self.half, self.writes = 0, kill_at, half, []
    def watch(self, name, call):
        def run(*arguments, **more):
            if name == "open" and not arguments[1] & os.O_CREAT:
                return call(*arguments, **more)
            if self.count == self.kill_at:
                if self.half and name in ("write", "pwrite"):
                    data = arguments[1]
                    call(arguments[0], data[: len(data) // 2], *arguments[2:])
                os.kill(os.getpid(), signal.SIGKILL)
            if name in ("write", "pwrite"): self.writes.append(self.count)
            self.count += 1
            return None if name == "fsync" else call(*arguments, **more)
        return run
    def install(self):
        for name, call in real.items():
            setattr(os, name, self.watch(name, call))
        calls.rename_noreplace = self.watch("rename_noreplace", real_calls["rename_noreplace"])

def make(path):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(BYTES)
    if ROOT:
        os.chown(path, 1234, 4321)
    if XATTRS:
        os.setxattr(path, "user.origin", b"net")
    os.chmod(path, 0o4751)
    os.utime(path, ns=(1_600_000_000_123_456_000, 1_500_000_000_654_321_000))

def looks(path):
    found = path.lstat()
    xattrs = {n: os.getxattr(path, n).decode("latin1") for n in os.listxattr(path)} if XATTRS else {}
    return [found.st_mode, found.st_uid, found.st_gid, found.st_mtime_ns, found.st_atime_ns, found.st_size, xattrs]

class Case:
    def __init__(self, at, name, foreign, links, before, act, to=None):
        self.name, self.before, self.act = name, before, act
        self.base = BASE / str(at)
        self.home = (FOREIGN if foreign else BASE) / str(at) / "home"
        self.path = self.home / "tool"
        self.other = self.home / "other" if links else None
        self.to = {"same": BASE / str(at) / "new", "foreign": FOREIGN / str(at) / "new", None: None}[to]
        self.vault = Vault(self.base / "vault")
    def setup(self):
        make(self.path)
        if self.other:
            os.link(self.path, self.other)
        if self.to:
            self.to.parent.mkdir(parents=True, exist_ok=True)
        self.expect = looks(self.path)
        with self.vault.locked():
            pass
        if self.before:
            take(self.vault, str(self.path), {"rule": "r"})
            self.item = self.vault.records()[0].id
    def run(self):
        if self.act == "take":
            take(self.vault, str(self.path), {"rule": "r"})
        elif self.act == "restore":
            restore(self.vault, self.item, str(self.to) if self.to else None)
        else:
            purge(self.vault, self.item)
    def check(self):
        faults = []
        here = [p for p in (self.path, self.to) if p and p.exists()]
        content = list((self.vault.root / "content").iterdir())
        records = self.vault.records()
        states = [r.state for r in records]
        held = [r for r in records if r.state == "taken"]
        sealed = held and held[0].how == "sealed"
        stray = [p for folder in {self.home, (self.to or self.path).parent, self.vault.root / "records"}
                 for p in folder.iterdir() if p.name.startswith(".lictor") or p.suffix in (".new", ".tmp")]
        stray = [p for p in stray if p != self.to]
        if stray: faults.append(f"stray {stray}")
        if unsettled(self.vault): faults.append(f"stuck {states}")
        if "purged" in states:
            if here or content: faults.append("purged and still there")
            return faults
        if sealed:
            if len(here) != 1 or content: faults.append("sealed and moved")
            elif here[0].lstat().st_mode & 0o777: faults.append("sealed with a mode")
        elif held:
            if here: faults.append(f"in the vault and at {here}")
            if len(content) != 1: faults.append(f"content {content}")
            elif content[0].lstat().st_mode & 0o777: faults.append("readable in the vault")
            elif held[0].how == "moved" and not held[0].sha256: faults.append("no hash")
        else:
            if len(here) != 1 or content: faults.append(f"at {here}, content {content}, states {states}")
            else: faults += self.exact(here[0])
        if faults: return faults
        # Nothing is stuck: what is in the vault can be restored, what is not can be taken.
        if held:
            restore(self.vault, held[0].id)
            faults += self.exact(self.path)
        else:
            take(self.vault, str(here[0]), {})
        return faults
    def exact(self, path):
        faults = [] if looks(path) == self.expect else [f"{looks(path)} not {self.expect}"]
        if path.read_bytes() != BYTES: faults.append("other bytes")
        if self.other and self.act != "purge" and os.path.samefile(path, self.other) and looks(self.other)[:4] != self.expect[:4]:
            faults.append("other name differs")
        return faults
    def clean(self):
        shutil.rmtree(self.base)
        shutil.rmtree(FOREIGN / self.base.name, ignore_errors=True)

CASES = [
    ("take", False, False, False, "take"), ("take, two names", False, True, False, "take"),
    ("take from elsewhere", True, False, False, "take"), ("take, sealed", True, True, False, "take"),
    ("restore", False, False, True, "restore"), ("restore to elsewhere", False, False, True, "restore", "foreign"),
    ("restore elsewhere's", True, False, True, "restore"), ("restore elsewhere's here", True, False, True, "restore", "same"),
    ("restore sealed", True, True, True, "restore"), ("purge", False, False, True, "purge"),
    ("purge elsewhere's", True, False, True, "purge"), ("purge sealed", True, True, True, "purge"),
]

def in_child(work):
    out, into = os.pipe()
    pid = os.fork()
    if not pid:
        status = 1
        try:
            os.close(out)
            real["write"](into, json.dumps(work()).encode())
            status = 0
        except BaseException as error:
            real["write"](into, json.dumps(f"{type(error).__name__}: {error}").encode())
        finally:
            os._exit(status)
    os.close(into)
    told = b""
    while part := os.read(out, 65536): told += part
    os.close(out)
    _, status = os.waitpid(pid, 0)
    return status, json.loads(told) if told else None

def acted(case, steps):
    steps.install()
    case.run()
    return steps.count, steps.writes

def cleaned(case, steps):
    steps.install()
    reconcile(case.vault)
    return steps.count

number, kills, faults, lengths = 0, 0, [], {}
for name, *how in CASES:
    def fresh():
        global number
        number += 1
        case = Case(number, name, *how)
        case.setup()
        return case
    case = fresh()
    _, told = in_child(lambda: acted(case, Steps()))
    faults += [[name, "unhurt", f] for f in ([told] if isinstance(told, str) else case.check())]
    case.clean()
    if faults: break
    total, writes = told
    lengths[name] = total
    for half in (False, True):
        for at in writes if half else range(total):
            case = fresh()
            status, _ = in_child(lambda: acted(case, Steps(at, half)))
            assert status == signal.SIGKILL, (name, at, status, _)
            kills += 1
            status, told = in_child(lambda: cleaned(case, Steps(at * 5 % 11)))
            kills += status == signal.SIGKILL
            status, told = in_child(lambda: cleaned(case, Steps()))
            if status: faults.append([name, at, half, told])
            else: faults += [[name, at, half, f] for f in case.check()]
            case.clean()
print(json.dumps({"kills": kills, "faults": faults, "steps": lengths}))
"""


@pytest.fixture
def foreign(tmp_path):
    """A folder on another file system than ``tmp_path``."""
    for place in ("/dev/shm", "/run", "/var/tmp"):
        if os.access(place, os.W_OK) and os.stat(place).st_dev != tmp_path.stat().st_dev:
            made = Path(tempfile.mkdtemp(dir=place))
            yield made
            shutil.rmtree(made)
            return
    pytest.skip("no second file system that this user may write to: mount a tmpfs at /dev/shm")


def _xattrs(*folders):
    try:
        for folder in folders:
            (folder / "probe").touch()
            os.setxattr(folder / "probe", "user.x", b"1")
            (folder / "probe").unlink()
    except OSError:
        return "none"
    return "xattrs"


def test_a_kill_at_any_step_loses_doubles_and_blocks_nothing(tmp_path, foreign):
    done = subprocess.run(
        [sys.executable, "-c", KILLS, tmp_path, foreign, _xattrs(tmp_path, foreign)],
        cwd=ROOT, capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert told["faults"] == []
    assert told["kills"] >= 150
    assert all(steps >= 5 for steps in told["steps"].values()), (
        "every system call that changes the disk is a place to die"
    )
