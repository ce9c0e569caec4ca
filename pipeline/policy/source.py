"""YAML text as plain data, with the line and column of every key and value.

PyYAML's composer gives the nodes; the few rules of this module keep a policy as simple as the
JSON it stands for: no anchors (an alias can blow up a small file), no tags, no YAML 1.1
surprises (``on`` is a key and not "true", ``22:80`` is text and not a number in base 60), no
key twice. All problems of a file are collected, so that one reading is enough to mend it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import yaml

from pipeline.policy.quick_yaml import GiveUpError, quick_tree

if TYPE_CHECKING:
    from collections.abc import Iterable

LARGEST = 1 << 20
"""Bytes of one policy file; far above any real one, and quick to refuse."""

DEEPEST = 16
"""Nested lists and mappings; the language itself needs six."""

Location = tuple[str | int, ...]
"""Keys and list positions from the top of the document to a value."""

_INT = re.compile(r"-?(0|[1-9][0-9]*)")
_FLOAT = re.compile(r"-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][-+]?[0-9]+)?")
_WORDS = {"true": True, "false": False, "True": True, "False": False, "null": None, "~": None, "": None}


@dataclass(frozen=True, order=True)
class Problem:
    """One thing that is wrong, and where (line and column count from 1); ``file`` where it is not the one being read."""

    line: int
    column: int
    message: str
    file: str = ""


class PolicyError(ValueError):
    """A policy cannot be used: one line ``file:line:column: message`` for each problem, in order."""

    def __init__(self, filename: str, problems: Iterable[Problem]) -> None:
        self.filename = filename
        self.problems = tuple(sorted(set(problems)))
        super().__init__("\n".join(f"{p.file or filename}:{p.line}:{p.column}: {p.message}" for p in self.problems))


@dataclass(frozen=True)
class Tree:
    """Plain data of a document and where its parts stand."""

    data: Any
    values: dict[Location, tuple[int, int]] = field(default_factory=dict)
    keys: dict[Location, tuple[int, int]] = field(default_factory=dict)

    def position(self, location: Location, *, key: bool = False) -> tuple[int, int]:
        """Line and column of a value (or of its key); of the nearest part around it where it is absent."""
        if key and location in self.keys:
            return self.keys[location]
        while location not in self.values:
            location = location[:-1]
        return self.values[location]


class _Loader(yaml.SafeLoader):
    """SafeLoader that stops at an alias or anchor and at a depth that no policy needs."""

    depth = 0

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        event = self.peek_event()  # type: ignore[no-untyped-call]  # PyYAML's types leave it out
        self.depth += 1
        refusal = self._refusal(event)
        if refusal:
            raise yaml.composer.ComposerError(None, None, refusal, event.start_mark)
        node = super().compose_node(parent, index)
        self.depth -= 1
        return node

    def _refusal(self, event: yaml.Event) -> str | None:
        if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None):
            return "anchors and aliases are refused: write the value out"
        tag = getattr(event, "tag", None)
        if tag:
            return f"tags such as '{tag}' are refused"
        return f"nested deeper than {DEEPEST} levels" if self.depth > DEEPEST else None


def read_tree(text: str, filename: str) -> Tree:
    """Data and positions of a YAML document; raises ``PolicyError``, also for doubled keys."""
    if len(text.encode(errors="surrogatepass")) > LARGEST:
        raise PolicyError(filename, [Problem(1, 1, f"the file is larger than {LARGEST} bytes")])
    quick = Tree(None)
    try:
        return Tree(quick_tree(text, quick.values, quick.keys, _scalar, DEEPEST), quick.values, quick.keys)
    except GiveUpError:
        pass  # the slow way tells what is wrong
    node = _compose(text, filename)
    problems: list[Problem] = []
    tree = Tree(None)
    data = _data(node, (), tree, problems)
    if problems:
        raise PolicyError(filename, problems)
    return Tree(data, tree.values, tree.keys)


def _compose(text: str, filename: str) -> yaml.Node:
    try:
        loader = _Loader(text)
        node = loader.get_single_node()
    except yaml.reader.ReaderError as error:
        before = text[: error.position]
        where = before.count("\n") + 1, len(before) - before.rfind("\n")
        raise PolicyError(
            filename, [Problem(*where, f"character U+{ord(text[error.position]):04X} is not allowed in YAML")]
        ) from None
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        where = (mark.line + 1, mark.column + 1) if mark else (1, 1)
        said = ", ".join(part for part in (error.context, error.problem) if part)
        raise PolicyError(filename, [Problem(*where, f"not readable as YAML: {said}")]) from None
    if node is None:
        raise PolicyError(filename, [Problem(1, 1, "the file is empty; a policy begins with 'lictor: 1'")])
    return node


def _place(node: yaml.Node) -> tuple[int, int]:
    return node.start_mark.line + 1, node.start_mark.column + 1


def _data(node: yaml.Node, here: Location, tree: Tree, problems: list[Problem]) -> Any:
    """Plain data of a node; fills the positions of ``tree`` and collects ``problems``."""
    tree.values[here] = _place(node)
    if isinstance(node, yaml.MappingNode):
        return _mapping(node, here, tree, problems)
    if isinstance(node, yaml.SequenceNode):
        return [_data(item, (*here, i), tree, problems) for i, item in enumerate(node.value)]
    return _scalar(node.value, quoted=node.style is not None)  # type: ignore[attr-defined]  # only scalars are left


def _mapping(node: yaml.MappingNode, here: Location, tree: Tree, problems: list[Problem]) -> dict[str, Any]:
    data: dict[str, Any] = {}
    for key, value in node.value:
        if not isinstance(key, yaml.ScalarNode):
            problems.append(Problem(*_place(key), "a key must be plain text"))
            continue
        if key.value in data:
            first = tree.keys[(*here, key.value)][0]
            problems.append(Problem(*_place(key), f"key '{key.value}' stands twice, first in line {first}"))
            continue
        tree.keys[(*here, key.value)] = _place(key)
        data[key.value] = _data(value, (*here, key.value), tree, problems)
    return data


def _scalar(text: str, *, quoted: bool) -> Any:
    """Text, whole number, number, true, false or null, as JSON has them."""
    if quoted:
        return text
    if text in _WORDS:
        return _WORDS[text]
    if _INT.fullmatch(text) and len(text) < 20:
        return int(text)
    return float(text) if _FLOAT.fullmatch(text) else text
