"""Agentsh's YAML as plain data with the line of every part: anchors, aliases and merges are taken, unknown keys are not.

Its loader (yaml.v3 of Go, with known fields only) decodes into structs, so the type that is wanted decides how a
scalar reads: ``name: 1.0`` is the text "1.0". ``agentsh_shape.py`` has the structs.
"""

from __future__ import annotations

import re
from typing import Any

import yaml

from pipeline.policy.dialects.agentsh.shape import STRUCTS
from pipeline.policy.source import DEEPEST, LARGEST, Location, PolicyError, Problem, Tree
from pipeline.policy.words import near

MOST = 100_000
"""Values of one file with its aliases written out."""

_INT = re.compile(r"[-+]?(0|[1-9][0-9_]*|0x[0-9a-fA-F_]+|0o?[0-7_]+|0b[01_]+)")
_DURATION = re.compile(r"[-+]?(?:(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:ns|us|µs|μs|ms|s|m|h))+|[-+]?0")
_BOOLS = {
    word: value for value, words in ((True, "true yes on y"), (False, "false no off n")) for word in words.split()
}
_NULLS = ("", "~", "null", "Null", "NULL")
_WORDS = {"str": "text", "int": "a whole number", "bool": "true or false", "duration": "a duration such as 5m"}


def read(text: str, filename: str) -> Tree:
    """The policy as nested dicts and lists; raises ``PolicyError`` with everything that the loader refuses."""
    if len(text.encode(errors="surrogatepass")) > LARGEST:
        raise PolicyError(filename, [Problem(1, 1, f"the file is larger than {LARGEST} bytes")])
    node = _compose(text, filename)
    reader = _Reader(filename)
    data = reader.value(node, "Policy", ())
    if reader.problems:
        raise PolicyError(filename, reader.problems)
    return Tree(data, reader.tree.values, reader.tree.keys)


def _compose(text: str, filename: str) -> yaml.Node:
    """The first document of the file."""
    try:
        node = next(iter(yaml.compose_all(text, yaml.SafeLoader)), None)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        where = (mark.line + 1, mark.column + 1) if mark else (1, 1)
        said = ", ".join(part for part in (error.context, error.problem) if part)
        raise PolicyError(filename, [Problem(*where, f"not readable as YAML: {said}")]) from None
    except (yaml.YAMLError, RecursionError) as error:
        raise PolicyError(filename, [Problem(1, 1, f"not readable as YAML: {str(error).splitlines()[0]}")]) from None
    if node is None:
        raise PolicyError(filename, [Problem(1, 1, "the file is empty")])
    return node


class _Reader:
    """Decodes nodes into what a shape wants, and collects problems."""

    def __init__(self, filename: str) -> None:
        self.filename = filename
        self.tree = Tree(None)
        self.problems: list[Problem] = []
        self._count = 0

    def value(self, node: yaml.Node, kind: str, here: Location) -> Any:
        """Data of a node as ``kind``; ``None`` where it is null or wrong."""
        self._count += 1
        place = (node.start_mark.line + 1, node.start_mark.column + 1)
        if self._count > MOST or len(here) > DEEPEST:
            raise PolicyError(self.filename, [Problem(*place, "too many or too deeply nested values")])
        self.tree.values.setdefault(here, place)
        if isinstance(node, yaml.ScalarNode) and node.style is None and node.value in _NULLS and kind != "str":
            return None
        if kind == "any":
            return self._anything(node, here)
        if kind == "Depth" and isinstance(node, yaml.SequenceNode):
            return self._depth(self.value(node, "[str]", here), place)
        if kind.startswith("["):
            return self._list(node, kind[1:-1], here)
        if kind.startswith("{") or kind in STRUCTS:
            return self._mapping(node, kind, here)
        return self._scalar(node, kind)

    def _wrong(self, node: yaml.Node, what: str) -> None:
        place = (node.start_mark.line + 1, node.start_mark.column + 1)
        self.problems.append(Problem(*place, f"{what} is wanted here"))

    def _scalar(self, node: yaml.Node, kind: str) -> Any:
        if not isinstance(node, yaml.ScalarNode):
            return self._wrong(node, _WORDS[kind])
        text = node.value
        if kind == "str":
            return "" if node.style is None and text in _NULLS else text
        quoted = node.style is not None
        if kind == "bool" and not quoted and text.lower() in _BOOLS:
            return _BOOLS[text.lower()]
        if kind == "int" and not quoted and _INT.fullmatch(text):
            return int(re.sub("^([-+]?)0o?([0-7])", r"\g<1>0o\2", text.replace("_", "")), 0)
        if kind == "duration" and _DURATION.fullmatch(text):
            return text
        return self._wrong(node, _WORDS[kind])

    def _list(self, node: yaml.Node, kind: str, here: Location) -> Any:
        if not isinstance(node, yaml.SequenceNode):
            return self._wrong(node, "a list")
        return [self.value(item, kind, (*here, i)) for i, item in enumerate(node.value)]

    def _mapping(self, node: yaml.Node, kind: str, here: Location) -> Any:
        if not isinstance(node, yaml.MappingNode):
            return self._wrong(node, "a mapping")
        data: dict[str, Any] = {}
        merged: dict[str, Any] = {}
        for key, value in node.value:
            name, place = str(key.value), (key.start_mark.line + 1, key.start_mark.column + 1)
            if name == "<<":
                for one in value.value if isinstance(value, yaml.SequenceNode) else [value]:
                    merged = {**(self._mapping(one, kind, here) or {}), **merged}
                continue
            if name in data:
                self.problems.append(Problem(*place, f"key '{name}' stands twice"))
            inner = self._kind_of(name, kind, place)
            if inner:
                self.tree.keys[(*here, name)] = place
                self.tree.values.pop((*here, name), None)
                data[name] = self.value(value, inner, (*here, name))
        return {**merged, **data}

    def _kind_of(self, name: str, kind: str, place: tuple[int, int]) -> str | None:
        if kind.startswith("{"):
            return kind[1:-1]
        known = STRUCTS[kind]
        if name not in known and "*" not in known:
            hint = near(name, known) or "; known here: " + ", ".join(known)
            self.problems.append(Problem(*place, f"unknown key '{name}'{hint}"))
        return known.get(name, known.get("*"))

    def _anything(self, node: yaml.Node, here: Location) -> Any:
        if isinstance(node, yaml.SequenceNode):
            return self._list(node, "any", here)
        return self._mapping(node, "{any}", here) if isinstance(node, yaml.MappingNode) else self._scalar(node, "str")

    def _depth(self, words: Any, place: tuple[int, int]) -> Any:
        """``[direct]``, ``[nested]`` or both as depths; -1 is no limit."""
        odd = [w for w in words or () if w not in ("direct", "nested")]
        if odd:
            self.problems.append(Problem(*place, f"unknown context '{odd[0]}'; known: direct, nested"))
        if not words:
            return {"min_depth": 0, "max_depth": 0}
        return {"min_depth": int("direct" not in words), "max_depth": -1 if "nested" in words else 0}
