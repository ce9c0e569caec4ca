"""The end of an export: a signal asks for it, whoever waits is woken, and the batch at hand is finished first."""

from __future__ import annotations

import signal
import threading
from types import FrameType, TracebackType
from typing import Any, Self

_SIGNALS = [getattr(signal, name) for name in ("SIGTERM", "SIGINT", "SIGHUP") if hasattr(signal, name)]


class Stop:
    """Whether the export shall end; as a context it listens to signals. A second signal ends the process as usual."""

    def __init__(self) -> None:
        self._event = threading.Event()
        self._before: dict[signal.Signals, Any] = {}

    def __call__(self) -> bool:
        """Whether it shall end."""
        return self._event.is_set()

    def ask(self) -> None:
        """Let it end."""
        self._event.set()

    def sleep(self, seconds: float) -> bool:
        """Wait so many seconds, less when it shall end; whether it shall."""
        return self._event.wait(seconds)

    def __enter__(self) -> Self:
        self._before = {number: signal.signal(number, self._asked) for number in _SIGNALS}
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._restore()

    def _asked(self, _number: int, _frame: FrameType | None) -> None:
        self._restore()
        self._event.set()

    def _restore(self) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)
        self._before = {}
