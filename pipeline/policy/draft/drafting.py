"""From an instruction file to a policy document in audit mode, with the sentence that each rule came from.

Nothing here comes into force: the document and each of its rules only record, until a person has read them and
takes ``mode: audit`` away. What sounds like an order but shows in no event is told as skipped, with the reason, so
that nobody believes it held.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pipeline.policy.draft.commands import programs_in
from pipeline.policy.draft.patterns import PATTERNS
from pipeline.policy.draft.reading import Reading, clauses, readings
from pipeline.policy.draft.sequences import sequence_in
from pipeline.policy.draft.spans import Found, confined_in, found_in, generated_in, replaced_in
from pipeline.policy.draft.statements import Statement, shell_examples, statements

if TYPE_CHECKING:
    from collections.abc import Iterator

LONGEST_QUOTE = 300
LONGEST_SENTENCE = 1000
"""Characters; what is longer was written by a machine, and reading it would only take time."""


@dataclass(frozen=True)
class Proposal:
    """One proposed rule and the sentence that it came from; ``note`` says where the rule is more than the sentence."""

    rule: dict[str, Any]
    line: int
    sentence: str
    note: str = ""


@dataclass(frozen=True)
class Skipped:
    """A sentence that forbids something of which no rule was made, and why."""

    line: int
    sentence: str
    reason: str


@dataclass(frozen=True)
class Draft:
    """The policy document of an instruction file, its proposals in order, and what was left out."""

    document: dict[str, Any]
    proposals: tuple[Proposal, ...]
    skipped: tuple[Skipped, ...]


def draft(text: str, *, file: str = "CLAUDE.md") -> Draft:
    """Propose rules for the statements of an instruction file that a kernel can check; ``file`` is named in them."""
    proposals: list[Proposal] = []
    skipped: list[Skipped] = []
    known = programs_in(shell_examples(text))
    for statement in statements(text):
        if len(statement.text) > LONGEST_SENTENCE:
            skipped.append(Skipped(statement.line, statement.text[:LONGEST_QUOTE], "is too long for a sentence"))
            continue
        found = list(_proposals(statement, file, known))
        before = len(proposals)
        for proposal in found:
            if not any(_same(proposal.rule, earlier.rule) for earlier in proposals):
                proposals.append(proposal)
        reason = _why_none(statement, found)
        if len(proposals) == before and reason:
            skipped.append(Skipped(statement.line, statement.text, reason))
    rules = _numbered([p.rule for p in proposals])
    proposals = [Proposal(r, p.line, p.sentence, p.note) for r, p in zip(rules, proposals, strict=True)]
    head = {
        "lictor": 1,
        "name": _slug(f"draft-{file}"),
        "description": f"Proposed from {file}: read each rule, then take its mode away to enforce it.",
        "mode": "audit",
    }
    return Draft({**head, "rules": rules}, tuple(proposals), tuple(skipped))


def _why_none(statement: Statement, found: list[Proposal]) -> str:
    """Why no rule was made of a sentence that asks for something; empty where it does not."""
    asked = [r for r in readings(statement) if r.action != "audit"]
    if not asked:
        return ""
    if found:
        return "says what an earlier sentence says"
    return "depends on something that no event shows" if asked[0].condition else "shows in no event that Lictor records"


def _proposals(statement: Statement, file: str, known: frozenset[str]) -> Iterator[Proposal]:
    parts = clauses(statement.text)
    for clause in dict.fromkeys((*parts, statement.text)):
        strong = re.search(r"\b(?:always|never|must|only)\b", clause, re.IGNORECASE)
        for found in replaced_in(clause):
            yield _proposal(statement, file, found, "deny" if strong else "audit")
    for clause in parts:
        ordered = sequence_in(clause, known)
        if ordered is not None:
            name, title, sequence = ordered
            yield _proposal(statement, file, Found(name, title, (), {}), "deny", sequence=sequence)
        for found in confined_in(clause):
            yield _proposal(statement, file, found, "deny")
    for found in generated_in(statement.text):
        yield _proposal(statement, file, found, "deny")
    for reading in readings(statement):
        yield from (
            _proposal(statement, file, f, reading.action, note=reading.condition) for f in _found(reading, known)
        )


def _found(reading: Reading, known: frozenset[str]) -> list[Found]:
    """What a reading is about, if an event can show it; a condition on a single word of code leaves too little to go by."""
    if reading.condition and reading.action == "deny":
        return []
    found = found_in(reading.about, noun=reading.noun, known=known)
    if found:
        return found
    return [Found(p.name, p.title, p.on, p.match, p.unless) for p in PATTERNS if p.about.match(reading.about)][:1]


def _proposal(
    statement: Statement,
    file: str,
    found: Found,
    action: str,
    *,
    sequence: dict[str, Any] | None = None,
    note: str = "",
) -> Proposal:
    quote = statement.text if len(statement.text) <= LONGEST_QUOTE else statement.text[: LONGEST_QUOTE - 1] + "…"
    looks = sequence or {"on": list(found.on), "match": _plain(found.match)}
    spared = {"unless": _plain(found.unless)} if found.unless and not sequence else {}
    rule = {
        "id": _slug(found.name),
        "title": _title(found.title, action),
        **looks,
        **spared,
        "action": action,
        "mode": "audit",
        "origin": f"{file} line {statement.line}: {quote}",
    }
    return Proposal(rule, statement.line, statement.text, note)


def _title(title: str, action: str) -> str:
    return f"{title}: {({'deny': 'not wanted', 'ask': 'only when asked for', 'audit': 'better avoided'})[action]}"


def _plain(match: Any) -> dict[str, Any]:
    return {key: list(values) for key, values in match.items()}


def _same(one: dict[str, Any], other: dict[str, Any]) -> bool:
    keys = ("on", "match", "unless", "sequence")
    return all(one.get(k) == other.get(k) for k in keys)


def _slug(text: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")[:80].rstrip("-") or "rule"


def _numbered(rules: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Rules with ids of their own; the second of a name has a 2 behind it."""
    seen: dict[str, int] = {}
    numbered = []
    for rule in rules:
        count = seen[rule["id"]] = seen.get(rule["id"], 0) + 1
        numbered.append(rule if count == 1 else {**rule, "id": f"{rule['id']}-{count}"})
    return numbered
