"""A policy that changes while a run goes on: taken over whole, without a moment in which nothing is denied.

The run's own output tells what could be read; the file with the secret is denied by every version.
"""

from __future__ import annotations

import os
import subprocess
import time

import pyarrow.parquet as pq
import pytest

pytestmark = pytest.mark.kernel

SECRET = "TOP-SECRET-4711"


class Running:
    """A run under ``policy.yaml`` of a folder, whose lines can be waited for."""

    def __init__(self, outside, folder, text, *command):
        self.folder = folder
        self.policy = folder / "policy.yaml"
        self.write(text)
        self.errors = folder / "stderr"
        self._err = self.errors.open("wb")
        self.process = subprocess.Popen(
            outside.command_line(folder / "lake", *command, policy=self.policy),
            stdout=subprocess.PIPE, stdin=subprocess.PIPE, stderr=self._err, env=outside.environment, text=True,
        )  # fmt: skip

    def write(self, text):
        """Put a new text in the file's place, as editors do."""
        new = self.folder / "policy.new"
        new.write_text(text)
        os.replace(new, self.policy)

    def told(self, text, times=1, timeout=20):
        """Wait until Lictor has said a text so often."""
        deadline = time.monotonic() + timeout
        while time.monotonic() < deadline:
            if self.errors.read_text(errors="replace").count(text) >= times:
                return
            time.sleep(0.02)
        raise AssertionError(f"never told {text!r}: {self.errors.read_text(errors='replace')}")

    def end(self):
        out, _ = self.process.communicate(timeout=60)
        self._err.close()
        return out

    def table(self, name):
        return [
            r
            for f in sorted((self.folder / "lake" / name).rglob("*.parquet"))
            for r in pq.ParquetFile(f).read().to_pylist()
        ]


@pytest.fixture
def start(outside, tmp_path):
    made = []

    def begin(text, *command):
        made.append(Running(outside, tmp_path, text, *command))
        return made[-1]

    yield begin
    for running in made:
        if running.process.poll() is None:
            running.process.kill()
            running.process.communicate()


def denying(folder, *names, extra=""):
    rules = "".join(f"  - {{ id: {n}, on: file.read, match: {{ path: {folder}/{n} }}, action: deny }}\n" for n in names)
    return f"lictor: 1\nname: p\nrules:\n{rules}{extra}"


def files(folder, *names):
    for name in names:
        (folder / name).write_text(SECRET)


def test_no_moment_without_a_policy(start, tmp_path):
    files(tmp_path, "always", "a", "b")
    running = start(
        denying(tmp_path, "always", "a"),
        "sh", "-c", f"echo begun; while [ ! -e {tmp_path}/stop ]; do cat {tmp_path}/always; done; echo done",
    )  # fmt: skip
    assert running.process.stdout.readline() == "begun\n"
    for i in range(10):
        running.write(denying(tmp_path, "always", "ba"[i % 2]))
        running.told("policy in force now", i + 1)
    (tmp_path / "stop").touch()
    out = running.end()
    assert out == "done\n"  # not one of the reads gave anything
    rows = [r for r in running.table("activity") if r["path"] == f"{tmp_path}/always" and r["operation"] == "file.read"]
    assert len(rows) > 100
    assert {(r["verdict"], r["rule"], r["enforced_at"]) for r in rows} == {("deny", "always", "kernel")}
    assert len({r["policy_version"] for r in rows}) == 2


THREADS = """
import sys, threading, time
go, early, late = (threading.Event() for _ in range(3))
def later():
    open("/dev/null").close()          # this thread has a tag of its own from here on
    go.wait()
    print("late", open(sys.argv[1]).read(), flush=True)
threading.Thread(target=later, daemon=True).start()
time.sleep(0.2)
print("ready", flush=True)
sys.stdin.readline()
go.set()
time.sleep(3)
print("still alive", flush=True)
"""


def test_threads_that_slept_through_the_change_are_under_the_new_policy(start, tmp_path):
    files(tmp_path, "a", "b")
    running = start(denying(tmp_path, "a"), "python3", "-I", "-c", THREADS, tmp_path / "b")
    assert running.process.stdout.readline() == "ready\n"
    running.write(denying(tmp_path, "b"))
    running.told("policy in force now")
    running.write(denying(tmp_path, "b", "a"))  # two changes while it sleeps: it must land at the last
    running.told("policy in force now", 2)
    running.process.stdin.write("\n")
    running.process.stdin.flush()
    assert running.end() == ""


