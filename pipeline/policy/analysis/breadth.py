"""Rules that let pass, or stop, far more than one would mean to say in one line.

What a rule opens in effect is asked of the decider with the probes: a foothold that some other rule keeps closed is no
fault of an allow that covers it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipeline.policy import globs
from pipeline.policy.analysis import cover
from pipeline.policy.analysis.findings import Finding, Subject, found
from pipeline.policy.analysis.probes import VERBS, Probe, probes
from pipeline.policy.analysis.reach import names_sockets, reach, stops
from pipeline.policy.analysis.shadows import Shadows

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from pipeline.policy.compile import CompiledMatch, CompiledRule

_FOOTHOLDS = ("persistence", "guard", "agent-config")
_READS, _WRITES = frozenset({"file.read"}), frozenset({"file.write"})
_CONNECTS = frozenset({"net.connect", "net.send"})


def check(subject: Subject, shadows: Shadows) -> Iterator[Finding]:
    """Findings about rules that are over-broad."""
    opened = _opened(subject)
    for rule in subject.rules:
        if rule.enforce and not shadows.hiding(rule):
            told = _stopping(rule) if stops(rule) else _passing(subject, rule, opened.get(rule.id, ()))
            yield from (found(rule, "over-broad", severity, text) for severity, text in told)


def _opened(subject: Subject) -> Mapping[str, Sequence[Probe]]:
    """Probes of files that a rule decides, by its id."""
    by_rule: dict[str, list[Probe]] = {}
    for probe in probes(subject.context):
        if probe.kind in (*_FOOTHOLDS, "credential"):
            by_rule.setdefault(str(subject.deciding(probe.event)), []).append(probe)
    return by_rule


def _passing(subject: Subject, rule: CompiledRule, opened: Sequence[Probe]) -> Iterator[tuple[str, str]]:
    """What an allow opens; an audit notes it, and opens only what a default would stop."""
    if rule.action == "audit" and not lifts(subject, rule):
        return
    whole = _whole(subject, rule.match)
    if whole and _reaches(rule, _WRITES):
        yield "high", f"it lets {_who(rule)} write {whole}"
    elif not whole or not _reaches(rule, _READS | _WRITES):
        yield from _everything(rule)
    for kind in (*_FOOTHOLDS, "credential"):
        names = [probe.name for probe in opened if probe.kind == kind]
        if names and not (whole and kind != "credential"):
            severity = "low" if kind == "agent-config" or rule.match.exes else "medium"
            yield severity, f"of label {kind}, {len(names)} {VERBS[kind]} under it, such as {names[0]}"
    yield from _network(rule)


def _network(rule: CompiledRule) -> Iterator[tuple[str, str]]:
    match = rule.match
    named = any(key == "domain" for key, _ in match.texts)
    if not _reaches(rule, _CONNECTS) or names_sockets(rule) or match.exes or named or match.networks:
        return
    if not match.nets and not match.ports:
        yield "high", "it lets every program reach any address and port"
    elif not match.ports and {"external", "unresolved"} & set(match.nets):
        yield "medium", "it lets every program reach any port of any address outside"
    elif match.ports and max(high - low for low, high in match.ports) >= 10_000 and set(match.nets) != {"loopback"}:
        yield "low", "it lets every program reach thousands of ports"


def _stopping(rule: CompiledRule) -> Iterator[tuple[str, str]]:
    """A stop of everything: no agent can run under it, and nobody will keep it in force."""
    if rule.unless is not None or not _any_path(rule.match) or _others_given(rule.match):
        return
    if _reaches(rule, frozenset({"exec"})):
        yield "medium", f"it is {rule.action} for every program: nothing can be started, not even the agent's own tools"
    if _reaches(rule, _READS):
        yield "medium", f"it is {rule.action} for every file: a program cannot even load its libraries"


def _everything(rule: CompiledRule) -> Iterator[tuple[str, str]]:
    wide = next((g for g in (*rule.match.paths, *rule.match.exes) if _is_everything(g)), None)
    if wide is not None:
        yield "low", f"the pattern '{wide.text}' matches everything: leave the key out, or say what is meant"


def _whole(subject: Subject, match: CompiledMatch) -> str | None:
    """Whether a match covers the whole file system or the home folder, whatever else it lists."""
    if _any_path(match):
        return "every file"
    home = globs.parse(globs.fill("~/**", lambda _name: subject.context.home))
    return "the whole home folder" if match.paths and cover.within(home, match.paths) else None


def _any_path(match: CompiledMatch) -> bool:
    return not match.labelled and (not match.paths or any(_is_everything(g) for g in match.paths))


def _is_everything(glob: globs.Glob) -> bool:
    return cover.within(globs.parse("/**"), (glob,)) or glob.text in ("/**/*", "**/*")


def _others_given(match: CompiledMatch) -> bool:
    exes = match.exes and not any(_is_everything(g) for g in match.exes)
    return bool(exes or match.texts or match.size or match.networks or match.nets or match.ports or match.protocols)


def _who(rule: CompiledRule) -> str:
    return "some programs" if rule.match.exes else "every program"


def _reaches(rule: CompiledRule, selectors: frozenset[str]) -> bool:
    return any(not selectors.isdisjoint(group) for _, group in reach(rule.on))


def lifts(subject: Subject, rule: CompiledRule) -> bool:
    """Whether a stopping default speaks where a rule does."""
    defaults = subject.program.defaults
    return any(defaults.get(s, "allow") not in ("allow", "audit") for _, group in reach(rule.on) for s in group)
