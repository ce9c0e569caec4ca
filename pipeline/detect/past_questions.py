"""Questions that put rows together: asked of the lake, around the rows that are new.

From the look-back before the oldest new row to as much behind the newest (a late row may be the first half of a pair
whose other half is there); only matches with a new row in them count.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import timedelta

import numpy as np
import pyarrow as pa

from pipeline.detect.evidence import touching
from pipeline.detect.interface import IDENTITY, Context, Detector
from pipeline.detect.question import TIMEOUT_S, Question, columns_of_hits, hits_of, locked_down
from pipeline.detect.relations import Relations, made_once
from pipeline.detect.spans import spans
from pipeline.lake.errors import QueryError, log_warning

NEAR = timedelta(minutes=20)
"""Questions that look back no further share relations that are made once, and see as far as the furthest of them."""


class PastQuestions(Detector):
    """Questions over the lake. ``relations``: what those with a ``bare`` text read from."""

    whole = True

    def __init__(
        self, questions: Sequence[Question], relations: Relations | None = None, *,
        report: Callable[[str], None] = log_warning,
    ) -> None:  # fmt: skip
        self._questions = questions
        self._relations = relations
        self._report = report
        self.detections = [q.detection for q in questions]
        self.tables = frozenset({"activity"}.union(*(q.others for q in questions)))

    def detect(self, fresh: Mapping[str, pa.Table], context: Context) -> Iterator[pa.Table]:
        """See ``Detector``."""
        new = fresh["activity"].select(IDENTITY) if "activity" in fresh else None
        with locked_down() as connection:
            for question, found in self._answers(fresh, context):
                if isinstance(found, QueryError):
                    self._report(f"{question.detection.id}: {found}")
                    continue
                hits = hits_of(question.detection, found)
                if not question.others:
                    hits = touching(connection, hits, new) if new is not None else hits.slice(0, 0)
                yield hits

    def _answers(
        self, fresh: Mapping[str, pa.Table], context: Context
    ) -> Iterator[tuple[Question, pa.Table | QueryError]]:
        near = [q for q in self._questions if self._relations and q.bare and q.lookback <= NEAR]
        stretches = spans(_times(fresh, near), max((q.lookback for q in near), default=timedelta(0)))
        together = near if len(stretches) == 1 else []
        asked = _one_by_one([q for q in self._questions if q not in together], fresh)
        prepare: list[str] = []
        if together:
            texts = {q.detection.id: columns_of_hits(q.bare(*stretches[0])) for q in together if q.bare}
            asked |= {q.detection.id: (q, texts[q.detection.id]) for q in together}
            assert self._relations is not None
            prepare = list(made_once(self._relations(*stretches[0]), texts.values()))
        try:
            answers = _ask(asked, context, prepare)
        except QueryError as error:
            if not together:
                raise
            self._report(f"{len(near)} detections are asked one by one, since together: {error}")
            asked = _one_by_one(self._questions, fresh)
            answers = _ask(asked, context)
        yield from ((q, answers[name]) for name, (q, _) in asked.items())


def _one_by_one(questions: Sequence[Question], fresh: Mapping[str, pa.Table]) -> dict[str, tuple[Question, str]]:
    """Each question with its text, once for every stretch of time around new rows."""
    return {
        f"{number}:{q.detection.id}": (q, columns_of_hits(q.sql(since, until)))
        for q in questions
        for number, (since, until) in enumerate(spans(_times(fresh, [q]), q.lookback))
    }


def _ask(
    asked: Mapping[str, tuple[Question, str]], context: Context, prepare: Sequence[str] = ()
) -> Mapping[str, pa.Table | QueryError]:
    if not asked:
        return {}
    texts = {name: sql for name, (_, sql) in asked.items()}
    return context.query_all(texts, prepare=prepare, timeout=TIMEOUT_S, skip_damaged=True)


def _times(fresh: Mapping[str, pa.Table], questions: Sequence[Question]) -> np.ndarray:
    """When the new rows happened that concern some questions, in microseconds since 1970."""
    wanted = {"activity"}.union(*(q.others for q in questions)) if questions else set()
    columns = [fresh[t]["until" if t == "coverage" else "time"] for t in sorted(wanted & fresh.keys())]
    return np.concatenate([np.array([], np.int64), *(c.drop_null().cast(pa.int64()).to_numpy() for c in columns)])
