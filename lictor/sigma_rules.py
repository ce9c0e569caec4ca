"""Sigma rules at the rim: importing a folder into a bundle, and asking a lake's rows of one.

The work is done in ``pipeline.sigma``; here are the lake's place, its pages of rows, and errors as one line.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc

from lictor.errors import LictorError
from lictor.report import text
from pipeline.lake.layout import prepare

if TYPE_CHECKING:
    from lictor.history.asking import Window
    from pipeline.lake.reader import Lake
    from pipeline.sigma.bundle import Bundle

PAGE_ROWS = 100_000
"""Rows that are asked of the lake at once; a query's answer is bounded."""

SHOWN = ("time", "host", "agent_run", "operation", "exe", "cmdline", "path", "path_to", "dst_ip", "dst_port")
"""What is printed of a row that matches."""

_READ = (
    *SHOWN, "source", "time_ns", "outcome", "user", "pid", "process_key", "parent_key", "child_key", "parent_exe",
    "exe_sha256", "cwd", "protocol", "src_ip", "src_port", "dst_name",
)  # fmt: skip

LEVELS = ("informational", "low", "medium", "high", "critical")


def imported(
    folder: Path, *, categories: Collection[str] | None, licence: str | None, progress: Callable[[int, int], None]
) -> Bundle:
    """The bundle of a folder of rules. Raises ``LictorError``."""
    if not folder.exists():
        raise LictorError(f"{folder}: no rules there; name a folder, such as a checkout of github.com/SigmaHQ/sigma")
    try:
        from pipeline.sigma import compile as compiling  # noqa: PLC0415 - pySigma is an extra, and slow to import
        from pipeline.sigma.fields import CATEGORIES  # noqa: PLC0415 - as above
    except ImportError as error:
        raise LictorError(f"Sigma rules need pySigma ({error}): pip install 'lictor[sigma]'") from error
    unknown = sorted(set(categories or ()) - CATEGORIES.keys())
    if unknown:
        raise LictorError(f"{unknown[0]!a} is no category of endpoint rules; there are {', '.join(sorted(CATEGORIES))}")
    made = compiling.compile_folder(
        folder, categories=categories, licence=licence or compiling.LICENCE, progress=progress
    )
    if not (made.rules or made.failures or made.elsewhere):
        raise LictorError(f"{folder}: no rule files (*.yml) there; name the folder that holds them")
    return made


def stored(bundle: Bundle, path: Path, lake: Path) -> None:
    """Keep a bundle; the lake is made where it lies in it. Raises ``LictorError`` and ``LakeError``."""
    from pipeline.sigma.bundle import store  # noqa: PLC0415 - see the top of the caller

    if path.is_relative_to(lake):
        prepare(lake)
    try:
        store(bundle, path)
    except OSError as error:
        raise LictorError(f"{path}: cannot be written: {error.strerror or error}; choose another --out") from error


def opened(path: Path) -> Bundle:
    """A bundle from its file. Raises ``LictorError``."""
    from pipeline.sigma.bundle import BundleError, load  # noqa: PLC0415 - see the top of the caller

    try:
        return load(path)
    except BundleError as error:
        raise LictorError(str(error)) from error


def place(lake: Path) -> Path:
    """Where the bundle of a lake lies."""
    from pipeline.sigma.bundle import path_in  # noqa: PLC0415 - see the top of the caller

    return path_in(lake)


def failures(bundle: Bundle) -> pa.Table:
    """What was not converted, and why."""
    names = ("source", "title", "id", "reason")
    rows = [{n: getattr(f, n) for n in names} for f in bundle.failures]
    return pa.Table.from_pylist(rows, pa.schema([(n, pa.string()) for n in names]))


def listed(bundle: Bundle) -> pa.Table:
    """The rules, gravest first."""
    rows = sorted(bundle.rules, key=lambda r: (-gravity(r.level), r.product or "", r.category, r.title))
    told = [
        {
            "level": r.level, "title": r.title, "id": r.id, "for": f"{r.product or 'any'}/{r.category}", "fires": r.fires,
            "blind": ",".join(r.blind), "attack": ",".join(r.attack), "author": r.author, "license": r.license, "source": r.source,
        }
        for r in rows
    ]  # fmt: skip
    names = ("level", "title", "id", "for", "fires", "blind", "attack", "author", "license", "source")
    return pa.Table.from_pylist(told, pa.schema([(n, pa.string()) for n in names]))


