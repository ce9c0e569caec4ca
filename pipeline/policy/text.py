"""A policy document as YAML text that people read and ``load`` reads back.

The writer puts short lists and mappings on one line, as policies are written by hand, quotes what our reader or
another one would take for something else than text, and keeps keys in the order of the model.
"""

from __future__ import annotations

import dataclasses
import re
from typing import TYPE_CHECKING, Any

import yaml

from pipeline.policy.model import Document, Match, PolicyTest, Rule, Step, TestEvent

if TYPE_CHECKING:
    from collections.abc import Mapping

WIDTH = 120
_ORDERS: tuple[type, ...] = (Document, Rule, Match, Step, PolicyTest, TestEvent)


_BOOLEAN = re.compile(r"(?i)y|n|yes|no|on|off")
"""Words that other YAML readers take for true or false, and ours for text."""

_NUMBER = re.compile(r"-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][-+]?[0-9]+)?")
"""What our reader takes for a number, and YAML 1.1 partly (``1e5``) for text."""


class _Dumper(yaml.SafeDumper):
    """Plain YAML without aliases; the key ``on`` stays plain, as everybody writes it."""

    def ignore_aliases(self, data: Any) -> bool:  # noqa: ARG002 - PyYAML's signature
        return True

    def represent_mapping(self, tag: str, mapping: Any, flow_style: bool | None = None) -> yaml.MappingNode:
        node = super().represent_mapping(tag, mapping, flow_style)
        for key, _ in node.value:
            if key.value == "on":
                key.style = None
        return node


def _text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    style = None
    if not text.replace("\n", "").isprintable():
        style = '"'  # the other styles lose or change some of these characters
    elif _BOOLEAN.fullmatch(text) or _NUMBER.fullmatch(text):
        style = "'"
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style)


_Dumper.add_representer(str, _text)
_Dumper.yaml_implicit_resolvers = {
    first: [(tag, regexp) for tag, regexp in resolvers if tag != "tag:yaml.org,2002:bool" or first != "o"]
    for first, resolvers in yaml.SafeDumper.yaml_implicit_resolvers.items()
}


def to_yaml(document: Mapping[str, Any], *, comment: str = "") -> str:
    """Text of a document; ``comment`` becomes lines of comment on top."""
    head = "".join(f"# {line}".rstrip() + "\n" for line in comment.splitlines())
    return head + "".join(_section(key, value) for key, value in _ordered(document, Document).items())


def one_line(value: Any) -> str:
    """A value as it stands behind its key; on one line unless a text in it has several."""
    text = yaml.dump(value, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=1 << 30, default_flow_style=True)
    return text.removesuffix("\n").removesuffix("\n...")


def _section(key: str, value: Any) -> str:
    if key in ("rules", "tests") and isinstance(value, list | tuple) and value:
        return f"{key}:\n" + "".join(_item(item) for item in value)
    return _block({key: value}, flow=key not in ("labels", "description"))


def _item(item: Mapping[str, Any]) -> str:
    """One rule (a key a line) or one test (one line where it fits)."""
    shape = PolicyTest if "expect" in item else Rule
    plain = _ordered(item, shape)
    whole = one_line(plain)
    if shape is PolicyTest and len(whole) + 4 <= WIDTH:
        return f"  - {whole}\n"
    lines = "".join(_block({key: value}, flow=True) for key, value in plain.items()).removesuffix("\n").split("\n")
    return f"  - {lines[0]}\n" + "".join(f"    {line}\n" if line else "\n" for line in lines[1:])


def _block(value: Any, *, flow: bool) -> str:
    """One key; its value on the same line where that fits, else as a block."""
    if flow:
        ((key, inner),) = value.items()
        line = f"{key}: {one_line(inner)}"
        if len(line) + 4 <= WIDTH and "\n" not in line:
            return line + "\n"
    return yaml.dump(value, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=WIDTH, default_flow_style=False)


def _ordered(value: Any, shape: type) -> dict[str, Any]:
    """A mapping in the order of a shape's fields (an id before what it does), unknown keys last, all below plain."""
    names = [f.name.rstrip("_") for f in dataclasses.fields(shape)]
    if shape is Rule:
        names = ["id", "title", "on", "match", "unless", "sequence", "within", "by", "action", *names]
    if shape is PolicyTest:
        names = ["event", "events", *names]
    order = {name: i for i, name in reversed(list(enumerate(names)))}
    keys = sorted(value, key=lambda key: order.get(key, len(names)))
    return {key: _plain(value[key]) for key in keys}


def _plain(value: Any) -> Any:
    """Lists for tuples, all the way down."""
    if isinstance(value, dict):
        return {key: _plain(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(inner) for inner in value]
    return value
