"""Import of agentsh policies: ordered rules of which the first match decides, as rules of which the strongest does.

Each kind of rule is one ordered list with an answer of its own where nothing matches (reading is allowed, all else
denied). ``agentsh_order.py`` has how a list becomes rules; the files beside it have files, networks, sockets and commands.
Of signals, the registry, environments, packages, MCP and databases Lictor has no operation; such rules are named
in the report and stand for nothing.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from pipeline.policy.dialects.agentsh import checks as agentsh_checks
from pipeline.policy.dialects.agentsh import yaml as agentsh_yaml
from pipeline.policy.dialects.agentsh.files import covers
from pipeline.policy.dialects.agentsh.items import Report
from pipeline.policy.dialects.agentsh.order import ACTIONS, LIFTING
from pipeline.policy.dialects.interface import Imported
from pipeline.policy.source import PolicyError, Problem

if TYPE_CHECKING:
    from collections.abc import Iterator

_SECTION = re.compile(
    r"^(?:file_rules|network_rules|command_rules|signal_rules|unix_socket_rules|registry_rules):", re.MULTILINE
)
_HEAD = re.compile(r"^version:[ \t]*[0-9]+[ \t]*(?:#.*)?$", re.MULTILINE)


class Agentsh:
    """The dialect."""

    name = "agentsh"
    title = "agentsh policy (YAML, version 1)"

    def recognises(self, text: str, filename: str) -> bool:  # noqa: ARG002 - the protocol's signature
        """YAML with a version and one of its lists of rules at the top."""
        return bool(_HEAD.search(text) and _SECTION.search(text)) and not text.lstrip().startswith("{")

    def read(self, text: str, filename: str) -> Imported:
        """Translate; raises ``PolicyError`` where agentsh's loader, validation or engine refuses the text."""
        tree = agentsh_yaml.read(text, filename)
        wrong = agentsh_checks.problems(tree) if isinstance(tree.data, dict) else ()
        if wrong or not isinstance(tree.data, dict):
            raise PolicyError(filename, wrong or [Problem(1, 1, "a policy is a mapping")])
        report = Report(tree)
        items = report.items()
        head: dict[str, Any] = {"name": _name(tree.data["name"])}
        if (tree.data.get("description") or "").strip():
            head["description"] = tree.data["description"].strip()[:10_000]
        head |= {"mode": "enforce", "defaults": report.defaults}
        return Imported(head, tuple(items), tuple(_notes(tree.data)))


def _name(text: str) -> str:
    plain = re.sub(r"[^A-Za-z0-9._-]+", "-", text).strip("-.")[:100]
    return plain if re.match("[A-Za-z0-9]", plain) else "agentsh"


def _notes(data: dict[str, Any]) -> Iterator[str]:
    yield (
        "agentsh denies what no rule of a list matches, also where the list is absent (reading of files is allowed); "
        "the defaults here say the same."
    )
    yield "stat, list, readlink, access, chown and mknod have no operation here, so rules on them alone stop nothing."
    allowed = [r or {} for r in data.get("file_rules") or () if ACTIONS.get(str((r or {}).get("decision"))) in LIFTING]
    if any(covers(r, "read") for r in allowed) and not any(covers(r, "open") for r in allowed):
        yield "Rules allow 'read' and none allows 'open', which agentsh asks for first: no file can be opened, here neither."
    if any(rule and rule.get("domains") for rule in data.get("network_rules") or ()):
        yield (
            "Hosts are matched by the name that a connection was made to; where no name is known, no rule on a name "
            "matches, so an allow opens nothing more and a deny on top of an allow stops nothing."
        )
    if data.get("command_rules"):
        yield (
            "A command is the program that starts, under any of its names: as asked for, as script, or as what runs "
            "it. So a script passes where its interpreter does, as it would when given to the interpreter."
        )


DIALECT = Agentsh()
