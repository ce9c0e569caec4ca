"""What `make setup` installs and says: run on a machine of its own, where each command is a script that notes what it is asked."""

from __future__ import annotations

import shutil
import subprocess

import pytest

TOOLS = ("bash", "dirname", "mktemp", "rm", "tail", "cat", "sha256sum", "cut", "touch", "env", "head")


class Machine:
    """A folder that the script stands in, and a search path with nothing in it but what a test puts there."""

    def __init__(self, tree, folder):
        self.folder, self.bin, self.asked = folder / "tree", folder / "bin", folder / "asked"
        (self.folder / "deploy").mkdir(parents=True)
        self.bin.mkdir()
        self.asked.touch()
        shutil.copy(tree.root / "deploy" / "setup.sh", self.folder / "deploy")
        (self.folder / "pyproject.toml").touch()
        for name in TOOLS:
            (self.bin / name).symlink_to(shutil.which(name))
        self.has("python3", 'case "$*" in "-m venv .venv") mkdir -p .venv/bin; cp "$0" .venv/bin/python;; esac')
        (self.bin / "mkdir").symlink_to(shutil.which("mkdir"))
        (self.bin / "cp").symlink_to(shutil.which("cp"))

    def has(self, name, does="exit 0"):
        (self.bin / name).write_text(f'#!/usr/bin/env bash\nprintf "%s\\n" "{name} $*" >>{self.asked}\n{does}\n')
        (self.bin / name).chmod(0o755)

    def is_administered(self, *packages):
        """Root is here, and apt, whose lists hold these packages beside what every distribution has."""
        self.has("id", "echo 0")
        self.has("apt-get", 'case "$*" in *no-such*) exit 100;; esac')
        unknown = {"chromium-headless-shell", "chromium"} - set(packages)
        self.has("apt-cache", f'case "$2" in {"|".join(unknown) or "-"}) exit 100;; esac')

    def set_up(self):
        done = subprocess.run(
            ["deploy/setup.sh"],
            cwd=self.folder,
            env={"PATH": str(self.bin)},
            capture_output=True,
            text=True,
            check=False,
        )
        return done.returncode, done.stdout + done.stderr

    @property
    def installed(self):
        lines = [line for line in self.asked.read_text().splitlines() if line.startswith("apt-get install")]
        return {word for line in lines for word in line.split()[2:] if not word.startswith("-")}


@pytest.fixture
def machine(tree, tmp_path):
    return Machine(tree, tmp_path)


@pytest.mark.parametrize(
    ("lists", "taken"),
    [
        (["chromium-headless-shell", "chromium"], "chromium-headless-shell"),
        (["chromium"], "chromium"),
    ],
)
def test_browser_is_the_first_that_the_distribution_has(machine, lists, taken):
    machine.is_administered(*lists)
    status, said = machine.set_up()
    assert status == 0, said
    assert {name for name in machine.installed if name.startswith("chromium")} == {taken}
    assert {"clang", "strace", "git"} <= machine.installed


@pytest.mark.parametrize("there", ["chromium", "chromium-headless-shell"])
def test_one_browser_is_enough(machine, there):
    machine.is_administered("chromium-headless-shell", "chromium")
    machine.has(there)
    assert machine.set_up()[0] == 0
    assert not {name for name in machine.installed if name.startswith("chromium")}


def test_packages_that_pip_cannot_get_end_it(machine):
    machine.is_administered("chromium")
    machine.has(
        "python3",
        'case "$*" in "-m pip"*) exit 1;; "-m venv .venv") mkdir -p .venv/bin; cp "$0" .venv/bin/python;; esac',
    )
    status, said = machine.set_up()
    assert status == 2
    assert "Reach a Python package index" in said
    assert "ready" not in said


def test_who_may_not_install_is_told_what_is_missing_and_what_that_costs(machine):
    machine.has("id", "echo 1000")
    machine.has("git")
    status, said = machine.set_up()
    assert status == 0, said
    assert machine.installed == set()
    browser = "chromium-headless-shell or chromium"
    assert f"missing: {browser}. Without it: the dashboard is not tested in a browser" in said
    assert "apt-get install clang\n" in said
    assert "missing: git" not in said
    assert "ready" in said.splitlines()[-1]
