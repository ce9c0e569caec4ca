"""What a process runs, read from outside by psutil: as much as this user may see."""

from __future__ import annotations

import json
import os
import shlex
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import psutil

from collectors.etw import machine
from collectors.marks import NAMES
from collectors.portable.machine import LINUX, WINDOWS

T = TypeVar("T")


@dataclass(frozen=True)
class Image:
    """A program as it runs; ``None`` and empty where that may not be seen."""

    exe: str | None = None
    argv: tuple[str, ...] = ()
    cwd: str | None = None
    marks: str | None = None
    uid: int | None = None
    user: str | None = None

    def is_other(self, before: Image) -> bool:
        """Whether another program was started since; what cannot be seen is no other."""
        return bool(self.argv) and (self.exe, self.argv) != (before.exe, before.argv)

    def columns(self) -> dict[str, Any]:
        """Columns of the activity schema."""
        said = shlex.join(self.argv) if self.argv else None
        size = sum(len(word.encode("utf-8", "surrogateescape")) + 1 for word in self.argv) or None
        return {
            "exe": self.exe, "cmdline": said, "cmdline_bytes": size, "cwd": self.cwd, "marks": self.marks,
            "uid": self.uid, "user": self.user,
        }  # fmt: skip


def image_of(pid: int) -> Image:
    """The program of a process; empty when it is gone."""
    try:
        process = psutil.Process(pid)
    except psutil.Error:
        return Image()
    with process.oneshot():
        uids = None if WINDOWS else _seen(process.uids)
        exe = machine.program(pid) if WINDOWS else _seen(process.exe)
        argv, cwd = _seen(process.cmdline), _seen(process.cwd)
        return Image(
            exe or None, tuple(argv or ()), cwd or None, _marks(environment_of(pid)),
            uids.effective if uids else None, _seen(process.username),
        )  # fmt: skip


def glance(pid: int) -> object:
    """Something that is equal to an earlier glance as long as the process runs the same program; far cheaper than ``image_of``."""
    if not LINUX:
        image = image_of(pid)
        return image.exe, image.argv
    with suppress(OSError):
        return _link(f"/proc/{pid}/exe"), Path(f"/proc/{pid}/cmdline").read_bytes()
    return None


def _link(path: str) -> str | None:
    """Where a link leads; ``None`` where this user may not see it."""
    with suppress(OSError):
        return os.readlink(path)  # noqa: PTH115 - once per process and look
    return None


def environment_of(pid: int) -> dict[str, str]:
    """The environment that a process was started with; empty where it may not be read."""
    with suppress(psutil.Error, OSError):
        return psutil.Process(pid).environ()
    return {}


def _marks(environment: dict[str, str]) -> str | None:
    """The marks of agents among the variables, as a JSON object text."""
    found = {name: environment[name] for name in NAMES if name in environment}
    return json.dumps(found, ensure_ascii=False) if found else None


def _seen(ask: Callable[[], T]) -> T | None:
    with suppress(psutil.Error, OSError, KeyError):
        return ask()
    return None
