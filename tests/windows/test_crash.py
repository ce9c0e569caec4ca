"""Lictor is killed, or hangs, while a run is frozen or about to be. What the tree itself says counts (``counting``), never Lictor's word."""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
import time
from pathlib import Path

import pytest

from enforcer.settled import from_log
from enforcer.windows import api, journal, moving, process, security, snapshot
from enforcer.windows.isolate import POLICY, owner_text
from enforcer.windows.job import Job
from enforcer.windows.keeper import Keeper, read_settled
from enforcer.windows.reconcile import reconcile
from enforcer.windows.vault import WindowsVault
from pipeline.lake.reader import Lake

HERE = Path(__file__).parent
SHAPE, SIZE = "2", 3
TRIALS, AT_ONCE = 20, 5
SECONDS = 1.0
"""Within which a run must go on, or be gone, after Lictor's death."""


class Lictor:
    """A process that holds a tree (``crashing.py``), and the tree's count."""

    def __init__(self, folder, count, fail, command):
        self.log, self.count = folder / "keeper", count
        self._process = subprocess.Popen(
            [sys.executable, "-S", str(HERE / "crashing.py"), str(self.log), fail, *command], stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, text=True,
        )  # fmt: skip

    def ready(self):
        self.pid, self.keeper = map(int, self._process.stdout.readline().split())
        assert self.count.wait(SIZE, 30)
        return self

    def order(self, line):
        self._process.stdin.write(line + "\n")
        self._process.stdin.flush()

    def ask(self, line):
        self.order(line)
        return self._process.stdout.readline().strip()

    def kill(self):
        self._process.kill()
        self._process.wait(10)

    def close(self):
        if self._process.poll() is None:
            self.kill()
        for pid in self.count.pids.values():
            end(pid)
        self._process.stdin.close()
        self._process.stdout.close()


def end(pid):
    try:
        process.kill_process(pid, process.key(pid), 1)
    except ProcessLookupError:
        return


@pytest.fixture
def begin(tree_exe, tmp_path, counts):
    """Function: a Lictor that has begun, whose tree need not be there yet."""
    made = []

    def start(fail="open"):
        count = counts()
        folder = tmp_path / str(len(made))
        folder.mkdir()
        made.append(Lictor(folder, count, fail, [tree_exe, str(count.port), SHAPE]))
        return made[-1]

    yield start
    for one in made:
        one.close()


def goes_on(count, seconds=SECONDS):
    """Whether every process of the tree speaks within the time."""
    until = time.monotonic() + seconds
    while count.speaking(0.1) != SIZE:
        if time.monotonic() > until:
            return False
    return True


def settled(lictor):
    """(what, enforcement) of each deed that the keeper wrote down, once it has ended."""
    return [(row.what, row.enforcement) for row in read_settled(lictor.log, 10)]


def test_frozen_run_that_fails_open_goes_on_when_lictor_is_killed(begin):
    lictor = begin().ready()
    assert lictor.ask("freeze 3600 release") == "True"
    assert lictor.count.speaking(0.3) == 0
    lictor.kill()
    assert goes_on(lictor.count)
    assert settled(lictor) == [("release", "confirmed")]
    assert lictor.count.living() == SIZE


def test_frozen_run_that_fails_closed_is_gone(begin):
    lictor = begin("closed").ready()
    assert lictor.ask("freeze 3600 kill") == "True"
    lictor.kill()
    assert lictor.count.wait(0, SECONDS)
    assert settled(lictor) == [("kill", "confirmed")]


def test_found_run_that_fails_closed_is_gone_before_it_was_in_its_job(begin):
    lictor = begin("gathering").ready()
    lictor.kill()
    assert lictor.count.wait(0, SECONDS)
    assert settled(lictor) == [("kill", "confirmed")]


def test_run_that_fails_closed_is_gone_although_its_keeper_hangs(begin):
    lictor = begin("closed").ready()
    with process.opened(lictor.keeper, api.SUSPEND_RESUME) as handle:
        api.call("NtSuspendProcess", handle)
        lictor.kill()
        assert lictor.count.wait(0, SECONDS)
        api.call("NtResumeProcess", handle)
    assert settled(lictor) == [("kill", "confirmed")]


@pytest.mark.parametrize(("fail", "then", "left"), [("open", "release", SIZE), ("closed", "kill", 0)])
def test_lease_of_a_lictor_that_hangs_is_carried_out(begin, fail, then, left):
    lictor = begin(fail).ready()
    assert lictor.ask(f"freeze 1 {then}") == "True"
    with process.opened(lictor.pid, api.SUSPEND_RESUME) as handle:
        api.call("NtSuspendProcess", handle)
        assert lictor.count.speaking(0.3) == 0
        assert goes_on(lictor.count, 3) if left else lictor.count.wait(0, 3)
        api.call("NtResumeProcess", handle)
    assert lictor.ask("thaw") == "True", "what the keeper did is not undone once more"
    assert lictor.count.wait(left, 1)
    assert [row.what for row in from_log(lictor.log.read_bytes())] == [then]


