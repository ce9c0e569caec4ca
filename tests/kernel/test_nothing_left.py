"""After a run nothing of Lictor is left in the system, however the run ended.

Covers A8 and P4 of the bypass list as far as leftovers go. The kernel itself is asked: programs
and links by their numbers, cgroups in their file system, processes by a mark in their environment.
"""

from __future__ import annotations

import ctypes
import os
import re
import signal
import struct
import subprocess
import time
import uuid
from contextlib import suppress
from pathlib import Path

import pytest

from collectors.identity import read_stat
from lictor.service import cgroup_mount

pytestmark = pytest.mark.kernel

_SYS_BPF = {"x86_64": 321, "aarch64": 280}
_BY_ID = {"prog": 13, "map": 14, "link": 30}  # BPF_PROG_GET_FD_BY_ID and so on


def exists(kind, number):
    """Whether the kernel still has this program, map or link."""
    libc = ctypes.CDLL(None, use_errno=True)
    attribute = struct.pack("<III", number, 0, 0).ljust(64, b"\0")
    found = libc.syscall(_SYS_BPF[os.uname().machine], _BY_ID[kind], attribute, len(attribute))
    if found < 0:
        assert ctypes.get_errno() == 2, os.strerror(ctypes.get_errno())
        return False
    os.close(found)
    return True


def held(pid):
    """(kind, number) of every BPF object that a process holds."""
    found = set()
    for entry in Path(f"/proc/{pid}/fdinfo").iterdir():
        try:
            text = entry.read_text()
        except OSError:
            continue
        # A link's entry names its program as well.
        found |= {(kind, int(n)) for kind in _BY_ID for n in re.findall(rf"^{kind}_id:\s*(\d+)$", text, re.MULTILINE)}
    return found


def marked(mark):
    """Processes with the mark in their environment, zombies by their parent's."""
    found = []
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            try:
                if mark.encode() in (folder / "environ").read_bytes():
                    found.append(int(folder.name))
            except OSError:
                continue
    return found


def groups():
    """Names of the cgroups of runs."""
    mount = cgroup_mount()
    return (
        {p.name for p in (mount / "lictor").iterdir() if p.is_dir()} if mount and (mount / "lictor").is_dir() else set()
    )


def eventually(condition, seconds=10):
    """The kernel frees programs after a grace period of its own."""
    until = time.monotonic() + seconds
    while not condition() and time.monotonic() < until:
        time.sleep(0.05)
    return condition()


class Run:
    """A run that goes on until its standard input is closed, looked at from outside."""

    def __init__(self, outside, tmp_path, command, *, policy=None):
        if os.geteuid():
            pytest.skip("no root: the sensor cannot be loaded")
        self.mark = f"lictor-test-{uuid.uuid4()}"
        self.lake, self.temporary = tmp_path / "lake", tmp_path / "temporary"
        self.temporary.mkdir()
        environment = {**outside.environment, "TMPDIR": str(self.temporary), "MARK": self.mark}
        self.process = subprocess.Popen(
            outside.command_line(self.lake, "sh", "-c", command, policy=policy),
            env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        )  # fmt: skip
        assert self.process.stdout.readline() == b"up\n", self.process.stderr.read()
        self.objects = held(self.process.pid)
        self.pids = marked(self.mark)
        (self.group,) = {g for g in groups() if self._in_group(g)}

    def _in_group(self, name):
        pids = (cgroup_mount() / "lictor" / name / "cgroup.procs").read_text().split()
        return bool({int(p) for p in pids} & set(self.pids))

    def finish(self):
        out, error = self.process.communicate(timeout=60)
        return self.process.returncode, out, error.decode()

    def _there(self):
        """Processes of the run that are still to be seen; a dead one that waits for the first process to reap it is not ours."""
        found = {}
        for pid in self.pids:
            with suppress(ProcessLookupError):
                found[pid] = read_stat(pid)
        return {pid: stat for pid, stat in found.items() if not (stat.dead and stat.parent_pid == 1)}

    def assert_nothing_is_left(self):
        assert len({k for k in self.objects if k[0] == "prog"}) >= 8, "the run held too few programs: look at the test"
        assert {k for k, _ in self.objects} == {"prog", "map", "link"}
        assert eventually(lambda: not any(exists(*o) for o in self.objects)), [o for o in self.objects if exists(*o)]
        assert eventually(lambda: not marked(self.mark)), marked(self.mark)
        assert eventually(lambda: not self._there()), self._there()
        assert self.group not in groups()
        assert list(self.temporary.iterdir()) == []
        assert list((self.lake / "wal").iterdir()) == []
        hidden = [p for p in self.lake.rglob("*") if p.name.endswith((".new", ".tmp", ".part"))]
        assert hidden == []


def test_after_an_ordinary_end(outside, tmp_path):
    run = Run(outside, tmp_path, "echo up; read _; (setsid true &) ; exit 3")
    status, _, _ = run.finish()
    assert status == 3
    run.assert_nothing_is_left()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP], ids=lambda n: n.name)
def test_after_a_signal(outside, tmp_path, number):
    run = Run(outside, tmp_path, "echo up; exec sleep 60")
    run.process.send_signal(number)
    status, _, _ = run.finish()
    assert status == 128 + number
    run.assert_nothing_is_left()


def test_what_the_command_leaves_behind_is_ended(outside, tmp_path):
    run = Run(
        outside,
        tmp_path,
        "setsid sleep 60 </dev/null >/dev/null 2>&1 & (nohup sleep 61 >/dev/null 2>&1 &); echo up; read _; exit 0",
    )
    status, _, error = run.finish()
    assert status == 0
    assert "left behind" in error
    run.assert_nothing_is_left()


def test_a_command_that_ignores_sigterm_is_ended(outside, tmp_path):
    run = Run(outside, tmp_path, "trap '' TERM; echo up; while :; do sleep 0.2; done")
    run.process.send_signal(signal.SIGTERM)
    time.sleep(0.3)
    run.process.send_signal(signal.SIGTERM)  # a second one does not wait
    status, _, _ = run.finish()
    assert status == 128 + signal.SIGKILL
    run.assert_nothing_is_left()


def test_when_lictor_itself_is_killed_the_kernel_lets_go(outside, tmp_path):
    """Programs and links hang on Lictor's descriptors alone; its command ends with it when a policy is enforced."""
    policy = tmp_path / "policy.yaml"
    policy.write_text("lictor: 1\nname: p\ndefaults: { exec: allow, file.read: allow }\nrules: []\n")
    run = Run(outside, tmp_path, "echo up; exec sleep 60", policy=policy)
    run.process.kill()
    run.process.wait()
    assert eventually(lambda: not any(exists(*o) for o in run.objects))
    assert eventually(lambda: not marked(run.mark)), "the command outlived the one that watched it"
    # The next start takes away the empty group, and seals the log that nobody holds.
    again = outside.run(run.lake, "true")
    assert again.status == 0
    assert run.group not in groups()
    assert {run.group} < set(again.table("runs")["run"].to_pylist())


def test_after_a_command_that_cannot_be_run(outside, tmp_path):
    before = groups()
    script = tmp_path / "no-interpreter"
    script.write_text("#!/absent/interpreter\n")
    script.chmod(0o755)
    observed = outside.run(tmp_path / "lake", script)
    assert observed.status == 2
    assert "nothing was run" in observed.err
    assert not {g for g in groups() - before if not (cgroup_mount() / "lictor" / g / "cgroup.procs").read_text()}
