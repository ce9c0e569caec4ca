"""The identity of rows as a column: made of new rows, and compared with what a hit rests on."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyarrow as pa

from pipeline.detect.interface import HITS, IDENTITY, ROW_ID

if TYPE_CHECKING:
    import duckdb


def row_ids(rows: pa.Table) -> pa.Array:
    """The identity of each row of activity (lake types), as ``ROW_ID``."""
    columns = [rows[n].combine_chunks() for n in IDENTITY]
    return pa.StructArray.from_arrays(columns, fields=list(ROW_ID))


def each_alone(detection: pa.Array, rows: pa.Table) -> pa.Table:
    """Hits that rest on one row each."""
    ids = row_ids(rows)
    evidence = pa.ListArray.from_arrays(pa.array(range(len(ids) + 1), pa.int32()), ids).cast(
        HITS.field("evidence").type
    )
    columns = [rows[n].combine_chunks() for n in ("time", "host", "agent_run")]
    return pa.table([detection, *columns, evidence], schema=HITS)


def touching(connection: duckdb.DuckDBPyConnection, hits: pa.Table, fresh: pa.Table) -> pa.Table:
    """The hits of which at least one row is in ``fresh`` (columns ``IDENTITY``)."""
    if not hits.num_rows or not fresh.num_rows:
        return hits.slice(0, 0)
    same = " AND ".join(f'h.e."{n}" IS NOT DISTINCT FROM f."{n}"' for n in IDENTITY)
    with connection.cursor() as own:
        own.register("hits", hits.select(["evidence"]).append_column("hit", pa.array(range(hits.num_rows), pa.int64())))
        own.register("fresh", fresh.select(IDENTITY))
        found = own.sql(
            f"SELECT DISTINCT hit FROM (SELECT hit, unnest(evidence) AS e FROM hits) AS h"  # noqa: S608 - constants
            f" SEMI JOIN fresh AS f ON {same} ORDER BY hit"
        ).to_arrow_table()
    return hits.take(found["hit"].combine_chunks())
