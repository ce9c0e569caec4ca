"""Changes to a policy that can be carried out and shown: a rule more, less or other, or another default.

A change works on the text's own data, so that what is proposed reads as its author wrote it, and on the policy that was read
from it, so that it can be tried. A rule of an included file is changed by giving it again, or disabled; a locked one is left alone.
"""

from __future__ import annotations

import copy
import json
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from pydantic import TypeAdapter, ValidationError

from pipeline.policy.combine import place_of
from pipeline.policy.model import Policy, Rule
from pipeline.policy.source import PolicyError, read_tree
from pipeline.policy.text import to_yaml

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

_RULE: TypeAdapter[Rule] = TypeAdapter(Rule)

Raw = dict[str, Any]
"""A rule as the data of its YAML."""


@dataclass(frozen=True)
class Edit:
    """One change of one policy's own file.

    ``kind``: add, replace, remove (``raw`` is the rule, ``None`` to remove it), or default (``rule`` is the selector,
    ``action`` its new action).
    """

    policy: str
    kind: str
    rule: str
    raw: Raw | None = None
    action: str | None = None
    included: bool = False

    def yaml(self) -> str:
        """The change as it stands in the file."""
        if self.kind == "default":
            return to_yaml({"defaults": {self.rule: self.action}})
        if self.raw is not None:
            return to_yaml({"rules": [self.raw]})
        return to_yaml({"disable": [self.rule]}) if self.included else f"# take out rule {self.rule}\n"


class Book:
    """The rules of a policy as they are written, by id; those that ``edits`` changed are no longer what their text says."""

    def __init__(self, policy: Policy, edits: Iterable[Edit] = ()) -> None:
        self.policy = policy
        self._edited = {e.rule for e in edits if e.policy == policy.name and e.kind != "default"}

    def raw(self, rule: str) -> Raw | None:
        """A copy of a rule's data; ``None`` where its text is not at hand."""
        if rule in self._edited:
            return None
        file = self._file(rule)
        found = _rules_of(self.policy.texts.get(file, ""), file).get(rule)
        return None if found is None else copy.deepcopy(found)

    def included(self, rule: str) -> bool:
        """Whether a rule stands in an included file."""
        return self._file(rule) != self.policy.source_path

    def changeable(self, rule: str) -> bool:
        """Whether the author of this file may change a rule."""
        locked = any(r.locked for r in self.policy.rules if r.id == rule)
        return self.raw(rule) is not None and not (locked and self.included(rule))

    def free_id(self, wanted: str) -> str:
        """An id that no rule has yet."""
        taken = {rule.id for rule in self.policy.rules}
        numbered = (f"{wanted}-{n}" for n in range(2, len(taken) + 3))
        return wanted if wanted not in taken else next(name for name in numbered if name not in taken)

    def _file(self, rule: str) -> str:
        index = next(i for i, r in enumerate(self.policy.rules) if r.id == rule)
        return place_of(self.policy, ("rules", index)).file


@lru_cache(maxsize=64)
def _rules_of(text: str, file: str) -> dict[str, Raw]:
    try:
        data = read_tree(text, file).data if text else {}
    except PolicyError:
        return {}
    return {rule["id"]: rule for rule in data.get("rules", []) if "id" in rule}


def changed(policies: Sequence[Policy], edits: Iterable[Edit]) -> list[Policy] | None:
    """The policies after some changes; ``None`` where they would not be valid."""
    made = list(policies)
    try:
        for edit in edits:
            made = [_applied(policy, edit) if policy.name == edit.policy else policy for policy in made]
    except ValidationError:
        return None
    return made


def _applied(policy: Policy, edit: Edit) -> Policy:
    if edit.kind == "default":
        return replace(policy, defaults={**policy.defaults, edit.rule: str(edit.action)})
    if edit.raw is None:
        return only(policy, [i for i, rule in enumerate(policy.rules) if rule.id != edit.rule])
    made = _RULE.validate_json(json.dumps(edit.raw))
    if edit.kind == "add":
        return replace(policy, rules=(*policy.rules, made))
    return replace(policy, rules=tuple(made if rule.id == edit.rule else rule for rule in policy.rules))


def only(policy: Policy, kept: Sequence[int]) -> Policy:
    """A policy with some of its rules only, by their numbers; their places move up."""
    numbers: dict[str | int, int] = {old: new for new, old in enumerate(kept)}
    places = {
        key if key[:1] != ("rules",) or len(key) == 1 else ("rules", numbers[key[1]], *key[2:]): place
        for key, place in policy.places.items()
        if key[:1] != ("rules",) or len(key) == 1 or key[1] in numbers
    }
    return replace(policy, rules=tuple(policy.rules[i] for i in kept), places=places)


def document(data: Mapping[str, Any], edit: Edit) -> Raw:
    """The data of a policy's own file after a change, to be written out by ``to_yaml``."""
    made: Raw = copy.deepcopy(dict(data))
    rules = made.setdefault("rules", [])
    if edit.kind == "default":
        made["defaults"] = {**made.get("defaults", {}), edit.rule: edit.action}
    elif edit.kind == "add" or (edit.included and edit.raw is not None):
        rules.append(edit.raw)
    elif edit.included:
        made["disable"] = [*made.get("disable", []), edit.rule]
    else:
        at = next(i for i, rule in enumerate(rules) if rule["id"] == edit.rule)
        rules[at : at + 1] = [] if edit.raw is None else [edit.raw]
    return made
