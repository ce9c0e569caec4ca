"""Rules about files in srt's lists of paths."""

from __future__ import annotations

from dataclasses import fields
from typing import TYPE_CHECKING

from pipeline.policy.dialects.srt.export_defaults import OPEN, READS, is_open
from pipeline.policy.dialects.srt.export_lists import Lists
from pipeline.policy.dialects.srt.export_paths import Entry, entries
from pipeline.policy.dialects.srt.files import DANGEROUS_FILES, DANGEROUS_FOLDERS, GIT_CONFIG
from pipeline.policy.dialects.srt.paths import Spot, resolve
from pipeline.policy.labels import BUILT_IN

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from pipeline.policy.model import Match, Policy, Rule

Part = tuple[str, str]
"""Outcome of a part of a rule, and why."""

_DEVICES = frozenset(
    f"/dev/{n}" for n in ["null", "tty", "stdout", "stderr", "zero", "full", "random", "urandom", "ptmx", "pts"]
)
_HELD = ("./.git", "./.claude")
_NAMES = frozenset((*DANGEROUS_FILES, *DANGEROUS_FOLDERS, GIT_CONFIG))
EVERYTHING = (Entry("/", tree=True),)


def given(match: Match | None) -> set[str]:
    """The keys that a match has."""
    return {f.name for f in fields(match) if getattr(match, f.name)} if match is not None else set()


def match_entries(policy: Policy, match: Match) -> list[Entry]:
    """The entries of the paths of a match, or of its labels where it has no paths."""
    labelled = [p for name in match.label for p in policy.labels.get(name) or BUILT_IN.get(name, ())]
    return [entry for pattern in match.path or labelled for entry in entries(pattern)]


def denied_reads(policy: Policy, index: int, rule: Rule, lists: Lists) -> Iterator[Part]:
    """Write a deny of reading."""
    keys = given(rule.match)
    found = match_entries(policy, rule.match)
    if keys and not found:
        yield "unsupported", f"srt cannot look at {', '.join(sorted(keys))}"
        return
    for entry in found or EVERYTHING:
        yield _denied_read(entry, lists)
    yield from _dropped(keys)
    yield from _read_exceptions(policy, index, rule, lists)


def _denied_read(entry: Entry, lists: Lists) -> Part:
    if entry.entry is None:
        return "wider", "srt has no such pattern, so it is not denied"
    lists.deny_read.append(entry.entry)
    if entry.anywhere:
        lists.deny_read.append("/" + entry.path)
        return "wider", "srt on Linux looks for such names below the folder that it is started in only"
    if entry.glob:
        return "wider", "srt on Linux denies only what there is when a command starts"
    return ("exact", "") if entry.tree else ("narrower", "srt denies what is below it too, were it a folder")


def _dropped(keys: Iterable[str]) -> Iterator[Part]:
    further = sorted(set(keys) - {"path"})
    if further and further != ["label"]:
        yield "narrower", f"srt cannot look at {', '.join(further)}, so it denies this to everybody"


def _read_exceptions(policy: Policy, index: int, rule: Rule, lists: Lists) -> Iterator[Part]:
    if rule.unless is None:
        return
    if given(rule.unless) != {"path"}:
        yield "narrower", "srt cannot look at the exceptions"
        return
    for entry in match_entries(policy, rule.unless):
        plain = entry.tree and not entry.glob and entry.entry is not None
        if plain and is_open(policy, *READS) and not lifts(policy, entry, index):
            lists.allow_read.append(entry.entry)
        else:
            yield (
                "narrower",
                "an exception is left out, since in srt it would be less, or open what another rule denies",
            )


def lifts(policy: Policy, entry: Entry, but: int | None) -> bool:
    """Whether an allowed read would lift the deny of another rule (``but`` is the rule that it belongs to)."""
    spot = resolve(entry.entry)
    if not isinstance(spot, Spot):
        return True
    for i, rule in enumerate(policy.rules):
        if i == but or rule.action in OPEN or not set(READS) & set(rule.on or ()) or rule.mode == "audit":
            continue
        denied = [resolve(e.entry) for e in match_entries(policy, rule.match) if e.entry is not None]
        if any(isinstance(d, Spot) and d.covers(spot) for d in denied) or not given(rule.match):
            return True
    return False


