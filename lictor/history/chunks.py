"""Distinct facts of many runs, in answers of bounded size, the next one being asked for while one is worked on.

An answer is bounded by the events behind it: at the worst every event is a fact of its own. Where an answer is too
large all the same, or takes too long, its runs are halved, and the time of a single run.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import pyarrow as pa

from lictor.history.asking import Looks, Window, facts_sql
from lictor.history.runs import Query, Run, ids
from pipeline.lake.errors import QueryError

CHUNK_EVENTS = 2_000_000
"""Events behind one answer. A query costs some 0.7 s of processor before it reads anything; more would need more memory
than the query worker has when hardly any event is like another."""

_HALVINGS = 12


@dataclass(frozen=True)
class Chunk:
    """Some runs and the time that is asked about; ``whole`` where that is all of their time."""

    runs: tuple[Run, ...]
    window: Window
    whole: bool = True


def planned(runs: Sequence[Run], window: Window, most: int | None = None) -> list[Chunk]:
    """Neighbouring runs with at most so many events together; a run that has more by itself is cut by time."""
    most = most or CHUNK_EVENTS
    found: list[Chunk] = []
    held: list[Run] = []
    for run in runs:
        if held and sum(r.events for r in held) + run.events > most:
            found.append(Chunk(tuple(held), window))
            held = []
        if run.events > most:
            found += _cut(Chunk((run,), window), -(-run.events // most))
        else:
            held.append(run)
    return found + ([Chunk(tuple(held), window)] if held else [])


def facts(query: Query, looks: Looks, chunks: Sequence[Chunk]) -> Iterator[tuple[Chunk, pa.Table]]:
    """The distinct facts of each chunk; raises ``QueryError``."""

    def ask(chunk: Chunk) -> list[tuple[Chunk, pa.Table]]:
        return _asked(query, looks, chunk, _HALVINGS)

    yield from (answer for answers in ahead(ask, chunks) for answer in answers)


def ahead(
    ask: Callable[[Chunk], list[tuple[Chunk, pa.Table]]], chunks: Sequence[Chunk]
) -> Iterator[list[tuple[Chunk, pa.Table]]]:
    """Answers in order; each question is put while the answer before it is worked on."""
    with ThreadPoolExecutor(1) as asker:
        coming = None
        for chunk in chunks:
            coming, before = asker.submit(ask, chunk), coming
            if before is not None:
                yield before.result()
        if coming is not None:
            yield coming.result()


def _asked(query: Query, looks: Looks, chunk: Chunk, halvings: int) -> list[tuple[Chunk, pa.Table]]:
    try:
        return [(chunk, query(facts_sql(looks, ids(chunk.runs), chunk.window)))]
    except QueryError:
        halves = _halves(chunk) if halvings else []
        if not halves:
            raise
    return [answer for half in halves for answer in _asked(query, looks, half, halvings - 1)]


def _halves(chunk: Chunk) -> list[Chunk]:
    middle = len(chunk.runs) // 2
    if middle:
        return [Chunk(part, chunk.window, chunk.whole) for part in (chunk.runs[:middle], chunk.runs[middle:])]
    return _cut(chunk, 2)


def _cut(chunk: Chunk, parts: int) -> list[Chunk]:
    """One run by time; nothing where its time cannot be cut."""
    run, window = chunk.runs[0], chunk.window
    begin = run.first if window.since is None else max(run.first, window.since)
    end = run.last + 1 if window.until is None else min(run.last + 1, window.until)
    if end - begin < parts:
        return []
    edges = [begin + (end - begin) * i // parts for i in range(1, parts)]
    return [
        Chunk(chunk.runs, Window(a, b), whole=False)
        for a, b in zip([window.since, *edges], [*edges, window.until], strict=True)
    ]
