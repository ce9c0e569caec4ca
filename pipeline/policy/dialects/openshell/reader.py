"""NVIDIA OpenShell sandbox policies, version 1: import with a report, and export.

A policy lists what a sandbox may reach; all else is denied. So everything listed becomes a rule that allows, and the
defaults deny files, programs and networks. What OpenShell decides inside a connection (requests, middlewares,
credentials) cannot be decided on connections: such an endpoint is left out until it is accepted whole.
"""

from __future__ import annotations

import re
from typing import Any

import yaml

from pipeline.policy.dialects.interface import Imported, Item
from pipeline.policy.dialects.openshell.checks import check
from pipeline.policy.dialects.openshell.fields import POLICY
from pipeline.policy.dialects.openshell.files import DEFAULTS, file_items
from pipeline.policy.dialects.openshell.inspection import restricts
from pipeline.policy.dialects.openshell.items import Maker
from pipeline.policy.dialects.openshell.network import network_items
from pipeline.policy.dialects.openshell.overlaps import endpoints
from pipeline.policy.dialects.openshell.settings import process_items
from pipeline.policy.dialects.openshell.shape import Reading
from pipeline.policy.dialects.openshell.yaml import compose
from pipeline.policy.source import PolicyError, Problem

OWN = ("filesystem_policy", "network_policies", "network_middlewares")
"""Keys that no other dialect has on top."""

_TOP_KEY = re.compile(r"^(?:\"|')?(filesystem_policy|network_policies|network_middlewares)(?:\"|')?\s*:", re.MULTILINE)

NOTES = {
    "names": "A rule on a domain matches where the name of a connection is known; where it is not, the default denies, "
    "so nothing more is opened. Programs look names up themselves here: OpenShell's proxy did it for them, so a rule "
    "for the DNS server may be needed.",
    "loopback": "The default denies connections within this machine too. An OpenShell sandbox has a loopback of its own, "
    "which is not this machine's.",
    "paths": "Paths are this machine's, without symbolic links: OpenShell follows a link that is listed, here the path "
    "that it leads to must be listed. The default on file.write also covers truncate(2), which Landlock lets through.",
    "requests": "Endpoints whose requests all pass (access: full, or enforcement: audit) are allowed as connections; "
    "OpenShell looks into them and takes nothing but requests of the protocol.",
    "version": "The file has no 'version': OpenShell's gateway and command line refuse it, only the supervisor's own "
    "file mode reads it.",
    "other version": "The file says version {}; OpenShell's documentation knows 1 only, though its reader takes any.",
}


class OpenShell:
    """The dialect."""

    name = "openshell"
    title = "NVIDIA OpenShell sandbox policy, version 1 (YAML)"

    def recognises(self, text: str, filename: str) -> bool:  # noqa: ARG002 - the interface's; the text tells
        """By the sections that only OpenShell has; also in a file that is no YAML any more."""
        try:
            node = compose(text, "")
        except PolicyError:
            return bool(_TOP_KEY.search(text))
        if not isinstance(node, yaml.MappingNode):
            return False
        keys = {key.value for key, _ in node.value if isinstance(key, yaml.ScalarNode)}
        small = {"version", "landlock"} <= keys <= {"version", "landlock", "process"}
        return bool(keys & set(OWN)) or small

    def read(self, text: str, filename: str) -> Imported:
        """Translate; raises ``PolicyError`` with every problem that OpenShell refuses the file for."""
        node = compose(text, filename)
        if node is None:
            raise PolicyError(
                filename, [Problem(1, 1, "the file is empty: an OpenShell policy has at least a version")]
            )
        reading = Reading()
        data = reading.value(node, POLICY, ())
        if not reading.problems:
            check(data, reading)
        if reading.problems:
            raise PolicyError(filename, reading.problems)
        maker = Maker(reading)
        items = (*file_items(data, maker), *process_items(data, maker), *network_items(data, maker))
        head = {"name": "openshell", "mode": "enforce", "defaults": {**DEFAULTS, "network": "deny"}}
        return Imported(head, items, tuple(_notes(data, reading, items)))


def _notes(data: dict[str, Any], reading: Reading, items: tuple[Item, ...]) -> list[str]:
    rules = [rule for item in items for rule in (*item.safe, *item.accepted)]
    wanted = {
        "names": any("domain" in rule["match"] for rule in rules),
        "loopback": True,
        "paths": True,
        "requests": any(e.protocol and not restricts(e) for e in endpoints(data)),
        "version": "version" not in data,
        "other version": data.get("version", 1) != 1,
    }
    found = [NOTES[key].format(data.get("version")) for key, here in wanted.items() if here]
    return found + [
        f"line {line}: '{here[-1]}' stands twice; as in OpenShell the last one counts" for here, line in reading.twice
    ]


DIALECT = OpenShell()
