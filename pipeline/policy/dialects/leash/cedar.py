"""A parser of Cedar policies: the whole grammar that Leash accepts, with the place of whatever it refuses.

Leash gives each statement to cedar-go, which refuses unknown variables and functions while it parses. So does
this parser; what an accepted expression means for access is found out in ``leash_targets.py``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pipeline.policy.dialects.leash.expressions import Entity, Expressions, Node
from pipeline.policy.dialects.leash.tokens import string_value, tokens

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["Condition", "Entity", "Node", "Scope", "Statement", "parse"]


@dataclass(frozen=True)
class Scope:
    """What the head says of principal, action or resource: ``op`` is empty (anything), ``==``, ``in`` or ``is``."""

    op: str = ""
    type: str = ""
    entities: tuple[Entity, ...] = ()


@dataclass(frozen=True)
class Condition:
    """A ``when`` or ``unless`` with its expression."""

    kind: str
    body: Node


@dataclass(frozen=True)
class Statement:
    """One policy; ``text`` is its source without line breaks."""

    effect: str
    principal: Scope
    action: Scope
    resource: Scope
    conditions: tuple[Condition, ...]
    annotations: Mapping[str, str]
    line: int
    column: int
    text: str


def parse(text: str, filename: str) -> list[Statement]:
    """The statements in order; raises ``PolicyError`` at the first place that is no Cedar."""
    return _Parser(text, filename).statements()


class _Parser(Expressions):
    """Statements; expressions are in ``Expressions``."""

    def __init__(self, text: str, filename: str) -> None:
        super().__init__(tokens(text, filename), filename)
        self._source = text

    def statements(self) -> list[Statement]:
        found = []
        while self.token.kind != "end":
            found.append(self._statement())
        return found

    def _statement(self) -> Statement:
        first = self.token
        annotations = self._annotations()
        effect = self.advance()
        if effect.text not in ("permit", "forbid"):
            self.fail(effect, f"a policy begins with permit or forbid, not '{effect.text}'")
        self.expect("(")
        principal = self._scope("principal")
        self.expect(",")
        action = self._scope("action")
        self.expect(",")
        resource = self._scope("resource")
        self.skip(",")
        self.expect(")")
        conditions = self._conditions()
        end = self.expect(";")
        text = " ".join(self._source[first.at : end.at + 1].split())
        return Statement(
            effect.text, principal, action, resource, conditions, annotations, effect.line, effect.column, text
        )

    def _annotations(self) -> dict[str, str]:
        found: dict[str, str] = {}
        while self.skip("@"):
            name = self.advance()
            if name.kind not in ("name", "reserved"):
                self.fail(name, f"an annotation needs a name, not '{name.text}'")
            if name.text in found:
                self.fail(name, f"annotation '@{name.text}' stands twice")
            self.expect("(")
            found[name.text] = self._string()
            self.expect(")")
        return found

    def _string(self) -> str:
        token = self.advance()
        if token.kind != "string":
            self.fail(token, f"a text in double quotes is wanted, not '{token.text}'")
        return string_value(token, self.filename)

    def _scope(self, name: str) -> Scope:
        self.expect(name)
        if self.skip("=="):
            return Scope("==", "", (self.entity(),))
        if name != "action" and self.skip("is"):
            of = self.path()
            return Scope("is", of, (self.entity(),) if self.skip("in") else ())
        if not self.skip("in"):
            return Scope()
        if name == "action" and self.skip("["):
            return Scope("in", "", self._entities())
        return Scope("in", "", (self.entity(),))

    def _entities(self) -> tuple[Entity, ...]:
        found = []
        while not self.skip("]"):
            found.append(self.entity())
            if self.token.text != "]":
                self.expect(",")
        return tuple(found)

    def _conditions(self) -> tuple[Condition, ...]:
        found = []
        while self.token.text in ("when", "unless"):
            kind = self.advance().text
            self.expect("{")
            found.append(Condition(kind, self.expression()))
            self.expect("}")
        return tuple(found)
