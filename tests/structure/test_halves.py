"""The two halves of ``make test``: each test runs in one of them, and what either skipped is told at the end of the second."""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
TESTS = {
    "pipeline/test_a.py": "def test_runs(): pass\n@pytest.mark.skip('no a')\ndef test_skips(): pass\n",
    "lictor/test_b.py": "def test_runs(): pass\n@pytest.mark.kernel\ndef test_kernel(): pass\n",
    "browser/test_d.py": "def test_runs(): pass\n",
    "faults/test_e.py": "def test_runs(): pass\n",
    "kernel/test_c.py": "@pytest.mark.skip('no c')\ndef test_skips(): pass\n@pytest.mark.skip('no a')\ndef test_too(): pass\n",
}


@pytest.fixture
def run(tmp_path):
    """Function: what pytest says, with these options, of a project with the same conftest and a few tests."""
    tests = tmp_path / "tests"
    for name, text in TESTS.items():
        (tests / name).parent.mkdir(parents=True, exist_ok=True)
        (tests / name).write_text(f"import pytest\n{text}")
    for name in ("conftest.py", "trials.py"):
        shutil.copy(ROOT / "tests" / name, tests)
    (tests / "conftest.py").write_text((tests / "conftest.py").read_text("utf-8") + "\ndef no_sensor(): return ''\n")
    shutil.copy(ROOT / "pyproject.toml", tmp_path)

    def told(*options):
        command = [sys.executable, "-m", "pytest", *options, "tests"]
        ran = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
        assert ran.returncode == 0, ran.stdout + ran.stderr
        return ran.stdout

    return told


@pytest.fixture
def halves(run, tmp_path):
    """What it says with the options that ``make test`` gives."""
    recipe = (ROOT / "Makefile").read_text("utf-8").partition("\ntest:")[2].partition("\nlint:")[0]
    found = re.findall(r"-m pytest (--account=.*?) \$\(T\) \|\| status", recipe)
    assert len(found) == 2
    (tmp_path / "kept").mkdir()
    return [run(*shlex.split(options.replace("$$folder", str(tmp_path / "kept")))) for options in found]


def test_every_test_runs_in_one_half_and_skips_are_counted_together(halves):
    beside, alone = halves
    assert re.search(r"4 passed, 1 skipped in", beside)
    assert re.search(r"1 passed, 2 skipped, 1 deselected in", alone)
    assert "skipped: 1 =" in beside
    end = alone.partition("skipped: 3 =")[2]
    assert re.findall(r"^ +(\d+)  (.+)$", end, re.MULTILINE) == [("2", "no a"), ("1", "no c")]
    assert re.search(r"in \d+\.\d+s =+$", alone.rstrip().splitlines()[-1])


def test_what_takes_long_is_begun_with(run):
    order = re.findall(r"^tests/(\w+)/", run("-v", "-p", "no:randomly"), re.MULTILINE)
    assert order[:2] == ["faults", "browser"]
