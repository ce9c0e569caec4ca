"""Local accounts: a file with names, roles and argon2id hashes, read anew when it changes.

The file decides who may stop or release agents, so it must belong to who runs the dashboard and be nobody else's to read or write.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import stat
import threading
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from argon2 import PasswordHasher
from argon2.exceptions import Argon2Error, InvalidHashError

from dashboards.auth.interface import Known
from dashboards.interface import Account, DashboardError, Role

SHORTEST = 12
"""Characters of a password."""
LONGEST = 1024
_NAME = re.compile(r"[\w.@-]{1,64}")
_hasher = PasswordHasher()
_NOBODY = _hasher.hash("nobody has this password")
"""Compared with where no such account is: a name that is not there must take as long as a wrong password."""


@dataclass(frozen=True)
class Entry:
    """One account of the file."""

    role: Role
    hash: str


def read(path: Path) -> dict[str, Entry]:
    """The accounts of a file by name. Raises ``DashboardError``."""
    try:
        fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        with os.fdopen(fd, encoding="utf-8") as file:
            _check_owner(path, os.fstat(file.fileno()))
            data = json.load(file)
    except OSError as error:
        raise DashboardError(f"{path}: {error.strerror}; lictor dashboard-account add makes it") from error
    except ValueError as error:
        raise DashboardError(f"{path}: this is no file of accounts ({error})") from error
    return _entries(path, data)


def write(path: Path, entries: dict[str, Entry]) -> None:
    """Replace the file as a whole, readable by its owner only. Raises ``DashboardError``."""
    data = {"accounts": {name: {"role": e.role.name, "hash": e.hash} for name, e in sorted(entries.items())}}
    draft = path.with_name(f".{path.name}.new")
    try:
        with suppress(FileNotFoundError):
            draft.unlink()
        fd = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        with os.fdopen(fd, "w", encoding="utf-8") as file:
            json.dump(data, file, indent=2)
            file.write("\n")
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)
    except OSError as error:
        raise DashboardError(f"{path}: {error.strerror}") from error


def entry(name: str, role: Role, password: str) -> Entry:
    """A new account. Raises ``DashboardError`` for a name or password that will not do."""
    if not _NAME.fullmatch(name):
        raise DashboardError(f"{name!a} is no name for an account: letters, digits, . _ @ and -, at most 64")
    if not SHORTEST <= len(password) <= LONGEST:
        raise DashboardError(f"a password has {SHORTEST} to {LONGEST} characters")
    return Entry(role, _hasher.hash(password))


class AccountsDoor:
    """Lets in who has an account in the file. Raises ``DashboardError`` where the file cannot be used."""

    title = "Sign in"
    form = True

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = threading.Lock()
        self._state: tuple[int, ...] | None = None
        self._entries: dict[str, Entry] = {}
        if not self._current():
            raise DashboardError(f"{path}: no account is in it; lictor dashboard-account add makes one")

    def by_password(self, name: str, password: str) -> Known | None:
        """The account of these two."""
        found = self._current().get(name)
        if len(password) > LONGEST:
            return None
        try:
            _hasher.verify(found.hash if found else _NOBODY, password)
        except (Argon2Error, InvalidHashError):
            return None
        return _known(name, found) if found else None

    def by_link(self, token: str) -> Known | None:  # noqa: ARG002 - as the seam has it
        """Nobody: there are no links."""
        return None

    def now(self, name: str) -> Known | None:
        """An account as the file has it now."""
        found = self._current().get(name)
        return _known(name, found) if found else None

    def _current(self) -> dict[str, Entry]:
        """What the file holds, read anew where it is another one or was changed. Raises ``DashboardError``."""
        with self._lock:
            try:
                status = self._path.stat()
            except OSError as error:
                raise DashboardError(f"{self._path}: {error.strerror}; nobody can sign in") from error
            state = (status.st_ino, status.st_mtime_ns, status.st_ctime_ns, status.st_size)
            if state != self._state:
                self._entries = read(self._path)
                self._state = state
            return self._entries


def _known(name: str, found: Entry) -> Known:
    stamp = hashlib.sha256(f"{found.role.name} {found.hash}".encode()).hexdigest()
    return Known(Account(name, found.role, "local"), stamp)


def _check_owner(path: Path, status: os.stat_result) -> None:
    if not stat.S_ISREG(status.st_mode):
        raise DashboardError(f"{path}: this is no file")
    if status.st_uid != os.geteuid():
        raise DashboardError(f"{path}: it belongs to user {status.st_uid}, not to who runs the dashboard: chown it")
    if status.st_mode & 0o077:
        raise DashboardError(f"{path}: others may read or write it: chmod 600 {path}")


def _entries(path: Path, data: Any) -> dict[str, Entry]:
    try:
        return {str(name): Entry(Role[a["role"]], str(a["hash"])) for name, a in data["accounts"].items()}
    except (KeyError, TypeError, AttributeError) as error:
        raise DashboardError(f"{path}: this is no file of accounts ({type(error).__name__}: {error})") from error
