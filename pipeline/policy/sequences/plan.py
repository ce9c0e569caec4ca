"""What the engine needs to know of rules with a memory: plain values, free of the policy language.

The engine does not know how an event is matched. It is handed a ``StepMatcher``, asks once per batch
which steps each row matches, and does all the rest with arrays.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt
import pyarrow as pa

Longs = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]
Codes = npt.NDArray[np.integer[Any]]

NONE = int(np.iinfo(np.int64).min)
"""Stands for *no such time*; earlier than all."""

WORD_BITS = 62
"""Steps in one word of a matcher's answer; the numbers stay positive."""

BLOCK_ROWS = 1 << 15
"""The engine forgets after every so many rows of a run and at no other time, so that it does not matter how the
rows came in batches."""

MOST_KEYS = 4096
"""Keys of one sequence whose state outlives the end of a block; those without an event for the longest go first."""

MOST_ENTRIES = 1 << 18
"""Events of one sequence that are remembered for its counts; where a count is large there is room for fewer keys."""

MOST_FINDINGS = 1000
"""Findings of one sequence in one run; its verdicts go on after that, and what was not written is counted."""

SHOWN = 8
"""Events of one counted step that a finding names: the first of the chain and the latest."""


class StepMatcher(Protocol):
    """Says which steps the rows of a batch match, by themselves."""

    def match(self, batch: pa.RecordBatch) -> Longs:
        """One word of ``WORD_BITS`` steps per line, one row of the batch per column; bit set: matches."""


class Labeller(Protocol):
    """Says which labels the files at some paths have."""

    def labels(self, paths: pa.Array) -> Longs:
        """Label bits of each row of a string column (dictionary-encoded or plain); 0 for NULL."""


@dataclass(frozen=True)
class StepPlan:
    """One step: which answer of the matcher counts, whether it must not be there, how often it must.

    ``taint``: where not 0, the acting process must bear one of these labels as well.
    """

    matcher: int
    negated: bool = False
    count: int = 1
    taint: int = 0


@dataclass(frozen=True)
class SequencePlan:
    """One rule with a memory. It neither begins nor ends with a negated step; ``by`` is a word of ``kinds.BY``.

    ``enforce`` is false where the rule only records.
    """

    id: str
    policy: str
    action: str
    steps: tuple[StepPlan, ...]
    within_ns: int
    by: str = "agent_run"
    policy_version: str | None = None
    severity: str | None = None
    title: str | None = None
    attack: tuple[str, ...] = ()
    enforce: bool = True

    @property
    def keys(self) -> int:
        """How many keys outlive the end of a block."""
        return max(1, min(MOST_KEYS, MOST_ENTRIES // max(step.count for step in self.steps)))


@dataclass(frozen=True)
class Plan:
    """All rules with a memory that are in force for one run; ``labeller`` where some step asks for taint.

    ``recording``: (policy, rule) of the rules that only record, whoever judges by them.
    """

    sequences: tuple[SequencePlan, ...]
    matcher: StepMatcher
    labeller: Labeller | None = None
    recording: frozenset[tuple[str, str]] = field(default_factory=frozenset)
