"""YAML as OpenShell's own reader takes it: anchors, tags and quoted keys are fine, a second document is not.

The nodes keep their line and column; what a scalar means is decided where the wanted type is known
(``openshell_shape``), since ``10`` is a text where a text is wanted.
"""

from __future__ import annotations

import re

import yaml

from pipeline.policy.source import LARGEST, PolicyError, Problem

DEEPEST = 128
"""Nested lists and mappings; OpenShell's reader has the same limit."""

NULLS = ("", "~", "null", "Null", "NULL")
FLAGS = {"true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False}

_WHOLE = re.compile(r"([+-]?)(?:0x([0-9a-fA-F]+)|0o([0-7]+)|0b([01]+)|(0|[1-9][0-9]*))")
_FLOAT = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
_WORDS = (".inf", ".Inf", ".INF", ".nan", ".NaN", ".NAN")


class _Loader(yaml.SafeLoader):
    """SafeLoader that lets an anchor be set again, as OpenShell's reader does, and stops at its depth."""

    depth = 0

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        event = self.peek_event()  # type: ignore[no-untyped-call]  # PyYAML's types leave it out
        self.depth += 1
        if self.depth > DEEPEST:
            raise yaml.composer.ComposerError(None, None, f"nested deeper than {DEEPEST} levels", event.start_mark)
        if not isinstance(event, yaml.AliasEvent):
            self.anchors.pop(getattr(event, "anchor", None), None)
        node = super().compose_node(parent, index)
        self.depth -= 1
        return node


def compose(text: str, filename: str) -> yaml.Node | None:
    """The nodes of a document, ``None`` for none; raises ``PolicyError`` where it is no YAML."""
    if len(text.encode(errors="surrogatepass")) > LARGEST:
        raise PolicyError(filename, [Problem(1, 1, f"the file is larger than {LARGEST} bytes")])
    try:
        return _Loader(text).get_single_node()
    except yaml.reader.ReaderError as error:
        before = text[: error.position]
        where = before.count("\n") + 1, len(before) - before.rfind("\n")
        found = f"character U+{ord(text[error.position]):04X} is not allowed in YAML"
        raise PolicyError(filename, [Problem(*where, found)]) from None
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        where = (mark.line + 1, mark.column + 1) if mark else (1, 1)
        said = ", ".join(part for part in (error.context, error.problem) if part)
        raise PolicyError(filename, [Problem(*where, f"not readable as YAML: {said}")]) from None
    except RecursionError:
        raise PolicyError(filename, [Problem(1, 1, "not readable as YAML: nested too deep")]) from None


def place(node: yaml.Node) -> tuple[int, int]:
    """Line and column, counted from 1."""
    return node.start_mark.line + 1, node.start_mark.column + 1


def is_plain(node: yaml.Node) -> bool:
    """Whether a scalar stands without quotes, so that it may be something else than text."""
    return isinstance(node, yaml.ScalarNode) and node.style is None


def whole(text: str) -> int | None:
    """A whole number: decimal without leading zeros, or with ``0x``, ``0o``, ``0b``."""
    found = _WHOLE.fullmatch(text)
    if not found:
        return None
    digits = next(i for i in (2, 3, 4, 5) if found[i] is not None)
    value = int(found[digits], {2: 16, 3: 8, 4: 2, 5: 10}[digits])
    return -value if found[1] == "-" else value


def scalar(node: yaml.ScalarNode) -> str | int | float | bool | None:
    """What a scalar is where no type is wanted."""
    text = node.value
    if not is_plain(node):
        return str(text)
    if text in NULLS:
        return None
    if text in FLAGS:
        return FLAGS[text]
    number = whole(text)
    if number is not None:
        return number
    if text.lstrip("+-") in _WORDS:
        return float(text.lower().replace(".", ""))
    leading_zero = re.fullmatch(r"[+-]?0[0-9]+", text)
    return float(text) if _FLOAT.fullmatch(text) and not leading_zero else str(text)
