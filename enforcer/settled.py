"""What a keeper did for one run after its Lictor had died or hung, as a line of its log.

The keeper writes a line, the next start of Lictor reads it; both know it from here. Standard library only, since the keeper is to stay small.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass


@dataclass(frozen=True)
class Settled:
    """``what`` is kill, release, isolate or join; the rest as in a row of ``actions``."""

    time_ns: int
    run: str
    what: str
    enforcement: str
    evidence: str

    def line(self) -> bytes:
        """As it lies in the log, with its line break."""
        return json.dumps(asdict(self)).encode() + b"\n"


def from_log(text: bytes) -> Iterator[Settled]:
    """What a log says; a line that was cut by a crash is left out."""
    for line in text.splitlines():
        try:
            yield Settled(**json.loads(line))
        except (ValueError, TypeError):
            continue
