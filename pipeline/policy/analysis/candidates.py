"""Changes that might give an event another verdict, each small and to the point; whether they do is tried elsewhere."""

from __future__ import annotations

import posixpath
import re
from typing import TYPE_CHECKING, Any

from pipeline.policy import globs
from pipeline.policy.analysis import cover
from pipeline.policy.analysis.changes import Book, Edit, Raw
from pipeline.policy.analysis.event_keys import EventKeys, Keys
from pipeline.policy.combine import STOPPING
from pipeline.policy.context import resolver

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pipeline.policy.analysis.views import RuleView, View
    from pipeline.policy.context import RunContext
    from pipeline.policy.model import TestEvent

Candidate = tuple[str, tuple[Edit, ...]]
"""What is done, in words, and the edits that do it."""


class Author:
    """Writes changes to one policy for one event."""

    def __init__(self, book: Book, event: TestEvent, context: RunContext) -> None:
        self._book, self._event, self._context = book, event, context
        self._policy = book.policy
        self._ways = EventKeys(event, context).ways

    def opening(self, view: View) -> Iterator[Candidate]:
        """Changes that might let the event pass where this view stops it."""
        decision = view.decision
        if str(decision.rule).startswith("default:"):
            selector = str(decision.rule).removeprefix("default:")
            yield from self._new_rules(view, "allow")
            yield from self._extended(view, stopping=False)
            yield f"change the default of {selector} to allow", (self._default(selector, "allow"),)
        elif decision.rule is not None and self._book.changeable(decision.rule):
            yield from self._split(decision.rule, view.name)
            yield from self._excepted(decision.rule, view.name)
            yield from self._apart(decision.rule, view)
            yield from self._weakened(decision.rule)

    def closing(self, view: View, action: str) -> Iterator[Candidate]:
        """Changes that might give the event a stopping verdict in this view."""
        yield from self._new_rules(view, action)
        yield from self._extended(view, stopping=True)
        yield from self._tightened(view)
        for selector in view.selectors:
            yield f"change the default of {selector} to {action}", (self._default(selector, action),)

    def _new_rules(self, view: View, action: str) -> Iterator[Candidate]:
        for keys in self._ways(view.name, view.selectors[:1]):
            name = self._book.free_id(_slug(action, self._event, view.name))
            raw: Raw = {"id": name, "on": view.selectors[0], "match": keys, "action": action}
            text = f"add a rule that is {action} for {_listed(keys)}"
            yield text, (Edit(self._policy.name, "add", name, raw),)

    def _excepted(self, rule: str, name: str | None) -> Iterator[Candidate]:
        """Exceptions in the rule's own ``unless``: keys of it that are there grow, or it is new."""
        raw = self._book.raw(rule)
        if raw is None:
            return
        unless = raw.get("unless")
        for keys in self._ways(name, _values(raw["on"])):
            if unless is None or set(keys) <= set(unless):
                made = {**raw, "unless": _grown(unless or {}, keys)}
                yield f"except {_listed(keys)} from rule '{rule}'", (self._replaced(rule, made),)

    def _split(self, rule: str, name: str | None) -> Iterator[Candidate]:
        """A rule that has an exception already is taken apart: the path in question gets a rule with its own."""
        raw = self._book.raw(rule)
        if raw is None or name is None or "unless" not in raw:
            return
        patterns = _values(raw.get("match", {}).get("path", []))
        own = [p for p in patterns if self._is_of_event("path", p, name)]
        if not own or len(own) == len(patterns):
            return
        rest = {**raw, "match": {**raw["match"], "path": [p for p in patterns if p not in own]}}
        part = {**raw, "match": {**raw["match"], "path": own}}
        for keys in self._ways(None, _values(raw["on"])):
            if set(keys) <= set(raw["unless"]):
                yield self._divided(rest, part, own, keys)

    def _apart(self, rule: str, view: View) -> Iterator[Candidate]:
        """Where all that the rule is on has no key in common that tells the event: its operation gets a rule with an exception."""
        raw = self._book.raw(rule)
        if raw is None or "unless" in raw or self._ways(view.name, _values(raw["on"])):
            return
        own = [s for s in _values(raw["on"]) if s in view.selectors]
        rest = {**raw, "on": [s for s in _values(raw["on"]) if s not in own]}
        for keys in self._ways(view.name, own) if own and rest["on"] else []:
            yield self._divided(rest, {**raw, "on": own}, own, keys)

    def _divided(self, rest: Raw, part: Raw, own: list[str], keys: Keys) -> Candidate:
        """A rule made two: ``rest`` stays as it is, and ``part``, which is about ``own``, excepts what the keys say."""
        rule = rest["id"]
        apart = self._book.free_id(f"{rule[:90]}-apart")
        made = {**part, "id": apart, "unless": _grown(part.get("unless", {}), keys)}
        text = f"take {', '.join(own)} out of rule '{rule}' into one of its own that excepts {_listed(keys)}"
        return text, (self._replaced(rule, rest), Edit(self._policy.name, "add", apart, made))

    def _weakened(self, rule: str) -> Iterator[Candidate]:
        raw, included = self._book.raw(rule), self._book.included(rule)
        if raw is None:
            return
        yield f"let rule '{rule}' only record", (self._replaced(rule, {**raw, "mode": "audit"}),)
        how = "disable" if included else "take out"
        yield f"{how} rule '{rule}'", (Edit(self._policy.name, "remove", rule, included=included),)

    def _extended(self, view: View, *, stopping: bool) -> Iterator[Candidate]:
        """Rules that would match but for one key get the event's value in it."""
        for seen in view.rules:
            meant = seen.action in STOPPING if stopping else seen.action == "allow"
            fits = seen.outcome == "key" and len(seen.keys) == 1 and meant
            if not fits or not self._book.changeable(seen.rule):
                continue
            key = seen.keys[0]
            value = next((keys[key] for keys in self._ways(view.name) if key in keys), None)
            raw = self._book.raw(seen.rule)
            if value is not None and raw is not None and key in raw.get("match", {}):
                raw["match"] = {**raw["match"], key: _with(raw["match"][key], value)}
                yield f"add {_listed({key: value})} to rule '{seen.rule}'", (self._replaced(seen.rule, raw),)

    def _tightened(self, view: View) -> Iterator[Candidate]:
        """Exceptions taken back, records made to count, and allows taken out."""
        for seen in view.rules:
            raw = self._book.raw(seen.rule) if self._book.changeable(seen.rule) else None
            if raw is None:
                continue
            if seen.outcome == "unless" and seen.action in STOPPING:
                yield from self._taken_back(seen, raw)
            elif raw.get("mode") == "audit" and seen.outcome in ("records", "decides") and seen.action in STOPPING:
                raw.pop("mode")
                yield f"let rule '{seen.rule}' count", (self._replaced(seen.rule, raw),)
            elif seen.outcome == "decides" and seen.action not in STOPPING:
                gone = Edit(self._policy.name, "remove", seen.rule, included=self._book.included(seen.rule))
                yield f"{'disable' if gone.included else 'take out'} rule '{seen.rule}'", (gone,)

    def _taken_back(self, seen: RuleView, raw: Raw) -> Iterator[Candidate]:
        """The rule without the values of its exception that are the event's."""
        for key in seen.keys:
            values = _values(raw["unless"][key])
            kept = [v for v in values if not self._is_of_event(key, v, self._event.path)]
            if kept == values:
                continue
            unless = {k: v for k, v in raw["unless"].items() if k != key} | ({key: kept} if kept else {})
            made = {k: v for k, v in raw.items() if k != "unless"} | ({"unless": unless} if unless else {})
            yield f"take {key} back out of the exceptions of rule '{seen.rule}'", (self._replaced(seen.rule, made),)

    def _is_of_event(self, key: str, value: Any, path: str | None) -> bool:
        """Whether a value of a key is what the event has there."""
        own = {"exe": self._event.exe, "path": path, "parent": self._event.parent}.get(key)
        if own is None or not isinstance(value, str):
            return str(value) in {str(keys.get(key)) for keys in self._ways(path)}
        return any(cover.matches(glob, own) for glob in globs.parse(globs.fill(value, resolver(self._context))))

    def _replaced(self, rule: str, raw: Raw) -> Edit:
        return Edit(self._policy.name, "replace", rule, raw, included=self._book.included(rule))

    def _default(self, selector: str, action: str) -> Edit:
        return Edit(self._policy.name, "default", selector, action=action)


def _values(value: Any) -> list[Any]:
    return list(value) if isinstance(value, list) else [value]


def _with(value: Any, more: Any) -> Any:
    """A key's values and one more; a single one stays single."""
    return more if value is None else [*_values(value), *(m for m in _values(more) if m not in _values(value))]


def _grown(unless: Keys, keys: Keys) -> Keys:
    """An exception with the values of some keys as well."""
    return {**unless, **{key: _with(unless.get(key), value) for key, value in keys.items()}}


def _listed(keys: Keys) -> str:
    return " and ".join(f"{key} {value}" for key, value in keys.items())


def _slug(action: str, event: TestEvent, name: str | None) -> str:
    what = posixpath.basename(name or "") or event.domain or event.dst_ip or event.on
    return re.sub(r"[^A-Za-z0-9._]+", "-", f"{action}-{what}")[:90].rstrip("-.") or action
