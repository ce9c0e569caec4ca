"""The relation that rules are asked of: distinct events with their lowered, raw and address columns, made once.

``events`` has one row per distinct event and the id of its combination of coarse fields (those with few values);
``combinations`` has these combinations. A rule is asked of ``combinations`` first, by its gate.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

import duckdb
import pyarrow as pa

from pipeline.sigma.atoms import address
from pipeline.sigma.fields import FINE
from pipeline.sigma.text import ADDRESS, ANYWHERE, LOWERED, RAW, column

Shadows = Collection[tuple[str, str]]
"""Kind and field of each column that is wanted."""


def build(connection: duckdb.DuckDBPyConnection, query: str, fields: Sequence[str], wanted: Shadows) -> int:
    """Make ``events``, ``combinations`` and ``event_rows`` (event → row); returns the number of events.

    ``query`` gives ``row`` and each of ``fields`` by name, as text; a keyword looks into all of them.
    """
    coarse = [f for f in fields if f not in FINE]
    connection.execute(f"CREATE OR REPLACE TEMP TABLE told AS {query}")
    names = ", ".join(map(_quoted, fields))
    ids = f"dense_rank() OVER (ORDER BY {', '.join(map(_quoted, coarse))})" if coarse else "1"
    connection.execute(
        f"CREATE OR REPLACE TEMP TABLE raw AS SELECT row_number() OVER () AS event, * FROM"  # noqa: S608 - names are quoted
        f" (SELECT *, {ids} AS combination FROM (SELECT {names}, list(row) AS rows FROM told GROUP BY ALL) ORDER BY combination)"
    )
    _addresses(connection, [f for kind, f in sorted(wanted) if kind == ADDRESS])
    shadows = [f"{_shadow(kind, f, fields)} AS {column(kind, f)}" for kind, f in sorted(wanted)]
    joined = [
        f"LEFT JOIN addresses AS {_quoted(f'a:{f}')} ON {_quoted(f'a:{f}')}.value = raw.{_quoted(f)}"
        for kind, f in sorted(wanted)
        if kind == ADDRESS
    ]
    connection.execute(
        f"CREATE OR REPLACE TEMP TABLE events AS SELECT {', '.join(['event', 'combination', *shadows])}"  # noqa: S608
        f" FROM raw {' '.join(joined)} ORDER BY event"
    )
    few = [column(kind, f) for kind, f in sorted(wanted) if f in coarse]
    connection.execute(
        f"CREATE OR REPLACE TEMP TABLE combinations AS SELECT DISTINCT {', '.join(['combination', *few])} FROM events"  # noqa: S608
    )
    ((count,),) = connection.execute("SELECT count(*) FROM events").fetchall()
    return int(count)


def _shadow(kind: str, field: str, fields: Collection[str]) -> str:
    whole = f"concat_ws(chr(10), {', '.join(map(_quoted, fields))})" if field == ANYWHERE else _quoted(field)
    if kind == LOWERED:
        return f"lower({whole})"
    if kind == RAW:
        return whole
    return f"{_quoted(f'a:{field}')}.sortable"


def _addresses(connection: duckdb.DuckDBPyConnection, fields: Collection[str]) -> None:
    """Every distinct address in sortable form: a loop over distinct values, since DuckDB alone knows no addresses."""
    if not fields:
        return
    union = " UNION ".join(f"SELECT {_quoted(f)} AS value FROM raw" for f in fields)  # noqa: S608
    values = connection.sql(f"SELECT value FROM ({union}) WHERE value IS NOT NULL").to_arrow_table().column(0)  # noqa: S608
    sortable = pa.array([address(v) for v in values.to_pylist()], pa.string())
    connection.register("addresses", pa.table({"value": values, "sortable": sortable}))


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
