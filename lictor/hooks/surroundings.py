"""What a call meets on this machine: home, search path, the agent's shell and its own program.

A hook is started by the agent with the agent's environment, so its own is what a command would find.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

SHELLS = ("bash", "sh", "dash", "zsh", "ksh", "ash", "busybox")
_BETWEEN = (*SHELLS, "env", "timeout", "nice", "stdbuf", "setsid", "sudo")
"""Programs that stand between an agent and its hook."""

_FURTHEST = 5


@dataclass(frozen=True)
class Surroundings:
    """Values that acts are worked out with; ``shell`` is a path, ``search`` the folders of programs."""

    home: str
    search: tuple[str, ...]
    shell: str | None
    agent_exe: str | None


def found_here(environment: Mapping[str, str]) -> Surroundings:
    """The surroundings of this process."""
    search = tuple(folder for folder in environment.get("PATH", os.defpath).split(os.pathsep) if folder)
    shell = os.path.basename(environment.get("SHELL", ""))  # noqa: PTH119 - a text, not a file
    return Surroundings(
        home=environment.get("HOME") or str(Path("~").expanduser()),
        search=search,
        shell=program(shell if shell in ("bash", "zsh") else "bash", "/", search),
        agent_exe=agent_program(),
    )


def program(name: str, cwd: str, search: tuple[str, ...]) -> str | None:
    """The path by which a shell in a folder would start a program, links not resolved; nothing is run."""
    if "\0" in name or not name:
        return None
    folders = ("",) if "/" in name else search
    for folder in folders:
        path = os.path.normpath(os.path.join(cwd, folder, name))  # noqa: PTH118 - texts of a kernel, no pathlib spelling
        if os.path.isfile(path) and os.access(path, os.X_OK):  # noqa: PTH113 - see above
            return path
    return None


def agent_program() -> str | None:
    """The program of the agent: the first ancestor that is no shell; ``None`` where that cannot be told."""
    pid = os.getppid()
    for _ in range(_FURTHEST):
        try:
            exe = os.readlink(f"/proc/{pid}/exe")  # noqa: PTH115 - a name of the kernel's
            stat = Path(f"/proc/{pid}/stat").read_bytes()
        except OSError:
            return None
        if os.path.basename(exe) not in _BETWEEN:  # noqa: PTH119 - see above
            return exe
        pid = int(stat.rpartition(b")")[2].split()[1])
    return None
