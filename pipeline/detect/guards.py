"""Looks that tell whether a question is worth asking: SQL variables, on which it depends what is asked at all.

What a question needs is looked for one after the other, what is cheap first; what comes after a look that found nothing
is not looked for. DuckDB puts variables in while it plans: ``WHERE getvariable(…)`` of a false one reads nothing, and
``query`` of a text that depends on them does not even plan the other (planning a question takes 50 ms where it reads Parquet).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

from pipeline.detect.needs import Needs, Reading

NO_ROWS = "SELECT NULL AS time, NULL AS host, NULL AS agent_run, NULL AS evidence WHERE false"
"""The answer of a question that is not asked; its columns have no types."""


class Guards:
    """Statements that look over one set of relations, and the conditions that they answer."""

    def __init__(self, name: str, few: Collection[str] = (), relations: Mapping[str, str] | None = None) -> None:
        """``name`` begins the variables'. ``few``: relations that are cheap to read. ``relations``: where none are there by name."""
        self.statements: list[str] = []
        self._name, self._few = name, few
        parts = ", ".join(f'"{n}" AS NOT MATERIALIZED (\n{sql}\n)' for n, sql in (relations or {}).items())
        self._with = f"WITH {parts} " if parts else ""
        self._known: dict[tuple[Reading, str], str] = {}

    def guarded(self, needs: Needs, text: str) -> str:
        """A question with these needs, which is asked only where it may have an answer; else it has no rows."""
        told, nothing = (f"'{t.replace(chr(39), chr(39) * 2)}'" for t in (text, NO_ROWS))
        return f"FROM query(CASE WHEN {self.condition(needs)} THEN {told} ELSE {nothing} END)"

    def condition(self, needs: Needs) -> str:
        """SQL, true unless a question with these needs has no answer."""
        return " OR ".join(f"({self._all(alternative)})" for alternative in needs.alternatives)

    def _all(self, readings: Collection[Reading]) -> str:
        so_far = "true"
        for reading in sorted(readings, key=lambda r: (r.relation not in self._few, not r.conditions, repr(r))):
            name = self._known.get((reading, "true")) or self._known.get((reading, so_far))
            if name is None:
                name = self._known[reading, so_far] = f"{self._name}{len(self.statements)}"
                self.statements.append(self._look(name, reading, so_far))
            there = f"getvariable('{name}')"
            so_far = there if so_far == "true" else f"{so_far} AND {there}"
        return so_far

    def _look(self, name: str, reading: Reading, so_far: str) -> str:
        one = f'{self._with}SELECT 1 FROM "{reading.relation}" WHERE {so_far} AND {reading.where} LIMIT 1'  # noqa: S608 - a question's own text
        return f"SET VARIABLE {name} = (SELECT count(*) > 0 FROM (\n{one}\n))"  # noqa: S608 - as above
