"""Deeds that take long, one after the other in a thread of their own: events must not queue up behind a huge file."""

from __future__ import annotations

from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import wait as wait_for
from typing import TYPE_CHECKING

from enforcer.interface import Outcome

if TYPE_CHECKING:
    from collections.abc import Callable


class Background:
    """Runs deeds by id; asked from one thread."""

    def __init__(self) -> None:
        self._pool: ThreadPoolExecutor | None = None
        self._running: dict[str, Future[Outcome]] = {}

    def begin(self, deed: str, do: Callable[[], Outcome]) -> None:
        """Begin; the thread is made with the first deed."""
        if self._pool is None:
            self._pool = ThreadPoolExecutor(1, "lictor-deeds")
        self._running[deed] = self._pool.submit(do)

    def wait(self, deed: str, timeout: float) -> Outcome | None:
        """How it ended, waiting up to ``timeout`` seconds; ``None`` while it goes on. A defect becomes a failure."""
        future = self._running[deed]
        wait_for([future], timeout)
        if not future.done():
            return None
        del self._running[deed]
        error = future.exception()
        return future.result() if error is None else Outcome("failed", f"{type(error).__name__}: {error}")

    def close(self) -> None:
        """Wait for what was begun, and end the thread."""
        if self._pool is not None:
            self._pool.shutdown()
            self._pool = None
