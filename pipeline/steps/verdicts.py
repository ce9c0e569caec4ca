"""The verdict on a run's rows: what each says by itself, then what they say together.

One step for one run and one program; it is made anew when a policy is replaced, and what its rules
with a memory had seen until then is forgotten with it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipeline.policy.sequences.matching import planned
from pipeline.steps.correlate import Correlate
from pipeline.steps.judge import Judge

if TYPE_CHECKING:
    from collections.abc import Callable

    import pyarrow as pa

    from pipeline.policy.compile import Program


class Verdicts:
    """Judge and memory of one run."""

    def __init__(self, program: Program, on_findings: Callable[[pa.RecordBatch], None]) -> None:
        """``on_findings`` gets rows of ``findings`` before the rows that they are about are returned."""
        self._judge = Judge(program)
        steps = [step.rule for sequence in program.sequences for step in sequence.steps]
        matches = [m for rule in steps for m in (rule.match, rule.unless) if m is not None]
        self._uses = self._judge.uses | {key for match in matches for key, _ in match.texts}
        plan = planned(program)
        self._memory = None if plan is None else Correlate(plan, on_findings)

    def __call__(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        """The batch with the judged columns."""
        judged = self._judge(batch)
        return judged if self._memory is None else self._memory(judged)

    @property
    def uses(self) -> frozenset[str]:
        """Facts that some rule looks at; what costs much to find out is found out only for these."""
        return self._uses

    @property
    def lost(self) -> int:
        """Keys, processes and files that were forgotten while a rule might still have needed them."""
        return 0 if self._memory is None else self._memory.lost

    @property
    def withheld(self) -> int:
        """Findings that were not written since their rule had too many in this run."""
        return 0 if self._memory is None else self._memory.withheld
