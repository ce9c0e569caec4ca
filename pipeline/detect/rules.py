"""Sigma rules over new rows: a compiled bundle as a detector."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from pipeline import schema
from pipeline.detect.evidence import each_alone
from pipeline.detect.interface import Context, Detection, Detector
from pipeline.detect.question import TIMEOUT_S, locked_down
from pipeline.lake.errors import QueryError, log_warning
from pipeline.sigma.bundle import Bundle
from pipeline.sigma.run import matches

MAX_PARENTS = 5_000
"""Parents whose command lines are looked up in one pass; agents have few, a build has thousands that nobody asks for."""
_PARENTS_S = 86_400


class SigmaRules(Detector):
    """The rules of one bundle. ``detections`` has one for each rule of it, in order, by the same index."""

    def __init__(
        self, bundle: Bundle, detections: Sequence[Detection], *, report: Callable[[str], None] = log_warning
    ) -> None:
        # A rule's id is its author's: two rules of a folder may share one. Numbers tell them apart.
        numbered = tuple(replace(r, id=str(i)) for i, r in enumerate(bundle.rules))
        self._bundle = replace(bundle, rules=numbered)
        self.detections = detections
        self._ids = pa.array([d.id for d in detections], pa.string())
        self._report = report
        self._of_parents = any("Parent" in f or f == "*" for r in numbered for f in r.fields)
        self.tables = frozenset({"activity"})

    def detect(self, fresh: Mapping[str, pa.Table], context: Context) -> Iterator[pa.Table]:
        """See ``Detector``."""
        rows = fresh.get("activity")
        if rows is None or not self.detections:
            return
        with locked_down() as connection:
            found = matches(connection, self._bundle, rows, earlier=self._parents(rows, context))
        if found.num_rows:
            name = self._ids.take(found["rule_id"].combine_chunks().cast(pa.int64()))
            yield each_alone(name, rows.take(found["row"].combine_chunks()))

    def _parents(self, rows: pa.Table, context: Context) -> pa.Table | None:
        """What the parents of new programs ran, and their parents, where that happened before these rows."""
        if not self._of_parents:
            return None
        execs = rows.filter(pc.equal(rows["operation"], "exec"))
        keys = pc.unique(execs["parent_key"].drop_null()).slice(0, MAX_PARENTS).to_pylist()
        if not keys:
            return None
        since = _since(execs["time"])
        sql = (
            "WITH near AS (SELECT process_key, time, exe, cmdline, pid, parent_key, host, uid FROM processes"  # noqa: S608 - numbers only
            f" WHERE time >= TIMESTAMPTZ '{since.isoformat()}'),"
            f" parents AS (SELECT * FROM near WHERE process_key IN ({', '.join(map(str, keys))}))"
            " SELECT * FROM parents UNION SELECT * FROM near WHERE process_key IN (SELECT parent_key FROM parents)"
        )
        found = context.query_all({"parents": sql}, timeout=TIMEOUT_S, skip_damaged=True)["parents"]
        if isinstance(found, QueryError):
            self._report(f"sigma: parents are unknown: {found}")
            return None
        return _named(found.cast(pa.schema([(n, schema.lake_type("processes", n)) for n in found.schema.names])), rows)


def _named(parents: pa.Table, rows: pa.Table) -> pa.Table:
    """Parents with the name of their user, where the new rows tell it: ``processes`` has only numbers."""
    told = rows.select(["host", "uid", "user"]).group_by(["host", "uid"]).aggregate([("user", "max")])
    return parents.join(told.rename_columns({"user_max": "user"}), ["host", "uid"], join_type="left outer")


def _since(times: Any) -> datetime:
    first = pc.min(times).as_py()
    day = timedelta(seconds=_PARENTS_S)
    return datetime(1970, 1, 1, tzinfo=UTC) if first is None or first.year < 1971 else first - day
