"""Activity rows as Sigma events: the columns that a category's fields come from, and the programs of the parents.

Three things differ between a row and what a rule expects, and are settled here once for all rules:

* Sysmon's command line is argv joined by spaces; Lictor's is quoted for a shell. The quotes are taken off again.
* A rule says ``/nc``; on Debian the program that ran is ``/usr/bin/nc.openbsd``. A program that was called by another
  name is an event under that name too.
* The parent's command line is none of a row's columns. It is that of the last program which the parent ran before,
  from an exec of its own or, for a process that never ran one, from the process which forked it.
"""

from __future__ import annotations

from collections.abc import Collection

import pyarrow as pa
import pyarrow.compute as pc

from pipeline.schema import lake_schema
from pipeline.sigma.fields import CATEGORIES, PRODUCT_OF_SOURCE
from pipeline.sigma.text import literal

EXTRA = "extra"
"""An optional column of rows: field → text, for what the schema has no column for."""

_COLUMNS = (
    "time", "host", "source", "operation", "outcome", "user", "pid", "process_key", "parent_key", "child_key", "exe",
    "parent_exe", "exe_sha256", "cmdline", "cwd", "path", "path_to", "protocol", "src_ip", "src_port", "dst_ip",
    "dst_port", "dst_name",
)  # fmt: skip

_QUOTED_WORD = r"""'([^']*(?:'"'"'[^']*)*)'"""
_QUOTE_INSIDE = """'"'"'"""
"""The two forms that ``shlex.quote`` writes."""


def prepared(rows: pa.Table) -> pa.Table:
    """The columns of activity rows that events are made of, with ``row`` (index) and ``product``.

    A column that is missing counts as NULL; ``extra`` is kept where it is there.
    """
    types, there = lake_schema("activity"), set(rows.schema.names)
    columns = {n: _plain(rows[n]) if n in there else pa.nulls(rows.num_rows, types.field(n).type) for n in _COLUMNS}
    columns["product"] = _product(columns["source"], columns["exe"])
    columns["cmdline"] = _command_line(columns["cmdline"], columns["product"])
    columns["row"] = pa.array(range(rows.num_rows), pa.int64())
    if EXTRA in there:
        columns[EXTRA] = rows[EXTRA]
    return pa.table(columns)


def unquoted(lines: pa.ChunkedArray) -> pa.ChunkedArray:
    """Command lines as argv joined by spaces, from what ``shlex.join`` made of argv."""
    bare = pc.replace_substring_regex(lines, pattern=_QUOTED_WORD, replacement=r"\1")
    return pc.replace_substring(bare, pattern=_QUOTE_INSIDE, replacement="'")


def _command_line(lines: pa.ChunkedArray, product: pa.ChunkedArray) -> pa.ChunkedArray:
    quoted = pc.match_substring(lines, "'")
    if not pc.any(quoted).as_py():
        return lines
    return pc.if_else(pc.and_(quoted, pc.not_equal(product, "windows")), unquoted(lines), lines)


def _product(source: pa.ChunkedArray, exe: pa.ChunkedArray) -> pa.ChunkedArray:
    """The operating system of each row: that of its collector, else what its program's path looks like."""
    names = pa.array(PRODUCT_OF_SOURCE)
    known = pc.take(pa.array(PRODUCT_OF_SOURCE.values()), pc.index_in(source, names))
    drive = pc.fill_null(pc.match_substring_regex(exe, r"^(?:[A-Za-z]:\\|\\)"), False)
    return pc.coalesce(known, pc.if_else(drive, "windows", "linux"))


def _plain(column: pa.ChunkedArray) -> pa.ChunkedArray:
    return column.cast(column.type.value_type) if pa.types.is_dictionary(column.type) else column


def programs_query(rows: str, earlier: str | None, columns: Collection[str]) -> str:
    """SQL of which program a process ran since when: key, time, exe, cmdline, owner, pid, parent_key.

    ``rows`` and ``earlier`` are names of relations; ``columns`` are those of ``earlier``, which may be rows of activity
    or of processes.
    """
    parts = [_programs_of(rows, frozenset(_COLUMNS))]
    if earlier is not None:
        parts.append(_programs_of(earlier, frozenset(columns)))
    return " UNION ALL ".join(parts)


def _programs_of(name: str, columns: frozenset[str]) -> str:
    def taken(column: str, type_: str) -> str:
        return f'"{column}"' if column in columns else f"NULL::{type_}"

    told = f"exe, cmdline, {taken('user', 'VARCHAR')} AS owner"
    ran = f"SELECT process_key AS key, time, {told}, {taken('pid', 'INTEGER')} AS pid, parent_key FROM {name} WHERE process_key IS NOT NULL"  # noqa: S608 - names of this module
    if not {"operation", "child_key"} <= columns:
        return ran
    forked = f"SELECT child_key, time, {told}, {taken('child_pid', 'INTEGER')}, process_key FROM {name} WHERE operation = 'fork' AND child_key IS NOT NULL"  # noqa: S608
    return f"{ran} AND operation = 'exec' AND outcome = 'success' UNION ALL {forked}"


def events_query(product: str, category: str, fields: Collection[str], *, extra: bool) -> str:
    """SQL of the events of a category: ``row`` and the fields by name, from ``rows`` and ``programs``."""
    known = CATEGORIES[category]
    exprs = {f: _expression(known.fields.get(f), f, extra=extra) for f in fields}
    joins = _joins(exprs.values())
    counted = ", ".join(map(literal, known.operations))
    outcomes = ", ".join(map(literal, known.outcomes))
    source = (
        f"FROM rows AS a{joins} WHERE a.product = {literal(product)} AND a.operation IN ({counted})"
        f" AND (a.outcome IS NULL OR a.outcome IN ({outcomes})) AND {known.where}"
    )
    query = f"SELECT a.row, {_select(exprs)} {source}"
    if category == "process_creation" and product != "windows" and "Image" in fields:
        query += f" UNION ALL SELECT a.row, {_select(exprs | {'Image': _CALLED})} {source} AND {_CALLED_OTHERWISE}"
    return query


_CALLED_NAME = r"regexp_extract(a.cmdline, '^-?(?:[^ ]*/)?([A-Za-z0-9._+-]+)(?: |$)', 1)"
_CALLED = rf"regexp_replace(a.exe, '[^/]*$', {_CALLED_NAME})"
_CALLED_OTHERWISE = rf"{_CALLED_NAME} NOT IN ('', regexp_extract(a.exe, '[^/]*$'))"


def _select(exprs: dict[str, str]) -> str:
    return ", ".join(f'CAST({sql} AS VARCHAR) AS "{name.replace(chr(34), chr(34) * 2)}"' for name, sql in exprs.items())


def _expression(column: str | None, field: str, *, extra: bool) -> str:
    told = f"a.{EXTRA}[{literal(field)}]" if extra else "NULL"
    return told if column is None else f"coalesce(CAST({column} AS VARCHAR), {told})" if extra else column


def _joins(exprs: Collection[str]) -> str:
    grand = any("g." in e for e in exprs)
    if not (grand or any("p." in e for e in exprs)):
        return ""
    parent = " ASOF LEFT JOIN programs AS p ON a.parent_key = p.key AND a.time >= p.time"
    return parent + (" ASOF LEFT JOIN programs AS g ON p.parent_key = g.key AND a.time >= g.time" if grand else "")
