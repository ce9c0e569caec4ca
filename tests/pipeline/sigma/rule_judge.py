"""A second reading of Sigma's rules, in plain Python over their YAML: what the compiled ones are compared with.

Written from the specification (https://github.com/SigmaHQ/sigma-specification) and apart from the product: it shares no
line with it and does not use pySigma. An event is a dict from field to text; an absent field is not in it.
"""

from __future__ import annotations

import base64
import fnmatch
import ipaddress
import re
from functools import cache
from itertools import product

DASHES = "-/\u2013\u2014\u2015"


def matches(rule, event):
    """Whether a rule (a parsed YAML document) matches an event."""
    detection = rule["detection"]
    conditions = detection["condition"]
    named = {name: part for name, part in detection.items() if name != "condition"}
    return any(_condition(c, named, event) for c in (conditions if isinstance(conditions, list) else [conditions]))


def _condition(text, named, event):
    tokens = _tokens(text)
    value, rest = _or(tokens, named, event)
    assert not rest, f"left over in {text!r}: {rest}"
    return value


@cache
def _tokens(text):
    return tuple(re.findall(r"[()]|[^\s()]+", text))


def _or(tokens, named, event):
    value, rest = _and(tokens, named, event)
    while rest and rest[0].lower() == "or":
        other, rest = _and(rest[1:], named, event)
        value = value or other
    return value, rest


def _and(tokens, named, event):
    value, rest = _not(tokens, named, event)
    while rest and rest[0].lower() == "and":
        other, rest = _not(rest[1:], named, event)
        value = value and other
    return value, rest


def _not(tokens, named, event):
    if tokens[0].lower() == "not":
        value, rest = _not(tokens[1:], named, event)
        return not value, rest
    if tokens[0] == "(":
        value, rest = _or(tokens[1:], named, event)
        assert rest[0] == ")"
        return value, rest[1:]
    if tokens[0] in {"1", "any", "all"} and tokens[1:2] == ("of",):
        parts = (
            named.values() if tokens[2] == "them" else [named[n] for n in named if fnmatch.fnmatchcase(n, tokens[2])]
        )
        found = (_selection(p, event) for p in parts)
        return (all(found) if tokens[0] == "all" else any(found)), tokens[3:]
    return _selection(named[tokens[0]], event), tokens[1:]


def _selection(part, event):
    if isinstance(part, dict):
        return all(_item(key, value, event) for key, value in part.items())
    if isinstance(part, list):
        return any(_selection(p, event) if isinstance(p, (dict, list)) else _keyword(p, event) for p in part)
    return _keyword(part, event)


def _keyword(word, event):
    return any(_wild("*", str(word), "*").fullmatch(v) for v in event.values())


def _item(key, values, event):
    field, *modifiers = key.split("|")
    listed = values if isinstance(values, list) else [values]
    test = _keyed(field, event)
    found = [any(test(m, v) for m, v in _expanded(value, modifiers)) for value in listed]
    value = all(found) if "all" in modifiers else any(found)
    return not value if "neq" in modifiers else value


def _expanded(value, modifiers):
    """Every (modifiers, value) that a value stands for after the modifiers that change it."""
    values, left = [value], []
    for modifier in modifiers:
        if modifier == "windash":
            values = [w for v in values for w in _windash(v)]
        elif modifier == "wide":
            values = [_text(v).encode("utf-16-le") for v in values]
        elif modifier == "base64":
            values = [base64.b64encode(_bytes(v)).decode() for v in values]
        elif modifier == "base64offset":
            values = [_offset(_bytes(v), i) for v in values for i in range(3)]
        elif modifier not in {"all", "neq"}:
            left.append(modifier)
    return [(left, v) for v in values]


def _text(value):
    return re.sub(r"\\([*?\\])", r"\1", value)


def _bytes(value):
    return value if isinstance(value, bytes) else _text(value).encode()


def _windash(value):
    places = [m.start() for m in re.finditer(r"\B[-/]\b", value)]
    for signs in product(DASHES, repeat=len(places)):
        letters = list(value)
        for place, sign in zip(places, signs, strict=True):
            letters[place] = sign
        yield "".join(letters)


def _offset(data, shift):
    """The base64 of data that stands ``shift`` bytes into a text, without the letters that its neighbours decide."""
    bits = base64.b64encode(b"\0" * shift + data).decode().rstrip("=")
    first = -(-shift * 8 // 6)
    last = (shift + len(data)) * 8 // 6
    return bits[first:last]


def _keyed(field, event):
    there = field in event
    text = event.get(field)

    def test(modifiers, value):  # noqa: PLR0911 - one line for each kind of value
        if "exists" in modifiers:
            return there == value
        if value is None:
            return not there
        if not there:
            return False
        if "re" in modifiers:
            flags = sum({"i": re.IGNORECASE, "m": re.MULTILINE, "s": re.DOTALL}.get(m, 0) for m in modifiers)
            return re.search(value, text, flags) is not None
        if "cidr" in modifiers:
            return _inside(text, value)
        if "fieldref" in modifiers:
            return _related(modifiers, text.lower(), event[value].lower()) if value in event else False
        for name, below in (("lt", -1), ("gt", 1)):
            for modifier, equal in ((name, False), (f"{name}e", True)):
                if modifier in modifiers:
                    return _compared(text, value, below, equal=equal)
        if isinstance(value, bool):
            return text.lower() == str(value).lower()
        if isinstance(value, (int, float)):
            return text == str(value)
        return _pattern(modifiers, value).fullmatch(text) is not None

    return test


def _inside(text, network):
    try:
        return ipaddress.ip_address(text) in ipaddress.ip_network(network)
    except ValueError:
        return False


def _related(modifiers, text, other):
    if "contains" in modifiers:
        return other in text
    if "startswith" in modifiers:
        return text.startswith(other)
    return text.endswith(other) if "endswith" in modifiers else text == other


def _compared(text, value, below, *, equal):
    try:
        number = float(text)
    except ValueError:
        return False
    return (equal and number == value) or (number - value) * below > 0


def _pattern(modifiers, value):
    before = "*" if {"contains", "endswith"} & set(modifiers) else ""
    after = "*" if {"contains", "startswith"} & set(modifiers) else ""
    return _wild(before, value, after, cased="cased" in modifiers)


@cache
def _wild(before, value, after, *, cased=False):
    letters = [before, *re.findall(r"\\[*?\\]|.", value, re.DOTALL), after]
    out = ({"*": ".*", "?": "."}.get(letter) or re.escape(letter[-1:]) for letter in letters)
    return re.compile("".join(out), re.DOTALL | (0 if cased else re.IGNORECASE))