def test_killed_at_any_moment_of_freezing_and_thawing_all_of_the_run_goes_on(begin):
    chance = random.Random(20261127)
    for first in range(0, TRIALS, AT_ONCE):
        batch = [begin() for _ in range(first, min(first + AT_ONCE, TRIALS))]
        for lictor in batch:
            lictor.ready()
        for number, lictor in enumerate(batch, first):
            lictor.order("cycle")
            time.sleep(chance.uniform(0.0, 0.15))
            lictor.kill()
            assert goes_on(lictor.count), f"trial {number}: {lictor.count.speaking(0.5)} of {SIZE} go on"
        for lictor in batch:
            assert settled(lictor) == [("release", "confirmed")]
            lictor.close()


def test_keeper_that_is_killed_is_replaced_and_the_new_one_knows_who_stands_still(begin):
    lictor = begin().ready()
    assert lictor.ask("replace") == "it is there"
    assert lictor.ask("freeze 3600 release") == "True"
    end(lictor.keeper)
    assert lictor.ask("replace").endswith(f"keeper {lictor.keeper} has ended")
    assert lictor.count.speaking(0.2) == 0
    lictor.kill()
    assert goes_on(lictor.count, 2 * SECONDS)  # the new one may not have begun yet
    assert settled(lictor) == [("release", "confirmed")]


def test_what_stands_still_after_the_end_of_both_is_seen_to_by_the_next_start(begin):
    lictor = begin().ready()
    assert lictor.ask("freeze 3600 release") == "True"
    end(lictor.keeper)
    lictor.kill()
    assert lictor.count.speaking(0.5) == 0
    assert read_settled(lictor.log) == []
    assert [(row.what, row.enforcement) for row in journal.settle(lictor.log)] == [("release", "confirmed")]
    assert goes_on(lictor.count)
    assert journal.settle(lictor.log) == []


@pytest.mark.parametrize("when", ["before", "meanwhile"])
def test_suspension_that_somebody_else_made_stays_and_is_not_counted_as_ours(begin, when):
    lictor = begin().ready()
    other = next(iter(lictor.count.pids.values()))
    with process.opened(other, api.SUSPEND_RESUME) as handle:
        if when == "before":
            api.call("NtSuspendProcess", handle)
        assert lictor.ask("freeze 3600 release") == "True"
        if when == "meanwhile":
            api.call("NtSuspendProcess", handle)
        lictor.kill()
        assert settled(lictor) == [("release", "confirmed")]
        assert lictor.count.speaking(0.5) == SIZE - 1
        api.call("NtResumeProcess", handle)
    assert goes_on(lictor.count)


def test_keeper_inherits_nothing_else_is_in_no_job_and_ends_at_the_goodbye(tmp_path):
    whole = str(tmp_path / "whole")
    alone = api.call("CreateFileW", whole, 0x40000000, 0, None, 2, 0x80, None)  # nobody else may open it
    os.set_handle_inheritable(alone, True)
    job = Job()
    keeper = Keeper.start(tmp_path / "log")
    try:
        keeper.add("r1", job, "open")
        api.close(alone)
        api.close(api.call("CreateFileW", whole, 0x40000000, 0, None, 2, 0x80, None))
        assert job.pids() == []
        with process.opened(keeper.pid) as handle:
            keeper.close()
            assert process.wait_ended(handle, 0)
            assert process.exit_code(handle) == 0
        assert read_settled(tmp_path / "log") == []
    finally:
        keeper.close()
        job.close()


def test_file_that_windows_took_at_its_start_is_found_in_the_vault(tmp_path):
    file = tmp_path / "tool.exe"
    file.write_bytes(b"bad")
    vault = WindowsVault(str(tmp_path / "vault"))
    record = vault.at_next_start(vault.intend(str(file), {}), "held")
    try:
        assert list(reconcile(vault)) == []
    finally:
        off_the_list(str(file))
    moving.move(str(file), vault.place(record))  # as Windows does it before anybody can hold it
    ((_, now),) = reconcile(vault)
    assert (now.state, now.how, now.sha256) == ("taken", "moved", moving.sha256(vault.place(record)))
    assert (
        security.is_sealed(security.describe(vault.place(record))) or Path("Z:\\proc").is_dir()
    )  # Wine maps them to modes


