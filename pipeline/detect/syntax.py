"""DuckDB's own syntax tree of a SELECT, as JSON: taken apart and written as SQL again, so that no second parser has a say."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import duckdb

Tree = dict[str, Any]
"""A piece of the tree; its ``class`` or ``type`` tells what it is."""

_SELECTS = frozenset({"SELECT_NODE", "SET_OPERATION_NODE", "RECURSIVE_CTE_NODE"})


def parsed(connection: duckdb.DuckDBPyConnection, sql: str) -> Tree | None:
    """The tree of a single SELECT; None for anything else."""
    ((text,),) = connection.execute("SELECT json_serialize_sql($1)", [sql]).fetchall()
    tree = json.loads(text)
    return None if tree["error"] or len(tree["statements"]) != 1 else tree["statements"][0]["node"]


def written(connection: duckdb.DuckDBPyConnection, condition: Tree) -> str:
    """A condition as SQL."""
    frame = {"error": False, "statements": [{"node": parsed(connection, "SELECT 1 WHERE true")}]}
    frame["statements"][0]["node"]["where_clause"] = condition  # type: ignore[index]  # JSON of DuckDB's making
    ((text,),) = connection.execute("SELECT json_deserialize_sql($1::JSON)", [json.dumps(frame)]).fetchall()
    return str(text).partition(" WHERE ")[2]


def trees(tree: Any) -> Iterator[Tree]:
    """Every piece of a tree, the whole first."""
    if isinstance(tree, dict):
        yield tree
    for inner in _parts(tree):
        yield from trees(inner)


def selects(tree: Any) -> Iterator[Tree]:
    """The outermost SELECTs within an expression."""
    if isinstance(tree, dict) and tree.get("type") in _SELECTS:
        yield tree
        return
    for inner in _parts(tree):
        yield from selects(inner)


def conjuncts(condition: Tree | None) -> Iterator[Tree]:
    """The parts of a condition that all have to hold."""
    if condition is None:
        return
    if condition["type"] == "CONJUNCTION_AND":
        for part in condition["children"]:
            yield from conjuncts(part)
    else:
        yield condition


def columns(tree: Tree) -> list[list[str]]:
    """The columns that an expression names, each with its qualifiers, in small letters."""
    return [[n.lower() for n in t["column_names"]] for t in trees(tree) if t.get("class") == "COLUMN_REF"]


def bare(tree: Any) -> Any:
    """The same expression with columns that have no qualifiers."""
    if isinstance(tree, list):
        return [bare(t) for t in tree]
    if not isinstance(tree, dict):
        return tree
    made = {name: bare(inner) for name, inner in tree.items()}
    return made | {"column_names": tree["column_names"][-1:]} if tree.get("class") == "COLUMN_REF" else made


def _parts(tree: Any) -> Any:
    return tree.values() if isinstance(tree, dict) else tree if isinstance(tree, list) else ()
