"""Texts of many rows side by side: what a member of an event is while it is written, and how members become one text.

Absent members leave no trace and no comma behind, constants are joined before any row is looked at.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

import pyarrow as pa
import pyarrow.compute as pc

from pipeline.export.formats.rows import Codes


@dataclass(frozen=True, eq=False)
class Coded:
    """Text for each row by number: row ``i`` has ``texts[codes[i]]``. NULL among the texts: no member."""

    codes: Codes
    texts: pa.Array

    def plain(self) -> pa.Array:
        """The text of each row (``string``)."""
        return self.texts.take(pa.array(self.codes))


Fragment: TypeAlias = pa.Array | Coded | str | None
"""Text for each row (NULL: no member), one text for every row, or nothing in any row."""

_Plain: TypeAlias = pa.Array | str

_NONE = pa.scalar(None, pa.string())


def everywhere(part: Fragment) -> bool:
    """Whether each row has it."""
    if isinstance(part, Coded) and part.texts.null_count:
        return not part.texts.is_null().to_numpy(zero_copy_only=False)[part.codes].any()
    return isinstance(part, (str, Coded)) or (part is not None and not part.null_count)


def only_where(needed: Sequence[Fragment], made: Fragment) -> Fragment:
    """A text in the rows that have every part that it needs."""
    if made is None or any(part is None for part in needed):
        return None
    for part in needed:
        if not everywhere(part):
            made = pc.if_else(_scalars([part])[0].is_valid(), _scalars([made])[0], _NONE)
    return made


def any_of(parts: Sequence[Fragment]) -> Fragment:
    """Something that a row has where it has one of the parts."""
    there = [part for part in parts if part is not None]
    constant = next((part for part in there if isinstance(part, str)), None)
    return constant or (pc.coalesce(*map(_plain, there)) if there else None)


def together(parts: Sequence[Fragment]) -> Fragment:
    """Parts of something that each row has, one behind the other; a part may be absent."""
    there = constants_together(parts, "")
    if len(there) == 1 and isinstance(there[0], str):
        return there[0]
    return pc.binary_join_element_wise(*_scalars(there), scalar(""), null_handling="skip")


def enclosed(parts: Sequence[Fragment], opening: str, closing: str) -> Fragment:
    """Members between brackets, absent ones left out; nothing where all are absent."""
    inner = joined_where_any(parts, ",")
    if inner is None or isinstance(inner, str):
        return None if inner is None else opening + inner + closing
    return joined([opening, inner, closing]) if opening or closing else inner


def joined_where_any(parts: Sequence[Fragment], between: str) -> Fragment:
    """Parts side by side, absent ones left out; NULL for a row that has none of them."""
    there = [_plain(part) for part in constants_together(parts, between)]
    if not there:
        return None
    if isinstance(there[0], str) and len(there) == 1:
        return there[0]
    empty = _empty(there)
    if empty is not None:  # Arrow leaves out, not only empties, a row of which it skips every piece
        there[0] = pc.if_else(empty, scalar(""), there[0])
    inner = pc.binary_join_element_wise(*_scalars(there), scalar(between), null_handling="skip")
    return inner if empty is None else pc.if_else(empty, _NONE, inner)


def joined(parts: Sequence[Fragment]) -> pa.Array:
    """Texts one behind the other; NULL where one of them is."""
    return pc.binary_join_element_wise(*_scalars(parts), scalar(""), null_handling="emit_null")


def constants_together(parts: Sequence[Fragment], between: str) -> list[pa.Array | Coded | str]:
    """Neighbouring constants as one text: joining costs by the piece. Their order stays, whatever else is absent."""
    made: list[pa.Array | Coded | str] = []
    for part in parts:
        if isinstance(part, str) and made and isinstance(made[-1], str):
            made[-1] += between + part
        elif part is not None:
            made.append(part)
    return made


@functools.lru_cache(8192)
def scalar(text: str) -> pa.Scalar:
    """A text as Arrow has it: pyarrow would make it anew in each call, and that costs more than the call."""
    return pa.scalar(text, pa.string())


def _empty(parts: Sequence[_Plain]) -> pa.Array | None:
    """Which rows have none of the parts; ``None`` where no row is like that."""
    nulls = [part.is_null() for part in parts if not isinstance(part, str) and part.null_count]
    if len(nulls) < len(parts):
        return None
    empty = functools.reduce(pc.and_, nulls)
    return empty if pc.any(empty).as_py() else None


def _plain(part: Fragment) -> _Plain:
    return part.plain() if isinstance(part, Coded) else part


def _scalars(parts: Sequence[Fragment]) -> list[pa.Array | pa.Scalar]:
    return [scalar(part) if isinstance(part, str) else _plain(part) for part in parts]
