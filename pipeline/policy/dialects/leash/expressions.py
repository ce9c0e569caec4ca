"""Expressions of Cedar, by recursive descent: one method for each level of the grammar.

A tree of ``Node`` comes out. Nothing is evaluated here.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NoReturn

from pipeline.policy.dialects.leash.tokens import Token, string_value
from pipeline.policy.source import PolicyError, Problem

if TYPE_CHECKING:
    from collections.abc import Sequence

VARIABLES = ("principal", "action", "resource", "context")
FUNCTIONS = ("decimal", "ip", "datetime", "duration")
METHODS = frozenset({
    "contains", "containsAll", "containsAny", "hasTag", "getTag", "isEmpty", "lessThan", "lessThanOrEqual", "greaterThan",
    "greaterThanOrEqual", "isIpv4", "isIpv6", "isLoopback", "isMulticast", "isInRange", "toDate", "toTime", "toDays",
    "toHours", "toMinutes", "toSeconds", "toMilliseconds", "offset", "durationSince",
})  # fmt: skip
_RELATIONS = ("<", "<=", ">", ">=", "!=", "==", "in")

DEEPEST = 40
LONGEST = 200
"""Nested expressions, and members of a chain; far above any real policy, and below what Python's stack can hold."""


@dataclass(frozen=True)
class Entity:
    """``Type::"id"``."""

    type: str
    id: str


@dataclass(frozen=True)
class Node:
    """``op`` is an operator or the kind of a leaf (``text``, ``entity``, ``var`` …); ``value`` is what a leaf holds."""

    op: str
    args: tuple[Node, ...] = ()
    value: str | Entity = ""