def gravity(level: str) -> int:
    """Place of a level, -1 for one that Sigma does not have."""
    return LEVELS.index(level) if level in LEVELS else -1


def matched(lake: Lake, bundle: Bundle, window: Window, *, timeout: float) -> pa.Table:
    """Rows of the lake that a rule matches, with the rule: level, title, id, techniques, and what ``SHOWN`` names.

    ``timeout`` bounds each query, in seconds.
    """
    import duckdb  # noqa: PLC0415 - only this command asks rules of rows in its own process

    from pipeline.sigma.run import matches  # noqa: PLC0415 - see above

    where = _where(bundle)
    parents = lake.query(_PARENTS.format(where=f"{where} AND {_within(window)}"), timeout=timeout)
    described = _described(bundle)
    found = []
    for rows in _pages(lake, where, window, timeout):
        with duckdb.connect(":memory:", config={"enable_external_access": "false"}) as connection:
            hits = matches(connection, bundle, rows, earlier=parents)
        told = rows.select(SHOWN).take(hits["row"])
        rules = described.take(pc.index_in(hits["rule_id"], described["id"]))
        found.append(pa.table({n: t[n] for t in (rules, told) for n in t.schema.names}))
    return pa.concat_tables(found) if found else pa.table({})


def by_rule(found: pa.Table) -> pa.Table:
    """How often each rule matched, gravest and most frequent first."""
    if not found.num_rows:
        return found
    keys = ["level", "title", "id", "attack"]
    summed = found.group_by(keys).aggregate(
        [("time", "count"), ("time", "min"), ("time", "max"), ("agent_run", "count_distinct")]
    )
    summed = summed.rename_columns([*keys, "rows", "first", "last", "runs"])
    gravity = pc.index_in(summed["level"], pa.array(LEVELS))
    order = pc.sort_indices(
        summed.append_column("gravity", gravity), [("gravity", "descending"), ("rows", "descending")]
    )
    return summed.take(order)


_PARENTS = (
    'SELECT process_key, time, exe, cmdline, "user", pid, parent_key, operation, outcome, child_key, child_pid FROM activity'
    " WHERE operation IN ('exec', 'fork') AND coalesce(child_key, process_key) IN"
    " (SELECT parent_key FROM activity WHERE operation = 'exec' AND {where})"
)


def _described(bundle: Bundle) -> pa.Table:
    rows = [{"level": r.level, "title": r.title, "id": r.id, "attack": ",".join(r.attack)} for r in bundle.rules]
    return pa.Table.from_pylist(rows, pa.schema([(n, pa.string()) for n in ("level", "title", "id", "attack")]))


def _where(bundle: Bundle) -> str:
    """The operations that rules are about, and forks, which tell whose command line a child has."""
    from pipeline.sigma.fields import CATEGORIES  # noqa: PLC0415 - see above

    wanted = {o for r in bundle.rules for o in CATEGORIES[r.category].operations} | {"fork"}
    return f"operation IN ({', '.join(map(text, sorted(wanted)))})"


def _within(window: Window) -> str:
    since = "true" if window.since is None else f"time_ns >= {window.since}"
    return since if window.until is None else f"{since} AND time_ns < {window.until}"


def _pages(lake: Lake, where: str, window: Window, timeout: float) -> Iterator[pa.Table]:
    """Rows in order of time, at most about ``PAGE_ROWS`` at once; rows of one moment stay together."""
    columns, size = ", ".join(f'"{c}"' for c in _READ), PAGE_ROWS
    while True:
        sql = f"SELECT {columns} FROM activity WHERE {where} AND {_within(window)} ORDER BY time_ns LIMIT {size}"  # noqa: S608 - constants, text() and numbers
        rows = lake.query(sql, timeout=timeout)
        if rows.num_rows < size:
            yield rows
            return
        last = rows["time_ns"][-1].as_py()
        whole = rows.filter(pc.less(rows["time_ns"], last))
        if whole.num_rows:
            yield whole
            window = replace(window, since=last)
        else:
            size *= 2  # more rows of one moment than a page holds
