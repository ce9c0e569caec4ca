"""What the parts of ``lictor hook`` hand to each other: a tool call and its end, the acts it would be, the answer.

A protocol reads an agent's JSON into a ``Call`` and says an ``Answer`` in the agent's words; nothing between the
two knows which agent it is. A hook claims; what really happens is for the kernel to see.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, Protocol

GOES_ON, FAILED, BLOCKS = 0, 1, 2
"""Exit statuses that all agents read alike: the answer stands on standard output; the hook failed and the tool runs
all the same; the tool does not run, and standard error says why."""

Kind = Literal["none", "allow", "ask", "deny"]


@dataclass(frozen=True)
class Call:
    """A tool that is about to run: its name and input, and the folder that relative names start from."""

    tool: str
    input: Mapping[str, Any]
    cwd: str


@dataclass(frozen=True)
class Ended:
    """A tool that has run, well or not: the event by its name, and the agent's session."""

    event: str
    session: str


@dataclass(frozen=True)
class Act:
    """One thing that a call would do, in the words of ``activity``; what is not known stays ``None``."""

    on: str
    path: str | None = None
    path_to: str | None = None
    script: str | None = None
    exe: str | None = None
    parent: str | None = None
    argv: str | None = None
    intent: tuple[str, ...] = ()
    ip: str | None = None
    port: int | None = None
    domain: str | None = None


@dataclass(frozen=True)
class Acts:
    """What a call would do as far as it can be told; ``complete`` where that is all of it."""

    acts: tuple[Act, ...] = ()
    complete: bool = True


@dataclass(frozen=True)
class Answer:
    """What the policies say of a call; ``none`` leaves it to the agent's own settings."""

    kind: Kind = "none"
    reason: str = ""


@dataclass(frozen=True)
class Output:
    """What the hook's process leaves behind."""

    stdout: str = ""
    stderr: str = ""
    status: int = GOES_ON


class HookProtocol(Protocol):
    """How one agent asks and is answered."""

    name: str
    agent: str
    """The agent's name in the scope of policies."""

    project: tuple[str, ...]
    """Variables in which the agent tells its hooks the project's folder."""

    def speaks(self, data: Mapping[str, Any]) -> bool:
        """Whether this is the agent's JSON."""

    def call(self, data: Mapping[str, Any]) -> Call | None:
        """The tool call that is asked about; ``None`` for the agent's other events."""

    def say(self, answer: Answer) -> Output:
        """The answer in the agent's words."""

    def ended(self, data: Mapping[str, Any]) -> Ended | None:
        """The tool call that is over; ``None`` for the agent's other events."""

    def tell(self, ended: Ended, text: str) -> Output:
        """A text for the agent to read beside the tool's result, in the agent's words."""
