"""Relations without the rows that no question is about: what many questions ask of many rows, asked once.

A question that judges each row alone finds the same in the rows that fit one of its readings. Where all questions about
a relation have a condition on one and the same column (the file that was written), the conditions are asked of its
distinct values: a build writes few files often.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator

from pipeline.detect.needs import Reading

_PREFIX = "narrow "


def narrowed(relations: Collection[str], readings: Collection[Reading], whole: Collection[str] = ()) -> Iterator[str]:
    """SQL that puts tables of the same name in place of views: only rows that fit a reading, and none that nobody reads.

    ``relations`` in the order in which they were made; those in ``whole`` are tables already and stay as they are.
    """
    read = {r: sorted((x for x in readings if x.relation == r), key=repr) for r in relations if r not in whole}
    for name, mine in read.items():
        if mine:
            yield f'CREATE TABLE "{_PREFIX}{name}" AS SELECT * FROM "{name}" WHERE {_where(name, mine)}'  # noqa: S608 - texts of questions
    for name in reversed(read):
        yield f'DROP VIEW "{name}"'
    for name, mine in read.items():
        if mine:
            yield f'ALTER TABLE "{_PREFIX}{name}" RENAME TO "{name}"'


def _where(name: str, readings: Collection[Reading]) -> str:
    """A condition for rows that fit a reading."""
    column = _shared(readings)
    if column is None:
        return " OR ".join(dict.fromkeys(f"({r.where})" for r in readings))
    value = " OR ".join(dict.fromkeys(f"({_of(r, column)})" for r in readings))
    return f'"{column}" IN (SELECT "{column}" FROM (SELECT DISTINCT "{column}" FROM "{name}") WHERE {value})'  # noqa: S608 - as above


def _of(reading: Reading, column: str) -> str:
    return " AND ".join(f"({c.sql})" for c in reading.conditions if c.columns == {column})


def _shared(readings: Collection[Reading]) -> str | None:
    """A column on which alone each of several readings has a condition."""
    sets = [{next(iter(c.columns)) for c in r.conditions if len(c.columns) == 1} for r in readings]
    shared: set[str] = set.intersection(*sets) if len(sets) > 1 else set()
    return min(shared, default=None)
