"""Questions that judge each row by itself: asked of the new rows and of nothing else."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import closing

import duckdb
import numpy as np
import pyarrow as pa

from pipeline.detect.evidence import each_alone
from pipeline.detect.interface import Context, Detector
from pipeline.detect.narrowing import narrowed
from pipeline.detect.needs import needs
from pipeline.detect.question import Question, locked_down
from pipeline.detect.relations import NUMBER, Relations, columns_of, made_once
from pipeline.detect.spans import FIRST, LAST
from pipeline.lake.errors import log_warning, one_line


class RowQuestions(Detector):
    """Questions whose evidence is the row itself (``[row_id] AS evidence``), read from ``relations`` (``Question.bare``).

    ``few`` names those relations that are worth a table (see ``made_once``).
    """

    def __init__(
        self, questions: Sequence[Question], relations: Relations, few: Collection[str] = (), *,
        report: Callable[[str], None] = log_warning,
    ) -> None:  # fmt: skip
        self.detections = [q.detection for q in questions]
        self.tables = frozenset({"activity"})
        texts = [q.bare(FIRST, LAST) for q in questions if q.bare]
        if len(texts) < len(questions):
            raise ValueError("a question over single rows needs its text without relations")
        self._numbers = [f"SELECT evidence[1] AS number FROM (\n{t}\n)" for t in texts]  # noqa: S608 - the question's own text
        made = relations(FIRST, LAST)
        self._prepare = list(made_once(made, texts, few, numbered=True))
        self._narrow = list(_narrowed(made, texts, few))
        self._report = report

    def detect(self, fresh: Mapping[str, pa.Table], context: Context) -> Iterator[pa.Table]:  # noqa: ARG002  # needs no past
        """See ``Detector``."""
        if "activity" not in fresh:
            return
        rows = fresh["activity"]
        with closing(self._ready(rows)) as connection:
            for detection, sql in zip(self.detections, self._numbers, strict=True):
                try:
                    found = connection.sql(sql).to_arrow_table()["number"].combine_chunks()
                    hits = each_alone(pa.array([detection.id] * len(found), pa.string()), rows.take(found))
                except (duckdb.Error, pa.ArrowException) as error:
                    self._report(f"{detection.id}: {one_line(str(error))}")
                    continue
                yield hits

    def _ready(self, rows: pa.Table) -> duckdb.DuckDBPyConnection:
        """A connection in which the relations are there: only with rows that concern a question, where that can be told."""
        numbered = rows.append_column(NUMBER, pa.array(np.arange(rows.num_rows)))
        try:
            return _made(numbered, [*self._prepare, *self._narrow])
        except duckdb.Error:  # one question's condition fails: asked by itself it fails alone
            return _made(numbered, self._prepare)


def _made(rows: pa.Table, statements: Sequence[str]) -> duckdb.DuckDBPyConnection:
    connection = locked_down()
    try:
        connection.register("activity", rows)
        for statement in statements:
            connection.execute(statement)
    except duckdb.Error:
        connection.close()
        raise
    return connection


def _narrowed(relations: Mapping[str, str], texts: Sequence[str], few: Collection[str]) -> Iterator[str]:
    """What leaves out the rows that no question is about; nothing where a question reads more than can be told."""
    known = columns_of(relations)
    with locked_down() as connection:
        found = [needs(connection, text, known).readings for text in texts]
    if all(readings is not None for readings in found):
        yield from narrowed(list(relations), {r for readings in found if readings for r in readings}, few)
