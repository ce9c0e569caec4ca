"""Import of StrongDM Leash policies: Cedar statements become rules and, for what they speak of, a default of deny.

Leash denies whatever no statement permits as soon as one statement speaks of that kind of operation (opening
files, starting programs, connecting), allows it before that, and lets ``forbid`` win over ``permit``. That is
how rules and defaults of Lictor work, so most statements come over exactly. Who acts (the principal) is
ignored, as by Leash.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from pipeline.policy.dialects.interface import Imported, Item
from pipeline.policy.dialects.leash.cedar import parse
from pipeline.policy.dialects.leash.matches import CONNECT, EXEC, OPEN
from pipeline.policy.dialects.leash.rules import Made, translate
from pipeline.policy.source import PolicyError, Problem

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from pipeline.policy.dialects.leash.cedar import Statement

LIMITS = {OPEN: 256, CONNECT: 256, EXEC: 64}
"""Entries of the kernel tables; Leash fails to load what is more."""

DEFAULTS = {OPEN: ("file.open", "file.read", "file.write"), EXEC: ("exec",), CONNECT: ("network",)}

_WORDS = {OPEN: "files to open", CONNECT: "hosts to connect to", EXEC: "programs to start"}
_COMMENTS = re.compile(r"//[^\n]*|/\*.*?\*/", re.DOTALL)
_STATEMENT = re.compile(r"(?:^|[;)\s])(?:permit|forbid)\s*\(\s*principal\b")

NOTES = {
    "domains": "Hosts are matched by the name that a connection was made to; where no name is known, no rule on a "
    "name matches, so an allow opens nothing more and a forbid on top of an allow stops nothing.",
    "principal": "Principals are ignored, as by Leash: every statement applies to the whole run.",
    "writing": "Leash watches opens only; the default and rules on file.write here also cover rename, link, mkdir "
    "and truncate.",
    "addresses": "Leash checks IPv4 only and lets IPv6 pass; here the default covers both.",
}


class Leash:
    """The dialect."""

    name = "leash"
    title = "StrongDM Leash policy (Cedar)"

    def recognises(self, text: str, filename: str) -> bool:
        """Cedar statements, by their first words."""
        return filename.endswith(".cedar") or bool(_STATEMENT.search(_COMMENTS.sub(" ", text)))

    def read(self, text: str, filename: str) -> Imported:
        """Translate; raises ``PolicyError`` where Leash's parser or its kernel tables refuse the text."""
        statements = parse(text, filename)
        made = [translate(statement, f"policy{i}") for i, statement in enumerate(statements)]
        _refuse_too_many(statements, made, filename)
        spoken = [kind for kind in DEFAULTS if any(kind in m.loaded for m in made)]
        head = {
            "name": "leash",
            "mode": "enforce",
            "defaults": {s: "deny" for kind in spoken for s in DEFAULTS[kind]},
        }
        return Imported(head, tuple(m.item for m in made), tuple(_notes(statements, [m.item for m in made], spoken)))


def _refuse_too_many(statements: Sequence[Statement], made: Sequence[Made], filename: str) -> None:
    for kind, limit in LIMITS.items():
        count = 0
        for statement, one in zip(statements, made, strict=True):
            count += one.loaded.get(kind, 0)
            if count > limit:
                text = f"more than {limit} {_WORDS[kind]} in all: Leash's kernel table holds no more"
                raise PolicyError(filename, [Problem(statement.line, statement.column, text)])


def _notes(statements: Sequence[Statement], items: Sequence[Item], spoken: Iterable[str]) -> list[str]:
    named = any("domain" in rule.get("match", {}) for i in items for rule in (*i.safe, *i.accepted))
    wanted = {
        "domains": named,
        "principal": any(s.principal.op for s in statements),
        "writing": OPEN in spoken,
        "addresses": CONNECT in spoken,
    }
    return [NOTES[key] for key, here in wanted.items() if here]


DIALECT = Leash()
