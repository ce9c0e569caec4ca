"""Lictor as a source of Windows' Application log: without it, the viewer shows an entry's text inside of a complaint about a missing message file.

The messages are pywin32's own (``%1``), in the library that the service reports through; so the file that is named must be there.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from lictor.winservice.names import NAME

KEY = rf"SYSTEM\CurrentControlSet\Services\EventLog\Application\{NAME}"
_FILE = "EventMessageFile"


def register() -> str:
    """Enter the source; what was done. Raises pywin32's errors."""
    import servicemanager  # noqa: PLC0415 - only Windows has it
    import win32evtlogutil  # noqa: PLC0415

    win32evtlogutil.AddSourceToRegistry(NAME, servicemanager.__file__)
    return f"source {NAME} of the Application log"


def remove() -> str:
    """Take the source away; no error where there is none."""
    import win32evtlogutil  # noqa: PLC0415 - as above

    win32evtlogutil.RemoveSourceFromRegistry(NAME)
    return f"source {NAME} of the Application log removed"


def message_file() -> str | None:
    """The file that the log takes the source's texts from; ``None`` where there is no such source. Raises ``OSError``."""
    if sys.platform != "win32":
        raise OSError("only Windows has an event log of this kind")
    import winreg  # noqa: PLC0415 - as above

    registry: Any = winreg
    try:
        with registry.OpenKey(registry.HKEY_LOCAL_MACHINE, KEY) as key:
            return str(registry.QueryValueEx(key, _FILE)[0])
    except FileNotFoundError:
        return None


def is_registered() -> bool:
    """Whether the source is there, and its file too."""
    file = message_file()
    return file is not None and Path(file).is_file()
