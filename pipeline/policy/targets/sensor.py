"""The kernel sensor as a place of enforcement: what its plan holds, and why not the rest.

Files and programs are stopped by killing the process before the call returns to it, or by stopping it there where a
person is to be asked; connections by the cgroup hooks' refusal. Where a kernel refuses those hooks, network rules
are left to user space. What an action asks for beyond that, user space does when it sees the row.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipeline.policy.kernel import HOLDING, KernelPlan, inline, kernel_plan
from pipeline.policy.kernel_rules import FILE_SELECTORS, NET_SELECTORS, kernel_selectors, part_of
from pipeline.policy.targets.interface import Answer, Share

if TYPE_CHECKING:
    from pipeline.policy.compile import CompiledRule, Program
    from pipeline.policy.kernel_rules import KernelRule
    from pipeline.policy.targets.interface import Wanted

KILLED_BEFORE_RETURN = "kernel: killed before the process returns to user mode"
STOPPED_BEFORE_RETURN = "kernel: stopped before the process returns to user mode"
REFUSED_IN_CGROUP = "kernel: refused in the cgroup hook"

AFTERWARDS = {
    "ask": "then the run is frozen until that is decided",
    "freeze": "then the run is frozen until that is decided",
    "quarantine": "then the file goes to the vault",
    "isolate": "then the run loses its network",
}
"""What user space does more, when it sees the row of what the kernel has stopped."""

_NO_HOOKS = "this kernel refuses the network hooks"
_MEMORY = "what went before is known in user space"


class Sensor:
    """Takes what ``kernel_plan`` holds; ``network`` is false where the cgroup hooks are refused."""

    name = "kernel"

    def __init__(self, *, network: bool = True) -> None:
        self._network = network

    def answers(self, program: Program, wanted: list[Wanted]) -> list[Answer]:
        """What the plan of the whole program holds of each rule."""
        plan = kernel_plan(program)
        rules = {(rule.policy, rule.id): rule for rule in program.rules}
        return [self._answer(one, rules.get((one.policy, one.rule)), plan) for one in wanted]

    def _answer(self, one: Wanted, rule: CompiledRule | None, plan: KernelPlan) -> Answer:
        if one.rule.startswith("default:"):
            return self._default(one, plan)
        return Answer(reasons=((one.operations, _MEMORY),)) if rule is None else self._rule(one, rule, plan)

    def _rule(self, one: Wanted, rule: CompiledRule, plan: KernelPlan) -> Answer:
        part = part_of(rule)
        inside = [k for k in plan.rules if (k.policy, k.id) == (rule.policy, rule.id)]
        reasons = [(frozenset(operations), text) for operations, text in part.reasons]
        if part.rule and not inside:
            reasons.append((part.rule.operations, "the kernel has no place for more rules"))
        shares = [share for kernel in inside for share in self._shares(kernel.operations, _cost(kernel), one.action)]
        taken = frozenset(o for share in shares for o in share.operations)
        return Answer(tuple(shares), self._with_hooks(reasons, one.operations - taken))

    def _default(self, one: Wanted, plan: KernelPlan) -> Answer:
        reach = kernel_selectors(one.operations)
        inside = frozenset(s for s in reach if plan.defaults.get(s) == inline(one.action))
        told = dict(plan.left_out)
        outside = sorted(reach - inside) or ([] if reach else sorted(one.operations))
        name = one.rule.removeprefix("default:")
        text = next((told[key] for key in (f"default:{s}" for s in (name, *outside)) if key in told), "")
        reasons = [(frozenset(outside), text)] if outside and text else []
        shares = self._shares(inside, "the first look-up of every call", one.action)
        return Answer(tuple(shares), self._with_hooks(reasons, reach - inside))

    def _shares(self, operations: frozenset[str], cost: str, action: str) -> list[Share]:
        files = operations & set(FILE_SELECTORS)
        nets = operations & set(NET_SELECTORS) if self._network else frozenset()
        stopped = STOPPED_BEFORE_RETURN if inline(action) in HOLDING else KILLED_BEFORE_RETURN
        more = f", {AFTERWARDS[action]}" if action in AFTERWARDS else ""
        ways = ((files, stopped), (nets, REFUSED_IN_CGROUP))
        return [Share(taken, where + more, cost) for taken, where in ways if taken]

    def _with_hooks(
        self, reasons: list[tuple[frozenset[str], str]], left: frozenset[str]
    ) -> tuple[tuple[frozenset[str], str], ...]:
        nets = left & set(NET_SELECTORS)
        return (*reasons, *([(nets, _NO_HOOKS)] if nets and not self._network else []))


def _cost(rule: KernelRule) -> str:
    """Entries of a rule in the kernel's tables: each is one hash or trie entry, none is a loop over rules."""
    counts = (
        (len(rule.paths), "name"),
        (len(rule.exes) + len(rule.not_exes), "program"),
        (len(rule.networks), "network"),
        (len(rule.ports), "port range"),
    )
    said = ", ".join(f"{n} {what}{'s' if n > 1 else ''}" for n, what in counts if n)
    return f"{said or 'no entry'} in the kernel's tables"
