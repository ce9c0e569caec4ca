"""Where this machine has BCC and kernel headers, whether or not they are those of its kernel.

Only tracepoints and the registers of a call are read, so the headers of another kernel do: their structures are not used.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path

_BCC = ("usr/lib/python3/dist-packages", "usr/lib/python3*/site-packages", "usr/lib64/python3*/site-packages")
_SPLIT = re.compile(r"linux-headers-(?P<version>[0-9][0-9.]*(?:-[0-9.]+)?)(?P<flavour>-.+)")


@dataclass(frozen=True)
class Headers:
    """Folders for ``build`` and ``source``; both ``None`` where the machine has its kernel's own in their place."""

    build: Path | None = None
    source: Path | None = None


def bcc_path(root: Path = Path("/")) -> Path | None:
    """The folder that holds the package ``bcc``, which no virtual environment has: it goes with the system's libbcc."""
    found = (place for pattern in _BCC for place in sorted(root.glob(pattern)) if (place / "bcc").is_dir())
    return next(found, None)


def headers(release: str | None = None, root: Path = Path("/")) -> Headers | None:
    """Headers to compile with: the kernel's own, else the newest that Debian's packages have put here; ``None`` without any."""
    own = root / "lib/modules" / (release or os.uname().release) / "build"
    if (own / "include").is_dir():
        return Headers()
    found = [
        (tuple(map(int, re.findall(r"\d+", match["version"]))), folder, common)
        for folder in (root / "usr/src").glob("linux-headers-*")
        if (match := _SPLIT.fullmatch(folder.name)) and match["flavour"] != "-common"
        if (common := folder.with_name(f"linux-headers-{match['version']}-common")).is_dir()
    ]
    if not found:
        return None
    _, folder, common = max(found)
    return Headers(folder, common)
