"""The verdict on one kind of event: the rules read one by one, as they are written.

``Decider`` numbers the patterns of a program and answers for ``Facts`` (which patterns an event
matches). It is called once per distinct combination of facts, so it is written to be read.

How a verdict comes about, in each policy for itself, then the strongest over all:

- An event is looked at under each of its selectors' groups: the operation itself, and for an open
  also what it was asked for, so that an open for reading *and* writing must pass as both.
- A rename or hard link touches two names, and each must pass; of a symbolic link the new name must
  pass, while what it points to can be denied by a rule but falls under no default.
- Among the rules that match the strongest wins; where none matches, the default speaks.
- Network rules and defaults do not speak of unix sockets unless the rule names a path or ``unix``.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, TypeVar

from pipeline import schema
from pipeline.policy.combine import STOPPING
from pipeline.policy.compile import SEVERITY_OF, CompiledMatch, CompiledRule, Layer, Program
from pipeline.policy.kinds import NETS, PROTOCOLS
from pipeline.policy.matchers import AddressSpace, PatternSet, Spans, net_networks, plain_path
from pipeline.policy.quantities import LARGEST
from pipeline.policy.rule_index import RuleIndex
from pipeline.policy.texts import plain_domain

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

T = TypeVar("T")

OPENS = ("file.open", "file.read", "file.write", "file.create")
"""Operations whose ``intent`` counts."""

LOCAL = ("net.bind", "net.listen")
"""Operations that are about the local address; all others are about the peer."""

_RANK = {v: i for i, v in enumerate(schema.VERDICTS)}
_BY_RULE, _BY_DEFAULT, _BY_NOTHING = 2, 1, 0


@dataclass(frozen=True)
class Facts:
    """What is known of an event: its operation and bit sets of the patterns that its columns match (0 for NULL)."""

    operation: str
    intents: frozenset[str] = frozenset()
    path: int = 0
    path_to: int = 0
    script: int = 0
    exe: int = 0
    exe_path: int = 0
    ip: int = 0
    port: int = 0
    protocol: int = 0
    argv: int = 0
    parent: int = 0
    user: int = 0
    domain: int = 0
    exe_hash: int = 0
    size: int = 0


@dataclass(frozen=True)
class Decision:
    """Values of the judged columns; ``verdict`` ``None`` where no policy is in force."""

    verdict: str | None
    rule: str | None = None
    policy: str | None = None
    policy_version: str | None = None
    severity: str | None = None


class _Mask:
    """A match as bit masks, by the fact that each is compared with; a key that is not given has none."""

    def __init__(self, path: int, label: int, others: Iterable[tuple[str, int]]) -> None:
        self._paths = tuple(mask for mask in (path, label) if mask)
        self._others = tuple((fact, mask) for fact, mask in others if mask)
        self.first_path = self._paths[0] if self._paths else 0
        self.first_address = next((mask for fact, mask in self._others if fact == "ip"), 0)

    def holds(self, facts: Facts, path: int) -> bool:
        """Whether each given key has a value that matches; ``path`` is the name that is looked at."""
        return all(mask & path for mask in self._paths) and all(
            mask & getattr(facts, fact) for fact, mask in self._others
        )


TEXTS = ("argv", "parent", "user", "domain", "exe_hash")
"""Facts that are patterns of a text."""

_KNOWN = 1
"""Bit of a domain: that a name is known at all; the patterns follow."""


class Decider:
    """Numbers the patterns of a program and gives the verdict on facts."""

    def __init__(self, program: Program, questions: Sequence[CompiledRule] = ()) -> None:
        """``questions`` are further rules that ``matches`` is asked about; they give no verdict."""
        self._program = program
        rules = (*program.rules, *questions)
        matches = [m for r in rules for m in (r.match, r.unless) if m is not None]
        self._paths = PatternSet(g.regex for m in matches for g in (*m.paths, *m.labelled))
        self._exes = PatternSet(g.regex for m in matches for g in m.exes)
        self._texts = {
            key: PatternSet(r for m in matches for k, rs in m.texts if k == key for r in rs) for key in TEXTS
        }
        self._networks = _numbered(n for m in matches for n in m.networks)
        words = ("unspecified", *(w for w in NETS if w != "unresolved"))
        self._unresolved = any("unresolved" in m.nets for m in matches)
        self._nets = {word: 1 << (len(self._networks) + i) for i, word in enumerate((*words, "unresolved"))}
        self._space = AddressSpace([*([n] for n in self._networks), *(net_networks(w) for w in words)])
        self._ports = _numbered(p for m in matches for p in m.ports)
        self._sizes = _numbered(m.size for m in matches if m.size)
        self._port_spans = Spans([(low, high + 1)] for low, high in self._ports)
        self._size_spans = Spans([(low, high + 1)] for low, high in self._sizes)
        self._masks = {id(m): self._mask(m) for m in matches}
        self._nothing = Decision("allow", None, program.name, program.version) if program.layers else Decision(None)
        self._spoken: dict[tuple[int, tuple[str, ...]], RuleIndex[CompiledRule]] = {}

    @property
    def used(self) -> frozenset[str]:
        """Facts beyond operation and intent that some rule looks at; the others need not be found out."""
        looked = {"path", "path_to", "script", "exe", "ip", "port", "protocol"}
        looked |= {key for key, found in self._texts.items() if found}
        return frozenset(looked | ({"domain"} if self._unresolved else set()) | ({"size"} if self._sizes else set()))

    def path(self, value: str) -> int:
        """Path patterns that a path matches."""
        return self._paths.match(plain_path(value))

    def exe(self, value: str) -> int:
        """Program patterns that the path of a program matches."""
        return self._exes.match(plain_path(value))

    def ip(self, value: str) -> int:
        """Networks that hold an address."""
        return self._space.match(value)

    def port(self, value: int) -> int:
        """Port ranges that hold a port."""
        return self._port_spans.match(value)

    def protocol(self, value: str) -> int:
        """The protocol's own bit; 0 for one that no rule can name."""
        return 1 << PROTOCOLS.index(value) if value in PROTOCOLS else 0

    def text(self, key: str, value: str) -> int:
        """Patterns of a text fact that a value matches."""
        if key == "domain":
            plain = plain_domain(value)
            return 0 if plain is None else _KNOWN | self._texts[key].match(plain) << 1
        return self._texts[key].match(value.lower() if key == "exe_hash" else value)

    def size(self, value: int) -> int:
        """Sizes that hold a number of bytes."""
        return self._size_spans.match(value)

    def size_borders(self) -> list[int]:
        """Sizes at which the answer of ``size`` may change."""
        return [border for border in self._size_spans.borders if border <= LARGEST]

    def port_borders(self) -> list[int]:
        """Ports at which the answer of ``port`` may change."""
        return self._port_spans.borders

    def concerns(self, operation: str) -> bool:
        """Whether any rule or default could speak of an operation."""
        if operation not in schema.OPERATION_BY_NAME:
            return False
        reach = set(schema.OPERATION_BY_NAME[operation].selectors)
        if operation in OPENS:
            reach |= set(schema.INTENT_SELECTORS.values())
        return any(reach & r.on for r in self._program.rules) or bool(reach & self._program.defaults.keys())

    def decide(self, facts: Facts) -> Decision:
        """The verdict; of equally strong ones a rule goes before a default, and the earlier rule before the later.

        A rule that only records never hides one that stops: its verdict counts where the others stop nothing.
        """
        facts = self._with_words(facts)
        best, best_rank = self._nothing, (0, 0, _BY_NOTHING)
        for layer in self._program.layers:
            for selectors in groups(facts.operation, facts.intents):
                for path, with_defaults in _names(facts):
                    found, rank = self._in_layer(layer, selectors, facts, path, with_defaults=with_defaults)
                    if rank > best_rank:
                        best, best_rank = found, rank
        return best

    def matches(self, rule: CompiledRule, facts: Facts) -> bool:
        """Whether an event is one that a rule speaks of, under any of its selectors and names."""
        facts = self._with_words(facts)
        unix = self._is_unix(facts)
        return any(
            (not unix or rule.names_sockets) and self._matches(rule, selectors, facts, path)
            for selectors in groups(facts.operation, facts.intents)
            for path, _ in _names(facts)
        )

    def matching(self, facts: Facts) -> list[CompiledRule]:
        """Every rule of the program that speaks of an event, in the order of the files."""
        return [rule for rule in self._program.rules if self.matches(rule, facts)]

    def _with_words(self, facts: Facts) -> Facts:
        """The facts with what follows from the address: what the unspecified one means, and whether it has a name."""
        ip = facts.ip
        if ip & self._nets["unspecified"]:
            ip |= self._nets["external" if facts.operation in LOCAL else "loopback"]
        if ip & self._nets["external"] and not facts.domain & _KNOWN:
            ip |= self._nets["unresolved"]
        return facts if ip == facts.ip else replace(facts, ip=ip)

    def _is_unix(self, facts: Facts) -> bool:
        return bool(facts.protocol & self.protocol("unix")) and facts.operation.startswith("net.")

    def _in_layer(
        self, layer: Layer, selectors: tuple[str, ...], facts: Facts, path: int, *, with_defaults: bool
    ) -> tuple[Decision, _Rank]:
        unix = self._is_unix(facts)
        recorded: CompiledRule | None = None
        for rule in self._speaking(layer, selectors).candidates(path, facts.ip):
            if (unix and not rule.names_sockets) or not self._masks[id(rule.match)].holds(facts, path):
                continue
            if rule.unless is not None and self._masks[id(rule.unless)].holds(facts, path):
                continue
            if rule.enforce:
                return _ruled(rule) if recorded is None or _stops(rule) else _ruled(recorded)
            recorded = recorded or rule
        spoken = [s for s in selectors if s in layer.defaults]
        if spoken and not unix and with_defaults:
            selector = max(spoken, key=lambda s: _RANK[layer.defaults[s]])
            found = _defaulted(layer, selector)
            return found if recorded is None or found[1][0] else _ruled(recorded)
        return (self._nothing, (0, 0, _BY_NOTHING)) if recorded is None else _ruled(recorded)

    def _speaking(self, layer: Layer, selectors: tuple[str, ...]) -> RuleIndex[CompiledRule]:
        """The rules of a layer that speak of some selectors, strongest first, then in the order of the file."""
        key = id(layer), selectors
        if key not in self._spoken:
            rules = sorted(layer.rules, key=lambda r: (-_RANK[r.action], not r.enforce))
            masks = ((r, self._masks[id(r.match)]) for r in rules if not r.on.isdisjoint(selectors))
            self._spoken[key] = RuleIndex([(r, mask.first_path, mask.first_address) for r, mask in masks])
        return self._spoken[key]

    def _matches(self, rule: CompiledRule, selectors: tuple[str, ...], facts: Facts, path: int) -> bool:
        if rule.on.isdisjoint(selectors) or not self._masks[id(rule.match)].holds(facts, path):
            return False
        return rule.unless is None or not self._masks[id(rule.unless)].holds(facts, path)

    def _mask(self, match: CompiledMatch) -> _Mask:
        texts = [(key, self._texts[key].mask(regexes)) for key, regexes in match.texts]
        return _Mask(
            self._paths.mask(g.regex for g in match.paths),
            self._paths.mask(g.regex for g in match.labelled),
            [
                ("exe", self._exes.mask(g.regex for g in match.exes)),
                ("ip", sum(1 << self._networks[n] for n in set(match.networks))),
                ("ip", sum(self._nets[n] for n in set(match.nets))),
                ("port", sum(1 << self._ports[p] for p in set(match.ports))),
                ("protocol", sum(self.protocol(p) for p in set(match.protocols))),
                ("size", 1 << self._sizes[match.size] if match.size else 0),
                *((key, mask << 1 if key == "domain" else mask) for key, mask in texts),
            ],
        )


