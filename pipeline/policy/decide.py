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

from pipeline import schema
from pipeline.policy.compile import SEVERITY_OF, CompiledMatch, CompiledRule, Layer, Program
from pipeline.policy.matchers import AddressSpace, PatternSet, net_networks, plain_path
from pipeline.policy.model import NETS, PROTOCOLS

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


@dataclass(frozen=True)
class Decision:
    """Values of the judged columns; ``verdict`` ``None`` where no policy is in force."""

    verdict: str | None
    rule: str | None = None
    policy: str | None = None
    policy_version: str | None = None
    severity: str | None = None


@dataclass(frozen=True)
class _Mask:
    """A match as bit masks; 0 stands for a key that is not given."""

    path: int
    exe: int
    ip: int
    net: int
    port: int
    protocol: int

    def holds(self, facts: Facts, path: int) -> bool:
        pairs = (
            (self.path, path),
            (self.exe, facts.exe),
            (self.ip, facts.ip),
            (self.net, facts.ip),
            (self.port, facts.port),
            (self.protocol, facts.protocol),
        )
        return all(mask & bits for mask, bits in pairs if mask)


class Decider:
    """Numbers the patterns of a program and gives the verdict on facts."""

    def __init__(self, program: Program) -> None:
        self._program = program
        matches = [m for r in program.rules for m in (r.match, r.unless) if m is not None]
        self._paths = PatternSet(g.regex for m in matches for g in m.paths)
        self._exes = PatternSet(g.regex for m in matches for g in m.exes)
        self._networks = list(dict.fromkeys(n for m in matches for n in m.networks))
        words = ("unspecified", *NETS)
        self._nets = {word: 1 << (len(self._networks) + i) for i, word in enumerate(words)}
        self._space = AddressSpace([*([n] for n in self._networks), *(net_networks(w) for w in words)])
        self._ports = list(dict.fromkeys(p for m in matches for p in m.ports))
        self._masks = {id(m): self._mask(m) for m in matches}
        self._nothing = Decision("allow", None, program.name, program.version) if program.layers else Decision(None)

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
        return sum(1 << i for i, (low, high) in enumerate(self._ports) if low <= value <= high)

    def protocol(self, value: str) -> int:
        """The protocol's own bit; 0 for one that no rule can name."""
        return 1 << PROTOCOLS.index(value) if value in PROTOCOLS else 0

    def port_borders(self) -> list[int]:
        """Ports at which the answer of ``port`` may change."""
        return sorted({0, *(edge for low, high in self._ports for edge in (low, high + 1))})

    def concerns(self, operation: str) -> bool:
        """Whether any rule or default could speak of an operation."""
        if operation not in schema.OPERATION_BY_NAME:
            return False
        reach = set(schema.OPERATION_BY_NAME[operation].selectors)
        if operation in OPENS:
            reach |= set(schema.INTENT_SELECTORS.values())
        return any(reach & r.on for r in self._program.rules) or bool(reach & self._program.defaults.keys())

    def decide(self, facts: Facts) -> Decision:
        """The verdict; of equally strong ones a rule goes before a default, and the earlier rule before the later."""
        if facts.ip & self._nets["unspecified"]:
            facts = replace(facts, ip=facts.ip | self._nets["external" if facts.operation in LOCAL else "loopback"])
        best, best_rank = self._nothing, (0, _BY_NOTHING)
        for layer in self._program.layers:
            for selectors in groups(facts.operation, facts.intents):
                for path, with_defaults in _names(facts):
                    found, by = self._in_layer(layer, selectors, facts, path, with_defaults=with_defaults)
                    rank = (_RANK[found.verdict or "allow"], by)
                    if rank > best_rank:
                        best, best_rank = found, rank
        return best

    def _in_layer(
        self, layer: Layer, selectors: tuple[str, ...], facts: Facts, path: int, *, with_defaults: bool
    ) -> tuple[Decision, int]:
        unix = bool(facts.protocol & self.protocol("unix")) and facts.operation.startswith("net.")
        rules = [r for r in layer.rules if (not unix or r.names_sockets) and self._matches(r, selectors, facts, path)]
        if rules:
            strongest = max(rules, key=lambda r: _RANK[r.action])
            return _ruled(strongest), _BY_RULE
        spoken = [s for s in selectors if s in layer.defaults]
        if not spoken or unix or not with_defaults:
            return self._nothing, _BY_NOTHING
        selector = max(spoken, key=lambda s: _RANK[layer.defaults[s]])
        return _defaulted(layer, selector), _BY_DEFAULT

    def _matches(self, rule: CompiledRule, selectors: tuple[str, ...], facts: Facts, path: int) -> bool:
        if rule.on.isdisjoint(selectors) or not self._masks[id(rule.match)].holds(facts, path):
            return False
        return rule.unless is None or not self._masks[id(rule.unless)].holds(facts, path)

    def _mask(self, match: CompiledMatch) -> _Mask:
        return _Mask(
            path=self._paths.mask(g.regex for g in match.paths),
            exe=self._exes.mask(g.regex for g in match.exes),
            ip=sum(1 << self._networks.index(n) for n in set(match.networks)),
            net=sum(self._nets[n] for n in set(match.nets)),
            port=sum(1 << self._ports.index(p) for p in set(match.ports)),
            protocol=sum(self.protocol(p) for p in set(match.protocols)),
        )


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
    if facts.operation in ("file.rename", "file.link"):
        return [(facts.path, True), (facts.path_to, True)]
    if facts.operation == "file.symlink":
        return [(facts.path_to, True), (facts.path, False)]
    return [(facts.path, True)]


def _ruled(rule: CompiledRule) -> Decision:
    return Decision(rule.action, rule.id, rule.policy, rule.policy_version, rule.severity)


def named_decisions(program: Program) -> dict[tuple[str | None, str | None], Decision]:
    """Every decision of a program by (policy, rule), and by (``None``, rule) the first of that name."""
    found: dict[tuple[str | None, str | None], Decision] = {}
    for layer in program.layers:
        ruled = [_ruled(r) for r in layer.rules] + [_defaulted(layer, s) for s in layer.defaults]
        for decision in ruled:
            found.setdefault((None, str(decision.rule)), decision)
            found[layer.policy, str(decision.rule)] = decision
    return found


def _defaulted(layer: Layer, selector: str) -> Decision:
    action = layer.defaults[selector]
    return Decision(action, f"default:{selector}", layer.policy, layer.version, SEVERITY_OF[action])
