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

_NETWORK_KEYS = ("ip", "port", "protocol", "net", "domain")
_EXEC_KEYS = ("argv", "exe_hash")
_STATEFUL_KEYS = ("rate", "taint")


def problems(tree: Tree) -> list[Problem]:
    """Problems of a document beyond its shape, in no order."""
    data = tree.data if isinstance(tree.data, dict) else {}
    rules: list[tuple[Location, dict[str, Any]]] = [
        (("rules", i), r) for i, r in enumerate(_list(data.get("rules"))) if isinstance(r, dict)
    ]
    found = [*_doubled_ids(tree, rules), *_tests(tree, data, rules)]
    for location, rule in rules:
        found += _useless_keys(tree, location, rule)
        found += _sequence(tree, location, rule)
        found += _modes(tree, location, rule, data.get("mode"))
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


def _tests(tree: Tree, data: dict[str, Any], rules: list[tuple[Location, dict[str, Any]]]) -> Iterator[Problem]:
    """A test that expects a rule which is not there could only ever fail; one without an event says nothing."""
    for i, test in enumerate(_list(data.get("tests"))):
        if isinstance(test, dict) and (test.get("event") is None) == (test.get("events") is None):
            yield Problem(*tree.position(("tests", i)), "a test has either 'event' or 'events'")
    if data.get("include"):
        return  # rules of other files are known later
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
            if part == "unless" and key in _STATEFUL_KEYS:
                place = tree.position((*location, part, key), key=True)
                yield Problem(*place, f"'{key}' cannot be an exception: what was is told by 'match' only")
                continue
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
    if key in _EXEC_KEYS:
        return selector == "exec"
    if key in ("path", "label"):
        return classes <= {"file", "network", "registry"} or selector in ("exec", "image.load", "script.run")
    return True


def _sequence(tree: Tree, location: Location, rule: dict[str, Any]) -> Iterator[Problem]:
    """A rule is about single events or about a sequence of them, and a sequence begins and ends with something."""
    steps = rule.get("sequence")
    if steps is None:
        yield from _single(tree, location, rule)
        return
    for key in ("on", "match", "unless"):
        if key in rule:
            yield Problem(*tree.position((*location, key), key=True), f"'{key}' stands in the steps of a sequence")
    if rule.get("within") is None:
        yield Problem(
            *tree.position((*location, "sequence"), key=True), "a sequence needs 'within', such as within: 60s"
        )
    if not isinstance(steps, list) or not all(isinstance(step, dict) for step in steps):
        return
    for i, step in enumerate(steps):
        here = (*location, "sequence", i)
        yield from _useless_keys(tree, here, step)
        yield from _step(tree, here, step, edge=i in (0, len(steps) - 1))
    if len(steps) == 1 and steps[0].get("count", 1) == 1:
        yield Problem(
            *tree.position((*location, "sequence"), key=True), "one event is no sequence: use 'on' and 'match'"
        )


def _step(tree: Tree, here: Location, step: dict[str, Any], *, edge: bool) -> Iterator[Problem]:
    negated = step.get("not") is True
    if negated and edge:
        yield Problem(*tree.position((*here, "not"), key=True), "a sequence neither begins nor ends with 'not'")
    if negated and "count" in step:
        yield Problem(*tree.position((*here, "count"), key=True), "what must not be there cannot be counted")
    if isinstance(step.get("match"), dict) and "rate" in step["match"]:
        yield Problem(*tree.position((*here, "match", "rate"), key=True), "in a sequence, write 'count' and 'within'")


def _single(tree: Tree, location: Location, rule: dict[str, Any]) -> Iterator[Problem]:
    if rule.get("on") is None:
        yield Problem(*tree.position(location), "'on' is missing")
    for key in ("within", "by"):
        if key in rule:
            yield Problem(*tree.position((*location, key), key=True), f"'{key}' belongs to a sequence")
    match = rule.get("match")
    if rule.get("action") == "allow" and isinstance(match, dict):
        for key in _STATEFUL_KEYS:
            if key in match:
                place = tree.position((*location, "match", key), key=True)
                yield Problem(*place, f"'{key}' cannot allow: it tells of what was, and allowing lifts a default")


def _modes(tree: Tree, location: Location, rule: dict[str, Any], mode: Any) -> Iterator[Problem]:
    if rule.get("mode") == "enforce" and mode == "audit":
        yield Problem(*tree.position((*location, "mode")), "the policy is in mode audit, which stops nothing")
    if "sequence" in rule and rule.get("action") == "allow":
        yield Problem(*tree.position((*location, "action")), "a sequence cannot allow: use 'audit' or stronger")
