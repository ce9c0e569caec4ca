"""Field lists compiled to layouts: runs of fixed fields as one structure, and what is between them.

A field list is text, ``"u32 ProcessID, ft CreateTime, wstr ImageName"``, as a manifest would list it. Types: u8 u16 u32
i32 u64, ``ptr`` (4 or 8 bytes, as the record says), ``ft`` (FILETIME), ``be16`` (a port), ``ip4`` and ``ip6`` (bytes of an
address); and of variable length ``wstr`` (UTF-16, NUL), ``astr`` (bytes, NUL), ``sid``, ``token`` (TOKEN_USER and the SID
behind it), ``bin:Field`` and ``wbin:Field`` (bytes or UTF-16 of the length that an earlier field says).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np

_FIXED = {
    "u8": "u1", "u16": "<u2", "u32": "<u4", "i32": "<i4", "u64": "<u8", "ft": "<i8", "be16": ">u2", "ip4": "V4", "ip6": "V16",
}  # fmt: skip
VARIABLE = frozenset({"wstr", "astr", "sid", "token", "bin", "wbin"})


@dataclass(frozen=True)
class Fixed:
    """Fields of known size, one behind the other."""

    dtype: np.dtype[Any]


@dataclass(frozen=True)
class Variable:
    """One field that tells its own length, or whose length is the value of ``length``."""

    name: str
    kind: str
    length: str = ""


Step = Fixed | Variable


@lru_cache(maxsize=1024)
def compiled(fields: str, pointer: int) -> tuple[Step, ...]:
    """The steps that read a record of these fields; raises ``ValueError`` for a type that is none."""
    steps: list[Step] = []
    run: list[tuple[str, str]] = []
    for field in filter(None, (part.strip() for part in fields.split(","))):
        type_, name = field.split()
        kind, _, length = type_.partition(":")
        if kind in VARIABLE:
            if run:
                steps.append(Fixed(np.dtype(run)))
                run = []
            steps.append(Variable(name, kind, length))
        else:
            run.append((name, _fixed(kind, pointer)))
    if run:
        steps.append(Fixed(np.dtype(run)))
    return tuple(steps)


def _fixed(kind: str, pointer: int) -> str:
    if kind == "ptr":
        return "<u8" if pointer == 8 else "<u4"
    if kind not in _FIXED:
        raise ValueError(f"no such type of a field: {kind}")
    return _FIXED[kind]
