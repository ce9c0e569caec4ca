"""The field list of ECS as Elastic publishes it in its package for JavaScript, and what it says of a document."""

from __future__ import annotations

import ipaddress
import json
import shutil
import subprocess
from collections.abc import Iterator
from datetime import datetime
from functools import cache
from typing import Any

import pytest

from pipeline.export.formats.ecs_records import VERSION
from tests.npm import npm_package

OURS = "lictor"
"""The product's own namespace, of which ECS says nothing."""


@cache
def fields() -> dict[str, dict[str, Any]]:
    """By dotted name: type, normalization, allowed values. Skips where Node.js or the registry is absent."""
    node = shutil.which("node")
    if node is None:
        pytest.skip("no node to read the field list of @elastic/ecs: install Node.js with npm")
    folder = npm_package("@elastic/ecs", VERSION)
    wanted = "process.stdout.write(JSON.stringify(require(process.argv[1]).EcsFlat))"
    said = subprocess.run([node, "-e", wanted, str(folder)], capture_output=True, check=True, timeout=60)
    found: dict[str, dict[str, Any]] = json.loads(said.stdout)
    return found


def faults(document: dict[str, Any]) -> list[str]:
    """Everything that ECS has no field for, or that its field cannot hold."""
    return [fault for name, value in leaves(document) for fault in _faults(name, value)] + _unexpected(
        document["event"]
    )


def leaves(value: Any, name: str = "") -> Iterator[tuple[str, Any]]:
    """Every member that is no object, with its dotted name."""
    if isinstance(value, dict) and value:
        for key, inner in value.items():
            if name or key != OURS:
                yield from leaves(inner, f"{name}.{key}" if name else key)
    else:
        yield name, value


def _faults(name: str, value: Any) -> Iterator[str]:
    field = fields().get(name)
    if field is None:
        yield f"{name}: no field of ECS"
        return
    if isinstance(value, list) != ("array" in field["normalize"]):
        yield f"{name}: a list where ECS has none, or none where it has one"
    allowed = {a["name"] for a in field.get("allowed_values", ())}
    for one in value if isinstance(value, list) else [value]:
        if not _holds(field["type"], one):
            yield f"{name}: {one!r} is no {field['type']}"
        if allowed and one not in allowed:
            yield f"{name}: {one!r} is not allowed"


def _holds(type_: str, value: Any) -> bool:
    if type_ in {"long", "integer"}:
        return type(value) is int and -(2**63) <= value < 2**63
    if type_ == "ip":
        return bool(ipaddress.ip_address(value))
    if type_ == "date":
        return datetime.fromisoformat(value).tzinfo is not None
    return isinstance(value, str)


def _unexpected(event: dict[str, Any]) -> list[str]:
    """Types of event that ECS does not expect in a category."""
    expected = {a["name"]: set(a["expected_event_types"]) for a in fields()["event.category"]["allowed_values"]}
    allowed = set().union(*(expected[c] for c in event["category"]))
    return [f"event.type {t!r} in {event['category']}" for t in event["type"] if t not in allowed]
