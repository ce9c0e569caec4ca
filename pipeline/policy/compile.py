"""From policies to one program: variables filled in, patterns parsed, everything ready to match.

The context is a value, so that compiling does no I/O and gives the same program for the same
input; who runs where is found out at the rim. A policy whose scope does not hold here is not
part of the program and is named in ``out_of_scope``.
"""

from __future__ import annotations

import hashlib
from dataclasses import replace
from typing import TYPE_CHECKING

from pipeline.policy import globs
from pipeline.policy.building import building
from pipeline.policy.combine import (
    STOPPING,
    UNSTOPPABLE,
    common_mode,
    place_of,
    refuse_excuses,
    refuse_twins,
    refuse_unstoppable,
)
from pipeline.policy.context import RunContext, in_scope, resolver
from pipeline.policy.holding import joint_failure, joint_holds
from pipeline.policy.labels import BUILT_IN
from pipeline.policy.program import (
    NEVER,
    CompiledMatch,
    CompiledRule,
    CompiledSequence,
    CompiledStep,
    Layer,
    Program,
)
from pipeline.policy.quantities import moment_ns
from pipeline.policy.source import Location, PolicyError, Problem
from pipeline.policy.texts import domain_regex, text_regex, user_regex

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from pipeline.policy.model import Match, Policy, Rule

__all__ = [
    "STOPPING",
    "UNSTOPPABLE",
    "CompiledMatch",
    "CompiledRule",
    "CompiledSequence",
    "CompiledStep",
    "Layer",
    "Program",
    "RunContext",
    "compile_policies",
]

SEVERITY_OF = {
    "allow": None, "audit": "informational", "ask": "low", "deny": "medium",
    "freeze": "high", "quarantine": "high", "isolate": "high", "kill": "high",
}  # fmt: skip
"""Severity of a rule that names none, and of a default."""

OWN_LAYER, OWN_FILES = "lictor", "policy-files"
"""Names of the layer and of the rule that protect the policies' own files."""


@building()
def compile_policies(
    policies: Sequence[Policy], context: RunContext, *, mode: str | None = None, guarded: Sequence[str] = ()
) -> Program:
    """The program of all policies whose scope holds here; ``mode`` overrides that of the files.

    ``guarded`` are paths that nobody whom the program binds may change: the policies' own files.

    Raises ``PolicyError``: a variable without a value, policies of different modes, two policies of one
    name, a deny that nothing could enforce, or an excuse from what does not ask.
    """
    inside = [p for p in policies if in_scope(p, context)]
    refuse_twins(policies)
    refuse_excuses(inside, context.excuses)
    layers = tuple(_layer(p, context) for p in inside)
    if inside and guarded:
        layers += (own_files(guarded),)
    chosen = mode or common_mode(inside)
    if chosen == "enforce":
        for policy in inside:
            refuse_unstoppable(policy, context.unknown)
    return Program(
        name="+".join(p.name for p in inside),
        version=_joint_version(inside),
        mode=chosen,
        layers=layers,
        out_of_scope=tuple(p.name for p in policies if p not in inside),
        changes_ns=_next_change(inside, context),
        holds=joint_holds(inside),
        on_failure=joint_failure(inside),
    )


def _next_change(policies: Sequence[Policy], context: RunContext) -> int:
    moments = [*(_expiry(r) for p in policies for r in p.rules), *context.excused.values()]
    return min((t for t in moments if t > context.now_ns), default=NEVER)


def own_files(paths: Sequence[str]) -> Layer:
    """The layer that keeps policy files as they are: whoever could rewrite its own policy would be under none.

    Their folders may not be renamed either, which would put another file behind the same name.
    """
    folders = dict.fromkeys(path[:i] for path in paths for i, letter in enumerate(path) if letter == "/" and i)
    folders = {folder: None for folder in folders if folder[0] == "/" or folder[1:] != ":"}  # a drive is no folder
    return Layer(OWN_LAYER, "", (
        _own("file.write", "file.delete", "file.chmod", paths=paths), _own("file.rename", paths=list(folders)),
    ), {})  # fmt: skip


def _own(*on: str, paths: Sequence[str]) -> CompiledRule:
    return CompiledRule(
        id=OWN_FILES, policy=OWN_LAYER, policy_version="", action="deny", severity="high", on=frozenset(on),
        match=CompiledMatch(paths=tuple(g for path in paths for g in globs.parse(globs.quoted(path)))), unless=None,
        title="Policies are not changed by those whom they bind", because="This file decides what this agent may do.",
        instead="Propose the change to the person who runs the agent.", attack=("T1562.001",), best_effort=False,
        place=OWN_LAYER,
    )  # fmt: skip


def _expiry(rule: Rule) -> int:
    return moment_ns(rule.expires) if rule.expires else NEVER


def _joint_version(policies: Sequence[Policy]) -> str:
    if len(policies) == 1:
        return policies[0].version
    return hashlib.sha256("".join(p.version for p in policies).encode()).hexdigest()


def _layer(policy: Policy, context: RunContext) -> Layer:
    maker = _Maker(policy, context)
    living = [i for i, rule in enumerate(policy.rules) if _expiry(rule) > context.now_ns]
    singles = tuple(maker.single(i) for i in living if not _needs_memory(policy.rules[i]))
    sequences = tuple(maker.sequence(i) for i in living if _needs_memory(policy.rules[i]))
    if maker.problems:
        raise PolicyError(policy.source_path, maker.problems)
    defaults = {s: "allow" if f"default:{s}" in context.excuses else a for s, a in policy.defaults.items()}
    return Layer(policy.name, policy.version, singles, defaults, sequences, maker.labels)


