"""Local accounts: a file with names, roles and argon2id hashes, read anew when it changes.

The file decides who may stop or release agents, so it must belong to who runs the dashboard and be nobody else's to read or write.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from argon2 import PasswordHasher
from argon2.exceptions import Argon2Error, InvalidHashError

from dashboards.auth import private_file
from dashboards.auth.interface import Known
from dashboards.interface import Account, DashboardError, Role

SHORTEST = 12
"""Characters of a password."""
LONGEST = 1024
_NAME = re.compile(r"[\w.@-]{1,64}", re.ASCII)
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
    return parse(path, private_file.text(path))


def parse(path: Path, text: str) -> dict[str, Entry]:
    """The accounts by name, of the text of a file. Raises ``DashboardError``."""
    try:
        listed = json.loads(text)["accounts"].items()
        found = {name: Entry(Role[a["role"]], a["hash"]) for name, a in listed}
        if all(_NAME.fullmatch(name) and isinstance(entry.hash, str) for name, entry in found.items()):
            return found
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise DashboardError(f"{path}: this is no file of accounts ({type(error).__name__})") from error
    raise DashboardError(f"{path}: this is no file of accounts (a name or a hash is none)")


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
    links = False

    def __init__(self, path: Path) -> None:
        self._file = private_file.PrivateFile(path, parse)
        if not path.exists() or not self._file.now():
            raise DashboardError(f"{path}: no account is in it; lictor dashboard-account add makes one")

    def by_password(self, name: str, password: str) -> Known | None:
        """The account of these two."""
        found = self._file.now().get(name)
        try:
            # Its length is not looked at before: a name that is there must not be told by the time it takes.
            _hasher.verify(found.hash if found else _NOBODY, password[: LONGEST + 1])
        except (Argon2Error, InvalidHashError, UnicodeEncodeError):
            return None
        return _known(name, found) if found else None

    def by_link(self, token: str) -> Known | None:  # noqa: ARG002 - as the seam has it
        """Nobody: there are no links."""
        return None

    def again(self) -> str | None:
        """Nothing to tell."""
        return None

    def now(self, id_: str) -> Known | None:
        """An account as the file has it now."""
        found = self._file.now().get(id_)
        return _known(id_, found) if found else None


def _known(name: str, found: Entry) -> Known:
    stamp = hashlib.sha256(f"{found.role.name} {found.hash}".encode()).hexdigest()
    return Known(name, Account(name, found.role, "local"), stamp)
