"""What a question needs before it can have an answer: read off its SQL, so that nobody has to declare it.

A question reads from relations, each time under some conditions on single rows (``commands WHERE regexp_matches(line,
…)``). Such a reading without a row leaves most questions without an answer: an inner join needs both of its sides. And a
row that fits none of a question's readings is in none of its hits. So a few cheap looks tell which questions are worth
asking, and of which rows. Doubt costs a question that is asked in vain, never a hit: what is not understood counts as
needing nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from itertools import product

import duckdb

from pipeline.detect.syntax import Tree, bare, columns, conjuncts, parsed, selects, trees, written

_MAX_ALTERNATIVES = 64


@dataclass(frozen=True)
class Condition:
    """A condition on single rows of a relation, as SQL, and the columns that it names."""

    columns: frozenset[str]
    sql: str


@dataclass(frozen=True)
class Reading:
    """A relation as a question reads it: of its rows those for which all conditions hold, or fewer."""

    relation: str
    conditions: tuple[Condition, ...]

    @property
    def where(self) -> str:
        """All conditions as one."""
        return " AND ".join(f"({c.sql})" for c in self.conditions) or "true"


@dataclass(frozen=True)
class Needs:
    """``alternatives``: an answer needs a row in every reading of one of them.

    ``readings``: all of the question, so that a row which is in none of them is in no hit; None where some may be unseen.
    """

    alternatives: tuple[frozenset[Reading], ...]
    readings: frozenset[Reading] | None


Known = Mapping[str, list[frozenset[Reading]]]
"""What the names that a WITH gives need."""

_NOTHING: frozenset[Reading] = frozenset()
NOTHING = Needs((_NOTHING,), None)


def needs(connection: duckdb.DuckDBPyConnection, sql: str, relations: Mapping[str, frozenset[str]]) -> Needs:
    """What a question needs of ``relations`` (their columns, all in small letters)."""
    reader = _Reader(connection, relations)
    try:
        tree = parsed(connection, sql)
        if tree is None:
            return NOTHING
        alternatives = reader.query(tree, {})
    except (KeyError, TypeError, AttributeError, duckdb.Error):  # another DuckDB may write its trees otherwise
        return NOTHING
    named = sum(1 for t in trees(tree) if t.get("type") == "BASE_TABLE" and t["table_name"].lower() in relations)
    return Needs(tuple(alternatives), frozenset(reader.readings) if len(reader.readings) == named else None)


class _Reader:
    def __init__(self, connection: duckdb.DuckDBPyConnection, relations: Mapping[str, frozenset[str]]) -> None:
        self._connection, self._relations = connection, relations
        self.readings: list[Reading] = []

    def query(self, node: Tree, known: Known) -> list[frozenset[Reading]]:
        """What a SELECT, or several put together, needs."""
        names = dict(known)
        for entry in node["cte_map"]["map"]:
            inner = entry["value"].get("query_node") or entry["value"]["query"]["node"]  # DuckDB 2, and before
            names[entry["key"].lower()] = self.query(inner, names)
        if node["type"] == "SELECT_NODE":
            return self._select(node, names)
        if node["type"] == "RECURSIVE_CTE_NODE":
            first = self.query(node["left"], names)
            self.query(node["right"], names | {node["cte_name"].lower(): first})
            return first
        if node["type"] == "SET_OPERATION_NODE":
            parts = [self.query(n, names) for n in (node.get("children") or [node["left"], node["right"]])]
            return _few([a for part in parts for a in part] if node["setop_type"] == "UNION" else parts[0])
        raise KeyError(node["type"])

    def _select(self, node: Tree, names: Known) -> list[frozenset[Reading]]:
        found = self._table(node["from_table"], list(conjuncts(node["where_clause"])), names, alone=True)
        for part in ("select_list", "where_clause", "having", "qualify", "group_expressions", "modifiers"):
            self._unneeded(node[part], names)
        # An aggregate without groups makes a row of none.
        always = not node["group_expressions"] and (node["having"] or _aggregated(node["select_list"]))
        grouped_by_nothing = any(not s for s in node["group_sets"])
        return [_NOTHING] if always or grouped_by_nothing else found

    def _table(self, table: Tree, conditions: list[Tree], names: Known, *, alone: bool) -> list[frozenset[Reading]]:
        """What a table or a join needs; ``conditions`` hold for every row of the result."""
        if table["type"] == "BASE_TABLE":
            name = table["table_name"].lower()
            if name in names:
                return names[name]
            if name not in self._relations:
                return [_NOTHING]
            return [frozenset([self._reading(name, (table["alias"] or name).lower(), conditions, alone=alone)])]
        if table["type"] == "SUBQUERY":
            return self.query(table["subquery"]["node"], names)
        if table["type"] == "JOIN" and table["ref_type"] != "POSITIONAL":
            return self._join(table, conditions, names)
        self._unneeded(table, names)
        return [_NOTHING]

    def _join(self, table: Tree, conditions: list[Tree], names: Known) -> list[frozenset[Reading]]:
        kind, on = table["join_type"], list(conjuncts(table["condition"]))
        both = kind in {"INNER", "SEMI"}
        of_left = [*conditions, *on] if both else conditions if kind == "LEFT" else []
        # A row on the right of a LEFT JOIN that fails a condition of WHERE may still decide what stands there instead.
        of_right = [*conditions, *on] if both else on if kind == "LEFT" else []
        left = self._table(table["left"], of_left, names, alone=False)
        right = self._table(table["right"], of_right, names, alone=False)
        self._unneeded(table["condition"], names)
        if both:
            return _few([a | b for a, b in product(left, right)])
        return left if kind in {"LEFT", "ANTI"} else [_NOTHING]

    def _unneeded(self, tree: object, names: Known) -> None:
        """Note what the SELECTs within an expression read."""
        for inner in selects(tree):
            self.query(inner, names)

    def _reading(self, name: str, called: str, conditions: list[Tree], *, alone: bool) -> Reading:
        mine = [c for c in conditions if _about(c, called, self._relations[name], alone=alone)]
        told = (Condition(frozenset(n[-1] for n in columns(c)), written(self._connection, bare(c))) for c in mine)
        self.readings.append(Reading(name, tuple(told)))
        return self.readings[-1]


def _about(condition: Tree, called: str, known: frozenset[str], *, alone: bool) -> bool:
    """Whether a condition speaks of one row of one table. ``alone``: no other is there that a name without table may mean."""
    if any(t.get("class") in {"SUBQUERY", "WINDOW", "LAMBDA", "STAR"} for t in trees(condition)):
        return False
    named = columns(condition)
    return bool(named) and all(n[-1] in known and (n[:-1] == [called] or (alone and len(n) == 1)) for n in named)


def _aggregated(select_list: object) -> bool:
    """Whether an aggregate is among expressions; one over a window is of another class."""
    return any(t.get("class") == "FUNCTION" and t["function_name"].lower() in _aggregates() for t in trees(select_list))


def _few(alternatives: list[frozenset[Reading]]) -> list[frozenset[Reading]]:
    return alternatives if len(alternatives) <= _MAX_ALTERNATIVES else [_NOTHING]


@lru_cache(maxsize=1)
def _aggregates() -> frozenset[str]:
    with duckdb.connect(":memory:") as connection:
        asked = "SELECT DISTINCT function_name FROM duckdb_functions() WHERE function_type = 'aggregate'"
        return frozenset(name for (name,) in connection.execute(asked).fetchall())
