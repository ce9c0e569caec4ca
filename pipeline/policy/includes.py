"""A policy file and the files that it takes in, as one: rules, labels, defaults and limits merged.

An include is for the author of both files: the including file may replace a rule by giving its id
again, or disable it, unless it is ``locked``; its defaults win. What must bind somebody else stands in a policy
of its own (``--policy`` twice): layers can only narrow. A label means one thing: a name that is
defined twice is refused, since a rule from elsewhere would change its meaning unseen.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Any

from pipeline import schema
from pipeline.policy.kinds import Failure
from pipeline.policy.labels import BUILT_IN, names_in
from pipeline.policy.model import Document, HoldLimits, Place, Policy, Rule, Scope
from pipeline.policy.source import Location, PolicyError, Problem, Tree
from pipeline.policy.words import near

Fetch = Callable[[str, str], tuple[str, str]]
"""(name as written, file that includes it) → (text, the one name of that file); raises ``OSError`` or ``ValueError``."""

Read = Callable[[str, str], "Part"]

MOST_FILES = 100


@dataclass
class Part:
    """One file that was read: its document, positions and text."""

    document: Document
    tree: Tree
    filename: str
    text: str

    def problem(self, location: Location, message: str) -> PolicyError:
        """The error that stands at a place of this file."""
        return PolicyError(self.filename, [Problem(*self.tree.position(location), message)])

    def place(self, location: Location) -> Place:
        """Where a part of the file stands."""
        return Place(self.filename, *self.tree.position(location))


@dataclass
class _Kept:
    """A rule and where it came from."""

    rule: Rule
    part: Part
    index: int


_Rules = dict[str, _Kept]


@dataclass
class _Merge:
    """One reading of a file with all that it includes."""

    read: Read
    fetch: Fetch | None
    texts: dict[str, str] = field(default_factory=dict)
    labels: dict[str, tuple[str, ...]] = field(default_factory=dict)
    defaults: dict[str, str] = field(default_factory=dict)
    holds: HoldLimits = field(default_factory=HoldLimits)
    on_failure: Failure | None = None

    def take(self, part: Part, chain: tuple[str, ...] = ()) -> _Rules:
        """The rules of a file and of what it includes."""
        self.texts[part.filename] = part.text
        chain = (*chain, part.filename)
        rules: _Rules = {}
        for i, name in enumerate(part.document.include):
            self._include(part, ("include", i), name, chain, rules)
        for name, patterns in part.document.labels.items():
            self._label(part, name, patterns)
        self.defaults |= part.document.defaults
        self._limits(part.document)
        _disable(part, rules)
        own = {rule.id: _Kept(_with_mode(rule, part, chain), part, i) for i, rule in enumerate(part.document.rules)}
        for rule_id, kept in own.items():
            if rule_id in rules and rules[rule_id].rule.locked:
                where = rules[rule_id].part.filename
                raise part.problem(("rules", kept.index, "id"), f"rule '{rule_id}' of {where} is locked")
        return rules | own

    def _include(self, part: Part, here: Location, name: str, chain: tuple[str, ...], rules: _Rules) -> None:
        inner = self._fetched(part, here, name)
        if inner.filename in chain:
            raise part.problem(here, f"includes itself: {' -> '.join((*chain, inner.filename))}")
        if inner.filename in self.texts:
            return  # two files may share a third
        if len(self.texts) >= MOST_FILES:
            raise part.problem(here, f"more than {MOST_FILES} files are included")
        if inner.document.mode == "audit" and inner.document.defaults:
            raise inner.problem(
                ("defaults",), "an included file in mode audit has no defaults: they could not only record"
            )
        if inner.document.scope != Scope():
            raise inner.problem(("scope",), f"an included file has no scope; that of {chain[0]} holds")
        for rule_id, kept in self.take(inner, chain).items():
            if rule_id in rules:
                before = rules[rule_id].part.filename
                raise kept.part.problem(("rules", kept.index, "id"), f"rule id '{rule_id}' also stands in {before}")
            rules[rule_id] = kept

    def _limits(self, document: Document) -> None:
        """What a file says wins over what it includes, key by key."""
        said = {f.name: getattr(document.holds, f.name) for f in fields(HoldLimits)}
        self.holds = replace(self.holds, **{name: value for name, value in said.items() if value is not None})
        self.on_failure = document.on_failure or self.on_failure

    def _fetched(self, part: Part, here: Location, name: str) -> Part:
        if self.fetch is None:
            raise part.problem(here, f"'{name}' cannot be included: this policy was not read from a file")
        try:
            text, filename = self.fetch(name, part.filename)
        except UnicodeDecodeError:
            raise part.problem(here, f"'{name}' cannot be read: not UTF-8") from None
        except (OSError, ValueError) as error:
            why = (error.strerror if isinstance(error, OSError) else None) or error
            raise part.problem(here, f"'{name}' cannot be read: {why}") from None
        return self.read(text, filename)

    def _label(self, part: Part, name: str, patterns: tuple[str, ...]) -> None:
        if name in BUILT_IN or name in self.labels:
            where = "built in" if name in BUILT_IN else "defined in a file that is included"
            raise part.problem(("labels", name), f"label '{name}' is {where}: give yours another name")
        self.labels[name] = patterns


def merged(top: Part, read: Read, fetch: Fetch | None) -> Policy:
    """The policy of a file with everything that it includes; raises ``PolicyError``.

    ``read`` parses (text, file name); ``fetch`` is ``None`` where there are no files to be had.
    """
    merge = _Merge(read, fetch)
    rules = list(merge.take(top).values())
    _refuse_unknown_labels(rules, merge.labels)
    _refuse_unknown_rules(top, rules)
    document = top.document
    return Policy(
        name=document.name,
        mode=document.mode,
        scope=document.scope,
        defaults=merge.defaults,
        rules=tuple(kept.rule for kept in rules),
        tests=document.tests,
        source_path=top.filename,
        version=_version(list(merge.texts.values())),
        labels=merge.labels,
        places=_Places(top, rules),
        texts=merge.texts,
        holds=merge.holds,
        on_failure=merge.on_failure,
    )


class _Places(Mapping[Location, Place]):
    """Where everything stands, the rules under their new numbers; worked out when asked for."""

    def __init__(self, top: Part, rules: list[_Kept]) -> None:
        self._top = top
        self._rules = rules

    def __getitem__(self, key: Location) -> Place:
        part, own = self._owner(key)
        line, column = part.tree.values[own]
        return Place(part.filename, line, column)

    def __iter__(self) -> Iterator[Location]:
        yield from (key for key in self._top.tree.values if key[:1] != ("rules",) or len(key) == 1)
        for i, kept in enumerate(self._rules):
            own = ("rules", kept.index)
            yield from (("rules", i, *key[2:]) for key in kept.part.tree.values if key[:2] == own)

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def _owner(self, key: Location) -> tuple[Part, Location]:
        if key[:1] != ("rules",) or len(key) == 1:
            return self._top, key
        number = key[1]
        if not isinstance(number, int) or not 0 <= number < len(self._rules):
            raise KeyError(key)
        kept = self._rules[number]
        return kept.part, ("rules", kept.index, *key[2:])


def _version(texts: list[str]) -> str:
    hashes = [hashlib.sha256(text.encode()).hexdigest() for text in texts]
    return hashes[0] if len(hashes) == 1 else hashlib.sha256("".join(hashes).encode()).hexdigest()


def _disable(part: Part, rules: _Rules) -> None:
    for i, rule_id in enumerate(part.document.disable):
        kept = rules.pop(rule_id, None)
        if kept is None:
            raise part.problem(("disable", i), f"no included file has a rule '{rule_id}'{near(rule_id, rules)}")
        if kept.rule.locked:
            raise part.problem(("disable", i), f"rule '{rule_id}' of {kept.part.filename} is locked")


def _with_mode(rule: Rule, part: Part, chain: tuple[str, ...]) -> Rule:
    """A rule of an included file in audit mode only records, also where the including file enforces."""
    if len(chain) == 1 or part.document.mode != "audit":
        return rule
    given: dict[str, Any] = {key: value for key, value in vars(rule).items() if value not in (None, ())}
    return Rule(**given | {"mode": "audit"})


def _refuse_unknown_labels(rules: list[_Kept], labels: dict[str, tuple[str, ...]]) -> None:
    known = (*BUILT_IN, *labels)
    for kept in rules:
        problems = [
            Problem(
                *kept.part.tree.position(("rules", kept.index, *where)), f"unknown label '{name}'{near(name, known)}"
            )
            for where, name in names_in(kept.rule)
            if name not in known
        ]
        if problems:
            raise PolicyError(kept.part.filename, problems)


def _refuse_unknown_rules(top: Part, rules: list[_Kept]) -> None:
    """A test that expects a rule which no file has could only ever fail."""
    known = {kept.rule.id for kept in rules} | {f"default:{s}" for s in schema.SELECTORS}
    problems = [
        Problem(*top.tree.position(("tests", i, "rule")), f"the policy has no rule '{test.rule}'")
        for i, test in enumerate(top.document.tests)
        if test.rule is not None and test.rule not in known
    ]
    if problems:
        raise PolicyError(top.filename, problems)
