"""What became of each rule and default of a Lictor policy in an OpenShell policy."""

from __future__ import annotations

from collections.abc import Iterator

from pipeline.policy import globs
from pipeline.policy.combine import STOPPING
from pipeline.policy.dialects.interface import Item
from pipeline.policy.dialects.openshell.cuts import MAKING, WORKSPACE
from pipeline.policy.dialects.openshell.export_files import Listing, trees_of
from pipeline.policy.dialects.openshell.export_network import Drawn
from pipeline.policy.model import Match, Policy, Rule, Scope

GOVERNED = ("file.read", "file.write", "file.delete", "exec", "net.connect", "net.send", "network", *MAKING)
"""Selectors of what an OpenShell policy decides about."""


class Report:
    """Collects what the two parts of the export found out, then tells it."""

    def __init__(self, policy: Policy, files: Listing, accepted: frozenset[str]) -> None:
        self.policy, self.files, self.accepted = policy, files, accepted
        self.lost = {key: list(paths) for key, paths in files.lost.items()}
        self.networks: dict[str, Drawn] = {}

    def items(self) -> Iterator[Item]:
        """One item for each default and rule, and for what else a policy holds."""
        for key, action in self.policy.defaults.items():
            yield self._item(f"default:{key}", f"/defaults/{key}", f"{key}: {action}", self._default(key, action))
        for selector in ("file.read", "file.write", "file.delete", "exec", "network"):
            if selector not in self.policy.defaults:
                yield self._item(f"default:{selector}", "/defaults", f"{selector}: allow", self._open(selector))
        for i, rule in enumerate(self.policy.rules):
            text = f"{rule.action} {', '.join(rule.on or ('a sequence',))}"
            yield self._item(rule.id, f"/rules/{i}", text, self._rule(rule), ("rules", i))
        why = (
            "OpenShell does not start where a listed path is missing; without it, it may run with no file rules at all."
        )
        yield self._item("landlock", "", "compatibility: hard_requirement", ("setting", why))
        if not self.files.read_only and not self.files.read_write:
            why = "Without any path OpenShell limits no files; the one listed is not there, so the sandbox does not start."
            yield self._item("filesystem", "", "no path is allowed whole", ("narrower", why))
        if self.policy.scope != Scope():
            why = "OpenShell applies a policy to the sandbox that it is given to."
            yield self._item("scope", "/scope", "scope", ("setting", why))
        if self.policy.mode == "audit":
            yield self._item("mode", "/mode", "mode: audit", ("narrower", "OpenShell has no audit of files or hosts."))

    def _item(
        self, name: str, pointer: str, text: str, said: tuple[str, str], place: tuple[str | int, ...] = ()
    ) -> Item:
        found = self.policy.places.get(place)
        return Item(name, pointer, found.line if found else 1, text, said[0], why=said[1])

    def _default(self, key: str, action: str) -> tuple[str, str]:
        if key not in GOVERNED:
            return ("unsupported", "OpenShell says nothing about it.") if action in STOPPING else ("exact", "")
        if action in STOPPING:
            return "exact", ""
        return self._open(key)

    def _open(self, selector: str) -> tuple[str, str]:
        everything = "/" in self.files.read_only and selector in ("file.read", "exec")
        if everything:
            return "exact", ""
        return "narrower", "OpenShell denies what is not listed."

    def _rule(self, rule: Rule) -> tuple[str, str]:
        if rule.action in STOPPING:
            return self._stop(rule)
        if rule.sequence is not None or not any(s in GOVERNED for s in rule.on or ()):
            return "setting", "It allows what OpenShell does not decide about, or only records."
        if rule.id in self.networks:
            return self._network(self.networks[rule.id])
        if set(rule.on or ()) & {"net.send"}:
            return "unsupported", "OpenShell lets TCP connections through only."
        return self._files(rule)

    def _stop(self, rule: Rule) -> tuple[str, str]:
        """What is denied anyway needs nothing; what keeps something off the lists may be given up by its id."""
        on = rule.on if rule.sequence is None else rule.sequence[-1].on
        if rule.mode == "audit":
            return "setting", "It only records."
        if not any(s in GOVERNED for s in on or ()):
            return "unsupported", "OpenShell says nothing about it."
        given_up = self.lost.get(rule.id) or rule.id in self.accepted
        if not given_up:
            return "exact", ""
        if rule.id in self.accepted:
            return "wider", "Accepted: OpenShell does not stop what it stops."
        left = ", ".join(self.lost[rule.id][:5])
        return "wider", f"Unless it is accepted as lost, this is left out for its sake: {left}."

    def _network(self, drawn: Drawn) -> tuple[str, str]:
        if drawn.nothing:
            return "unsupported", drawn.nothing + "."
        if drawn.more:
            return "wider", f"Left out unless accepted: {'; '.join(drawn.more)}."
        if drawn.less:
            return "narrower", f"{'; '.join(dict.fromkeys(drawn.less))}."
        return "exact", ""

    def _files(self, rule: Rule) -> tuple[str, str]:
        trees = list(trees_of(rule, self.accepted))
        plain = list(trees_of(rule, frozenset()))
        if not trees:
            return _no_trees(rule)
        missing = [t for t in trees if not set(rule.on or ()) <= {*self.files.level(t), *MAKING}]
        if missing:
            return "unsupported", f"{missing[0]}: {self.files.reasons.get(missing[0], 'it is not listed whole')}."
        if plain != trees:
            return "wider", "Accepted: OpenShell allows what lies below as well, at any time."
        if len(trees) < len(rule.match.exe or rule.match.path):
            return "narrower", "Some of its patterns are no folders, which is all that OpenShell lists."
        return self._less(rule, trees)

    def _less(self, rule: Rule, trees: list[str]) -> tuple[str, str]:
        """A listed path cannot be made, renamed or removed itself; exact where the policy says so too."""
        if "exec" in (rule.on or ()) and not rule.match.exe:
            return "narrower", "OpenShell judges a program by its own file, not by the link or script asked for."
        writing = set(rule.on or ()) & {"file.write", "file.delete", *MAKING}
        if not writing or all(self._kept(rule, tree) for tree in trees):
            return "exact", ""
        return "narrower", "OpenShell lets a listed path be written to, not be made, removed or renamed itself."

    def _kept(self, rule: Rule, tree: str) -> bool:
        own = tree if tree == WORKSPACE else globs.quoted(tree)
        above = any(tree != top and tree.startswith(top + "/") for top in self.files.read_write)
        if above or rule.unless == Match(path=(own,)):
            return True
        wanted = {s for s in MAKING if s != "file.truncate"}
        removed = "file.delete" not in (rule.on or ())
        return removed and any(
            r.action in STOPPING and r.match == Match(path=(own,)) and r.unless is None and wanted <= set(r.on or ())
            for r in self.policy.rules
        )


def _no_trees(rule: Rule) -> tuple[str, str]:
    if list(trees_of(rule, frozenset([rule.id]))):
        return "wider", "Left out unless accepted: OpenShell would allow what lies below as well, at any time."
    return "unsupported", "OpenShell lists folders; patterns, conditions and exceptions have no place there."
