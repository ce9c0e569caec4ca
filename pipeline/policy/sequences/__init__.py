"""Rules with a memory: sequences, counts, rates and taint over the rows of one run.

``planned`` makes the engine's plan of a program, ``Engine`` keeps the state of one run. What a sequence means stands in
``automaton``, what taint means in ``taint``.
"""

from pipeline.policy.sequences.engine import Completion, Engine
from pipeline.policy.sequences.matching import planned
from pipeline.policy.sequences.plan import Labeller, Plan, SequencePlan, StepMatcher, StepPlan

__all__ = ["Completion", "Engine", "Labeller", "Plan", "SequencePlan", "StepMatcher", "StepPlan", "planned"]
