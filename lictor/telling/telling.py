"""The lowest rung that acts: tells those who were stopped what it was, why, and what to do instead.

An agent that only sees a command die tries another way; one that is told can do what it may. The file in the run's
folder is the proof; the line on the terminal is for whoever looks at it.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cache, partial

from enforcer.interface import Enforcement, Outcome
from lictor.telling.believed import REASONS_FILE
from lictor.telling.folder import RunInfo, make, remove
from lictor.telling.kin import kin_of
from lictor.telling.lines import Throttle, more_line, terminal_line
from lictor.telling.reasons import AT_ONCE, Reasons
from lictor.telling.stopped import Stopped, Who
from lictor.telling.terminal import Terminal, terminal_of, write_line


@dataclass
class _Run:
    """One run that can be told; ``terminal`` is where its last line went."""

    reasons: Reasons
    throttle: Throttle = field(default_factory=Throttle)
    terminal: Terminal | None = None


class Telling:
    """Tells runs what was stopped; asked from one thread, and never waits for a reader.

    ``clock`` gives ns since 1970 for the lines, ``monotonic`` seconds for how many of them there are.
    """

    def __init__(
        self, clock: Callable[[], int] = time.time_ns, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self._clock = clock
        self._monotonic = monotonic
        self._runs: dict[str, _Run] = {}

    def begin(self, info: RunInfo) -> None:
        """Make the folder of a run, in which its hooks look; raises ``LictorError``."""
        self._runs[info.run] = _Run(Reasons(make(info), self._clock))

    def tell(self, run: str, rows: Sequence[Stopped]) -> list[Outcome]:
        """Tell a run what was stopped; an outcome for each row, ``confirmed`` when it was read back from the file.

        A run that was not begun, or a folder that cannot be written, is a ``failed`` with its cause.
        """
        told = self._runs.get(run)
        if told is None:
            return [Outcome("failed", "the run has no folder: nobody was told")] * len(rows)
        self._say_how_many(told)
        parts = (rows[at : at + AT_ONCE] for at in range(0, len(rows), AT_ONCE))
        return [outcome for part in parts for outcome in self._tell(told, part)]

    def tick(self) -> None:
        """Say how many lines were left out, once a terminal may be written on again; to be called now and then."""
        for told in self._runs.values():
            self._say_how_many(told)

    def end(self, run: str) -> None:
        """Remove the folder of a run that has ended."""
        told = self._runs.pop(run, None)
        if told is not None:
            if told.throttle.left_out and told.terminal is not None:
                write_line(told.terminal, partial(more_line, told.throttle.left_out))
            remove(run)

    def close(self) -> None:
        """Remove the folders of all runs that are left."""
        for run in list(self._runs):
            self.end(run)

    def _tell(self, told: _Run, rows: Sequence[Stopped]) -> list[Outcome]:
        cause = None
        try:
            told.reasons.add(rows)
        except OSError as error:
            cause = error.strerror or str(error)
        where = REASONS_FILE if cause is None else f"{REASONS_FILE}: {cause}"
        enforcement: Enforcement = "confirmed" if cause is None else "failed"
        found = cache(partial(_terminal, cache(terminal_of)))  # most of a batch is one process's, or one parent's
        return [Outcome(enforcement, f"{where}; {self._on_terminal(told, row, found(row.who))}") for row in rows]

    def _on_terminal(self, told: _Run, row: Stopped, terminal: Terminal | None) -> str:
        """Write the line where it can be seen; what became of that, in few words."""
        if terminal is None:
            return "no terminal"
        told.terminal = terminal
        if not told.throttle.lets(self._monotonic()):
            return f"terminal {terminal.name}: left out, too many lines"
        cause = write_line(terminal, partial(terminal_line, row))
        return f"terminal {terminal.name}" + (f": {cause}" if cause else "")

    def _say_how_many(self, told: _Run) -> None:
        count = told.throttle.due(self._monotonic())
        if count and told.terminal is not None:
            write_line(told.terminal, partial(more_line, count))


def _terminal(terminal_of: Callable[[int], Terminal | None], who: Who) -> Terminal | None:
    """That of the process, else of its parent, else of the root: of the first of them that is there and has one."""
    with suppress(ValueError):  # a line of /proc in a form that nobody knows
        return next((found for pid in kin_of(who) if (found := terminal_of(pid)) is not None), None)
    return None
