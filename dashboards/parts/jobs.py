"""Long work for a page: done in a thread, so that the page can be used and left meanwhile; its result waits for who asked.

A page is a script that ends; what takes a minute must not be part of it. Work belongs to an account, by a name: it is found again from another
page or another tab, and nobody else sees it. Little goes on at once, and results are forgotten after some time, so that nobody fills the
memory by asking.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

import streamlit as st

from dashboards.interface import Account, DashboardError

AT_ONCE = 2
"""Pieces of work that go on at a time, for all who look."""
WAITING = 4
"""Pieces of one account that go on or wait."""
KEPT = 50
"""Results that are remembered, for all who look together."""
KEPT_S = 3600.0
LOOK_EVERY_S = 1.0


@dataclass
class Job:
    """One piece of work. ``about`` tells what was asked, for who comes back to it."""

    name: str
    about: str
    future: Future[Any]
    asked: float = field(default_factory=time.monotonic)
    began: float | None = None
    ended: float | None = None

    @property
    def state(self) -> str:
        """waits, goes on, done or failed."""
        if self.future.done():
            return "failed" if self.future.cancelled() or self.future.exception() else "done"
        return "waits" if self.began is None else "goes on"

    @property
    def seconds(self) -> float:
        """How long it has been at work."""
        return 0.0 if self.began is None else (self.ended or time.monotonic()) - self.began

    @property
    def error(self) -> str:
        """Why it failed, in one line."""
        if self.future.cancelled():
            return "it was taken back before it began"
        found = self.future.exception()
        return str(found) if isinstance(found, DashboardError) else f"it failed: {type(found).__name__}"

    @property
    def result(self) -> Any:
        """What came of it, once it is done."""
        return self.future.result()


class Jobs:
    """All work of this process; ``at_once`` is for tests."""

    def __init__(self, at_once: int = AT_ONCE) -> None:
        self._pool = ThreadPoolExecutor(at_once, "dashboard-work")
        self._lock = threading.Lock()
        self._jobs: dict[tuple[str, str, str], Job] = {}

    def start(self, account: Account, name: str, about: str, work: Callable[[], Any]) -> Job:
        """Begin in place of earlier work of this name. Raises ``DashboardError`` where the account has too much under way."""
        with self._lock:
            self._tidy()
            mine = [j for (source, who, _), j in self._jobs.items() if (source, who) == (account.source, account.name)]
            if sum(not j.future.done() for j in mine) >= WAITING:
                raise DashboardError(f"{WAITING} pieces of work of yours are under way: wait for one of them")
            job = Job(name, about, Future())
            self._jobs[account.source, account.name, name] = job
            self._pool.submit(_run, job, work)
            return job

    def find(self, account: Account, name: str) -> Job | None:
        """Work of this name that the account began."""
        with self._lock:
            self._tidy()
            return self._jobs.get((account.source, account.name, name))

    def forget(self, account: Account, name: str) -> None:
        """Do without its result; what has not begun is not done."""
        with self._lock:
            job = self._jobs.pop((account.source, account.name, name), None)
        if job is not None:
            job.future.cancel()

    def _tidy(self) -> None:
        """Forget what is old, and the oldest of what is too much; what is under way stays."""
        done = sorted((j.ended or j.asked, key) for key, j in self._jobs.items() if j.future.done())
        late = time.monotonic() - KEPT_S
        for position, (ended, key) in enumerate(done):
            if ended < late or position < len(done) - KEPT:
                del self._jobs[key]


def _run(job: Job, work: Callable[[], Any]) -> None:
    if not job.future.set_running_or_notify_cancel():
        return
    job.began = time.monotonic()
    try:
        found = work()
    except Exception as error:  # noqa: BLE001 - told to who asked; the thread goes on with other work
        job.ended = time.monotonic()
        job.future.set_exception(error)
    else:
        job.ended = time.monotonic()
        job.future.set_result(found)


jobs = Jobs()


def wait_for(job: Job) -> None:
    """Says how long it has been at work, every second, and draws the page anew when it has ended."""
    st.fragment(_look, run_every=LOOK_EVERY_S)(job)


def _look(job: Job) -> None:
    if job.future.done():
        st.rerun()
    doing = "Waits for other work to end" if job.state == "waits" else f"At work for {job.seconds:.0f} s"
    shown = st.status(doing, state="running", expanded=True)  # as a context it would say that it is complete
    shown.text(job.about)
    shown.caption("The page can be left meanwhile: the result waits here for an hour.")
