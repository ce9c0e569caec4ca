"""The policies of a service's runs in the kernel: installed, replaced, refreshed, taken out.

A change is made for all runs or for none: what is wrong with it is told and recorded, and the old
policies stay. Excuses, which a person gives a single run, go the same way.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import pyarrow as pa

from enforcer.linux.kernel import SCOPES, InstalledPolicy
from enforcer.linux.tables import RuleTableError
from lictor.enforcing.places import concerns, places
from lictor.errors import LictorError
from pipeline.policy.combine import excusable, refuse_excuses
from pipeline.policy.kernel import kernel_plan
from pipeline.policy.load import PolicyError
from pipeline.steps.verdicts import Verdicts

if TYPE_CHECKING:
    from collectors.interface import LiveCollector
    from lictor.inforce import PoliciesInForce
    from lictor.live import LiveRun
    from pipeline.flow import Step
    from pipeline.policy.model import Policy
    from pipeline.policy.program import Program


class Installing:
    """Programs of runs, in the kernel and as judges; ``judges`` is filled by run id for the pipeline."""

    def __init__(
        self,
        collector: LiveCollector,
        policies: PoliciesInForce,
        runs: Mapping[str, LiveRun],
        judges: dict[str, Step],
        *,
        found: Callable[[pa.RecordBatch], None],
        kept: Callable[[str, pa.Table], None],
        report: Callable[[str], None],
        enforce: bool = True,
    ) -> None:
        """``found`` takes findings, ``kept`` rows of a lake table. Without ``enforce`` the kernel only records."""
        self._collector = collector
        self._policies = policies
        self._runs = runs
        self._judges = judges
        self._found = found
        self._kept = kept
        self._report = report
        self._enforce = enforce

    def program(self, live: LiveRun) -> Program | None:
        """The program of a run as the policies in force have it; raises ``PolicyError``."""
        return self._compiled(live, self._policies.policies)

    def _compiled(self, live: LiveRun, policies: Sequence[Policy]) -> Program | None:
        """With what a person excused; a rule that denies by now is excused no more."""
        if live.context is None:
            return None
        return self._policies.compile(replace(live.context, excused=excusable(policies, live.excused)), policies)

    def install(self, live: LiveRun, program: Program) -> None:
        """Put the first program of a run in force; raises ``RuleTableError`` or ``LictorError``."""
        live.judge = self._judges[live.id] = Verdicts(program, self._found)
        live.installed = self._installed(program)

    def heed(self, live: LiveRun) -> None:
        """Tell the source which files a run is about."""
        if live.context is not None:
            self._collector.heed(live.number, places(live.program, live.context), concerns(live.program))

    def _installed(self, program: Program) -> InstalledPolicy | None:
        """The policy in the kernel's tables; ``None`` where the source has none."""
        kernel = self._collector.kernel
        if kernel is None:
            return None
        return InstalledPolicy(kernel_plan(program), self._free_scope(), kernel.map, kernel.seed, enforce=self._enforce)

    def enforce_inline(self, *, on: bool) -> None:
        """Carry verdicts out in the kernel, or only record them, for all runs there are and will be."""
        self._enforce = on
        for live in self._runs.values():
            if live.installed is not None:
                live.installed.enforce_inline(on=on)

    def reload(self) -> bool:
        """Put the policies as their files have them now in the place of those in force, for all runs or for none."""
        fresh: dict[str, tuple[Program, InstalledPolicy | None]] = {}
        try:
            policies = self._policies.reread()
            for live in self._judged():
                program = self._compiled(live, policies)
                if program is not None:
                    fresh[live.id] = program, self._installed(program)
        except (PolicyError, RuleTableError, LictorError, OSError) as error:
            for _, installed in fresh.values():
                if installed is not None:
                    installed.remove()
            self._policies.refuse(str(error))
            return False
        for name, (program, installed) in fresh.items():
            self._replace(self._runs[name], program, installed)
        self._policies.take(policies)
        names = ", ".join(f"{policy.name} {policy.version[:12]}" for policy in policies)
        self._report(f"policy in force now: {names}")
        return True

    def excuse(self, live: LiveRun, rule: str, until_ns: int) -> None:
        """Let a rule not ask again in this run until then (ns since 1970); raises ``PolicyError`` and changes nothing."""
        refuse_excuses(self._policies.policies, [rule])
        before = dict(live.excused)
        live.excused[rule] = until_ns
        try:
            program = self.program(live)
            if program is not None:
                self._replace(live, program, self._installed(program))
        except BaseException:
            live.excused = before
            raise

    def _replace(self, live: LiveRun, program: Program, installed: InstalledPolicy | None) -> None:
        """Let a complete policy take over; each task follows at its next event."""
        if installed is not None:
            if live.installed is not None:
                live.superseded.append(live.installed)
            for old in live.superseded:
                old.hand_over(installed)
        live.program, live.installed = program, installed
        self.heed(live)
        live.judge = self._judges[live.id] = Verdicts(program, self._found)
        self._kept("runs", live.row())

    def refresh(self) -> None:
        """Follow files that come and go, and rules whose time has come."""
        for live in self._runs.values():
            if live.installed is not None:
                live.installed.refresh()
            for old in live.superseded:
                old.drop_entries()
        if any(time.time_ns() >= live.program.changes_ns for live in self._judged() if live.program):
            self.reload()

    def remove(self, live: LiveRun) -> None:
        """Take the policies of a run out of the kernel."""
        for installed in _policies_of(live):
            installed.remove()

    def rule_name(self, scope: int, bit: int) -> str | None:
        """Id of the rule behind a bit of a scope."""
        for live in self._runs.values():
            for installed in _policies_of(live):
                if installed.scope == scope:
                    return installed.rule_name(bit)
        return None

    def _judged(self) -> list[LiveRun]:
        return [live for live in self._runs.values() if live.program is not None]

    def _free_scope(self) -> int:
        taken = {installed.scope for live in self._runs.values() for installed in _policies_of(live)}
        for scope in range(1, SCOPES):
            if scope not in taken:
                return scope
        raise LictorError(f"the sensor holds {SCOPES - 1} policies at a time: end a run first")


def _policies_of(live: LiveRun) -> list[InstalledPolicy]:
    return [*([live.installed] if live.installed is not None else []), *live.superseded]
