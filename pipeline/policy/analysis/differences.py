"""Events that two forms of a rule may treat differently: made up key by key from what one has and the other has not.

They are guesses for the decider, like all samples; the more ways in which the two differ are tried, the fewer differences
go unseen.
"""

from __future__ import annotations

from dataclasses import replace
from itertools import chain, islice
from typing import TYPE_CHECKING

from pipeline.policy import globs
from pipeline.policy.analysis import cover, samples, spans
from pipeline.policy.analysis.keys import addresses
from pipeline.policy.compile import CompiledMatch

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pipeline.policy.compile import CompiledRule
    from pipeline.policy.model import TestEvent

MOST = 300
"""Events of one comparison."""

_QUOTED = str.maketrans({c: f"\\{c}" for c in "\\*?[]{},"})


def events(old: CompiledRule | None, new: CompiledRule | None) -> Iterator[TestEvent]:
    """Events of a rule that came or went, or of both forms of one and of what is between them."""
    both = [rule for rule in (old, new) if rule is not None]
    between = [*_between(old, new), *_between(new, old)] if old is not None and new is not None else []
    special = chain.from_iterable(samples.events(rule, most=20) for rule in between)
    excepted = chain.from_iterable(_excepted(rule, other) for rule in both for other in both)
    plain = chain.from_iterable(samples.events(rule, most=60) for rule in both)
    return islice(chain(special, excepted, plain), MOST)


def _between(rule: CompiledRule, other: CompiledRule) -> Iterator[CompiledRule]:
    """The rule with only what the other one does not have, in one key at a time."""
    match, wanted = rule.match, other.match
    if rule.on - other.on:
        yield replace(rule, on=rule.on - other.on)
    path = cover.outside(match.paths or match.labelled, wanted.paths or wanted.labelled)
    if path is not None:
        yield _with(rule, replace(match, paths=_exactly(path), labelled=()))
    program = cover.outside(match.exes, wanted.exes)
    if program is not None:
        yield _with(rule, replace(match, exes=_exactly(program)))
    ports = spans.minus(match.ports, wanted.ports) if wanted.ports else ()
    if ports:
        yield _with(rule, replace(match, ports=ports))
    yield from _addresses(rule, wanted)
    protocols = tuple(p for p in match.protocols if wanted.protocols and p not in wanted.protocols)
    if protocols:
        yield _with(rule, replace(match, protocols=protocols))


def _addresses(rule: CompiledRule, wanted: CompiledMatch) -> Iterator[CompiledRule]:
    own, others = addresses(rule.match, here=False), addresses(wanted, here=False)
    if others is not None:
        everything = spans.networks(("0.0.0.0/0", "::/0"))
        found = spans.example(spans.minus(everything if own is None else own, others))
        if found is not None:
            yield _with(rule, replace(rule.match, networks=(found,), nets=()))


def _excepted(rule: CompiledRule, other: CompiledRule) -> Iterator[TestEvent]:
    """What a rule matches and the ``unless`` of the other one holds for, program by program and path by path."""
    unless = other.unless
    if unless is None:
        return
    parts = [replace(unless, exes=(g,)) for g in unless.exes[:20]] or [unless]
    parts += [replace(unless, paths=(g,)) for g in unless.paths[:20]]
    for part in parts:
        yield from islice(samples.meetings(rule, replace(rule, match=part)), 3)


def _with(rule: CompiledRule, match: CompiledMatch) -> CompiledRule:
    return replace(rule, match=match)


def _exactly(path: str) -> tuple[globs.Glob, ...]:
    return globs.parse(path.translate(_QUOTED))