def _numbered(values: Iterable[T]) -> dict[T, int]:
    """Distinct values, each with its number."""
    return {value: i for i, value in enumerate(dict.fromkeys(values))}


def groups(operation: str, intents: frozenset[str]) -> list[tuple[str, ...]]:
    """Selectors under which an event is looked at: those of its operation, then one for each further intent."""
    if operation not in schema.OPERATION_BY_NAME:
        return []
    own = schema.OPERATION_BY_NAME[operation].selectors
    if operation not in OPENS:
        return [own]
    asked = dict.fromkeys(schema.INTENT_SELECTORS[i] for i in schema.INTENTS if i in intents)
    return [own, *((s,) for s in asked if s not in own)]


def _names(facts: Facts) -> list[tuple[int, bool]]:
    """Names that an event touches, as path patterns, and whether defaults speak of them."""
    if facts.operation == "exec":
        return [(facts.path | facts.script | facts.exe_path, True)]
    if facts.operation in ("file.rename", "file.link", "registry.rename"):
        return [(facts.path, True), (facts.path_to, True)]
    if facts.operation == "file.symlink":
        return [(facts.path_to, True), (facts.path, False)]
    return [(facts.path, True)]


_Rank = tuple[int, int, int]
"""Whether it is carried out and stops something; the strength of the verdict; whether a rule or a default said it."""


def _ruled(rule: CompiledRule) -> tuple[Decision, _Rank]:
    found = Decision(rule.action, rule.id, rule.policy, rule.policy_version, rule.severity)
    return found, (int(_stops(rule)), _RANK[rule.action], _BY_RULE)


def _stops(rule: CompiledRule) -> bool:
    return rule.enforce and rule.action in STOPPING


def _defaulted(layer: Layer, selector: str) -> tuple[Decision, _Rank]:
    action = layer.defaults[selector]
    found = Decision(action, f"default:{selector}", layer.policy, layer.version, SEVERITY_OF[action])
    return found, (int(action in STOPPING), _RANK[action], _BY_DEFAULT)


def named_decisions(program: Program) -> dict[tuple[str | None, str | None], Decision]:
    """Every decision of a program by (policy, rule), and by (``None``, rule) the first of that name."""
    found: dict[tuple[str | None, str | None], Decision] = {}
    for layer in program.layers:
        ruled = [_ruled(r) for r in layer.rules] + [_defaulted(layer, s) for s in layer.defaults]
        for decision, _ in ruled:
            found.setdefault((None, str(decision.rule)), decision)
            found[layer.policy, str(decision.rule)] = decision
    return found
