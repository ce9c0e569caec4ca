"""What an importer and an exporter of a foreign policy must do, and what they tell of each rule.

A foreign rule rarely means exactly what a rule of Lictor means. So nothing is translated
silently: each rule of the source becomes one ``Item`` that says where it stood, what it
became, and whether that is the same, less, or more than it allowed. What would allow more is
written only where a person accepted it by the item's name; until then the item's ``safe`` rules stand in.

Each dialect has a folder: ``reader`` publishes ``DIALECT``, ``export`` (where there is one) ``EXPORTER``. Dialects do no I/O:
text in, data out.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

from pipeline.policy.source import PolicyError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pipeline.policy.model import Policy

__all__ = ["OUTCOMES", "Dialect", "Exported", "Exporter", "Imported", "Item", "PolicyError", "Rules"]

Rules = tuple[dict[str, Any], ...]
"""Rules as they stand in a policy document."""

OUTCOMES = ("exact", "narrower", "setting", "unsupported", "wider")
"""What became of a rule of the source.

``exact``: allows and denies the same. ``narrower``: allows less. ``wider``: the only useful form allows more, or denies
less; left out, or replaced by ``safe`` rules, until accepted. ``unsupported``: nothing stands for it. ``setting``:
no rule about access (a command line, a time limit, a comment), so nothing is lost for the policy.
"""


@dataclass(frozen=True)
class Item:
    """One rule of the source and what became of it.

    ``name`` is what ``--accept-wider`` takes (unique in the report, stable between runs: an id of the source, else made
    from the pointer). ``pointer`` is a JSON pointer, or ``line N`` for text that has none; ``line`` counts from 1.
    ``safe`` are the rules that are written by default; ``accepted`` those written instead once accepted
    (``wider`` only). ``why`` is one sentence, always given unless the outcome is ``exact``.
    """

    name: str
    pointer: str
    line: int
    text: str
    outcome: str
    safe: Rules = ()
    accepted: Rules = ()
    why: str = ""

    def rules(self, accepted: frozenset[str]) -> Rules:
        """The rules that stand for the item."""
        return self.accepted if self.outcome == "wider" and self.name in accepted else self.safe


@dataclass(frozen=True)
class Imported:
    """A whole foreign policy: the head of the document (everything but ``rules``) and its items in order."""

    head: Mapping[str, Any]
    items: tuple[Item, ...]
    notes: tuple[str, ...] = ()

    def document(self, accepted: frozenset[str] = frozenset()) -> dict[str, Any]:
        """The document with the rules of every item; ids that two items share get a number behind them."""
        taken: dict[str, int] = {}
        rules = []
        for item in self.items:
            for rule in map(_lasting, item.rules(accepted)):
                count = taken[rule["id"]] = taken.get(rule["id"], 0) + 1
                rules.append(rule if count == 1 else {**rule, "id": f"{rule['id']}-{count}"})
        return {"lictor": 1, **self.head, "rules": rules}


def _lasting(rule: dict[str, Any]) -> dict[str, Any]:
    """A deny by name or size is kept where nothing can tell them yet, rather than keeping the whole policy out."""
    told = {"domain", "size"} & rule.get("match", {}).keys()
    return {**rule, "best_effort": True} if told and rule["action"] not in ("allow", "audit") else rule


class Dialect(Protocol):
    """One foreign policy language that can be read."""

    name: str
    """As ``--from`` takes it: mxc, openshell, srt, claude-code, codex, agentsh, leash, nono."""

    title: str
    """Product and versions, for help texts."""

    def recognises(self, text: str, filename: str) -> bool:
        """Whether the text looks like this dialect; never raises. At most one dialect may claim a real file."""

    def read(self, text: str, filename: str) -> Imported:
        """Translate; raises ``PolicyError`` with places where the original product would refuse the text."""


@dataclass(frozen=True)
class Exported:
    """A policy of Lictor in a foreign language, with the same kind of report (pointers lead into Lictor's file)."""

    text: str
    items: tuple[Item, ...] = field(default_factory=tuple)


class Exporter(Protocol):
    """One foreign policy language that can be written."""

    name: str

    def write(self, policy: Policy, accepted: frozenset[str]) -> Exported:
        """Translate; a rule whose only form would allow more is left out unless accepted by its id."""


def worst(items: Sequence[Item], accepted: frozenset[str] = frozenset()) -> int:
    """Exit status: 0 where every rule is exact, narrower or no rule at all, 1 where one is unsupported or wider."""
    return int(any(i.outcome == "unsupported" or (i.outcome == "wider" and i.name not in accepted) for i in items))
