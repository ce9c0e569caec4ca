"""Events that a rule speaks of, made up from its patterns, to put to the decider.

A guess, never a claim: whoever uses a sample first asks the decider whether the rule does match it.
"""

from __future__ import annotations

from dataclasses import fields
from functools import lru_cache
from itertools import chain, product
from typing import TYPE_CHECKING, Any

import re2

from pipeline.policy import globs
from pipeline.policy.analysis import cover, spans
from pipeline.policy.analysis.automata import common
from pipeline.policy.analysis.keys import addresses
from pipeline.policy.analysis.reach import operations
from pipeline.policy.context import RunContext, resolver
from pipeline.policy.decide import LOCAL
from pipeline.policy.matchers import plain_path
from pipeline.policy.model import TestEvent

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from pipeline.policy.compile import CompiledMatch, CompiledRule
    from pipeline.policy.globs import Glob

PROGRAMS = ("/usr/bin/cat", "/usr/bin/python3", "/opt/unheard-of/tool")
"""Programs of samples of rules that name none: more than one, since exceptions name the usual ones."""

ADDRESS, NAMED = "203.0.113.7", "host.example"
FILE = "/srv/data/file"

_UNIX = "unix"
_PATHS = ("path", "path_to", "script", "exe", "parent")


@lru_cache(maxsize=20_000)
def path_of(glob: Glob) -> str | None:
    """A plain absolute path that a pattern matches: of a tree a file in it, of a name one somewhere."""
    if glob.regex == cover.EVERYTHING:
        return FILE
    made = {
        "exact": glob.literal,
        "subtree": f"{glob.literal.rstrip('/')}/file",
        "name": f"/srv/data/{glob.literal}",
        "name_subtree": f"/srv/data/{glob.literal}/file",
    }.get(glob.kind)
    return _filled(glob.regex, glob.text) if made is None else made if made.startswith("/") else None


@lru_cache(maxsize=20_000)
def _filled(regex: str, text: str) -> str | None:
    """A pattern with a word for each ``*`` where that matches, else the shortest path that does."""
    word = text.replace("**/", "srv/", 1) if text.startswith("**/") else text
    guess = "/" + word.replace("\\", "").replace("**", "any").replace("*", "x").replace("?", "x").lstrip("/")
    guess = guess.removesuffix("/any") + ("/any/file" if guess.endswith("/any") else "")
    return guess if re2.fullmatch(regex, guess) else common([regex], "path").text


def events(rule: CompiledRule, *, most: int = 400) -> Iterator[TestEvent]:
    """Samples of a rule: one for each operation and path pattern, with each of a few programs."""
    found = chain.from_iterable(
        _events(operation, rule.match, path) for operation in operations(rule.on) for path in _paths(rule.match)
    )
    for number, event in enumerate(found):
        if number >= most:
            return
        yield event


def meetings(one: CompiledRule, other: CompiledRule) -> Iterator[TestEvent]:
    """Samples of what two rules both speak of, as far as one can be made up key by key."""
    both = [o for o in operations(one.on) if o in operations(other.on)]
    for operation, path in product(both, _meeting_paths(one.match, other.match)):
        yield from _pair_events(operation, one.match, other.match, path)


def varied(event: TestEvent, **columns: Any) -> TestEvent:
    """The event with other columns; one without an intent keeps the usual one of its operation."""
    given = {f.name: getattr(event, f.name) for f in fields(event)} | columns
    return TestEvent(**{name: value for name, value in given.items() if name != "intent" or value})


def filled(event: TestEvent, context: RunContext) -> TestEvent:
    """The event with its variables filled in and its paths plain; raises ``GlobError`` for one without a value."""
    paths = {name: value for name in _PATHS if (value := getattr(event, name)) is not None}
    lookup = resolver(context)
    return varied(event, **{n: plain_path(globs.fill(v, lookup, quote=False)) for n, v in paths.items()})


def _paths(match: CompiledMatch) -> Iterator[str | None]:
    if match.paths and match.labelled:
        yield from (text for a in match.paths if (text := cover.meeting([a], match.labelled)))
    elif match.paths or match.labelled:
        yield from (text for glob in match.paths or match.labelled if (text := path_of(glob)))
    else:
        yield None


