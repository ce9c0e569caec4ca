"""Questions that judge each row by itself: asked of the new rows and of nothing else."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence

import duckdb
import pyarrow as pa

from pipeline.detect.evidence import each_alone
from pipeline.detect.interface import Context, Detector
from pipeline.detect.question import Question, locked_down
from pipeline.detect.relations import NUMBER, Relations, made_once
from pipeline.detect.spans import FIRST, LAST
from pipeline.lake.errors import log_warning, one_line


class RowQuestions(Detector):
    """Questions whose evidence is the row itself (``[row_id] AS evidence``), read from ``relations`` (``Question.bare``)."""

    def __init__(
        self, questions: Sequence[Question], relations: Relations, *, report: Callable[[str], None] = log_warning
    ) -> None:
        self.detections = [q.detection for q in questions]
        self.tables = frozenset({"activity"})
        texts = [q.bare(FIRST, LAST) for q in questions if q.bare]
        if len(texts) < len(questions):
            raise ValueError("a question over single rows needs its text without relations")
        self._numbers = [f"SELECT evidence[1] AS number FROM (\n{t}\n)" for t in texts]  # noqa: S608 - the question's own text
        self._prepare = list(made_once(relations(FIRST, LAST), texts, numbered=True))
        self._report = report

    def detect(self, fresh: Mapping[str, pa.Table], context: Context) -> Iterator[pa.Table]:  # noqa: ARG002  # needs no past
        """See ``Detector``."""
        if "activity" not in fresh:
            return
        rows = fresh["activity"]
        with locked_down() as connection:
            connection.register("activity", rows.append_column(NUMBER, pa.array(range(rows.num_rows), pa.int64())))
            for statement in self._prepare:
                connection.execute(statement)
            for detection, sql in zip(self.detections, self._numbers, strict=True):
                try:
                    found = connection.sql(sql).to_arrow_table()["number"].combine_chunks()
                    hits = each_alone(pa.array([detection.id] * len(found), pa.string()), rows.take(found))
                except (duckdb.Error, pa.ArrowException) as error:
                    self._report(f"{detection.id}: {one_line(str(error))}")
                    continue
                yield hits
