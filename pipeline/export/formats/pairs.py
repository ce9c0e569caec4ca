"""Lines of ``key=value`` pairs behind a header of fields: what CEF and LEEF have in common.

There is one place where a value becomes text of the line, ``Field``, and none that goes round the escape of its
format. So nothing that an agent puts into a name or a command line can end a field, a header or the line.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import pyarrow as pa

from pipeline.export.formats.escapes import Escape
from pipeline.export.formats.joining import Fragment, everywhere, joined, joined_where_any
from pipeline.export.formats.leaf import Leaf
from pipeline.export.formats.repeats import Writer, once
from pipeline.export.formats.rows import Rows


@dataclass(frozen=True, eq=False)
class Field:
    """One pair, or one field of the header where ``key`` is empty; absent where the leaf is NULL."""

    key: str
    leaf: Leaf

    def text(self, rows: Rows, escape: Escape) -> Fragment:
        """``key=value`` for each row, the value escaped."""
        values = self.leaf.make(rows)
        if values is None:
            return None
        safe = escape(values if pa.types.is_string(values.type) else values.cast(pa.string()))
        return joined([f"{self.key}=", safe]) if self.key else safe


@dataclass(frozen=True, eq=False)
class Fields:
    """Pairs that stand side by side; ``together`` where their columns take few different values in common."""

    fields: Sequence[Field]
    between: str
    escape: Escape
    together: bool = False
    columns: tuple[str, ...] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "columns", tuple(dict.fromkeys(c for f in self.fields for c in f.leaf.columns)))

    def text(self, rows: Rows) -> Fragment:
        """The pairs of each row that it has; NULL for a row without any."""
        write: Writer = self._written
        return once(self, rows, "", write) if self.together else write(rows, "")

    def _written(self, rows: Rows, before: str) -> Fragment:
        del before
        return joined_where_any([f.text(rows, self.escape) for f in self.fields], self.between)


@dataclass(frozen=True, eq=False)
class Line:
    """A whole line: ``start``, the header's fields each followed by ``|``, and the pairs of all groups."""

    start: str
    header: Sequence[Leaf]
    header_escape: Escape
    ending: str
    groups: Sequence[Fields]
    between: str

    def pieces(self, rows: Rows) -> list[Fragment]:
        """One line per row, in pieces. A header field must have a value in every row."""
        heads = [
            Fields([Field("", leaf)], "", self.header_escape, together=bool(leaf.columns)).text(rows)
            for leaf in self.header
        ]
        return [self.start, *_bars(heads), self.ending, *self._pairs([group.text(rows) for group in self.groups])]

    def _pairs(self, groups: Sequence[Fragment]) -> list[Fragment]:
        """The pairs of all groups; joined only where a row lacks the first of them, since it has no separator then."""
        first, *others = groups
        if not everywhere(first):
            return [joined_where_any(groups, self.between)]
        return [first, *(joined([self.between, other]) for other in others if other is not None)]

    def fields(self) -> list[Field]:
        """Every pair that a line may have."""
        return [f for group in self.groups for f in group.fields]


def _bars(heads: Sequence[Fragment]) -> list[Fragment]:
    return [piece for head in heads for piece in (head, "|")]
