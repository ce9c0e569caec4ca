"""What all tests share: the sensor where the kernel permits it, and an account of what was skipped.

A skip is a piece of the promise that was not checked, so every run ends with the skipped
tests counted by reason.
"""

from __future__ import annotations

import json
import os
from collections import Counter
from functools import cache
from pathlib import Path

import hypothesis
import pytest

from tests.trials import every

# How long an example takes is the machine's affair; of it a profile of CI knows already, one at a desk does not.
hypothesis.settings.register_profile("any machine", deadline=None, max_examples=100 if every() else 50)
hypothesis.settings.load_profile("any machine")

TESTS = Path(__file__).parent
ALONE = (
    "benchmarks", "collectors/bcc", "collectors/ebpf", "collectors/kernel", "collectors/portable", "e2e", "enforcer/linux",
    "kernel",
)  # fmt: skip
"""Folders whose tests measure time, or act on what the whole machine shares; so does every test that loads the sensor."""
FIRST = (
    "faults/",
    "structure/test_winpython.py",
    "structure/test_screenshots.py",
    "browser/",
    "pipeline/lake/",
    "lictor/test_sigma_rules.py",
)
"""What takes longest comes first, in this order: at the end, one of two workers would wait for it."""


def reason_of(report):
    """The reason as its author wrote it; pytest puts (file, line, reason) into a skipped report."""
    place = report.longrepr
    text = place[2] if isinstance(place, tuple) else str(place)
    return text.removeprefix("Skipped: ").strip() or "no reason given"


def pytest_addoption(parser):
    parser.addoption(
        "--account", type=Path, help="file in which several runs keep what they skipped, to tell it together"
    )


def pytest_ignore_collect(collection_path, config):
    """Files without a test that runs alone need not be read for those that do: it takes half a minute."""
    only = config.getoption("markexpr") == "alone" and collection_path.name.startswith("test_")
    return True if only and not _says_alone(collection_path) else None


@cache
def _says_alone(path):
    """Whether a file can have such a test, seen without reading it as Python."""
    return _lies_alone(path) or any(mark in path.read_text("utf-8") for mark in ("mark.alone", "mark.kernel"))


def _lies_alone(path):
    return path.relative_to(TESTS).as_posix().startswith(tuple(f"{name}/" for name in ALONE))


@pytest.hookimpl(wrapper=True)
def pytest_collection_modifyitems(items):
    for item in items:
        if item.get_closest_marker("kernel") or _lies_alone(item.path):
            item.add_marker("alone")
        if item.get_closest_marker("alone") and not _says_alone(item.path):
            raise pytest.UsageError(
                f"{item.nodeid}: a test that runs alone has its mark in its own file, or neither half runs it"
            )
    yield  # here -m chooses by it, and the order is shuffled
    items.sort(key=_rank)


def _rank(item):
    path = item.path.relative_to(TESTS).as_posix()
    return next((rank for rank, name in enumerate(FIRST) if path.startswith(name)), len(FIRST))


def pytest_terminal_summary(terminalreporter):
    counted = Counter(reason_of(report) for report in terminalreporter.stats.get("skipped", []))
    account = terminalreporter.config.getoption("--account")
    if account is not None and not hasattr(terminalreporter.config, "workerinput"):  # xdist's workers tell theirs to it
        counted += Counter(json.loads(account.read_text()) if account.exists() else {})
        account.write_text(json.dumps(counted))
    terminalreporter.section(f"skipped: {counted.total()}")
    for reason, count in counted.most_common():
        terminalreporter.write_line(f"{count:5d}  {reason}")


@cache
def no_sensor():
    """Why the sensor cannot be used here, found by loading it once; empty where it can."""
    from collectors.ebpf.collector import EbpfCollector  # noqa: PLC0415 - only where a test asks for the kernel
    from collectors.interface import CollectorError  # noqa: PLC0415

    if os.geteuid():
        return "no root: the sensor cannot be loaded"
    collector = EbpfCollector(None)
    try:
        collector.open()
    except CollectorError as error:
        return str(error)
    finally:
        collector.close()
    return ""


def pytest_runtest_setup(item):
    if item.get_closest_marker("kernel") and (reason := no_sensor()):
        pytest.skip(reason)


@pytest.fixture(scope="session", autouse=True)
def runtime(tmp_path_factory):
    """A runtime folder of the tests' own: a service of theirs is not found by, and does not follow, those of this machine."""
    folder = tmp_path_factory.mktemp("runtime")
    folder.chmod(0o755)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LICTOR_RUNTIME", str(folder))
        yield folder


@pytest.fixture(scope="module")
def sensor():
    """A collector that is attached to this machine; for tests marked ``kernel``."""
    if reason := no_sensor():
        pytest.skip(reason)
    from collectors.ebpf.collector import EbpfCollector  # noqa: PLC0415
    from lictor.service import cgroup_mount  # noqa: PLC0415 - it imports every part

    collector = EbpfCollector(cgroup_mount())
    collector.open()
    yield collector
    collector.close()


@cache
def no_bcc():
    """Why the BCC source cannot be used here, after its packages have been installed where that can be; empty where it can."""
    from collectors.bcc.source import usable  # noqa: PLC0415
    from tests.apt import not_installed  # noqa: PLC0415 - test_halves takes this file without it

    if os.geteuid():
        return "no root: BCC cannot be used"
    reason = usable()
    if reason and "apt install" in reason:
        failed = not_installed("python3-bpfcc", "linux-headers-amd64")
        reason = f"{reason}; {failed}" if failed else usable()
    return reason or ""


@pytest.fixture(scope="session")
def bcc():
    """Function: an open BCC collector with these options; the same for the same options, closed at the end of the session."""
    if reason := no_bcc():
        pytest.skip(reason)
    from collectors.bcc.collector import BccCollector  # noqa: PLC0415

    made = {}

    def opened(**options):
        name = repr(options)
        if name not in made:
            made[name] = BccCollector(**options)
            made[name].open()
        return made[name]

    yield opened
    for collector in made.values():
        collector.close()
