"""Takes the network away from the programs of a run: block rules of the Windows firewall, believed only once they are read back.

``netsh`` sets them. Its exit code counts for nothing (a stub gives 0 as well), and its text is translated; so the rules are
read from the registry, where the firewall's service keeps them ([MS-GPFAS] 2.2.2.19), with the switches of all three profiles.
A rule is of a program's file: it reaches every process of that program, also other people's, which the evidence says. Its description names
the Lictor that set it, so that rules of one that is gone can be told from those of another that runs.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from ntpath import normcase

from enforcer.interface import Outcome
from enforcer.windows import process

PREFIX = "lictor-"
"""Begins the name of each rule; behind it is the run."""

POLICY = r"SYSTEM\CurrentControlSet\Services\SharedAccess\Parameters\FirewallPolicy"
PROFILES = ("DomainProfile", "StandardProfile", "PublicProfile")
DIRECTIONS = ("in", "out")
_PATIENCE_S = 20.0
_OWNER = re.compile(r"Lictor (\d+) (-?\d+)")


@dataclass(frozen=True)
class Firewall:
    """What was read back: the rules as texts, and which profiles are switched off."""

    rules: Sequence[str]
    off: Sequence[str] = ()


def add_command(name: str, direction: str, program: str, owner: str) -> list[str]:
    """The command line that blocks a program in one direction. Pure."""
    return [
        _netsh(), "advfirewall", "firewall", "add", "rule", f"name={name}", f"dir={direction}", "action=block",
        f"program={program}", "enable=yes", "profile=any", f"description={owner}",
    ]  # fmt: skip


def delete_command(name: str) -> list[str]:
    """The command line that removes every rule of a name. Pure."""
    return [_netsh(), "advfirewall", "firewall", "delete", "rule", f"name={name}"]


def fields(rule: str) -> Mapping[str, str]:
    """A rule's text (``v2.31|Action=Block|Active=TRUE|Dir=Out|App=…|Name=…|``) by field; the last of a repeated one. Pure."""
    return dict(part.split("=", 1) for part in rule.split("|") if "=" in part)


def missing(name: str, programs: Iterable[str], rules: Iterable[str]) -> list[tuple[str, str]]:
    """(direction, program) of each block that no active rule of this name has. Pure."""
    there = {
        (found.get("Dir", "").lower(), normcase(os.path.expandvars(found.get("App", ""))))
        for found in map(fields, rules)
        if found.get("Name") == name and found.get("Action") == "Block" and found.get("Active") == "TRUE"
    }
    return [(way, program) for program in programs for way in DIRECTIONS if (way, normcase(program)) not in there]


def owner_text(pid: int, key: int) -> str:
    """A rule's description, which names the Lictor of this pid and process key. Pure."""
    return f"Lictor {pid} {key}"


def left_behind(rules: Iterable[str], alive: Callable[[int, int], bool]) -> list[str]:
    """Runs whose rules were set by a Lictor that does not run any more. Pure, but for what ``alive`` does with (pid, key).

    A rule without such a description was not set by Lictor, whatever its name is.
    """
    found = {}
    for rule in map(fields, rules):
        name, owner = rule.get("Name", ""), _OWNER.fullmatch(rule.get("Desc", ""))
        if name.startswith(PREFIX) and owner is not None:
            found[name.removeprefix(PREFIX)] = int(owner[1]), int(owner[2])
    return [run for run, owner in found.items() if not alive(*owner)]


class ProgramBlock:
    """The network of a run, as far as its programs are its own. A ``Network``."""

    def __init__(
        self,
        run: str,
        programs: Callable[[], Iterable[str]],
        *,
        do: Callable[[Sequence[str]], int] | None = None,
        read: Callable[[], Firewall] | None = None,
    ) -> None:
        """``programs`` gives the paths of the run's programs; ``do`` runs a command, ``read`` reads the firewall back."""
        self.name = f"{PREFIX}{run}"
        self._programs = programs
        self._do, self._read = do or _run, read or read_back

    def cut(self) -> Outcome:
        """Block each program both ways; ``confirmed`` only when every rule is read back and no profile is off."""
        programs = sorted({normcase(one): one for one in self._programs()}.values())
        if not programs:
            return Outcome("failed", "no program of the run is known, so none can be blocked")
        try:
            owner = owner_text(os.getpid(), process.key(os.getpid()))
            for way, program in missing(self.name, programs, self._read().rules):
                self._do(add_command(self.name, way, program, owner))
            found = self._read()
        except OSError as error:
            return Outcome("failed", f"the firewall cannot be set or read back: {error}")
        lacking = missing(self.name, programs, found.rules)
        if lacking:
            way, program = lacking[0]
            return Outcome(
                "failed",
                f"{len(lacking)} rules are not there after netsh ran, such as {way} {program}: the network is not cut",
            )
        if found.off:
            return Outcome("failed", f"rules are set, but the firewall is off for {', '.join(found.off)}")
        return Outcome(
            "confirmed",
            f"block rules {self.name} read back for {len(programs)} programs, in and out, for every process of those; "
            "connections from before were not looked at",
        )

    def count(self) -> int:
        """How many rules of it are there; raises ``OSError``."""
        return sum(fields(rule).get("Name") == self.name for rule in self._read().rules)

    def join(self) -> Outcome:
        """Remove the rules; ``confirmed`` when none of that name is read back."""
        try:
            if not self.count():
                return Outcome("confirmed", f"no rule {self.name} is there")
            self._do(delete_command(self.name))
            left = self.count()
        except OSError as error:
            return Outcome("failed", f"the firewall cannot be set or read back: {error}")
        if left:
            return Outcome("failed", f"{left} rules {self.name} are still there after netsh ran")
        return Outcome("confirmed", f"no rule {self.name} is left")


def read_back() -> Firewall:
    """The firewall's rules and switches as the registry has them; empty where there are none. Raises ``OSError``."""
    if sys.platform != "win32":
        raise OSError("only Windows has this firewall")
    return Firewall(_values(rf"{POLICY}\FirewallRules"), [one for one in PROFILES if not _is_on(one)])


def _values(path: str) -> list[str]:
    if sys.platform != "win32":
        return []
    import winreg  # noqa: PLC0415 - only Windows has it

    try:
        with winreg.OpenKey(winreg.HKEY_LOCAL_MACHINE, path) as key:
            return [str(winreg.EnumValue(key, number)[1]) for number in range(winreg.QueryInfoKey(key)[1])]
    except FileNotFoundError:
        return []


def _is_on(profile: str) -> bool:
    if sys.platform != "win32":
        return False
    import winreg  # noqa: PLC0415 - as above

    try:
        with winreg.OpenKey(winreg.HKEY_LOCAL_MACHINE, rf"{POLICY}\{profile}") as key:
            return bool(winreg.QueryValueEx(key, "EnableFirewall")[0])
    except FileNotFoundError:
        return False


def _netsh() -> str:
    """By its whole path: a ``netsh.exe`` in some folder of the search path must not be run with our rights."""
    return os.environ.get("SYSTEMROOT", r"C:\Windows") + r"\System32\netsh.exe"


def _run(command: Sequence[str]) -> int:
    try:
        return subprocess.run(command, capture_output=True, timeout=_PATIENCE_S, check=False).returncode
    except subprocess.TimeoutExpired as error:
        raise OSError(f"netsh did not end within {_PATIENCE_S:g} s") from error
