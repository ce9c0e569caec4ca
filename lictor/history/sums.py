"""What is kept of a judged history: events by run, by what was said then and by what is said now, each with its first one.

Allowed before and allowed now is nearly everything and says nothing: of those the events of each run are counted, no more.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

if TYPE_CHECKING:
    from lictor.history.asked import Book, Said
    from pipeline.policy.sequences.plan import Longs

EXAMPLE = ("operation", "path", "path_to", "script", "exe", "cmdline", "dst_name", "ip", "port", "protocol")


@dataclass
class Sum:
    """Events of one run that had one verdict then (``was``) and one from each side now.

    ``went`` of them went through then, ``stopped`` were stopped; the rest failed by themselves.
    """

    run: str
    was: str | None
    said: tuple[Said, ...]
    events: int = 0
    went: int = 0
    stopped: int = 0
    first_ns: int = 0
    example: dict[str, Any] = field(default_factory=dict)


Worth = Callable[[str | None, "tuple[Said, ...]"], bool]
"""Whether events with such verdicts, then and now, are worth a line."""


class Sums:
    """Adds up judged facts."""

    def __init__(self, book: Book, worth: Worth) -> None:
        self._book = book
        self._worth = worth
        self._found: dict[tuple[str, str | None, tuple[int, ...]], Sum] = {}

    def add(self, table: pa.Table, said: Sequence[Longs]) -> None:
        """Facts with ``agent_run, was, events, went, stopped, first``, and what each side says of each row."""
        runs, was = (table[name].combine_chunks().dictionary_encode() for name in ("agent_run", "was"))
        names, verdicts = runs.dictionary.to_pylist(), [*was.dictionary.to_pylist(), None]
        key = _codes(runs) * len(verdicts) + _codes(was)
        for numbers in said:
            key = key * len(self._book.said) + numbers
        distinct, which = np.unique(key, return_inverse=True)
        groups = [self._group(int(k), names, verdicts, len(said)) for k in distinct]
        kept = np.array([self._worth(was, self._said(said)) for _, was, said in groups], np.bool_)
        rows = np.flatnonzero(kept.take(which)) if groups else which
        self._keep(table, rows, which[rows], groups)

    def sums(self) -> list[Sum]:
        """All that was kept, the strongest effects of each run first in time."""
        return sorted(self._found.values(), key=lambda s: (s.run, s.first_ns, str(s.said), str(s.was)))

    def _keep(
        self, table: pa.Table, rows: Longs, which: Longs, groups: Sequence[tuple[str, str | None, tuple[int, ...]]]
    ) -> None:
        order = np.lexsort((_numbers(table, "first")[rows], which))
        rows, which = rows[order], which[order]
        starts = np.flatnonzero(np.r_[True, which[1:] != which[:-1]]) if len(which) else which
        sums = {
            n: np.add.reduceat(_numbers(table, n)[rows], starts) if len(rows) else rows
            for n in ("events", "went", "stopped")
        }
        examples = _examples(table, rows, which, starts)
        for i, start in enumerate(starts.tolist()):
            run, was, said = groups[int(which[start])]
            found = self._found.setdefault((run, was, said), Sum(run, was, self._said(said)))
            _merge(found, int(sums["events"][i]), int(sums["went"][i]), int(sums["stopped"][i]), *examples[i])

    def _group(
        self, key: int, runs: list[str], verdicts: list[str | None], sides: int
    ) -> tuple[str, str | None, tuple[int, ...]]:
        said: list[int] = []
        for _ in range(sides):
            key, number = divmod(key, len(self._book.said))
            said.insert(0, number)
        run, was = divmod(key, len(verdicts))
        return runs[run], verdicts[was], tuple(said)

    def _said(self, numbers: tuple[int, ...]) -> tuple[Said, ...]:
        return tuple(self._book.said[n] for n in numbers)


def _merge(into: Sum, events: int, went: int, stopped: int, first_ns: int, example: dict[str, Any]) -> None:
    if not into.events or (first_ns, _order(example)) < (into.first_ns, _order(into.example)):
        into.first_ns, into.example = first_ns, example
    into.events += events
    into.went += went
    into.stopped += stopped


def _examples(table: pa.Table, rows: Longs, which: Longs, starts: Longs) -> list[tuple[int, dict[str, Any]]]:
    """The first event of each group; of several at the same time the one whose words come first, so that it does not
    matter in which order the engine answers.
    """
    if not len(rows):
        return []
    first = _numbers(table, "first")[rows]
    lengths = np.diff(np.r_[starts, len(rows)])
    among = np.flatnonzero(first == np.repeat(first[starts], lengths))
    names = [n for n in EXAMPLE if n in table.schema.names]
    shown = table.select(names).take(pa.array(rows[among])).to_pylist()
    best: dict[int, tuple[int, dict[str, Any]]] = {}
    for at, example in zip(among.tolist(), shown, strict=True):
        group = int(which[at])
        if group not in best or _order(example) < _order(best[group][1]):
            best[group] = int(first[at]), example
    return [best[int(which[start])] for start in starts]


def _order(example: dict[str, Any]) -> tuple[str, ...]:
    return tuple(str(v) for v in example.values())


def _codes(column: pa.DictionaryArray) -> Longs:
    found: Longs = column.indices.fill_null(len(column.dictionary)).to_numpy(zero_copy_only=False).astype(np.int64)
    return found


def _numbers(table: pa.Table, name: str) -> npt.NDArray[np.int64]:
    found: npt.NDArray[np.int64] = table[name].to_numpy()
    return found
