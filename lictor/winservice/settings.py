"""What the service is told: the words on its command line, as ``install`` writes them and ``host`` reads them back.

One file does both, so that they cannot differ. The interpreter runs isolated (``-I``): neither PYTHONPATH nor the working directory nor anybody's own
packages decide what LocalSystem imports.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from lictor.winservice.names import HOME

AUTO = "auto"
BOOT = str(Path(__file__).with_name("boot.py"))
"""By its place: it is not imported here, since it imports what reads these settings."""


@dataclass(frozen=True)
class ServiceSettings:
    """How the service watches. ``unsealed``: its home need not be closed to others (for file systems without access lists)."""

    home: Path = HOME
    source: str = AUTO
    audit: bool = False
    unsealed: bool = False


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options that both ``install`` and ``host`` take."""
    parser.add_argument(
        "--home", type=Path, default=HOME, help=f"folder of policies, lake and log; else {HOME}".replace("%", "%%")
    )
    parser.add_argument("--source", default=AUTO, help="what watches; see lictor doctor")
    parser.add_argument("--audit", action="store_true", help="judge and record, but stop nothing")
    parser.add_argument(
        "--unsealed", action="store_true",
        help="go on where the access lists of the home cannot be set: whoever may write there then decides what is stopped",
    )  # fmt: skip


def settings_of(told: argparse.Namespace) -> ServiceSettings:
    """What was said on a command line; a relative home is one below the working directory."""
    return ServiceSettings(told.home.absolute(), told.source, told.audit, told.unsealed)


def command(settings: ServiceSettings) -> str:
    """The service's command line, each word quoted as Windows takes it apart: a path with blanks stays one."""
    words = [*start_words(), "host", "--home", str(settings.home), "--source", settings.source]
    words += ["--audit"] * settings.audit + ["--unsealed"] * settings.unsealed
    return subprocess.list2cmdline(words)


def start_words() -> list[str]:
    """How this Python, isolated, is started again by the service manager, with Lictor: where it is an environment's, by way of ``boot``."""
    if sys.prefix == sys.base_prefix:
        return [sys.executable, "-I", "-m", "lictor.winservice"]
    return [str(getattr(sys, "_base_executable", sys.executable)), "-I", "-S", BOOT, sys.executable]
