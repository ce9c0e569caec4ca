"""Microsoft MXC configurations (versions 0.6 to 1.1): read, judged as the original runner does, translated.

An MXC file describes one sandbox: what is run, which paths it may read and write, which addresses it may reach.
Lictor takes over what is about access. What the runner (``lxc-exec --dry-run``) refuses is refused with the
reason; ``mxc_checks`` and its neighbours hold the rules.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from pipeline.policy.dialects.interface import Imported
from pipeline.policy.dialects.json_places import read_json
from pipeline.policy.dialects.mxc import backends as mxc_backends
from pipeline.policy.dialects.mxc import checks as mxc_checks
from pipeline.policy.dialects.mxc.config import ABSTRACT, Config, read_config
from pipeline.policy.dialects.mxc.hosts import legacy
from pipeline.policy.dialects.mxc.network_checks import is_legacy
from pipeline.policy.dialects.mxc.paths import READ, WRITE, entries, path_items, socket_item
from pipeline.policy.dialects.mxc.rest import baseline_item, rest_items
from pipeline.policy.dialects.mxc.traffic import directional
from pipeline.policy.source import PolicyError

if TYPE_CHECKING:
    from pipeline.policy.dialects.interface import Item

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
_SIGNS = frozenset(
    {"containment", "processContainer", "appContainer", "containerId", "sandboxId", "runtimeConfig", "lxc"}
)
_PATHS = frozenset({"readwritePaths", "readonlyPaths", "deniedPaths"})
_NAMES_NOTE = (
    "Names of hosts are matched where Lictor knows the name of an address; an unknown one matches no rule by name."
)


class _Mxc:
    """The dialect as the registry takes it."""

    name = "mxc"
    title = "Microsoft MXC JSON, versions 0.6 to 1.1"

    def recognises(self, text: str, filename: str) -> bool:
        """JSON with fields that only MXC has, or a command line to run and a version."""
        try:
            data = read_json(text, filename).data
        except PolicyError:
            return False
        return isinstance(data, dict) and _looks_like_mxc(data)

    def read(self, text: str, filename: str) -> Imported:
        """Translate; raises ``PolicyError`` where the original refuses the file."""
        config = read_config(text, filename)
        mxc_checks.check(config)
        mxc_backends.check(config)
        found = entries(config)
        defaults, network_items = (legacy if is_legacy(config) else directional)(config)
        items: list[Item] = [baseline_item(config), *rest_items(config), *path_items(config, found)]
        items += [socket_item(found), *network_items]
        return Imported(_head(config, defaults), tuple(items), _notes(config))


def _looks_like_mxc(data: dict[str, Any]) -> bool:
    process, files = data.get("process"), data.get("filesystem")
    runs = isinstance(process, dict) and ("commandLine" in process or "version" in data)
    if isinstance(files, dict) and _PATHS & files.keys():
        return True
    return runs or (bool(_SIGNS & data.keys()) and isinstance(data.get("version"), str)) or _is_phase(data)


def _is_phase(data: dict[str, Any]) -> bool:
    return "phase" in data and bool({"sandboxId", "containment"} & data.keys())


def _head(config: Config, defaults: dict[str, str]) -> dict[str, Any]:
    name = config.get("containerId") or ""
    closed = dict.fromkeys((*READ, *WRITE), "deny")
    return {"name": name if _NAME.fullmatch(name) else "mxc", "mode": "enforce", "defaults": {**closed, **defaults}}


def _notes(config: Config) -> tuple[str, ...]:
    notes = [
        "Paths are taken as they are written; Lictor matches the names that the kernel uses, without symbolic links."
    ]
    found = config.get("network") or {}
    if found.get("allowedHosts") or found.get("blockedHosts"):
        notes.append(_NAMES_NOTE)
    said = mxc_backends.refusal(config)
    if said and config.get("containment") in ABSTRACT:
        notes.append(f"On Linux the original would not start this: {said}.")
    return tuple(notes)


DIALECT = _Mxc()
