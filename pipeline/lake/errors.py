"""What can go wrong with a lake, each said in one line with the next step.

Stands alone so that the command line can catch these without importing the writer or the reader.
"""

from __future__ import annotations

import errno
import logging
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

_NEXT_STEP = {
    errno.ENOSPC: "free some space there, or choose another place with --lake",
    errno.EDQUOT: "free some space there, or choose another place with --lake",
    errno.EFBIG: "raise the file size limit (ulimit -f), or choose another place with --lake",
    errno.EROFS: "remount it writable, or choose another place with --lake",
    errno.EACCES: "run as a user who may, or choose another place with --lake",
    errno.EPERM: "run as a user who may, or choose another place with --lake",
    errno.ENOENT: "create it, or choose another place with --lake",
    errno.ENOTDIR: "remove what is in the way, or choose another place with --lake",
    errno.EEXIST: "remove what is in the way, or choose another place with --lake",
    errno.EMFILE: "raise the limit of open files (ulimit -n)",
    errno.EIO: "check the disk; what was confirmed before stays readable",
}


class LakeError(Exception):
    """The lake cannot be written or opened; the text is one line and names the next step."""


class QueryError(LakeError):
    """A query failed; the text is one line."""


def explain(error: OSError, place: Path, doing: str) -> LakeError:
    """A ``LakeError`` for a failed system call: where, while doing what, why, what next."""
    step = _NEXT_STEP.get(error.errno or 0, "see the system's log, or choose another place with --lake")
    return LakeError(f"{place}: {error.strerror or error} while {doing}: {step}")


def one_line(text: str) -> str:
    """The same text without line breaks, and without the excerpt of the query that DuckDB appends."""
    lines = []
    for line in text.splitlines():
        if line.startswith("LINE "):
            break
        lines.append(line.strip())
    return " ".join(filter(None, lines))


def log_warning(text: str) -> None:
    """Say something that nobody may miss: the default of every ``report`` argument of the lake."""
    logging.getLogger("lictor.lake").warning("%s", text)