def off_the_list(path):
    import winreg  # noqa: PLC0415 - only Windows has it

    name = "PendingFileRenameOperations"
    with winreg.OpenKey(winreg.HKEY_LOCAL_MACHINE, moving._SESSION, 0, winreg.KEY_READ | winreg.KEY_SET_VALUE) as key:
        listed = winreg.QueryValueEx(key, name)[0]
        pairs = list(zip(listed[::2], listed[1::2], strict=False))
        left = [text for pair in pairs if not pair[0].endswith(path) for text in pair]
        winreg.SetValueEx(key, name, 0, winreg.REG_MULTI_SZ, left) if left else winreg.DeleteValue(key, name)


# The whole command

FREEZES = """\
lictor: 1
name: crash
on_failure: open
holds: { limit: 10m, freeze: kill }
rules:
  - { id: grown, on: exec, match: { argv: "*tree.exe* 0" }, action: freeze }
"""


@pytest.fixture
def run(tmp_path):
    """Function: ``lictor run`` under a policy that freezes the tree as soon as its first children have begun."""
    (tmp_path / "work").mkdir()
    policy = tmp_path / "policy.yaml"
    policy.write_text(FREEZES)
    started = []

    def begin(*command):
        words = ["run", "--source", "portable", "--lake", tmp_path / "lake", "--policy", policy, "--", *command]
        started.append(
            subprocess.Popen(
                [sys.executable, "-m", "lictor", *map(str, words)], stderr=subprocess.PIPE, stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL, text=True, cwd=tmp_path / "work",
                env=os.environ | {"LICTOR_RUNTIME": str(tmp_path / "runtime")},
            )
        )  # fmt: skip
        return started[-1]

    yield begin
    for one in started:
        one.kill()
        one.wait(10)
        one.stderr.close()


def told(lictor, what):
    """Wait for a line of Lictor's that says this."""
    lines = []
    for line in lictor.stderr:
        lines.append(line)
        if what in line:
            return line
    raise AssertionError("".join(lines))


@pytest.fixture
def rule_of_a_dead_lictor():
    """A value where the firewall keeps its rules; under Wine nobody takes it away, on Windows its service need not know it."""
    import winreg  # noqa: PLC0415 - only Windows has it

    path, name = rf"{POLICY}\FirewallRules", "lictor-test"
    text = rf"v2.31|Action=Block|Active=TRUE|Dir=Out|App=C:\no.exe|Name=lictor-dead|Desc={owner_text(4, -5)}|"
    with winreg.CreateKeyEx(winreg.HKEY_LOCAL_MACHINE, path, 0, winreg.KEY_ALL_ACCESS) as key:
        winreg.SetValueEx(key, name, 0, winreg.REG_SZ, text)
        yield
        winreg.DeleteValue(key, name)


def test_what_a_killed_lictor_owes_is_settled_and_told_by_the_next_one(
    run, tree_exe, count, tmp_path, rule_of_a_dead_lictor
):
    lictor = run(tree_exe, count.port, SHAPE)
    told(lictor, "is frozen")
    (keeper,) = [one.pid for one in snapshot.processes() if one.parent == lictor.pid and "python" in one.name.lower()]
    end(keeper)
    told(lictor, "another was started")
    frozen = count.look(0.2)
    assert count.speaking(0.3) == 0
    note = json.loads(next((tmp_path / "lake" / "services").glob("*.json")).read_text())
    lictor.kill()
    lictor.wait(10)
    assert note["pid"] != lictor.pid or not process.alive(note["pid"], note["key"])
    assert count.wait(SIZE, 2 * SECONDS), f"{frozen} stood still, {len(count.pids)} of {SIZE} are there now"
    assert goes_on(count)
    vault = WindowsVault(str(tmp_path / "lake" / "quarantine"))
    file = tmp_path / "tool.exe"
    file.write_bytes(b"bad")
    record = vault.intend(str(file), {"run": "r0"}, "deed-0")
    moving.move(str(file), vault.place(record))

    done = run(sys.executable, "-S", "-c", "pass")
    assert done.wait(60) == 0
    said = done.stderr.read()
    assert "an earlier Lictor ended unexpectedly" in said
    rows = (
        Lake(tmp_path / "lake")
        .query("SELECT id, action, phase, enforcement, actor, agent_run, evidence FROM actions ORDER BY time, phase")
        .to_pylist()
    )
    results = {(row["action"], row["actor"]): row for row in rows if row["phase"] == "result"}
    assert results["release", "lictor-keeper"]["enforcement"] == "confirmed"
    assert results["quarantine", "lictor"]["id"] == "deed-0"
    assert results["quarantine", "lictor"]["enforcement"] == "confirmed"
    assert results["join", "lictor"]["agent_run"] == "dead"
    owed = {row["id"] for row in rows if row["phase"] == "intent"} - {
        row["id"] for row in rows if row["phase"] == "result"
    }
    assert not owed, rows
