r"""``lictor watch`` as a service of Windows: ``python -m lictor.winservice`` is what the service manager starts.

It takes the policies of ``%ProgramData%\Lictor\policies`` (all ``*.yaml``, in order of name) and writes its lake and its lines beside them. A policy
that cannot be read, and an empty folder unless ``--audit`` is given, keep the service from starting: nothing is watched by halves.
"""

from __future__ import annotations

import argparse
import sys
import threading
import traceback
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from collectors.sources import AUTO
from lictor.errors import LictorError, is_expected
from lictor.system import here
from lictor.watching import Options, watch

NAME, TITLE = "Lictor", "Lictor"
ABOUT = "Records what AI agents on this computer do, judges it against policy, and stops what must not happen."

HOME = here.SYSTEM_LAKE.parent
"""Below it: ``policies``, ``lake``, ``log``."""

_CANNOT_CONNECT = 1063  # ERROR_FAILED_SERVICE_CONTROLLER_CONNECT: started by a person, not by the service manager


def parsed(arguments: Sequence[str]) -> argparse.Namespace:
    """The words behind the service's command line; ends the process where they are wrong."""
    parser = argparse.ArgumentParser(prog="python -m lictor.winservice", description=ABOUT)
    parser.add_argument("--home", type=Path, default=HOME, help=f"folder of policies, lake and log; else {HOME}")
    parser.add_argument("--source", default=AUTO, help="what watches; see lictor doctor")
    parser.add_argument("--audit", action="store_true", help="judge and record, but stop nothing")
    return parser.parse_args(arguments)


def options_of(told: argparse.Namespace) -> Options:
    """What the service does; raises ``LictorError`` where there is no policy and ``--audit`` was not given."""
    folder = told.home / "policies"
    policies = sorted(folder.glob("*.yaml"))
    if not policies and not told.audit:
        raise LictorError(f"{folder}: no policy (*.yaml) there: put one in, or install the service with --audit")
    return Options(policies, told.home / "lake", audit=told.audit, source=told.source)


class ServiceFailedError(Exception):
    """The service could not go on; its recovery actions take hold."""


class Log:
    """Lines with their time, in a file that grows by some kilobytes a day."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._file = path.open("a", encoding="utf-8")

    def __call__(self, text: str) -> None:
        """One line."""
        self._file.write(f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ} {text}\n")
        self._file.flush()


def serve(told: argparse.Namespace, stop: Callable[[], bool]) -> str | None:
    """Watch until ``stop``; why that was not possible, in one line, or ``None``. Never raises: nobody would read it."""
    log = Log(told.home / "log" / "service.log")
    try:
        log("begins")
        watch(options_of(told), stop=stop, report=log)
    except BaseException as error:  # noqa: BLE001 - the service manager gets a code, the log and the event log the text
        text = str(error) if is_expected(error) else traceback.format_exc()
        log(f"ended: {text}")
        return text
    log("ended as it was told to")
    return None


def service_class(told: argparse.Namespace) -> Any:
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
            self._asked = threading.Event()

        def SvcStop(self) -> None:  # noqa: N802 - pywin32 looks for these names
            """A person, a shutdown or an update stops it."""
            self.ReportServiceStatus(win32service.SERVICE_STOP_PENDING, waitHint=20_000)
            self._asked.set()

        def SvcDoRun(self) -> None:  # noqa: N802
            """Its life. A failure is raised: pywin32 then tells the service manager that it has stopped, with an exit code.

            Whoever tells that himself is contradicted by what pywin32 tells next, and the service may seem to be stopping for ever.
            """
            why = serve(told, self._asked.is_set)
            if why is not None:
                servicemanager.LogErrorMsg(f"Lictor ended: {why}")
                raise ServiceFailedError(why)

    return LictorService


def main(arguments: Sequence[str]) -> int:
    """Host the service for the service manager; the exit status."""
    if sys.platform != "win32":
        print("only Windows has a service manager; elsewhere: lictor watch", file=sys.stderr)
        return 2
    told = parsed(arguments)
    import servicemanager  # noqa: PLC0415 - see ``service_class``

    servicemanager.Initialize(NAME, None)
    servicemanager.PrepareToHostSingle(service_class(told))
    try:
        servicemanager.StartServiceCtrlDispatcher()
    except Exception as error:
        if getattr(error, "winerror", 0) != _CANNOT_CONNECT:
            raise
        print("this is for the service manager: sc start Lictor; by hand: lictor watch", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
