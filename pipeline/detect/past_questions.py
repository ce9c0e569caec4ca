"""Questions that put rows together: asked of the lake, around the rows that are new.

From the look-back before the oldest new row to as much behind the newest (a late row may be the first half of a pair
whose other half is there); only matches with a new row in them count. A question that no new row concerns, or that lacks
something it needs in all that time, costs a look.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from functools import cached_property

import duckdb
import numpy as np
import pyarrow as pa

from pipeline.detect.evidence import touching
from pipeline.detect.guards import Guards
from pipeline.detect.interface import IDENTITY, Context, Detector
from pipeline.detect.needs import NOTHING, Needs, Reading, needs
from pipeline.detect.question import TIMEOUT_S, Question, columns_of_hits, hits_of, locked_down
from pipeline.detect.relations import Relations, columns_of, made_once
from pipeline.detect.spans import FIRST, LAST, spans
from pipeline.lake.errors import QueryError, log_warning

NEAR = timedelta(minutes=20)
"""Questions that look back no further share relations that are made once, and see as far as the furthest of them."""

MAX_LOOKED_AT = 50_000
"""New rows in which each question's conditions are looked for first; more of them concern most questions anyway."""

Asked = dict[str, tuple[Question, str]]
"""Questions with their texts, by a name for the answer."""