def denied_writes(policy: Policy, rule: Rule, on: set[str], lists: Lists) -> Iterator[Part]:
    """Write a deny of writing."""
    keys = given(rule.match)
    found = match_entries(policy, rule.match)
    if "file.write" not in on:
        held = on == {"file.rename"} and bool(found) and all(_is_held(policy, entry) for entry in found)
        yield ("exact", "") if held else ("unsupported", "srt denies all writing, not one kind of it")
        return
    if keys and not found:
        yield "unsupported", f"srt cannot look at {', '.join(sorted(keys))}"
        return
    for entry in found or EVERYTHING:
        yield _denied_write(entry, lists)
    yield from _dropped(keys)
    if rule.unless is not None:
        yield "narrower", "srt has no exceptions from a denied write"


def _is_held(policy: Policy, entry: Entry) -> bool:
    """Whether srt keeps a folder from being moved, since something in it is denied."""
    spot = None if entry.entry is None or entry.glob else resolve(entry.entry)
    if not isinstance(spot, Spot):
        return False
    denies = (r for r in policy.rules if r.action not in OPEN and {"file.read", "file.write"} & set(r.on or ()))
    denied = (resolve(e.entry) for r in denies for e in match_entries(policy, r.match) if e.entry is not None)
    return entry.path in _HELD or any(isinstance(d, Spot) and spot.exact in d.ancestors for d in denied)


def _denied_write(entry: Entry, lists: Lists) -> Part:
    if entry.entry is None:
        return "wider", "srt has no such pattern, so it is not denied"
    lists.deny_write.append(entry.entry)
    if entry.anywhere and entry.path.removeprefix("**/") in _NAMES:
        return (
            "wider",
            "srt protects this name below the folder that it is started in only, on Linux to a depth of three",
        )
    if entry.glob:
        return "wider", "srt on Linux skips patterns for writing, so only the default denies it there"
    return ("exact", "") if entry.tree else ("narrower", "srt denies what is below it too, were it a folder")


def allowed_reads(policy: Policy, rule: Rule, lists: Lists, *, accepted: bool) -> Iterator[Part]:
    """Write a permission to read, which counts only where the default denies it."""
    if is_open(policy, *READS):
        yield "exact", ""
        return
    if given(rule.match) - {"path", "label"} or rule.unless is not None or rule.expires or len(given(rule.match)) > 1:
        yield "wider", "srt cannot look at the conditions"
        if not accepted:
            return
    for entry in match_entries(policy, rule.match) or EVERYTHING:
        if entry.entry is None or entry.glob or lifts(policy, entry, None):
            yield "narrower", "it is left out, since in srt it would be less, or open what another rule denies"
        elif entry.tree or accepted:
            lists.allow_read.append(entry.entry)
            yield "exact", ""
        else:
            yield "wider", "srt allows what is below it too, were it a folder"


def allowed_writes(policy: Policy, rule: Rule, lists: Lists, *, all_of_it: bool, accepted: bool) -> Iterator[Part]:
    """Write a permission to write; ``all_of_it``: deleting and changing permissions are allowed too."""
    if is_open(policy, "file.write"):
        yield "exact", ""
        return
    keys = given(rule.match)
    if keys - {"path", "label"} or len(keys) > 1 or rule.expires or not all_of_it or not _denied_again(policy, rule):
        yield "wider", "srt cannot look at the conditions, or allows more than this kind of writing"
        if not accepted:
            return
    elif rule.unless is not None:
        lists.deny_write += [e.entry for e in match_entries(policy, rule.unless)]
        yield "narrower", "the exceptions are denied, also where another rule allows them"
    if not keys:
        lists.allow_write.append("/")
    for entry in match_entries(policy, rule.match):
        yield _allowed_write(entry, lists, accepted=accepted)


def _denied_again(policy: Policy, rule: Rule) -> bool:
    """Whether the exceptions of a permission can be written as denies of their own."""
    if rule.unless is None:
        return True
    found = match_entries(policy, rule.unless)
    return given(rule.unless) <= {"path"} and all(e.entry is not None and not e.glob for e in found)


def _allowed_write(entry: Entry, lists: Lists, *, accepted: bool) -> Part:
    if entry.entry is None:
        return "narrower", "srt has no such pattern, so nothing is allowed by it"
    if entry.path in _DEVICES:
        return "exact", ""
    if entry.glob:
        lists.allow_write.append(entry.entry)
        return "narrower", "srt on Linux skips patterns for writing, so nothing is allowed by it there"
    if entry.tree or accepted:
        lists.allow_write.append(entry.entry)
        return ("exact", "") if entry.tree else ("wider", "srt allows what is below it too, were it a folder")
    return "wider", "srt allows what is below it too, were it a folder"