def _meeting_paths(one: CompiledMatch, other: CompiledMatch) -> list[str | None]:
    some, others = one.paths or one.labelled, other.paths or other.labelled
    if not (some and others):
        return list(_paths(one if some else other))[:50]
    inner = next(
        (path for glob in others if (path := path_of(glob)) and any(cover.matches(g, path) for g in some)), None
    )
    found = inner or cover.meeting(some, others)
    return [found] if found else []


def _events(operation: str, match: CompiledMatch, path: str | None) -> Iterator[TestEvent]:
    return _made(operation, path, _exes(match), (match,))


def _pair_events(operation: str, one: CompiledMatch, other: CompiledMatch, path: str | None) -> Iterator[TestEvent]:
    if one.exes and other.exes:
        met = cover.meeting(one.exes, other.exes)
        exes = [met] if met else []
    else:
        exes = _exes(one if one.exes else other)
    return _made(operation, path, exes, (one, other))


def _exes(match: CompiledMatch) -> list[str]:
    if not match.exes:
        return list(PROGRAMS)
    return [path for glob in match.exes[:3] if (path := path_of(glob))]


def _made(
    operation: str, path: str | None, exes: Iterable[str], matches: Sequence[CompiledMatch]
) -> Iterator[TestEvent]:
    """Events of an operation with what all matches ask for; none where a key of theirs cannot be met."""
    columns = _columns(operation, path, matches)
    if columns is None:
        return
    for exe in exes:
        yield TestEvent(on=operation, **columns, **_acting(operation, path, exe, matches))


def _acting(operation: str, path: str | None, exe: str, matches: Sequence[CompiledMatch]) -> dict[str, Any]:
    """The program that acts; of exec it is the one that is started, where no match asks for another."""
    if operation != "exec":
        return {"exe": exe}
    asked = any(m.exes for m in matches)
    return {"path": path or exe, "exe": exe if asked or path is None else path}


def _columns(operation: str, path: str | None, matches: Sequence[CompiledMatch]) -> dict[str, Any] | None:
    texts = _texts(matches)
    size = _size(matches)
    if texts is None or size is None or ("domain" in texts and any(m.nets == ("unresolved",) for m in matches)):
        return None
    found: dict[str, Any] = {**texts, **size}
    if operation.startswith("net."):
        net = _network(operation, path, matches)
        return None if net is None else found | net
    if operation.startswith("file."):
        found["path"] = path or FILE
    if operation in ("file.rename", "file.link", "file.symlink"):
        found["path_to"] = found["path"]
    return found


def _network(operation: str, path: str | None, matches: Sequence[CompiledMatch]) -> dict[str, Any] | None:
    protocols = [set(m.protocols) for m in matches if m.protocols]
    asked = sorted(set.intersection(*protocols)) if protocols else []
    if protocols and not asked:
        return None
    if path is not None or asked == [_UNIX]:
        return {"path": path or "/run/socket", "protocol": _UNIX}
    found: dict[str, Any] = {"protocol": next(p for p in asked if p != _UNIX)} if asked else {}
    here = operation in LOCAL
    places = [s for m in matches if (s := addresses(m, here=here)) is not None]
    address = spans.example(_met(places)) if places else ADDRESS
    ports = [spans.joined(m.ports) for m in matches if m.ports]
    port = _met(ports) if ports else ((443, 443),)
    if address is None or not port:
        return None
    end = "src" if here else "dst"
    return found | {f"{end}_ip": address, f"{end}_port": port[0][0]}


def _met(found: Sequence[spans.Spans]) -> spans.Spans:
    left = found[0]
    for other in found[1:]:
        left = spans.meet(left, other)
    return left


def _texts(matches: Sequence[CompiledMatch]) -> dict[str, str] | None:
    asked: dict[str, list[tuple[str, ...]]] = {}
    for match in matches:
        for key, regexes in match.texts:
            asked.setdefault(key, []).append(regexes)
    found = {key: _text(groups, "path" if key == "parent" else "text") for key, groups in asked.items()}
    return None if None in found.values() else {key: text for key, text in found.items() if text is not None}


def _text(groups: Sequence[tuple[str, ...]], universe: Any) -> str | None:
    """A text that one expression of each group matches."""
    combinations = (common(list(chosen), universe).text for chosen in product(*(g[:8] for g in groups)))
    return next((text for text in combinations if text), None)


def _size(matches: Sequence[CompiledMatch]) -> dict[str, int] | None:
    sizes = [(m.size,) for m in matches if m.size]
    if not sizes:
        return {}
    left = _met(sizes)
    return {"bytes": left[0][0]} if left else None
