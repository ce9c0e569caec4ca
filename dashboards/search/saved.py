"""Searches that people saved under a name, for all: rows of ``console``, the newest of a name wins."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from dashboards import context, data, who
from dashboards.interface import DashboardError, Role

LONGEST_NAME = 80


def all_of_them() -> dict[str, dict[str, Any]]:
    """Saved searches by name: their address as a mapping. What cannot be read is left out."""
    found = {}
    for row in data.ask("audit_saved").to_pylist():
        try:
            query = json.loads(row["detail"])["query"]
        except (ValueError, TypeError, KeyError):
            continue
        if isinstance(query, dict):
            found[row["name"]] = query
    return found


def save(name: str, query: Mapping[str, Any]) -> None:
    """Keep a search for all, in place of one of the same name. Raises ``DashboardError``."""
    name = name.strip()
    if not name or len(name) > LONGEST_NAME or not name.isprintable():
        raise DashboardError(f"a saved search has a name of at most {LONGEST_NAME} printable characters")
    account = who.demand(Role.analyst)
    context.ports().journal.write(
        account, "save_search", outcome="success", object=name, page="audit", detail={"query": dict(query)}
    )
    data.forget()


def drop(name: str) -> None:
    """Keep it no more. Raises ``DashboardError``."""
    account = who.demand(Role.analyst)
    context.ports().journal.write(account, "drop_search", outcome="success", object=name, page="audit")
    data.forget()