class PastQuestions(Detector):
    """Questions over the lake. ``relations``: what those with a ``bare`` text read from; ``few``: see ``made_once``."""

    whole = True

    def __init__(
        self, questions: Sequence[Question], relations: Relations | None = None, few: Collection[str] = (), *,
        report: Callable[[str], None] = log_warning,
    ) -> None:  # fmt: skip
        self._questions, self._relations, self._few, self._report = questions, relations, few, report
        self.detections = [q.detection for q in questions]
        self.tables = frozenset({"activity"}.union(*(q.others for q in questions)))

    def detect(self, fresh: Mapping[str, pa.Table], context: Context) -> Iterator[pa.Table]:
        """See ``Detector``."""
        new = fresh["activity"].select(IDENTITY) if "activity" in fresh else None
        with locked_down() as connection:
            for question, found in self._answers(self._concerned(fresh), fresh, context):
                if isinstance(found, QueryError):
                    self._report(f"{question.detection.id}: {found}")
                    continue
                hits = hits_of(question.detection, found)
                if not question.others:
                    hits = touching(connection, hits, new) if new is not None else hits.slice(0, 0)
                yield hits

    @cached_property
    def _needs(self) -> Mapping[str, Needs]:
        """What each question needs, by the id of its detection."""
        known = columns_of(self._relations(FIRST, LAST)) if self._relations else {}
        with locked_down() as connection:
            return {q.detection.id: needs(connection, q.bare(FIRST, LAST), known) if q.bare else NOTHING for q in self._questions}  # fmt: skip

    def _concerned(self, fresh: Mapping[str, pa.Table]) -> list[Question]:
        """Questions of which a new row can be part of an answer."""
        rows = fresh.get("activity")
        if rows is None:
            return [q for q in self._questions if q.others]
        if self._relations is None or "operation" not in rows.schema.names or rows.num_rows > MAX_LOOKED_AT:
            return list(self._questions)
        relations = self._relations(FIRST, LAST)
        texts = [q.bare(FIRST, LAST) for q in self._questions if q.bare]
        with locked_down() as connection:
            connection.register("activity", rows)
            try:
                for statement in made_once(relations, texts, list(relations)[:1]):
                    connection.execute(statement)
            except duckdb.Error:
                return list(self._questions)
            there: dict[Reading, bool] = {}
            return [q for q in self._questions if q.others or self._touched(connection, q, there)]

    def _touched(self, connection: duckdb.DuckDBPyConnection, question: Question, there: dict[Reading, bool]) -> bool:
        readings = self._needs[question.detection.id].readings
        if readings is None:
            return True
        for reading in readings - there.keys():
            there[reading] = _there(connection, reading)
        return any(there[r] for r in readings)

    def _answers(
        self, questions: Sequence[Question], fresh: Mapping[str, pa.Table], context: Context
    ) -> Iterator[tuple[Question, pa.Table | QueryError]]:
        near = [q for q in questions if self._relations and q.bare and q.lookback <= NEAR]
        # The span is that of all of them, asked or not: what a question sees depends on no other.
        reach = max((q.lookback for q in self._questions if q.bare and q.lookback <= NEAR), default=timedelta(0))
        stretches = spans(_times(fresh, near), reach)
        together = near if len(stretches) == 1 else []
        asked, prepare = self._one_by_one([q for q in questions if q not in together], fresh)
        if together:
            shared, made = self._together(together, *stretches[0])
            asked, prepare = asked | shared, [*made, *prepare]
        try:
            answers = _ask(asked, context, prepare)
        except QueryError as error:
            if not prepare:
                raise
            self._report(f"{len(questions)} detections are asked one by one, since together: {error}")
            asked, _ = self._one_by_one(questions, fresh, guarded=False)
            answers = _ask(asked, context)
        yield from ((q, answers[name]) for name, (q, _) in asked.items())

    def _together(self, questions: Sequence[Question], *span: datetime) -> tuple[Asked, list[str]]:
        """Questions over relations that are made once, and what makes them."""
        assert self._relations is not None
        texts = {q.detection.id: columns_of_hits(q.bare(*span)) for q in questions if q.bare}
        guards = Guards("together", self._few)
        asked = {
            q.detection.id: (q, self._guarded(q, texts[q.detection.id], guards)) for q in self._by_needs(questions)
        }
        return asked, [*made_once(self._relations(*span), texts.values(), self._few), *guards.statements]

    def _one_by_one(
        self, questions: Sequence[Question], fresh: Mapping[str, pa.Table], *, guarded: bool = True
    ) -> tuple[Asked, list[str]]:
        """Each question, once for every stretch of time around new rows, and what goes before them."""
        asked: Asked = {}
        looks: dict[object, Guards] = {}
        for q in self._by_needs(questions):
            for number, span in enumerate(spans(_times(fresh, [q]), q.lookback)):
                text = columns_of_hits(q.sql(*span))
                if guarded and self._relations and q.bare:
                    if span not in looks:
                        looks[span] = Guards(f"alone{len(looks)}_", self._few, self._relations(*span))
                    text = self._guarded(q, text, looks[span])
                asked[f"{number}:{q.detection.id}"] = (q, text)
        return asked, [s for guards in looks.values() for s in guards.statements]

    def _by_needs(self, questions: Sequence[Question]) -> list[Question]:
        """Those with few needs first: what they look for serves the others as well."""
        return sorted(questions, key=lambda q: max(map(len, self._needs[q.detection.id].alternatives)))

    def _guarded(self, question: Question, text: str, guards: Guards) -> str:
        return guards.guarded(self._needs[question.detection.id], text)


def _there(connection: duckdb.DuckDBPyConnection, reading: Reading) -> bool:
    """Whether a relation has rows that fit; doubt is a yes."""
    try:
        return bool(connection.execute(f'SELECT 1 FROM "{reading.relation}" WHERE {reading.where} LIMIT 1').fetchall())  # noqa: S608 - a question's own text
    except duckdb.Error:
        return True


def _ask(asked: Asked, context: Context, prepare: Sequence[str] = ()) -> Mapping[str, pa.Table | QueryError]:
    if not asked:
        return {}
    texts = {name: sql for name, (_, sql) in asked.items()}
    return context.query_all(texts, prepare=prepare, timeout=TIMEOUT_S, skip_damaged=True)


def _times(fresh: Mapping[str, pa.Table], questions: Sequence[Question]) -> np.ndarray:
    """When the new rows happened that concern some questions, in microseconds since 1970."""
    wanted = {"activity"}.union(*(q.others for q in questions)) if questions else set()
    columns = [fresh[t]["until" if t == "coverage" else "time"] for t in sorted(wanted & fresh.keys())]
    return np.concatenate([np.array([], np.int64), *(c.drop_null().cast(pa.int64()).to_numpy() for c in columns)])
