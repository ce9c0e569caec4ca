"""From a compiled program to the engine's plan: the only file here that knows the policy language.

Each step is a rule without consequences; which of them an event matches is asked of the ``Decider``, once per
distinct combination of facts.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from pipeline.policy.classes import Classes, encoded, indices
from pipeline.policy.compile import Program
from pipeline.policy.decide import Decider, groups
from pipeline.policy.matchers import PatternSet, plain_path
from pipeline.policy.sequences.combinations import Combinations
from pipeline.policy.sequences.plan import WORD_BITS, Plan, SequencePlan, StepPlan

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from pipeline.policy.compile import CompiledRule, CompiledSequence
    from pipeline.policy.globs import Glob
    from pipeline.policy.sequences.plan import Flags, Longs

MOST_KNOWN = 1 << 16
"""Combinations or classes remembered before the matcher starts afresh."""

_NO_PROGRAM = Program(name="", version="", mode="audit", layers=())


def planned(program: Program) -> Plan | None:
    """The plan of a program's rules with a memory, ``None`` where it has none.

    Raises ``ValueError`` for more labels under ``taint`` than a word has bits.
    """
    labels: dict[tuple[Glob, ...], int] = {}
    rules: list[CompiledRule] = []
    sequences = []
    for layer in program.layers:
        for sequence in layer.sequences:
            steps = []
            for step in sequence.steps:
                bits = [labels.setdefault(layer.labels[name], len(labels)) for name in sorted(step.rule.match.taint)]
                steps.append(StepPlan(len(rules), step.negated, step.count, sum({1 << bit for bit in bits})))
                rules.append(step.rule)
            sequences.append(_sequence(sequence, tuple(steps)))
    if not sequences:
        return None
    if len(labels) > WORD_BITS:
        raise ValueError(f"{len(labels)} labels stand under taint; {WORD_BITS} is the most")
    labeller = PathLabeller(list(labels)) if labels else None
    return Plan(tuple(sequences), RuleMatcher(rules), labeller, program.recording)


def _sequence(sequence: CompiledSequence, steps: tuple[StepPlan, ...]) -> SequencePlan:
    rule = sequence.rule
    alone = len(steps) == 1 and steps[0].count == 1
    return SequencePlan(
        id=rule.id,
        policy=rule.policy,
        action=rule.action,
        steps=steps,
        within_ns=sequence.within_ns,
        # A rule with taint alone looks at one event: the key only says whose events make one finding.
        by="process" if alone else sequence.by,
        policy_version=rule.policy_version,
        severity=rule.severity,
        title=rule.title,
        attack=(*rule.attack, *rule.atlas, *rule.owasp),
        enforce=rule.enforce,
    )


class RuleMatcher:
    """Which of some rules each row of a batch matches."""

    def __init__(self, rules: Sequence[CompiledRule]) -> None:
        self._rules = tuple(rules)
        self._decider = Decider(_NO_PROGRAM, self._rules)
        self._words = max(1, -(-len(self._rules) // WORD_BITS))
        self._concerned: dict[tuple[str | None, str | None], bool] = {}
        self._forget()

    def match(self, batch: pa.RecordBatch) -> Longs:
        """One word of rules per line, one row of the batch per column."""
        answers = np.zeros((self._words, batch.num_rows), np.int64)
        if "operation" not in batch.schema.names:
            return answers
        if max(len(self._known), len(self._combinations)) > MOST_KNOWN:
            self._forget()
        rows = np.flatnonzero(self._rows_concerned(batch))
        if len(rows):
            part = batch if len(rows) == batch.num_rows else batch.take(pa.array(rows))
            combinations, which = self._combinations.of(part)
            answers[:, rows] = np.array([self._answer(c) for c in combinations]).T[:, which]
        return answers

    def _forget(self) -> None:
        self._combinations = Combinations(self._decider)
        self._known: dict[tuple[int, ...], list[int]] = {}

    def _rows_concerned(self, batch: pa.RecordBatch) -> Flags:
        """Rows of an operation and intent that some rule speaks of: no more need be known of the others."""
        operations = encoded(batch["operation"])
        intents = (
            encoded(batch["intent"])
            if "intent" in batch.schema.names
            else pa.array([None], pa.string()).dictionary_encode()
        )
        names, asked = ([*column.dictionary.to_pylist(), None] for column in (operations, intents))
        table = np.array([[self._speaks_of(name, intent) for intent in asked] for name in names])
        found: Flags = table[indices(operations), indices(intents)]
        return found

    def _speaks_of(self, operation: str | None, intent: str | None) -> bool:
        key = operation, intent
        if key not in self._concerned:
            asked = frozenset(filter(None, (intent or "").split(",")))
            self._concerned[key] = operation is not None and any(
                not rule.on.isdisjoint(selectors) for rule in self._rules for selectors in groups(operation, asked)
            )
        return self._concerned[key]

    def _answer(self, combination: tuple[int, ...]) -> list[int]:
        if combination not in self._known:
            facts = self._combinations.facts(combination)
            bits = sum(1 << i for i, rule in enumerate(self._rules) if self._decider.matches(rule, facts))
            self._known[combination] = [
                bits >> (WORD_BITS * word) & ((1 << WORD_BITS) - 1) for word in range(self._words)
            ]
        return self._known[combination]


class PathLabeller:
    """Which of some groups of paths hold each path."""

    def __init__(self, groups: Sequence[Iterable[Glob]]) -> None:
        texts = [[g.regex for g in group] for group in groups]
        self._patterns = PatternSet(regex for group in texts for regex in group)
        self._masks = [self._patterns.mask(group) for group in texts]
        self._classes = Classes(self._bits)

    def labels(self, paths: pa.Array) -> Longs:
        """Bits of the groups that hold each path, 0 for NULL."""
        codes = self._classes.codes(paths)
        found: Longs = np.array(self._classes.members, np.int64).take(codes)
        return found

    def _bits(self, path: str) -> int:
        found = self._patterns.match(plain_path(path))
        return sum(1 << i for i, mask in enumerate(self._masks) if found & mask)