def test_what_is_no_longer_denied_is_open_to_processes_from_before(start, tmp_path):
    files(tmp_path, "a")
    running = start(denying(tmp_path, "a"), "sh", "-c", f"echo ready; read go; read line < {tmp_path}/a; echo $line")
    assert running.process.stdout.readline() == "ready\n"
    running.write(denying(tmp_path, "b"))
    running.told("policy in force now")
    running.process.stdin.write("\n")
    running.process.stdin.flush()
    assert running.end().strip() == SECRET
    assert running.process.returncode == 0


def test_exceptions_by_program_hold_after_the_change(start, tmp_path):
    files(tmp_path, "a")
    python = os.path.realpath("/usr/bin/python3")
    running = start(denying(tmp_path, "x"), python, "-I", "-c", THREADS, tmp_path / "a")
    assert running.process.stdout.readline() == "ready\n"
    rule = (
        f"  - {{ id: e, on: file.read, match: {{ path: {tmp_path}/a }}, unless: {{ exe: {python} }}, action: deny }}\n"
    )
    running.write(f"lictor: 1\nname: p\nrules:\n{rule}")
    running.told("policy in force now")
    running.process.stdin.write("\n")
    running.process.stdin.flush()
    assert f"late {SECRET}" in running.end()


def test_a_broken_file_leaves_the_old_policy_in_force(start, tmp_path):
    files(tmp_path, "a")
    running = start(denying(tmp_path, "a"), "sh", "-c", f"echo ready; read go; cat {tmp_path}/a; echo done")
    assert running.process.stdout.readline() == "ready\n"
    running.write("lictor: 1\nname: p\nrulez: []\n")
    running.told("the version before stays in force")
    running.process.stdin.write("\n")
    running.process.stdin.flush()
    assert running.end() == "done\n"
    kept = running.table("policies")
    assert [r["state"] for r in sorted(kept, key=lambda r: r["time"])] == ["in_force", "refused"]
    assert "unknown key 'rulez'" in next(r["reason"] for r in kept if r["state"] == "refused")


def test_every_version_that_was_in_force_is_kept_with_its_text(start, tmp_path):
    first, second = denying(tmp_path, "a"), denying(tmp_path, "b")
    running = start(first, "sh", "-c", "echo ready; read go")
    assert running.process.stdout.readline() == "ready\n"
    running.write(second)
    running.told("policy in force now")
    running.process.stdin.write("\n")
    running.end()
    assert [r["text"] for r in sorted(running.table("policies"), key=lambda r: r["time"])] == [first, second]
    assert [r["policy_version"] for r in running.table("runs") if r["state"] == "ended"] == [
        r["version"] for r in running.table("policies") if r["text"] == second
    ]


def test_the_bound_cannot_rewrite_their_policy(start, tmp_path):
    files(tmp_path, "a")
    permissive = "lictor: 1\\nname: p\\n"
    tries = (
        f"printf '{permissive}' > {tmp_path}/policy.yaml",
        f"printf '{permissive}' > {tmp_path}/p2; mv {tmp_path}/p2 {tmp_path}/policy.yaml",
        f"cp {tmp_path}/p2 {tmp_path}/policy.yaml",
    )
    script = "; ".join(f'sh -c "{t}"' for t in tries) + f"; sleep 1; cat {tmp_path}/a; echo done"
    running = start(denying(tmp_path, "a"), "sh", "-c", script)
    out = running.end()
    assert SECRET not in out
    assert "changed from within run" in running.errors.read_text()
    rules = {
        r["rule"] for r in running.table("activity") if r["path"] == str(running.policy) and r["verdict"] == "deny"
    }
    assert rules == {"policy-files"}


def test_a_rule_that_expires_while_the_run_goes_on(start, tmp_path):
    files(tmp_path, "a")
    soon = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + 15))
    rule = f"  - {{ id: e, on: file.read, match: {{ path: {tmp_path}/a }}, action: deny, expires: '{soon}' }}\n"
    running = start(
        f"lictor: 1\nname: p\nrules:\n{rule}", "sh", "-c", f"cat {tmp_path}/a; echo ready; read go; cat {tmp_path}/a"
    )
    assert running.process.stdout.readline() == "ready\n"
    running.told("policy in force now", timeout=40)
    running.process.stdin.write("\n")
    running.process.stdin.flush()
    assert running.end() == SECRET
