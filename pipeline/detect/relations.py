"""What many questions read from, made once: a table in memory and views on it, instead of the same work in each of them."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Mapping
from datetime import datetime

Relations = Callable[[datetime, datetime], Mapping[str, str]]
"""SELECTs by name for a time span, each after those that it needs; the first one is over activity."""

NUMBER = "row_number"
"""A column of activity that stands in for ``row_id``, where the rows are at hand by number."""

_COMMENT_OR_TEXT = re.compile(r"--[^\n]*|/\*.*?\*/|'(?:[^']|'')*'", re.DOTALL)
_WORD = re.compile(r"\w+")


def made_once(relations: Mapping[str, str], texts: Collection[str], *, numbered: bool = False) -> Iterator[str]:
    """SQL that makes the relations that ``texts`` read from: the first one a table, the others views.

    The table has only columns that are asked for. ``numbered``: ``row_id`` is the column ``NUMBER`` of activity, and rows
    of one operation lie together: DuckDB knows the smallest and largest value of each 122,880 rows, so a question about
    one operation reads little. (Sorting needs as much memory again as the rows, which the query worker has not.)
    """
    first, *others = relations
    wanted = asked_for([*texts, *(relations[name] for name in others)])
    names = ", ".join(f"'{word}'" for word in sorted(wanted - {"row_id"} if numbered else wanted))
    columns = f"COLUMNS(lambda c: lower(c) IN ({names}))" + (f", {NUMBER} AS row_id" if numbered else "")
    end = " ORDER BY operation" if numbered else ""
    yield f'CREATE TABLE "{first}" AS SELECT {columns} FROM (\n{relations[first]}\n){end}'  # noqa: S608 - words of our own texts
    for name in others:
        yield f'CREATE VIEW "{name}" AS {relations[name]}'


def asked_for(texts: Collection[str]) -> set[str]:
    """Every word of some SQL in small letters, leaving out texts and comments: all columns that it can mean are among them."""
    return {w.lower() for t in texts for w in _WORD.findall(_COMMENT_OR_TEXT.sub(" ", t))}
