r"""Paths as the kernel writes them to paths as people and policies do: ``\Device\HarddiskVolume3\x`` → ``C:\x``.

Which device is which drive is told by the trace itself (``volumes``) or by the running system. A path that no rule
fits stays as it is, so that nothing is made up.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

import pyarrow as pa
import pyarrow.compute as pc

_REMOTE = re.compile(
    r"\\Device\\(?:Mup|LanmanRedirector)\\(?:DfsClient\\)?(?:;[^\\]*\\)*(?:DfsClient\\)?(?:;[^\\]*\\)*", re.IGNORECASE
)
_DEVICE = re.compile(r"\\Device\\[^\\]+", re.IGNORECASE)
_USER_KEY = re.compile(r"\\REGISTRY\\(MACHINE|USER)(?=\\|$)", re.IGNORECASE)
_HIVES = {"MACHINE": "HKLM", "USER": "HKU"}


class NtPaths:
    """Turns NT paths into drive paths; each distinct one is looked at once per call."""

    def __init__(self, volumes: Mapping[str, str] | None = None, system_drive: str = "C:") -> None:
        self._volumes: dict[str, str] = {}
        self._system_drive = system_drive
        self.learn((volumes or {}).items())

    def learn(self, volumes: Iterable[tuple[str, str]]) -> None:
        r"""Pairs such as ``\Device\HarddiskVolume3``, ``C:``."""
        for device, drive in volumes:
            if device and drive:
                self._volumes[device.rstrip("\\").casefold()] = drive.rstrip("\\")

    def plain(self, paths: pa.Array) -> pa.StringArray:
        """One path per row; NULL and empty become NULL."""
        encoded = paths if pa.types.is_dictionary(paths.type) else paths.dictionary_encode()
        made = pa.array([self.one(p) if p else None for p in encoded.dictionary.to_pylist()], pa.string())
        return made.take(encoded.indices)

    def one(self, path: str) -> str:
        """One path."""
        if path.startswith("\\Device\\"):  # nearly all of a kernel's: not worth a regular expression
            end = path.find("\\", 8)
            drive = self._volumes.get(path[: end if end > 0 else len(path)].casefold())
            if drive is not None:
                return drive + path[end:] if end > 0 else drive
        if path.startswith("\\??\\UNC\\"):
            return "\\\\" + path[8:]
        if path.startswith(("\\??\\", "\\\\?\\", "\\\\.\\")):
            path = path[4:]
        lowered = path.casefold()
        if lowered.startswith("\\systemroot\\"):
            return f"{self._system_drive}\\Windows{path[11:]}"
        if lowered.startswith(("\\windows\\", "\\program files")):
            return self._system_drive + path
        if (remote := _REMOTE.match(path)) is not None:
            return "\\\\" + path[remote.end() :]
        device = _DEVICE.match(path)
        mapped = self._volumes.get(device[0].casefold()) if device else None
        return mapped + path[device.end() :] if device and mapped else path


def unresolved(paths: pa.Array, *, wanted: bool = True) -> pa.StringArray:
    """The flag ``unresolved`` for paths that still name a device and, where one is ``wanted``, for missing ones; else NULL."""
    device = pc.fill_null(pc.starts_with(paths, "\\Device\\", ignore_case=True), wanted)
    return pc.if_else(device, "unresolved", pa.scalar(None, pa.string()))


def registry_path(path: str) -> str:
    r"""``\REGISTRY\MACHINE\x`` → ``HKLM\x``; anything else as it is."""
    found = _USER_KEY.match(path)
    return _HIVES[found[1].upper()] + path[found.end() :] if found else path
