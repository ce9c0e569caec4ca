"""A run that goes on: its page moves by itself, and freezes, releases and kills it. What came of it is looked up outside of Lictor."""

from __future__ import annotations

import os
import subprocess
import time
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tools.browsing import serving

pytestmark = pytest.mark.kernel
SLOW_S = 60
POLICY = """\
lictor: 1
name: house
mode: enforce
rules:
  - { id: keys, on: file.read, match: { path: /nowhere/at/all }, action: deny, because: Keys are private. }
"""
LOOP = "while :; do echo tick; sleep 0.05; done"


class Run:
    """A loop under ``lictor run``, seen from outside: what it wrote, its shell's state and its cgroup."""

    def __init__(self, lake, folder):
        policy, self.out = folder / "house.yaml", folder / "out"
        policy.write_text(POLICY)
        with self.out.open("wb") as out, (folder / "errors").open("wb") as errors:
            self.process = subprocess.Popen(
                serving.command(
                    "run", "--quiet", "--agent", "looper", "--user", "nobody", "--policy", str(policy), "--lake", str(lake),
                    "--", "sh", "-c", LOOP,
                ),
                stdin=subprocess.DEVNULL, stdout=out, stderr=errors, env=serving.environment(), cwd="/",
            )  # fmt: skip
        wait(lambda: self.ticks > 3, "the loop never began: " + (folder / "errors").read_text())
        self.shell = next(pid for pid in below(self.process.pid) if command(pid) == ["sh", "-c", LOOP])
        path = Path(f"/proc/{self.shell}/cgroup").read_text().strip().rpartition("::")[2]
        self.cgroup = next(p for p in (Path(m) / path.lstrip("/") for m in mounts()) if p.is_dir())

    @property
    def ticks(self):
        return self.out.stat().st_size

    @property
    def frozen(self):
        return "frozen 1" in (self.cgroup / "cgroup.events").read_text()

    def stands_still(self, periods=20):
        """Whether nothing was written for many times the loop's period."""
        before = self.ticks
        time.sleep(0.05 * periods)  # that nothing happens takes time to see
        return self.ticks == before

    def goes_on(self):
        before = self.ticks
        wait(lambda: self.ticks > before, "the loop stands still")
        return True


def wait(fits, why):
    until = time.monotonic() + SLOW_S
    while not fits():
        assert time.monotonic() < until, why
        time.sleep(0.02)


def below(pid):
    """All processes that a process has started, and theirs."""
    children = [int(c) for task in Path(f"/proc/{pid}/task").iterdir() for c in (task / "children").read_text().split()]
    return [*children, *(deeper for child in children for deeper in below(child))]


def command(pid):
    return Path(f"/proc/{pid}/cmdline").read_bytes().decode().rstrip("\0").split("\0")


def mounts():
    """Where cgroup v2 is mounted."""
    lines = [line.split() for line in Path("/proc/self/mounts").read_text().splitlines()]
    return [fields[1] for fields in lines if fields[2] == "cgroup2"]


@pytest.fixture
def looping(lake, dashboard, tmp_path):
    """Begun after the dashboard, so that it is the dashboard that has to find it."""
    run = Run(lake, tmp_path)
    yield run
    if run.process.poll() is None:
        run.process.terminate()
        run.process.wait(SLOW_S)


@pytest.fixture
def run_id(looping, sql):
    found = []
    wait(
        lambda: found.extend(sql("SELECT run FROM runs WHERE agent = 'looper' AND state = 'started'")) or found,
        "no row",
    )
    return found[-1]["run"]


def act(page, name, reason=None):
    """The two clicks of an act."""
    page.get_by_role("button", name=name, exact=True).click()
    dialog = page.get_by_role("dialog")
    if reason:
        dialog.get_by_role("textbox", name="Reason").fill(reason)
    dialog.get_by_role("button", name=name, exact=True).click()
    expect(page.get_by_text("Done.")).to_be_visible()
    # On a busy machine the page's own refresh leaves the dialog standing, as a person would see too.
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Dismiss").click()
    expect(page.get_by_text("Done.")).to_have_count(0)


def test_a_run_is_frozen_released_and_killed_from_its_page(visit, looping, run_id, sql):
    onlooker = visit("ben", f"run?run={run_id}")
    expect(onlooker.get_by_text("running", exact=True)).to_be_visible()
    for name in ("Freeze", "Isolate", "Kill"):
        expect(onlooker.get_by_role("button", name=name)).to_be_disabled()

    page = visit("cem", f"run?run={run_id}")
    act(page, "Freeze", "What does it do?")
    assert looping.frozen
    assert looping.stands_still()
    expect(page.get_by_text("This run stands still and waits for a person.")).to_be_visible()
    expect(onlooker.get_by_text("held", exact=True)).to_be_visible()  # by itself: nobody touched that page

    act(page, "Release")
    assert not looping.frozen
    assert looping.goes_on()
    expect(page.get_by_text("running", exact=True)).to_be_visible()

    act(page, "Kill", "It is enough.")
    looping.process.wait(SLOW_S)
    assert not os.path.exists(f"/proc/{looping.shell}")
    expect(page.get_by_text("ended", exact=True)).to_be_visible()

    rows = sql(
        f"SELECT account, phase, object, note, outcome FROM console WHERE act = 'order' AND agent_run = '{run_id}' ORDER BY time"
    )
    assert [(r["account"], r["phase"], r["object"].split()[0], r["note"]) for r in rows] == [
        ("cem", "intent", "freeze", "What does it do?"), ("cem", "result", "freeze", "What does it do?"),
        ("cem", "intent", "release", None), ("cem", "result", "release", None),
        ("cem", "intent", "kill", "It is enough."), ("cem", "result", "kill", "It is enough."),
    ]  # fmt: skip
    assert {r["outcome"] for r in rows if r["phase"] == "result"} == {"success"}


def test_a_run_that_is_held_is_decided_on_the_page_of_held_runs(visit, looping, run_id):
    page = visit("cem", f"run?run={run_id}")
    act(page, "Freeze")
    page.get_by_role("link", name="Decide each question by itself").click()
    page.wait_for_url("**/held?hold=**")
    expect(page.get_by_text("was frozen by a person")).to_be_visible()
    assert looping.stands_still()
    act(page, "Thaw")
    assert looping.goes_on()
    expect(page.get_by_text("No run of this machine waits for a person.")).to_have_count(1)
