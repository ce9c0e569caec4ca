"""Which kind of event a row of ``activity`` is: formats have one shape for many operations."""

from __future__ import annotations

import pyarrow as pa
import pyarrow.compute as pc

from pipeline import schema
from pipeline.export.formats.leaf import Leaf
from pipeline.export.formats.leaves import choice
from pipeline.export.formats.rows import Rows

OTHER = "other"


def activity_kind(names: tuple[str, ...]) -> Leaf:
    """The first of these that is in ``names``: ``exec refused``, the operation, its class, the row's class, ``other``."""
    known = pa.array(names, pa.string())
    class_of = choice("operation", {o.name: o.activity_class for o in schema.OPERATIONS})

    def made(rows: Rows) -> pa.Array:
        operation, class_ = rows.plain("operation"), rows.plain("class")
        ways = (_refused(rows, operation), operation, class_of.make(rows), class_)
        found = [_known(values, known) for values in ways if values is not None]
        return pc.coalesce(*found, OTHER) if found else pa.repeat(pa.scalar(OTHER), len(rows))

    return Leaf(("operation", "class", "outcome"), made)


def _known(values: pa.Array, known: pa.Array) -> pa.Array:
    return known.take(pc.index_in(values, known))


def _refused(rows: Rows, operation: pa.Array | None) -> pa.Array | None:
    """An exec that did not work: its process runs what it ran before, and what it wanted is in ``path``."""
    outcome = rows.plain("outcome")
    if operation is None or outcome is None:
        return None
    refused = pc.and_(pc.equal(operation, "exec"), pc.not_equal(outcome, "success"))
    return pc.if_else(refused, "exec refused", pa.scalar(None, pa.string()))
