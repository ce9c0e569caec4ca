"""Questions of the hunting page are work beside it: a page is run until it has its answer."""

from __future__ import annotations

import time

import pytest

from dashboards.parts.jobs import jobs


@pytest.fixture
def settled():
    """Runs a page until nothing of it is at work."""

    def run(at, seconds=60):
        end = time.monotonic() + seconds
        while any(s.label.startswith(("At work", "Waits")) for s in at.get("status")) and time.monotonic() < end:
            time.sleep(0.1)
            at.run()
        return at

    yield run
    with jobs._lock:
        jobs._jobs.clear()  # no test finds the answer of another
