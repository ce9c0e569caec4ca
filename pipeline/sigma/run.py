"""Asks a bundle's rules of activity rows: Arrow in, Arrow out, in a DuckDB connection that is handed in.

``def matches(connection, bundle, rows: pa.Table, *, earlier: pa.Table | None = None) -> pa.Table``: columns ``rule_id``
(text) and ``row`` (index into ``rows``), one line per rule and row, ordered by row. ``rows`` are of the table activity
in lake types; ``earlier`` are rows of activity or processes from before, which tell what the parents ran.

Rules are asked by operating system and category, of distinct events only. A rule whose gate no combination of programs,
users, … passes costs a look at a few hundred rows.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from itertools import groupby

import duckdb
import pyarrow as pa

from pipeline.sigma.bundle import Bundle, Rule
from pipeline.sigma.events import EXTRA, events_query, prepared, programs_query
from pipeline.sigma.fields import CATEGORIES
from pipeline.sigma.shadows import build

SCHEMA = pa.schema([("rule_id", pa.string()), ("row", pa.int64())])

_MANY = 1_000
"""Combinations that are named one by one to find events; past that every event is asked."""


def matches(
    connection: duckdb.DuckDBPyConnection, bundle: Bundle, rows: pa.Table, *, earlier: pa.Table | None = None
) -> pa.Table:
    """Which rules match which rows; see the top of this file. Nothing is left behind in the connection."""
    found: list[pa.Table] = []
    with connection.cursor() as own:  # its temporary tables end with it
        ready = prepared(rows)
        own.register("rows", ready)
        if earlier is not None:
            own.register("earlier", earlier)
        names = earlier.schema.names if earlier is not None else ()
        own.execute(
            f"CREATE TEMP TABLE programs AS {programs_query('rows', 'earlier' if earlier is not None else None, names)}"
        )
        for product, category, rules in _groups(bundle.rules, ready["product"].unique().to_pylist()):
            fields = asked_fields(rules)
            query = events_query(product, category, fields, extra=EXTRA in rows.schema.names)
            found.append(ask(own, rules, query, fields))
    every = pa.concat_tables(found) if found else SCHEMA.empty_table()
    return every.sort_by([("row", "ascending"), ("rule_id", "ascending")])


def _groups(rules: Iterable[Rule], products: Collection[str]) -> Iterator[tuple[str, str, list[Rule]]]:
    """Rules by system and category, those left out whose events nothing records or whose system is not there."""
    asked = (r for r in rules if CATEGORIES[r.category].operations)
    pairs = [(p, r) for r in asked for p in products if r.product in (None, p)]
    for (product, category), group in groupby(sorted(pairs, key=_key), key=_key):
        yield product, category, [r for _, r in group]


def _key(pair: tuple[str, Rule]) -> tuple[str, str]:
    return pair[0], pair[1].category


def asked_fields(rules: Sequence[Rule]) -> list[str]:
    """The fields that an event needs for these rules; a keyword asks of all that the category has."""
    fields = {f for r in rules for f in r.fields}
    if "*" in fields:
        fields |= {f for r in rules for f in CATEGORIES[r.category].fields}
    return sorted(fields - {"*"})


def ask(connection: duckdb.DuckDBPyConnection, rules: Sequence[Rule], query: str, fields: Sequence[str]) -> pa.Table:
    """Which of the rules match which of the events that a query gives (``row`` and the fields, as text)."""
    wanted = {(kind, field) for r in rules for kind, _, field in (c.partition(":") for c in r.columns)}
    if not build(connection, query, fields, wanted):
        return SCHEMA.empty_table()
    hits = [(rule.id, _hits(connection, rule)) for rule in rules]
    table = pa.table({
        "rule_id": pa.array([i for i, events in hits for _ in events], pa.string()),
        "event": pa.array([e for _, events in hits for e in events], pa.int64()),
    })  # fmt: skip
    connection.register("hits", table)
    rows = "SELECT DISTINCT rule_id, unnest(rows) AS row FROM hits JOIN raw USING (event)"
    return connection.sql(rows).to_arrow_table().cast(SCHEMA)


def _hits(connection: duckdb.DuckDBPyConnection, rule: Rule) -> list[int]:
    """The events that match a rule."""
    where = f"({rule.predicate})"
    if rule.gate != "true":
        few = connection.execute(f"SELECT combination FROM combinations WHERE {rule.gate}").fetchall()  # noqa: S608 - as below
        if not few:
            return []
        if len(few) < _MANY:
            where = f"combination IN ({', '.join(str(c) for (c,) in few)}) AND {where}"
    found = connection.execute(f"SELECT event FROM events WHERE {where}")  # noqa: S608 - pipeline.sigma.text quotes what a rule says
    return [event for (event,) in found.fetchall()]
