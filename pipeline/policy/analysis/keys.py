"""One match against another, key by key: whether every event of the one is surely an event of the other, or of none.

Keys are joined by *and*, and a key never matches NULL: so a match can only lie within another that gives no key which
it does not give itself, and two matches are apart as soon as one key is. On ``exec`` three names are compared with
``path``, any of which may match, so there paths keep nothing apart.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipeline.policy.analysis import cover, spans
from pipeline.policy.analysis.reach import local, names_sockets, reach

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pipeline.policy.compile import CompiledMatch, CompiledRule
    from pipeline.policy.globs import Glob


def contains(outer: CompiledMatch, inner: CompiledMatch, on: frozenset[str]) -> bool:
    """Whether every event of ``inner`` surely is one of ``outer``, for the operations of ``on``."""
    return (
        not outer.taint
        and all(_path_within(inner, wanted) for wanted in (outer.paths, outer.labelled) if wanted)
        and (not outer.exes or (bool(inner.exes) and cover.within(inner.exes, outer.exes)))
        and all(_address_within(inner, outer, here=here) for here in local(on))
        and (not outer.ports or (bool(inner.ports) and spans.holds(spans.joined(outer.ports), inner.ports)))
        and (not outer.protocols or (bool(inner.protocols) and set(inner.protocols) <= set(outer.protocols)))
        and (outer.size is None or (inner.size is not None and spans.holds((outer.size,), (inner.size,))))
        and _texts_within(inner, outer)
    )


def disjoint(one: CompiledMatch, other: CompiledMatch, on: frozenset[str]) -> bool:
    """Whether surely no event of the operations of ``on`` is one of both, looked at under the same name."""
    return (
        ("exec" not in on and any(cover.apart(a, b) for a in _paths(one) for b in _paths(other)))
        or bool(one.exes and other.exes and cover.apart(one.exes, other.exes))
        or bool(one.ports and other.ports and not spans.meet(one.ports, other.ports))
        or bool(one.protocols and other.protocols and not set(one.protocols) & set(other.protocols))
        or bool(one.size and other.size and not spans.meet((one.size,), (other.size,)))
        or _addresses_apart(one, other, on)
        or _texts_apart(one, other)
    )


def rule_within(inner: CompiledRule, outer: CompiledRule) -> bool:
    """Whether a rule surely speaks of every event that another one speaks of."""
    return (
        reach(inner.on) <= reach(outer.on)
        and (outer.names_sockets or not names_sockets(inner))
        and contains(outer.match, inner.match, inner.on)
        and _unless_held(outer, inner)
    )


def same_events(one: CompiledRule, other: CompiledRule) -> bool:
    """Whether two rules surely speak of the same events."""
    return rule_within(one, other) and rule_within(other, one)


def rules_disjoint(one: CompiledRule, other: CompiledRule) -> bool:
    """Whether surely no event, looked at under the same selectors and name, is one of both rules."""
    shared = reach(one.on) & reach(other.on)
    on = frozenset(name for name, _ in shared)
    return (
        not shared
        or disjoint(one.match, other.match, on)
        or (one.unless is not None and contains(one.unless, other.match, on))
        or (other.unless is not None and contains(other.unless, one.match, on))
    )


def addresses(match: CompiledMatch, *, here: bool) -> spans.Spans | None:
    """The addresses that ``ip`` and ``net`` leave together; ``None`` where neither is given."""
    if not (match.networks or match.nets):
        return None
    if not match.networks:
        return spans.net(match.nets, local=here)
    by_ip = spans.networks(match.networks)
    return spans.meet(by_ip, spans.net(match.nets, local=here)) if match.nets else by_ip


def _unless_held(outer: CompiledRule, inner: CompiledRule) -> bool:
    """Whether the exceptions of ``outer`` take nothing away from ``inner``."""
    if outer.unless is None or disjoint(outer.unless, inner.match, inner.on):
        return True
    return inner.unless is not None and contains(inner.unless, outer.unless, inner.on)


def _paths(match: CompiledMatch) -> list[Sequence[Glob]]:
    return [globs for globs in (match.paths, match.labelled) if globs]


def _path_within(inner: CompiledMatch, wanted: Sequence[Glob]) -> bool:
    """Whether one of the two lists of paths, which both must match, lies within the wanted ones."""
    return any(cover.within(globs, wanted) for globs in _paths(inner))


def _address_within(inner: CompiledMatch, outer: CompiledMatch, *, here: bool) -> bool:
    """Both ``ip`` and ``net`` of the outer match must hold all addresses of the inner one."""
    if not (outer.networks or outer.nets):
        return True
    found = addresses(inner, here=here)
    if found is None:
        return False
    held = not outer.networks or spans.holds(spans.networks(outer.networks), found)
    return held and (not outer.nets or spans.holds(_surely_of(outer, inner, here=here), found))


def _surely_of(outer: CompiledMatch, inner: CompiledMatch, *, here: bool) -> spans.Spans:
    """Addresses that are of the outer ``net``; nameless ones only where the inner match has no others of the kind."""
    nameless = "unresolved" in inner.nets and "external" not in inner.nets
    words = tuple(w for w in outer.nets if w != "unresolved" or nameless)
    return spans.net(words, local=here)


def _addresses_apart(one: CompiledMatch, other: CompiledMatch, on: frozenset[str]) -> bool:
    def apart(*, here: bool) -> bool:
        a, b = addresses(one, here=here), addresses(other, here=here)
        return a is not None and b is not None and not spans.meet(a, b)

    return bool(on) and all(apart(here=here) for here in local(on))


def _texts_within(inner: CompiledMatch, outer: CompiledMatch) -> bool:
    given = dict(inner.texts)
    return all(key in given and cover.texts_within(given[key], regexes) for key, regexes in outer.texts)


def _texts_apart(one: CompiledMatch, other: CompiledMatch) -> bool:
    given = dict(one.texts)
    return any(key in given and cover.texts_apart(given[key], regexes) for key, regexes in other.texts)
