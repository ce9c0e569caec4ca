"""Import of the settings of srt (Anthropic's sandbox-runtime): reads open, writes and the network closed.

A file is accepted here exactly where the newest srt accepts it. Keys that srt does not know are dropped by it, not
refused, and are named in the report.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from pipeline.policy.dialects.interface import Imported, Item
from pipeline.policy.dialects.json_places import read_json
from pipeline.policy.dialects.srt.checks import cross_checks
from pipeline.policy.dialects.srt.export import EXPORTER
from pipeline.policy.dialects.srt.files import DEFAULTS as FILE_DEFAULTS
from pipeline.policy.dialects.srt.files import file_items, ignored_items
from pipeline.policy.dialects.srt.items import Sheet, told_apart
from pipeline.policy.dialects.srt.network import DEFAULTS as NETWORK_DEFAULTS
from pipeline.policy.dialects.srt.network import network_items
from pipeline.policy.dialects.srt.schema import SETTINGS
from pipeline.policy.dialects.srt.settings import other_items
from pipeline.policy.dialects.srt.shapes import problems
from pipeline.policy.source import PolicyError, Problem

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pipeline.policy.dialects.json_places import JsonText

__all__ = ["DIALECT", "EXPORTER", "NOTES"]

NOTES = (
    "Hosts are matched by name where the name of a connection is known; where it is not, nothing is allowed by name.",
    "srt's proxy looks names up for its commands; here the network is closed to name servers too, until a rule opens it.",
    "Symbolic links are not followed: write paths as the kernel names them.",
    "What may not be read may not be written or run either, as in srt on Linux.",
    "srt also keeps allowed names from leading to this machine's own outer addresses, which are not known here.",
)


class Srt:
    """The dialect."""

    name = "srt"
    title = "Anthropic sandbox-runtime settings (0.0.83 and older)"

    def recognises(self, text: str, filename: str) -> bool:
        """A ``network`` and a ``filesystem`` with srt's lists; srt's own name for the file where it is no JSON."""
        try:
            data = json.loads(text)
        except (ValueError, RecursionError):
            return bool(re.search(r"(^|/)\.?srt-settings[^/]*\.json$", filename))
        if not isinstance(data, dict) or {"permissions", "sandbox", "version"} & data.keys():
            return False
        network, files = data.get("network"), data.get("filesystem")
        if not isinstance(network, dict) or not isinstance(files, dict):
            return False
        return bool({"allowedDomains", "deniedDomains"} & network.keys()) and bool(
            {"denyRead", "allowWrite", "denyWrite", "allowRead"} & files.keys()
        )

    def read(self, text: str, filename: str) -> Imported:
        """Translate; raises ``PolicyError`` where srt refuses the file."""
        found = read_settings(text, filename)
        sheet = Sheet(found, "srt", ("network", "filesystem", "credentials"))
        disabled = found.data["filesystem"].get("disabled")
        defaults = {"exec": "allow", **({} if disabled else FILE_DEFAULTS), **NETWORK_DEFAULTS}
        head = {"name": "srt", "mode": "enforce", "defaults": defaults}
        return Imported(head, told_apart(_items(sheet, found.data)), NOTES)


def read_settings(text: str, filename: str) -> JsonText:
    """The settings as data; raises ``PolicyError`` with every reason for which srt would refuse them."""
    if text.startswith("\ufeff"):
        raise PolicyError(filename, [Problem(1, 1, "not JSON: srt takes no byte order mark")])
    found = read_json(text, filename)
    wrong = list(problems(SETTINGS, found.data)) or list(cross_checks(found.data))
    if wrong:
        raise PolicyError(filename, [Problem(*found.place(path), why) for path, why in wrong])
    return found


def _items(sheet: Sheet, settings: dict[str, Any]) -> Iterator[Item]:
    for key, value in settings.items():
        if key == "network":
            yield from network_items(sheet, (key,), value)
        elif key == "filesystem":
            yield from (ignored_items if value.get("disabled") else file_items)(sheet, (key,), value)
    yield from other_items(sheet, settings)


DIALECT = Srt()
