"""Starts ``lictor dashboard`` as a person would, in a process of its own, and tells where it is.

Nothing of it is reached from inside: what a browser sees of it is all that there is, so what is shown or refused there is the truth.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PEOPLE = {"ann": "viewer", "ben": "analyst", "cem": "responder", "dea": "admin"}
"""One account of each role."""
_TOLD = "dashboard: "
ENDING_S = 15
"""How long it may take to end when it is asked to."""


@dataclass(frozen=True)
class Served:
    """``address`` ends with a slash; ``link`` lets in once, where there are no accounts; ``pid`` is the server's process."""

    address: str
    link: str | None
    pid: int


class NotServedError(Exception):
    """It ended before it said where it is; the text is what it said instead."""


def password(name: str) -> str:
    """The password of an account that ``people`` made."""
    return f"correct horse of {name}"


def people(file: Path, roles: Mapping[str, str] = PEOPLE) -> Path:
    """Make a file of accounts, as the command line makes one; raises ``CalledProcessError``."""
    for name, role in roles.items():
        subprocess.run(
            command("dashboard-account", "add", name, "--role", role, "--accounts", str(file)),
            input=f"{password(name)}\n", text=True, capture_output=True, check=True, env=environment(),
        )  # fmt: skip
    return file


@contextmanager
def served(lake: Path, accounts: Path | None = None, more: Mapping[str, str] | None = None) -> Iterator[Served]:
    """The dashboard over a lake, on a free port, until the block ends. ``more`` are variables of its environment.

    Raises ``NotServedError``.
    """
    wanted = ["--lake", str(lake), "--port", "0", *(["--accounts", str(accounts)] if accounts else [])]
    with (
        tempfile.TemporaryFile("w+") as errors,
        subprocess.Popen(
            command("dashboard", *wanted), stdout=subprocess.PIPE, stderr=errors, text=True, env=environment(more)
        ) as process,
    ):
        try:
            yield _found(process, errors)
        finally:
            process.terminate()
            try:
                process.wait(ENDING_S)
            except subprocess.TimeoutExpired:
                process.kill()


def command(*arguments: str) -> list[str]:
    """``lictor`` of this tree."""
    return [sys.executable, "-m", "lictor", *arguments]


def environment(more: Mapping[str, str] | None = None) -> dict[str, str]:
    """The process's environment, in which this tree's Lictor is found."""
    return {**os.environ, "PYTHONPATH": str(ROOT), **(more or {})}


def _found(process: subprocess.Popen[str], errors: tempfile._TemporaryFileWrapper[str]) -> Served:
    """What it says of where it is; it listens before it says so."""
    assert process.stdout is not None
    for line in process.stdout:
        if line.startswith(_TOLD):
            told = line.removeprefix(_TOLD).strip()
            address, _, link = told.partition("sign-in?link=")
            return Served(address, told if link else None, process.pid)
    errors.seek(0)
    raise NotServedError(errors.read().strip())
