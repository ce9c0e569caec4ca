"""A run under Lictor that a test talks to through the command line, as a person would, and looks at from outside.

The agent runs as another user (nobody): who runs an agent may not decide about it. What the processes
do is read from ``/proc`` and the cgroup tree.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import pyarrow.parquet as pq

from enforcer.linux import cgroupfs

USER = "nobody"


class Running:
    """``lictor run`` in the background, with a policy, a lake and a runtime folder of its own."""

    def __init__(self, outside, folder, policy, *command, options=(), user=USER, **popen):
        self.folder = folder
        folder.chmod(0o755)
        self.work = folder / "work"
        self.work.mkdir()
        self.work.chmod(0o777)
        self.policy = folder / "policy.yaml"
        self.policy.write_text(policy)
        self.environment = outside.environment | {"LICTOR_RUNTIME": str(folder / "runtime")}
        self.errors, self.out = folder / "stderr", folder / "stdout"
        with self.errors.open("wb") as err, self.out.open("wb") as out:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "lictor", "run", "--policy", str(self.policy), "--lake", str(folder / "lake"),
                 *(["--user", user] if user else []), *options, "--", *map(str, command)],
                stdout=out, stderr=err, stdin=subprocess.DEVNULL, env=self.environment, cwd=self.work, **popen,
            )  # fmt: skip

    def lictor(self, *arguments, prefix=(), check=False):
        """Another command of Lictor's, at this lake and this service."""
        return subprocess.run(
            [*prefix, sys.executable, "-m", "lictor", *map(str, arguments)],
            capture_output=True, text=True, env=self.environment, timeout=60, check=check,
        )  # fmt: skip

    def held(self, number=1, timeout=20):
        """Wait until so many questions are open; their rows."""
        deadline = time.monotonic() + timeout
        while time.monotonic() < deadline:
            done = self.lictor("held", "--format", "json")
            rows = json.loads(done.stdout) if done.returncode == 0 and done.stdout.strip() else []
            if len(rows) >= number:
                return rows
            assert self.process.poll() is None, self.told()
            time.sleep(0.05)
        raise AssertionError(f"nothing is held: {self.told()}")

    def group(self):
        """The cgroup of the run."""
        (found,) = {
            place.directory / name
            for place in cgroupfs.places()
            for name in self.runs()
            if (place.directory / name).is_dir()
        }
        return found

    def runs(self):
        """Ids of the runs of this service, as its folders say."""
        with suppress(FileNotFoundError):
            return os.listdir(self.folder / "runtime" / "runs")
        return []

    def is_frozen(self):
        """What the kernel says."""
        return cgroupfs.events(self.group()).get("frozen") == 1

    def pids(self):
        """Processes of the run, as the kernel lists them."""
        return [pid for directory in cgroupfs.subtree(self.group()) for pid in cgroupfs.members(directory)]

    def told(self):
        """What Lictor said so far."""
        return self.errors.read_text(errors="replace")

    def said(self):
        """What the command printed so far."""
        return self.out.read_text(errors="replace")

    def wait_for(self, condition, timeout=20):
        """Wait until something holds."""
        deadline = time.monotonic() + timeout
        while time.monotonic() < deadline:
            if condition():
                return
            time.sleep(0.02)
        raise AssertionError(f"never came true; Lictor said: {self.told()}; the command: {self.said()}")

    def end(self, timeout=60):
        """Wait for its end; the exit status."""
        return self.process.wait(timeout=timeout)

    def table(self, name):
        """A table of the lake, straight from its Parquet files, after the end."""
        files = sorted((self.folder / "lake" / name).rglob("*.parquet"))
        return [row for file in files for row in pq.ParquetFile(file).read().to_pylist()]

    def deeds(self, action):
        """(enforcement, evidence, actor) of each result row of an action; each must have exactly one intent."""
        rows = [row for row in self.table("actions") if row["action"] == action]
        phases = {}
        for row in rows:
            phases.setdefault(row["id"], []).append(row["phase"])
        assert all(sorted(found) == ["intent", "result"] for found in phases.values()), rows
        return [(r["enforcement"], r["evidence"], r["actor"]) for r in rows if r["phase"] == "result"]


def state(pid):
    """State letter of a process; ``None`` when it is gone."""
    with suppress(FileNotFoundError, ProcessLookupError):
        return Path(f"/proc/{pid}/stat").read_bytes().rpartition(b")")[2].split()[0].decode()
    return None


def has_ended(pid):
    """Whether a process runs no more: gone, or waited for."""
    return state(pid) in (None, "Z", "X")
