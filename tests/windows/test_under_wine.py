"""Runs the other tests of this folder in a genuine Windows Python under Wine, once, and gives each one's result as its own."""

from __future__ import annotations

import ast
import os
import shutil
import subprocess
import xml.etree.ElementTree as ET
from concurrent.futures import ThreadPoolExecutor
from itertools import chain
from pathlib import Path

import pytest

from tests.wine import windows_python
from tools import winpython

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
PATIENCE_S = 300
SAID = 10_000
"""Characters of what a machine wrote that are told where it was not done in time: whose test stood, and at which line."""
MACHINES = 2
"""Most of their time they wait, for Wine and for each other: two take little more than half of it."""


def names():
    """Every test function of the folder, as ``test_kill::test_x``."""
    files = [p for p in sorted(HERE.glob("test_*.py")) if p.name != Path(__file__).name]
    return [
        f"{path.stem}::{node.name}"
        for path in files
        for node in ast.parse(path.read_text(encoding="utf-8")).body
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")
    ]


@pytest.fixture(scope="session")
def results(tmp_path_factory):
    """Name → what pytest wrote about each case of it."""
    windows, folder = windows_python(), tmp_path_factory.mktemp("wine")
    winpython.compile_c(HERE / "tree.c", folder / "tree.exe", "-lws2_32")
    # Read here, not in the threads: Python 3.11's parser counts its depth for all of them together, and fails.
    tests = [name.split("::") for name in names()]
    with ThreadPoolExecutor(MACHINES) as pool:
        cases = list(pool.map(lambda number: _ran(windows, folder, number, tests[number::MACHINES]), range(MACHINES)))
    assert not [
        p for p in Path("/proc").glob("[0-9]*/cmdline") if winpython.windows_path(folder).encode() in _text(p)
    ], "some still run"
    found: dict[str, list[ET.Element]] = {}
    for case in chain.from_iterable(cases):
        name = f"{case.get('classname').rpartition('.')[2]}::{case.get('name').partition('[')[0]}"
        found.setdefault(name, []).append(case)
    return found


def _ran(windows, folder, number, tests):
    """The cases of ``tests``, (file, function), on one machine: a prefix of its own, where no other's processes are."""
    report, scratch, prefix = folder / f"report-{number}.xml", f"lictor-{os.getpid()}", windows / f"prefix-{number}"
    arguments = [
        "-m", "pytest", "-v", "-p", "no:cacheprovider", "-o", f"faulthandler_timeout={PATIENCE_S // 3}",
        "-o", "junit_logging=system-err",
        "-c", winpython.windows_path(ROOT / "pyproject.toml"),
        "--confcutdir", winpython.windows_path(HERE), "--rootdir", winpython.windows_path(ROOT),
        f"--junitxml={winpython.windows_path(report)}", f"--basetemp=C:\\{scratch}",
        *(f"{winpython.windows_path(HERE / file)}.py::{test}" for file, test in tests),
    ]  # fmt: skip
    extra = {
        "PYTHONPATH": winpython.windows_path(ROOT),
        "LICTOR_TREE_EXE": winpython.windows_path(folder / "tree.exe"),
        "WINEPREFIX": str(prefix),
    }
    try:
        done = winpython.run(windows, arguments, extra=extra, patience=PATIENCE_S)
    except subprocess.TimeoutExpired as late:
        pytest.fail(f"after {late.timeout:.0f} s:\n{(late.output or b'')[-SAID:]!r}\n{(late.stderr or b'')[-SAID:]!r}")
    shutil.rmtree(prefix / "drive_c" / scratch, ignore_errors=True)
    assert report.exists(), done.stdout + done.stderr
    return list(ET.parse(report).iter("testcase"))


def _text(path):
    try:
        return path.read_bytes()
    except OSError:
        return b""


@pytest.mark.alone
@pytest.mark.parametrize("name", names())
def test_on_windows(results, name):
    assert name in results, sorted(results)
    for case in results[name]:
        skipped = case.find("skipped")
        if skipped is not None:
            pytest.skip(skipped.get("message"))
        bad = case.find("failure") if case.find("failure") is not None else case.find("error")
        assert bad is None, bad.text + (case.findtext("system-err") or "")
