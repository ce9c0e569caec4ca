"""What a session of an agent was told already: one time per run and session, in a small file of the user's own.

It lies in the temporary folder and not in the runtime folder, since a hook is part of the run that is watched: what
writes where the policy permits no writing is ended, and every policy that an agent can work under permits that.
"""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

FIRST_S = 600.0
"""A session that was told nothing yet hears of the last so many seconds."""

UNKEPT_S = 60.0
"""Where nothing can be kept, each call tells of so many: better twice than not at all."""

_NAME = re.compile(r"[0-9A-Za-z_-]{1,64}")
_TIME = re.compile(r"\d{4}-\d\d-\d\dT[0-9:.]{8,15}Z")
_OPEN = os.O_RDWR | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_CLOEXEC", 0)


@dataclass
class Told:
    """Up to which time a session was told; what is written into ``time`` is kept."""

    time: str


@contextmanager
def told(run: str, session: str, now: datetime, environment: Mapping[str, str] = os.environ) -> Iterator[Told | None]:
    """What a session was told, for the time of a ``with`` block; ``None`` while another hook of it is just telling."""
    descriptor = _opened(run, session, environment)
    if descriptor is None:
        yield Told(_ago(now, UNKEPT_S))
        return
    import fcntl  # noqa: PLC0415 - Windows, where no run can be found and so nothing told, has none

    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        yield None
        return
    try:
        kept = Told(_read(descriptor) or _ago(now, FIRST_S))
        yield kept
        os.pwrite(descriptor, kept.time.encode("ascii"), 0)
    finally:
        os.close(descriptor)


def _ago(now: datetime, seconds: float) -> str:
    return f"{now.astimezone(UTC) - timedelta(seconds=seconds):%Y-%m-%dT%H:%M:%S.%f}Z"


def _read(descriptor: int) -> str | None:
    text = os.pread(descriptor, 64, 0).decode("ascii", "replace")
    return text if _TIME.fullmatch(text) else None


def _opened(run: str, session: str, environment: Mapping[str, str]) -> int | None:
    """The file, in a folder that nobody else can reach into; ``None`` where there can be none."""
    folder = Path(environment.get("TMPDIR") or "/tmp") / f"lictor-hook-{os.geteuid()}"  # noqa: S108 - checked below
    try:
        with suppress(FileExistsError):
            folder.mkdir(0o700)
        found = folder.stat(follow_symlinks=False)
        if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.geteuid() or found.st_mode & 0o077:
            return None
        return os.open(folder / f"{run}.{_name(session)}", _OPEN, 0o600)
    except OSError:
        return None


def _name(session: str) -> str:
    """A session's name as part of a file's name."""
    if _NAME.fullmatch(session):
        return session
    from hashlib import blake2b  # noqa: PLC0415 - agents name their sessions by UUID

    return blake2b(session.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()
