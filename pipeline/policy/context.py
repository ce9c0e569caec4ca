"""Who runs what where: the values that a policy's variables and scope are compared with.

It is a plain value, found out at the rim, so that compiling a policy does no I/O.
"""

from __future__ import annotations

import fnmatch
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from pipeline.policy.globs import GlobError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from pipeline.policy.model import Policy


@dataclass(frozen=True)
class RunContext:
    """Who runs what where: the values that variables and scopes are compared with.

    ``workspace`` and ``home`` are absolute paths without symbolic links, as the kernel names them.
    """

    workspace: str
    home: str
    env: Mapping[str, str]
    user: str
    host: str
    agent: str
    unknown: Mapping[str, str] = field(default_factory=dict)
    """Keys of a match that nothing on this machine can tell, and why: a deny on them would stop nothing."""

    now_ns: int = 0
    """Nanoseconds since 1970: from when on a rule that ``expires`` is left out."""

    excused: Mapping[str, int] = field(default_factory=dict)
    """Rules (or ``default:SELECTOR``) that ask no more in this run, since a person said so, and until when (ns since 1970).

    What they speak of is recorded and passes, as far as they are concerned: with the rule gone altogether a stricter default
    would stop what was just released.
    """

    @property
    def excuses(self) -> frozenset[str]:
        """The excuses whose time is not up."""
        return frozenset(name for name, until in self.excused.items() if until > self.now_ns)


def in_scope(policy: Policy, context: RunContext) -> bool:
    """Whether each key of the scope has a pattern for this context; a repository goes by its folder or that's name."""
    scope = policy.scope
    wanted = ((scope.agents, context.agent), (scope.users, context.user), (scope.hosts, context.host))
    repo = (context.workspace, context.workspace.rstrip("/").rpartition("/")[2])
    return all(_any(patterns, value) for patterns, value in wanted) and any(_any(scope.repos, r) for r in repo)


def resolver(context: RunContext) -> Callable[[str], str]:
    """Values of variables: ``workspace``, ``HOME``, else the environment; raises ``GlobError`` without one."""
    known = {**context.env, "workspace": context.workspace, "HOME": context.home}

    def lookup(name: str) -> str:
        value = known.get(name, "")
        if not value:
            raise GlobError(f"'${{{name}}}' has no value here: set it in the environment or write the path out")
        return value.rstrip("/")

    return lookup


def _any(patterns: Sequence[str], value: str) -> bool:
    return any(fnmatch.fnmatchcase(value, pattern) for pattern in patterns)
