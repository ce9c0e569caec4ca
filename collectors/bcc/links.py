"""Where a path leads, by the file system as it stands a moment later.

The kernel told a path as the program gave it. Links in it are followed here, so that a rule over a file also holds for
those who come by a link; folders are asked for once a second. Below mounts that somebody may answer for in his own time
(FUSE, network file systems) nothing is asked: a source that waits for its agent sees nothing.
"""

from __future__ import annotations

import os
import posixpath
import time
from pathlib import Path

_FRESH_S = 1.0
_MOST_LINKS = 40
"""As the kernel has it."""
_OTHERS_ANSWER = ("fuse", "nfs", "cifs", "smb", "9p", "virtiofs", "autofs", "ceph", "afs")
_OWN_ANSWER = ("/proc", "/dev/fd", "/dev/std")
"""What lies there depends on who asks."""


class Links:
    """Follows links, and remembers folders for a second."""

    def __init__(self, mounts: Path = Path("/proc/self/mountinfo")) -> None:
        self._mounts = mounts
        self._folders: dict[str, str] = {}
        self._shunned: tuple[str, ...] = ()
        self._until = 0.0

    def refresh(self, now: float | None = None) -> bool:
        """Forget folders that were asked for a second ago; whether that was so."""
        now = time.monotonic() if now is None else now
        if now < self._until:
            return False
        self._until = now + _FRESH_S
        self._folders = {"/": "/"}
        self._shunned = (*_OWN_ANSWER, *slow_mounts(self._mounts))
        return True

    def real(self, path: str) -> str:
        """An absolute path without links; as it is from where it cannot be followed."""
        return self._real(path, _MOST_LINKS)

    def _real(self, path: str, left: int) -> str:
        if self.is_shunned(path):
            return posixpath.normpath(path)
        head, name = posixpath.split(path.rstrip("/") or "/")
        if not name:
            return "/"
        folder = self._folder(head, left)
        if name in (".", ".."):
            return folder if name == "." else posixpath.dirname(folder)
        whole = posixpath.join(folder, name)
        if self.is_shunned(whole) or not left:
            return whole
        try:
            target = os.readlink(whole)  # noqa: PTH115 - a Path for each step would cost more than the call
        except OSError:  # no link, or gone
            return whole
        return self._real(posixpath.join(folder, target), left - 1)

    def _folder(self, path: str, left: int) -> str:
        known = self._folders.get(path)
        if known is None:
            known = self._folders[path] = self._real(path, left)
        return known

    def is_shunned(self, path: str) -> bool:
        """Whether nothing is asked about a path."""
        return path.startswith(self._shunned)


def slow_mounts(mounts: Path) -> list[str]:
    """Mount points of file systems that are not the kernel's own to answer for, from a ``mountinfo``."""
    try:
        lines = mounts.read_text(encoding="utf-8", errors="surrogateescape").splitlines()
    except OSError:
        return []
    found = []
    for line in lines:
        left, _, right = line.partition(" - ")
        fields, kind = left.split(), right.split(" ", 1)[0]
        if len(fields) > 4 and kind.startswith(_OTHERS_ANSWER):
            found.append(fields[4].encode().decode("unicode_escape"))  # blanks stand there in octal
    return found
