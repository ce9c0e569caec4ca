"""Processes and collectors of the portable source, for the tests beside it."""

from __future__ import annotations

import subprocess
import sys
import threading
import time

import pytest

from collectors.interface import Run, Wanted
from collectors.portable.collector import PortableCollector


@pytest.fixture
def script():
    """Function: start Python on a text; all that were started are ended afterwards."""
    started = []

    def start(text, *arguments, **options):
        options = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True, **options}
        started.append(subprocess.Popen([sys.executable, "-c", text, *arguments], **options))
        return started[-1]

    yield start
    for child in started:
        child.kill()
        child.communicate()


@pytest.fixture
def collector():
    """An open collector, and the lines that it reports as ``said``."""
    said = []
    made = PortableCollector(Wanted(run_variable="LICTOR_RUN", report=said.append))
    made.said = said
    made.open()
    yield made
    made.close()


@pytest.fixture
def rows(collector):
    """Function: do something while the collector observes; its rows as dictionaries. One run watches ``place``."""

    def observe(place, act, after=0.5):
        number = collector.add_run(Run("run", "agent"))
        collector.heed(number, [place])
        over = threading.Event()

        def do():
            try:
                act(number)
                time.sleep(after)
            finally:
                over.set()

        thread = threading.Thread(target=do)
        thread.start()
        found = [row for batch in collector.batches(over.is_set) for row in batch.to_pylist()]
        thread.join()
        return found

    return observe
