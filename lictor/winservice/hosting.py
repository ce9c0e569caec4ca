"""The service as the service manager knows it: it starts, says when it really watches, stops when told, and fails with a code.

What watches is imported only once the service manager has been answered: that one waits 30 s for an answer, and on a machine that starts
up, the query engine's libraries may take longer to be read.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Sequence
from typing import Any

from lictor.winservice.names import ABOUT, NAME, NOT_WINDOWS, TITLE
from lictor.winservice.settings import ServiceSettings

CANNOT_CONNECT = 1063  # ERROR_FAILED_SERVICE_CONTROLLER_CONNECT: started by a person, not by the service manager

_START_MS, _STOP_MS = 60_000, 20_000
"""How long the service manager is asked to wait, in milliseconds."""


class ServiceFailedError(Exception):
    """The service could not go on; its recovery actions take hold."""


class Watched:
    """Whether the service was told to stop; the first time it is asked, it watches, and says so."""

    def __init__(self, running: Any) -> None:
        self._asked, self._running, self._said = threading.Event(), running, False

    def stop(self) -> None:
        """It was told to."""
        self._asked.set()

    def __call__(self) -> bool:
        """Asked by whoever watches, again and again."""
        if not self._said:
            self._said = True
            self._running()
        return self._asked.is_set()


def service_class(settings: ServiceSettings) -> Any:
    """The class that pywin32 hosts; only Windows has what it is made of."""
    import servicemanager  # noqa: PLC0415 - see above
    import win32service  # noqa: PLC0415
    import win32serviceutil  # noqa: PLC0415

    framework: Any = win32serviceutil.ServiceFramework

    class LictorService(framework):  # type: ignore[misc]  # no types
        """Start, stop, and what the service manager is told of both."""

        _svc_name_, _svc_display_name_, _svc_description_ = NAME, TITLE, ABOUT

        def __init__(self, words: Sequence[str]) -> None:
            super().__init__(words)
            self._state = win32service.SERVICE_START_PENDING
            self._watched = Watched(lambda: self._tell(win32service.SERVICE_RUNNING))

        def _tell(self, state: int, patience_ms: int = 0) -> None:
            self._state = state
            self.ReportServiceStatus(state, waitHint=patience_ms)

        def SvcInterrogate(self) -> None:  # noqa: N802 - pywin32 looks for these names
            """It is asked how it is: pywin32 would say that it runs, whatever it does."""
            self.ReportServiceStatus(self._state)

        def SvcStop(self) -> None:  # noqa: N802
            """A person or an update stops it."""
            self._tell(win32service.SERVICE_STOP_PENDING, _STOP_MS)
            self._watched.stop()

        def SvcShutdown(self) -> None:  # noqa: N802
            """The system ends: what was seen is made durable."""
            self.SvcStop()

        def SvcRun(self) -> None:  # noqa: N802
            """Its life. A failure is raised: pywin32 then tells the service manager that it has stopped, with an exit code.

            Whoever tells that himself is contradicted by what pywin32 tells next, and the service may seem to be stopping for ever.
            """
            self._tell(win32service.SERVICE_START_PENDING, _START_MS)
            from lictor.winservice.serving import serve  # noqa: PLC0415 - see the top

            why = serve(settings, self._watched)
            if why is not None:
                servicemanager.LogErrorMsg(f"Lictor ended: {why}")
                raise ServiceFailedError(why)
            self._tell(win32service.SERVICE_STOP_PENDING, _STOP_MS)

    return LictorService


def host(settings: ServiceSettings) -> int:
    """Host the service for the service manager; the exit status."""
    if sys.platform != "win32":
        print(NOT_WINDOWS, file=sys.stderr)
        return 2
    import servicemanager  # noqa: PLC0415 - see ``service_class``

    servicemanager.Initialize(NAME, None)
    servicemanager.PrepareToHostSingle(service_class(settings))
    try:
        servicemanager.StartServiceCtrlDispatcher()
    except Exception as error:
        if getattr(error, "winerror", 0) != CANNOT_CONNECT:
            raise
        print(f"this is for the service manager: sc start {NAME}; by hand: lictor watch", file=sys.stderr)
        return 2
    return 0
