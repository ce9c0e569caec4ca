"""What was stopped, in the words of the rows that say so; everybody in this package hands it on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple


class Who(NamedTuple):
    """The process that was stopped and those it comes from, by pid and process key."""

    pid: int | None
    process_key: int | None
    parent_key: int | None = None
    root_pid: int | None = None
    root_key: int | None = None


@dataclass(frozen=True)
class Stopped:
    """One thing that a policy stopped.

    Keys are process keys. ``action`` is a verdict of ``schema.VERDICTS``; ``because`` and ``instead`` are the rule's.
    """

    run: str
    pid: int | None
    process_key: int | None
    operation: str
    object: str | None
    rule: str | None
    action: str
    because: str | None = None
    instead: str | None = None
    exe: str | None = None
    parent_key: int | None = None
    root_pid: int | None = None
    root_key: int | None = None

    @property
    def who(self) -> Who:
        """Whom it happened to."""
        return Who(self.pid, self.process_key, self.parent_key, self.root_pid, self.root_key)
