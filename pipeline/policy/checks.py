"""What the shape of a policy cannot say: doubled ids, keys that could never match, unknown rules.

These checks work on the plain data, not on the model, so that they also speak when another
part of the file has the wrong shape; whatever is not as expected is left to the shape's own errors.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pipeline import schema
from pipeline.policy.source import Location, Problem, Tree

if TYPE_CHECKING:
    from collections.abc import Iterator

_NETWORK_KEYS = ("ip", "port", "protocol", "net")


def problems(tree: Tree) -> list[Problem]:
    """Problems of a document beyond its shape, in no order."""
    data = tree.data if isinstance(tree.data, dict) else {}
    rules: list[tuple[Location, dict[str, Any]]] = [
        (("rules", i), r) for i, r in enumerate(_list(data.get("rules"))) if isinstance(r, dict)
    ]
    found = [*_doubled_ids(tree, rules), *_test_rules(tree, data, rules)]
    for location, rule in rules:
        found += _useless_keys(tree, location, rule)
    return found


def _list(value: Any) -> list[Any]:
    if isinstance(value, str):
        return [value]
    return value if isinstance(value, list) else []


def _doubled_ids(tree: Tree, rules: list[tuple[Location, dict[str, Any]]]) -> Iterator[Problem]:
    first: dict[str, int] = {}
    for location, rule in rules:
        name = rule.get("id")
        if not isinstance(name, str):
            continue
        place = tree.position((*location, "id"))
        if name in first:
            yield Problem(*place, f"rule id '{name}' stands twice, first in line {first[name]}")
        first.setdefault(name, place[0])


def _test_rules(tree: Tree, data: dict[str, Any], rules: list[tuple[Location, dict[str, Any]]]) -> Iterator[Problem]:
    """A test that expects a rule which is not there could only ever fail."""
    known = {r.get("id") for _, r in rules if isinstance(r.get("id"), str)} | {f"default:{s}" for s in schema.SELECTORS}
    for i, test in enumerate(_list(data.get("tests"))):
        rule = test.get("rule") if isinstance(test, dict) else None
        if isinstance(rule, str) and rule not in known:
            yield Problem(*tree.position(("tests", i, "rule")), f"the policy has no rule '{rule}'")


def _useless_keys(tree: Tree, location: Location, rule: dict[str, Any]) -> Iterator[Problem]:
    selectors = [s for s in _list(rule.get("on")) if s in schema.SELECTORS]
    for part in ("match", "unless"):
        keys = rule.get(part)
        if not isinstance(keys, dict):
            continue
        if part == "unless" and not keys:
            yield Problem(
                *tree.position((*location, part)), "'unless' is empty, so the rule could never match: leave it out"
            )
        for key in keys:
            never = [s for s in selectors if not applies(key, s)]
            if never:
                place = tree.position((*location, part, key), key=True)
                yield Problem(
                    *place, f"'{key}' never matches {', '.join(never)}: such events have none; write a rule of its own"
                )


def applies(key: str, selector: str) -> bool:
    """Whether events of a selector can have what a key of ``match`` looks at."""
    classes = {o.activity_class for o in schema.OPERATIONS if selector in o.selectors}
    if key in _NETWORK_KEYS:
        return classes == {"network"}
    if key == "path":
        return classes <= {"file", "network"} or selector == "exec"
    return True
