"""Events made from a rule so that it just matches, or just does not: what evasion and odd data would bring.

Each rule gives events that hold what its selections ask for (a few picks of its values, with and without its filters),
and then each of these with a field dropped, emptied, upper-cased, with ``_`` and ``%`` replaced, and with quotes added.
"""

from __future__ import annotations

import ipaddress
import random
import re
from re import _constants as code
from re import _parser as parser

from tests.pipeline.sigma.rule_judge import _expanded, _text

PICKS = 3


def events(rule, seed=0):
    """Distinct events for a rule, always the same ones."""
    rng = random.Random(f"{rule['id']}{seed}")
    named = {n: p for n, p in rule["detection"].items() if n != "condition"}
    asked = [n for n in named if not n.startswith("filter")]
    bases = [_event([_first(named[n]) for n in asked], rng)]
    for _ in range(PICKS):
        some = [n for n in asked if rng.random() < 0.8] or asked
        bases.append(_event([_pick(named[n], rng) for n in some], rng))
    filters = [n for n in named if n not in asked]
    if filters:
        bases.append(_event([_first(named[n]) for n in asked] + [_pick(named[rng.choice(filters)], rng)], rng))
    made = [variant for base in bases for variant in _variants(base)]
    return [dict(e) for e in dict.fromkeys(tuple(sorted(e.items())) for e in made)]


def _variants(event):
    yield event
    yield {f: v.upper() for f, v in event.items()}
    yield {f: v.replace("_", "x").replace("%", "y") for f, v in event.items()}
    yield {f: f"'{v}\"" for f, v in event.items()}
    yield {f: v.replace("\\", "/") for f, v in event.items()}
    for field in event:
        yield {f: v for f, v in event.items() if f != field}
        yield event | {field: ""}


def _first(part):
    return part[0] if isinstance(part, list) and isinstance(part[0], dict) else part


def _pick(part, rng):
    return rng.choice(part) if isinstance(part, list) and isinstance(part[0], dict) else part


def _event(parts, rng):
    """An event that holds what some selections ask for, as well as one text can."""
    wanted = {}
    for part in parts:
        if not isinstance(part, dict):
            words = part if isinstance(part, list) else [part]
            wanted.setdefault("CommandLine", []).append(("contains", _filled(str(rng.choice(words)))))
            continue
        for key, values in part.items():
            field, *modifiers = key.split("|")
            listed = values if isinstance(values, list) else [values]
            for value in listed if "all" in modifiers else [rng.choice(listed)]:
                wanted.setdefault(field, []).extend(_asked(modifiers, value, rng))
    return {f: _whole(w) for f, w in wanted.items() if w}


def _asked(modifiers, value, rng):
    """How a value stands in a field: (place, text); nothing where the field has to be absent."""
    if value is None or "exists" in modifiers:
        return [("whole", "there")] if value is True else []
    if "fieldref" in modifiers:
        return [("whole", "same")]
    if "re" in modifiers:
        return [("contains", _sample(value, modifiers))]
    if "cidr" in modifiers:
        return [("whole", str(next(iter(ipaddress.ip_network(value).hosts()), value)))]
    left, text = rng.choice(_expanded(value, modifiers))
    for place in ("contains", "startswith", "endswith"):
        if place in left:
            return [(place, _filled(str(text)))]
    number = {"lt": -1, "gt": 1}.get(left[0][:2], 0) if left else 0
    return [("whole", str(text + number) if number else _filled(str(text)))]


def _filled(text):
    return _text(re.sub(r"(?<!\\)\*", "x", re.sub(r"(?<!\\)\?", "y", text)))


def _whole(wanted):
    whole = [t for place, t in wanted if place == "whole"]
    if whole:
        return whole[0]
    place = {p: [t for q, t in wanted if q == p] for p in ("startswith", "contains", "endswith")}
    return " ".join([*place["startswith"], *place["contains"]]) + "".join(place["endswith"])


def _sample(expression, modifiers):
    """A short text in which a regular expression is found."""
    flags = sum({"i": re.IGNORECASE, "m": re.MULTILINE, "s": re.DOTALL}.get(m, 0) for m in modifiers)
    return "".join(map(_node, parser.parse(expression, flags)))


def _node(node):  # noqa: PLR0911 - one line for each kind of node
    kind, value = node
    if kind in (code.LITERAL, code.NOT_LITERAL):
        return chr(value) if kind is code.LITERAL else chr(value + 1)
    if kind is code.ANY:
        return "a"
    if kind is code.IN:
        return _member(value)
    if kind in (code.MAX_REPEAT, code.MIN_REPEAT, code.POSSESSIVE_REPEAT):
        return "".join(map(_node, value[2])) * max(value[0], min(1, value[1]))
    if kind is code.SUBPATTERN:
        return "".join(map(_node, value[3]))
    if kind is code.BRANCH:
        return "".join(map(_node, value[1][0]))
    return ""  # an anchor


def _member(members):
    if members[0][0] is code.NEGATE:
        spoken = "".join(_member([m]) for m in members[1:])
        return next(c for c in "aZ0 -_~" if c not in spoken)
    kind, value = members[0]
    if kind is code.CATEGORY:
        return {code.CATEGORY_DIGIT: "1", code.CATEGORY_SPACE: " "}.get(value, "a")
    return chr(value[0] if kind is code.RANGE else value)
