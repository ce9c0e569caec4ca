"""Standard output: one payload a line, for pipes.

A reader that went away is the end of the command, not something to try again: ``BrokenPipeError`` goes up.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from pipeline.export.sinks.address import Address, Options
from pipeline.export.sinks.frames import lines
from pipeline.export.sinks.interface import ACCEPTED, Batch, Limits, Outcome, Settings

if TYPE_CHECKING:
    from typing import BinaryIO


class StdoutSink:
    """Writes to standard output; takes no options."""

    limits = Limits()

    def __init__(self, out: BinaryIO | None = None) -> None:
        """``out`` is by default this process's standard output."""
        self._out = out or sys.stdout.buffer

    def send(self, batch: Batch) -> Outcome:
        """Write the batch and flush; raises ``OSError``."""
        self._out.write(lines(batch))
        self._out.flush()
        return ACCEPTED

    def close(self) -> None:
        """Leave standard output open: it is the process's."""


def open_sink(address: Address, settings: Settings) -> StdoutSink:
    """``stdout:`` or ``-``."""
    Options(address, settings.options, settings.secrets).done()
    return StdoutSink()
