"""The smallest change of the policies that lets one event pass, in a line for the person who is asked about it.

The run stands still meanwhile, so this looks at less than ``why`` does: only at rules that match the event or miss it by one
key, and only at the events that are most like it. What it says was tried all the same.
"""

from __future__ import annotations

from dataclasses import fields, replace
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from pipeline import schema
from pipeline.policy.analysis.changes import Book, Edit, only
from pipeline.policy.analysis.neighbours import nearest
from pipeline.policy.analysis.proposals import Asked, Proposal, proposals
from pipeline.policy.analysis.views import views
from pipeline.policy.combine import place_of
from pipeline.policy.compile import compile_policies
from pipeline.policy.decide import groups
from pipeline.policy.globs import GlobError
from pipeline.policy.model import Scope, TestEvent
from pipeline.policy.source import PolicyError
from pipeline.policy.text import one_line

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pipeline.policy.context import RunContext
    from pipeline.policy.model import Policy

MOST_TRIED = 3
"""Working changes among which the smallest is chosen; the narrowest are found first."""

LONGEST = 400
"""Letters of YAML that a person still reads in a line; where it is more, lists are cut, and then only words are left."""

_COLUMNS = {
    "on": "operation", "argv": "cmdline", "parent": "parent_exe", "domain": "dst_name", "exe_hash": "exe_sha256",
}  # fmt: skip
"""Columns of ``activity`` by the keys of an event, where the names differ."""

_NOT_COLUMNS = ("intent", "after", "process", "child")
_PATHS = ("path", "path_to", "script", "exe", "parent")


def smallest_change(policies: Sequence[Policy], context: RunContext, event: Mapping[str, Any]) -> str | None:
    """The smallest change found that would let an event pass, as ``YAML  # what it does, and where``.

    ``event`` has columns of ``activity``, absent ones are NULL. ``None`` where nothing stops the event by itself (a rule with a
    memory asked), where no change was found, or where the row cannot be said in the policy's own words.
    """
    made = _event(event)
    if made is None:
        return None
    try:
        asked = Asked(_concerned([_speaking(policy, made) for policy in policies], made, context), context)
        found = proposals(asked, made, "allow", nearest(made, context), MOST_TRIED)
    except (PolicyError, GlobError):
        return None
    return _line(found[0], policies) if found else None


def _event(row: Mapping[str, Any]) -> TestEvent | None:
    """The row as an event; ``None`` for what no policy speaks of, and for values that it would take for something else."""
    if row.get("operation") not in schema.OPERATION_BY_NAME:
        return None
    names = [f.name for f in fields(TestEvent) if f.name not in _NOT_COLUMNS]
    known = {name: value for name in names if (value := row.get(_COLUMNS.get(name, name))) is not None}
    if any("${" in known[name] or known[name].startswith("~") for name in _PATHS if name in known):
        return None
    intents: dict[str, Any] = {"intent": tuple(str(row["intent"]).split(","))} if row.get("intent") else {}
    try:
        return TestEvent(**known, **intents)
    except ValidationError:
        return None


def _speaking(policy: Policy, event: TestEvent) -> Policy:
    """The policy with the rules only that can speak of an event by itself."""
    selectors = {s for group in groups(event.on, frozenset(event.intent)) for s in group}
    rules = policy.rules
    return only(policy, [i for i, rule in enumerate(rules) if rule.on and not selectors.isdisjoint(rule.on)])


def _concerned(policies: Sequence[Policy], event: TestEvent, context: RunContext) -> list[Policy]:
    """The policies with the rules only that have a part in the verdict, or could have one with one key more."""
    program = compile_policies([replace(p, scope=Scope()) for p in policies], context, mode="audit")
    seen = [rule for view in views(program, event, context) for rule in view.rules]
    concerned = {(rule.policy, rule.rule) for rule in seen if rule.outcome != "key" or len(rule.keys) == 1}
    return [only(p, [i for i, rule in enumerate(p.rules) if (p.name, rule.id) in concerned]) for p in policies]


def _line(found: Proposal, policies: Sequence[Policy]) -> str:
    books = {policy.name: Book(policy) for policy in policies}
    edits = [_named(edit, books[edit.policy]) for edit in found.edits]
    texts = ("; ".join(_short(edit, books[edit.policy], whole=whole) for edit in edits) for whole in (True, False))
    yaml = next((text for text in texts if len(text) <= LONGEST and "\n" not in text), None)
    places = ", ".join(dict.fromkeys(_place(edit, books[edit.policy].policy) for edit in edits))
    said = f"{found.text}, in {places}"
    return _in_one_line(said if yaml is None else f"{yaml}  # {said}")


def _in_one_line(text: str) -> str:
    """The text with what would move a terminal's cursor spelt out: names in it are the agent's choice."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def _named(edit: Edit, book: Book) -> Edit:
    """A rule more gets an id that no rule of the whole policy has."""
    if edit.kind != "add" or edit.raw is None:
        return edit
    name = book.free_id(edit.rule)
    return replace(edit, rule=name, raw={**edit.raw, "id": name})


def _place(edit: Edit, policy: Policy) -> str:
    """Where the change is made: at the rule that is there, else in the policy's own file."""
    at = next((i for i, rule in enumerate(policy.rules) if rule.id == edit.rule), None)
    return policy.source_path if at is None else str(place_of(policy, ("rules", at)))


def _short(edit: Edit, book: Book, *, whole: bool) -> str:
    """What an edit writes: a new rule or default, of a rule that is there the keys that change; lists ``whole`` or their end."""
    if edit.kind == "default":
        return one_line({"defaults": {edit.rule: edit.action}})
    if edit.raw is None:
        return one_line({"disable": [edit.rule]}) if edit.included else f"- {{id: {edit.rule}}}"
    if edit.kind == "add":
        return "- " + one_line(edit.raw)
    before = book.raw(edit.rule) or {}
    changed = {key: value for key, value in edit.raw.items() if before.get(key) != value}
    return one_line(changed if whole else _ends(changed, before)).removeprefix("{").removesuffix("}")


def _ends(value: Any, before: Any) -> Any:
    """Lists that only grew as what came to them, behind an ellipsis."""
    if isinstance(value, dict) and isinstance(before, dict):
        return {key: _ends(inner, before.get(key)) for key, inner in value.items() if before.get(key) != inner}
    if isinstance(value, list) and isinstance(before, list) and before and value[: len(before)] == before:
        return ["...", *value[len(before) :]]
    return value
