r"""What the service does between start and stop: ``lictor watch`` with all policies of its home (``*.yaml``, in order of name).

A policy that cannot be read, a place of policies where others may write, and an empty folder unless ``--audit`` is given, keep
the service from starting: nothing is watched by halves, and nobody but an administrator says what is stopped.
"""

from __future__ import annotations

import traceback
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from lictor.errors import LictorError, is_expected
from lictor.watching import Options, watch
from lictor.winservice import trust
from lictor.winservice.names import LAKE, LOG, LOG_FILE, POLICIES
from lictor.winservice.settings import ServiceSettings


def options_of(settings: ServiceSettings) -> Options:
    """What the service does; raises ``LictorError`` where others may write policies, or where there is none and ``audit`` was not given."""
    folder = settings.home / POLICIES
    if not settings.unsealed and (found := trust.home_problems(settings.home)):
        more = f" (and {len(found) - 1} more)" if len(found) > 1 else ""
        raise LictorError(f"not started: {found[0]}{more}; python -m lictor.winservice install seals it")
    policies = sorted(folder.glob("*.yaml"))
    if not policies and not settings.audit:
        raise LictorError(f"{folder}: no policy (*.yaml) there: put one in, or install the service with --audit")
    return Options(policies, settings.home / LAKE, audit=settings.audit, source=settings.source)


class Log:
    """Lines with their time, in a file that grows by some kilobytes a day."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._file = path.open("a", encoding="utf-8")

    def __call__(self, text: str) -> None:
        """One line."""
        self._file.write(f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ} {text}\n")
        self._file.flush()

    def close(self) -> None:
        """Nothing more is written."""
        self._file.close()


def serve(settings: ServiceSettings, stop: Callable[[], bool]) -> str | None:
    """Watch until ``stop``; why that was not possible, in one line, or ``None``. Never raises: nobody would read it.

    ``stop`` is asked for the first time when everything is in place.
    """
    try:
        log = Log(settings.home / LOG / LOG_FILE)
    except OSError as error:
        return f"its log cannot be written: {error}"
    try:
        log("begins")
        if settings.unsealed:
            log("its home is not looked at (--unsealed): whoever may write there decides what is stopped")
        watch(options_of(settings), stop=stop, report=log)
    except BaseException as error:  # noqa: BLE001 - the service manager gets a code, the log and the event log the text
        text = str(error) if is_expected(error) else traceback.format_exc()
        log(f"ended: {text}")
        return text
    else:
        log("ended as it was told to")
        return None
    finally:
        log.close()