class Expressions:
    """A position in a list of tokens, and the expressions that begin there."""

    def __init__(self, found: Sequence[Token], filename: str) -> None:
        self._tokens = found
        self._at = 0
        self._depth = 0
        self.filename = filename

    @property
    def token(self) -> Token:
        """The next token."""
        return self._tokens[self._at]

    def advance(self) -> Token:
        """Take the next token; the end of the file stays."""
        token = self.token
        self._at += token.kind != "end"
        return token

    def skip(self, text: str) -> bool:
        """Take the next token where it is ``text``."""
        if self.token.text != text or self.token.kind == "string":
            return False
        self.advance()
        return True

    def expect(self, text: str) -> Token:
        """Take the next token, which must be ``text``."""
        token = self.token
        if not self.skip(text):
            self.fail(token, f"'{text}' is wanted here, not '{token.text}'")
        return token

    def fail(self, token: Token, message: str) -> NoReturn:
        """Refuse the text at a token."""
        raise PolicyError(self.filename, [Problem(token.line, token.column, message)])

    def expression(self) -> Node:
        """A whole expression."""
        self._depth += 1
        if self._depth > DEEPEST:
            self.fail(self.token, f"nested deeper than {DEEPEST} levels")
        found = self._conditional() if self.skip("if") else self._chain(("||",))
        self._depth -= 1
        return found

    def _conditional(self) -> Node:
        parts = [self.expression()]
        for word in ("then", "else"):
            self.expect(word)
            parts.append(self.expression())
        return Node("if", tuple(parts))

    def _chain(self, signs: tuple[str, ...]) -> Node:
        """A left-associative chain; ``||`` binds weakest, then ``&&``, relations, ``+ -``, ``*``."""
        left, length = self._below(signs), 1
        while self.token.text in signs and self.token.kind == "sign":
            length += 1
            if length > LONGEST:
                self.fail(self.token, f"more than {LONGEST} expressions in one chain")
            sign = self.advance().text
            left = Node(sign, (left, self._below(signs)))
        return left

    def _below(self, signs: tuple[str, ...]) -> Node:
        """What a chain of ``signs`` joins."""
        if signs[0] == "&&":
            return self._relation()
        return self._unary() if signs[0] == "*" else self._chain(("&&",) if signs[0] == "||" else ("*",))

    def _relation(self) -> Node:
        left = self._chain(("+", "-"))
        if self.skip("has"):
            return self._has(left)
        if self.skip("like"):
            token = self._of_kind("string", "a pattern in double quotes")
            return Node("like", (left,), string_value(token, self.filename, star=True))
        if self.skip("is"):
            kind = self.path()
            return Node("is", (left, self._chain(("+", "-"))) if self.skip("in") else (left,), kind)
        if self.token.text in _RELATIONS and self.token.kind != "string":
            sign = self.advance().text
            return Node(sign, (left, self._chain(("+", "-"))))
        return left

    def _has(self, left: Node) -> Node:
        token = self.advance()
        if token.kind == "string":
            return Node("has", (left,), string_value(token, self.filename))
        names = [token]
        while self.skip("."):
            names.append(self.advance())
        wrong = next((n for n in names if n.kind != "name"), None)
        if wrong:
            self.fail(wrong, f"'has' needs the name of an attribute, not '{wrong.text}'")
        return Node("has", (left,), ".".join(n.text for n in names))

    def _unary(self) -> Node:
        signs = []
        while self.token.text in ("-", "!") and self.token.kind == "sign":
            signs.append(self.advance().text)
        if len(signs) > DEEPEST:
            self.fail(self.token, f"more than {DEEPEST} signs before a value")
        node = self._member()
        for sign in reversed(signs):
            node = Node("negative" if sign == "-" else "!", (node,))
        return node

    def _member(self) -> Node:
        node = self._primary()
        while True:
            if self.skip("."):
                node = self._attribute(node)
            elif self.skip("["):
                name = self._of_kind("string", "the name of an attribute in double quotes")
                self.expect("]")
                node = Node("attribute", (node,), string_value(name, self.filename))
            else:
                return node

    def _attribute(self, node: Node) -> Node:
        name = self._of_kind("name", "the name of an attribute")
        if not self.skip("("):
            return Node("attribute", (node,), name.text)
        if name.text not in METHODS:
            self.fail(name, f"'{name.text}' is no method of Cedar")
        return Node("call", (node, *self._list(")")), name.text)

    def _primary(self) -> Node:
        token = self.advance()
        if token.kind == "number":
            return Node("number", (), token.text)
        if token.kind == "string":
            return Node("text", (), string_value(token, self.filename))
        if token.text in ("true", "false"):
            return Node(token.text)
        if token.text in VARIABLES and self.token.text not in ("::", "("):
            return Node("var", (), token.text)
        if token.kind == "name":
            return self._named(token)
        return self._bracketed(token)

    def _bracketed(self, token: Token) -> Node:
        if token.text == "(":
            node = self.expression()
            self.expect(")")
            return node
        if token.text == "[":
            return Node("set", self._list("]"))
        if token.text == "{":
            return Node("record", self._list("}"))
        return self.fail(token, f"a value is wanted here, not '{token.text}'")

    def _named(self, token: Token) -> Node:
        """``Type::"id"`` or a function; a bare name is neither."""
        if self.token.text == "::":
            return Node("entity", (), self.entity(token))
        if self.token.text == "(" and token.text in FUNCTIONS:
            self.advance()
            return Node("call", self._list(")"), token.text)
        return self.fail(token, f"unknown name '{token.text}': Cedar has principal, action, resource and context")

    def _list(self, closing: str) -> tuple[Node, ...]:
        """Expressions up to a bracket; in braces each has a key before it."""
        found = []
        while not self.skip(closing):
            if closing == "}":
                self._key()
            found.append(self.expression())
            if self.token.text != closing:
                self.expect(",")
        return tuple(found)

    def _key(self) -> None:
        key = self.advance()
        if key.kind not in ("name", "string"):
            self.fail(key, f"a record needs the name of an attribute, not '{key.text}'")
        self.expect(":")

    def entity(self, first: Token | None = None) -> Entity:
        """``Type::"id"``, of which ``first`` was already taken."""
        kind = [(first or self._of_kind("name", 'an entity such as File::"/path"')).text]
        while True:
            self.expect("::")
            token = self.advance()
            if token.kind == "string":
                return Entity("::".join(kind), string_value(token, self.filename))
            if token.kind != "name":
                self.fail(token, f"behind '::' stands a name or a text, not '{token.text}'")
            kind.append(token.text)

    def path(self) -> str:
        """The name of a type."""
        names = [self._of_kind("name", "the name of a type").text]
        while self.skip("::"):
            names.append(self._of_kind("name", "the name of a type").text)
        return "::".join(names)

    def _of_kind(self, kind: str, what: str) -> Token:
        token = self.advance()
        if token.kind != kind:
            self.fail(token, f"{what} is wanted here, not '{token.text}'")
        return token
