"""Which policies of other products can be read, and which of them written.

Each dialect is imported when it is asked for: nobody needs
eight parsers to check one file.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, cast

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import ModuleType

    from pipeline.policy.dialects.interface import Dialect, Exporter

READERS = ("mxc", "openshell", "srt", "claude-code", "codex", "agentsh", "leash", "nono")
WRITERS = ("mxc", "openshell", "srt")


def reader(name: str) -> Dialect:
    """The dialect of a name in ``READERS``."""
    return cast("Dialect", _module(name, "reader").DIALECT)


def writer(name: str) -> Exporter:
    """The exporter of a name in ``WRITERS``."""
    return cast("Exporter", _module(name, "export").EXPORTER)


def recognised(text: str, filename: str) -> Iterator[str]:
    """Names of the dialects that a text looks like."""
    return (name for name in READERS if reader(name).recognises(text, filename))


def _module(name: str, what: str) -> ModuleType:
    return importlib.import_module(f"pipeline.policy.dialects.{name.replace('-', '_')}.{what}")
