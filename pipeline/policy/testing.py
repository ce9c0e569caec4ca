"""A policy's own tests: what must come out for an event, put to the decider that judges real ones.

An event is written as the columns of ``activity``. What a person would not write is filled in: the
intent of an open and the protocol of a connection by the operation, the program of an exec by its
path. ``~`` and variables are filled in as in rules.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any

from pipeline import schema
from pipeline.policy import globs
from pipeline.policy.combine import place_of
from pipeline.policy.compile import Program, compile_policies
from pipeline.policy.context import RunContext
from pipeline.policy.decide import LOCAL, Decider, Decision, Facts
from pipeline.policy.explain import Enforcement, explain_enforcement
from pipeline.policy.model import Policy, PolicyTest, Scope, TestEvent
from pipeline.policy.sequences.engine import Engine
from pipeline.policy.sequences.matching import planned
from pipeline.policy.testing_rows import INTENT, PROTOCOL, batch_of, filled

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

__all__ = ["Enforcement", "TestResult", "explain_enforcement", "facts_of", "run_tests"]


@dataclass(frozen=True)
class TestResult:
    """Outcome of one test; ``text`` says what was expected and what came, ``place`` is ``file:line:column``."""

    __test__ = False  # pytest: a result, no test

    policy: str
    number: int
    place: str
    passed: bool
    text: str


def run_tests(policy: Policy, context: RunContext) -> list[TestResult]:
    """Run the tests of one policy by itself, whatever its scope; raises ``PolicyError`` where it does not compile."""
    program = compile_policies([replace(policy, scope=Scope())], context, mode="audit")
    decider = Decider(program)
    return [_run(policy, i, test, program, decider, context) for i, test in enumerate(policy.tests)]


def _run(
    policy: Policy, index: int, test: PolicyTest, program: Program, decider: Decider, context: RunContext
) -> TestResult:
    place = str(place_of(policy, ("tests", index)))
    events = test.events or ((test.event,) if test.event else ())
    shown = " then ".join(map(_shown, events))
    try:
        got = verdict_of(events, program, decider, context)
    except globs.GlobError as error:
        return TestResult(policy.name, index + 1, place, passed=False, text=f"{shown}: {error}")
    passed = got.verdict == test.expect and test.rule in (None, got.rule)
    wanted = test.expect if test.rule is None else f"{test.expect} by {test.rule}"
    text = f"{shown}: {_said(got)}" + ("" if passed else f", expected {wanted}")
    return TestResult(policy.name, index + 1, place, passed, text)


def verdict_of(events: Sequence[TestEvent], program: Program, decider: Decider, context: RunContext) -> Decision:
    """What the last of some events gets: by itself, or by what it completes; raises ``GlobError``."""
    alone = decider.decide(facts_of(events[-1], decider, context))
    plan = planned(program)
    if plan is None:
        return alone
    completions, _ = Engine(plan).advance(batch_of(events, context), "test")
    done = [plan.sequences[c.sequence] for c in completions if len(events) - 1 in c.rows.tolist()]
    together = [Decision(s.action, s.id, s.policy, s.policy_version, s.severity) for s in done]
    return max((alone, *together), key=lambda d: schema.VERDICTS.index(d.verdict or "allow"))


def _said(decision: Decision) -> str:
    return f"{decision.verdict} by {decision.rule or 'no rule'}"


def _shown(event: TestEvent) -> str:
    """The event in one line, as it was written."""
    usual = asdict(TestEvent(on=event.on))
    given = {k: v for k, v in asdict(event).items() if v != usual[k]}
    return " ".join([event.on, *(f"{k}={','.join(v) if isinstance(v, tuple) else v}" for k, v in given.items())])


def facts_of(event: TestEvent, decider: Decider, context: RunContext) -> Facts:
    """The facts of a written event; raises ``GlobError`` for a variable without a value."""

    def path(value: str | None) -> str | None:
        return filled(value, context)

    def bits(answer: Callable[[Any], int], value: str | int | None) -> int:
        return 0 if value is None else answer(value)

    end = "src" if event.on in LOCAL else "dst"
    exe = path(event.exe or (event.path if event.on == "exec" else None))
    return Facts(
        operation=event.on,
        intents=frozenset(event.intent or INTENT.get(event.on, ())),
        path=bits(decider.path, path(event.path)),
        path_to=bits(decider.path, path(event.path_to)),
        script=bits(decider.path, path(event.script)),
        exe=bits(decider.exe, exe),
        exe_path=bits(decider.path, exe),
        ip=bits(decider.ip, getattr(event, f"{end}_ip")),
        port=bits(decider.port, getattr(event, f"{end}_port")),
        protocol=bits(decider.protocol, event.protocol or PROTOCOL.get(event.on)),
        argv=bits(partial(decider.text, "argv"), event.argv),
        parent=bits(partial(decider.text, "parent"), path(event.parent)),
        user=bits(partial(decider.text, "user"), event.user),
        domain=bits(partial(decider.text, "domain"), event.domain),
        exe_hash=bits(partial(decider.text, "exe_hash"), event.exe_hash),
        size=bits(decider.size, event.bytes),
    )