def _needs_memory(rule: Rule) -> bool:
    return rule.sequence is not None or rule.match.rate is not None or bool(rule.match.taint)


class _Maker:
    """Compiles the rules of one policy for one context and collects what has no value there."""

    def __init__(self, policy: Policy, context: RunContext) -> None:
        self._policy = policy
        self._lookup = resolver(context)
        self._unknown = context.unknown
        self._excused = context.excuses
        self.problems: list[Problem] = []
        self.labels: dict[str, tuple[globs.Glob, ...]] = {}

    def single(self, index: int) -> CompiledRule:
        """A rule about single events."""
        rule, here = self._policy.rules[index], ("rules", index)
        unless = None if rule.unless is None else self._match(rule.unless, (*here, "unless"))
        return self._rule(index, rule.on or (), self._match(rule.match, (*here, "match")), unless, rule.match)

    def sequence(self, index: int) -> CompiledSequence:
        """A rule that needs a memory."""
        rule, here = self._policy.rules[index], ("rules", index)
        if rule.sequence is None:
            body = self.single(index)
            count, within = (rule.match.rate[0] + 1, rule.match.rate[1]) if rule.match.rate else (1, 0)
            return CompiledSequence(body, (CompiledStep(_audit(body), count),), within, "agent_run")
        steps = []
        for i, step in enumerate(rule.sequence):
            place: Location = (*here, "sequence", i)
            unless = None if step.unless is None else self._match(step.unless, (*place, "unless"))
            body = self._rule(index, step.on, self._match(step.match, (*place, "match")), unless, step.match)
            steps.append(CompiledStep(_audit(body), step.count, step.not_))
        inert = next((step.rule.inert for step in steps if step.rule.inert and not step.negated), "")
        whole = replace(self._rule(index, rule.sequence[-1].on, CompiledMatch(), None), inert=inert)
        return CompiledSequence(whole, tuple(steps), rule.within or 0, rule.by or "agent_run")

    def _rule(
        self,
        index: int,
        on: Sequence[str],
        match: CompiledMatch,
        unless: CompiledMatch | None,
        written: Match | None = None,
    ) -> CompiledRule:
        rule = self._policy.rules[index]
        action = "audit" if rule.id in self._excused else rule.action
        return CompiledRule(
            id=rule.id,
            policy=self._policy.name,
            policy_version=self._policy.version,
            action=action,
            severity=rule.severity or SEVERITY_OF[action],
            on=frozenset(on),
            match=match,
            unless=unless,
            title=rule.title,
            because=rule.because,
            instead=rule.instead,
            attack=rule.attack,
            best_effort=rule.best_effort,
            place=str(place_of(self._policy, ("rules", index))),
            enforce=rule.mode != "audit",
            inert=next(
                (why for key, why in self._unknown.items() if written is not None and getattr(written, key)), ""
            ),
            atlas=rule.atlas,
            owasp=rule.owasp,
        )

    def _match(self, match: Match, here: Location) -> CompiledMatch:
        return CompiledMatch(
            paths=self._patterns(match.path, (*here, "path")),
            labelled=tuple(dict.fromkeys(g for name in match.label for g in self._label(name, (*here, "label")))),
            exes=self._patterns(match.exe, (*here, "exe")),
            networks=match.ip,
            nets=match.net,
            ports=match.port,
            protocols=match.protocol,
            size=match.size,
            texts=tuple((key, found) for key in _TEXTS if (found := self._texts(match, key, here))),
            taint=self._taint(match.taint, (*here, "taint")),
        )

    def _texts(self, match: Match, key: str, here: Location) -> tuple[str, ...]:
        values = getattr(match, key)
        if key == "parent":
            return tuple(g.regex for g in self._patterns(values, (*here, key)))
        return tuple(dict.fromkeys(_TEXTS[key](value) for value in values))

    def _taint(self, names: Sequence[str], here: Location) -> frozenset[str]:
        for name in names:
            self._label(name, here)
        return frozenset(names)

    def _label(self, name: str, here: Location) -> tuple[globs.Glob, ...]:
        if name not in self.labels:
            patterns = self._policy.labels.get(name) or BUILT_IN.get(name, ())
            self.labels[name] = self._patterns(patterns, (*here, name))
        return self.labels[name]

    def _patterns(self, texts: Sequence[str], here: Location) -> tuple[globs.Glob, ...]:
        found: dict[str, globs.Glob] = {}
        for i, text in enumerate(texts):
            try:
                found |= {g.regex: g for g in globs.parse(globs.fill(text, self._lookup))}
            except globs.GlobError as error:
                place = place_of(self._policy, (*here, i))
                self.problems.append(Problem(place.line, place.column, f"'{text}': {error}", place.file))
        return tuple(found.values())


def _hash_regex(value: str) -> str:
    return value.lower()


_TEXTS: Mapping[str, Callable[[str], str]] = {
    "argv": text_regex,
    "parent": str,
    "user": user_regex,
    "domain": domain_regex,
    "exe_hash": _hash_regex,
}
"""Keys of a match that are compared as texts, and what makes a regular expression of a value."""


def _audit(rule: CompiledRule) -> CompiledRule:
    """The rule as a question: whether an event is one that it speaks of."""
    return replace(rule, action="audit")
