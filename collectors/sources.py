"""The sources there are, in the order in which they are preferred, and which one a machine gets.

The first that can be used is chosen: it sees most. Each source says what it is in a ``source.py`` of its own folder.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from collectors.bcc.source import BCC
from collectors.ebpf.source import EBPF
from collectors.etw.source import ETW
from collectors.interface import CollectorError, Source
from collectors.portable.source import PORTABLE

SOURCES: tuple[Source, ...] = (EBPF, BCC, ETW, PORTABLE)
"""Best first. Another source joins by a line here."""

AUTO = "auto"
"""Whichever can be used."""


@dataclass(frozen=True)
class Choice:
    """A source, and those before it that cannot be used here, each with the reason."""

    source: Source
    refused: tuple[tuple[Source, str], ...] = ()

    @property
    def why(self) -> str:
        """One line for a person."""
        told = "; ".join(f"{source.name}: {reason}" for source, reason in self.refused)
        return f"first of the sources that can be used here ({told})" if told else "the source that sees most"


def named(name: str, sources: Sequence[Source] = SOURCES) -> Source:
    """A source by its name; raises ``CollectorError`` where there is none."""
    for source in sources:
        if source.name == name:
            return source
    raise CollectorError(f"there is no source {name!a}: {AUTO}, {', '.join(source.name for source in sources)}")


def choose(name: str = AUTO, sources: Sequence[Source] = SOURCES) -> Choice:
    """The source of a name, or with ``auto`` the first that can be used; raises ``CollectorError`` with the reasons."""
    refused: list[tuple[Source, str]] = []
    for source in sources if name == AUTO else (named(name, sources),):
        reason = source.usable()
        if reason is None:
            return Choice(source, tuple(refused))
        refused.append((source, reason))
    raise CollectorError("; ".join(f"the source {source.name} cannot be used: {reason}" for source, reason in refused))
