"""Import of nono's profiles and capability manifests.

nono denies all files and programs that nothing grants, through Landlock; the network is open unless something closes
it. A profile names groups and base profiles whose content is part of nono (``nono_groups.py``); a manifest is what is
left when all of that is resolved. Everything is read for Linux.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from pipeline.policy.dialects.interface import Imported
from pipeline.policy.dialects.json_places import JsonText, read_json
from pipeline.policy.dialects.nono import json as nono_json
from pipeline.policy.dialects.nono.checks import manifest_problems, profile_problems
from pipeline.policy.dialects.nono.manifest import Manifest
from pipeline.policy.dialects.nono.profile import Profile
from pipeline.policy.dialects.nono.shape import MANIFEST, PROFILE, Checker
from pipeline.policy.source import PolicyError, Problem

if TYPE_CHECKING:
    from collections.abc import Iterator

_PROFILE_KEYS = frozenset(
    {"extends", "groups", "workdir", "filesystem", "command_policies", "platform_overrides", "security", "policy"}
)
_OWN_LISTS = frozenset({"allow", "read", "write", "allow_file", "read_file", "write_file", "deny", "bypass_protection"})


class Nono:
    """The dialect."""

    name = "nono"
    title = "nono profile or capability manifest (JSON, 0.1.0)"

    def recognises(self, text: str, filename: str) -> bool:
        """JSON with the sections of a profile or of a manifest."""
        try:
            data = read_json(nono_json.plain(text), filename).data
        except (PolicyError, RecursionError):
            return False
        return isinstance(data, dict) and (_is_manifest(data) or _is_profile(data))

    def read(self, text: str, filename: str) -> Imported:
        """Translate; raises ``PolicyError`` where nono refuses the text."""
        found = read_json(nono_json.plain(text), filename)
        if not isinstance(found.data, dict):
            raise PolicyError(filename, [Problem(*found.place(()), "a profile is an object")])
        manifest = _is_manifest(found.data)
        if manifest:
            found = read_json(text, filename)  # a manifest has no comments
        _check(found, filename, manifest=manifest)
        made: Manifest | Profile = Manifest(found) if manifest else Profile(found)
        meta = {} if manifest else found.data.get("meta") or {}
        head: dict[str, Any] = {"name": _name(meta.get("name") or "nono")}
        if (meta.get("description") or "").strip():
            head["description"] = meta["description"].strip()[:10_000]
        head |= {"mode": "enforce", "defaults": made.defaults}
        return Imported(head, tuple(made.items()), tuple(_notes(made.defaults, manifest=manifest)))


def _is_manifest(data: dict[str, Any]) -> bool:
    if "capability-manifest" in str(data.get("$schema", "")):
        return True
    section, network = data.get("filesystem"), data.get("network")
    granted = isinstance(section, dict) and isinstance(section.get("grants"), list)
    process = data.get("process")
    own = isinstance(process, dict) and bool({"exec_strategy", "blocked_commands", "allowed_commands"} & process.keys())
    moded = isinstance(network, dict) and network.get("mode") in ("blocked", "proxy", "unrestricted")
    return data.get("version") == "0.1.0" and "meta" not in data and (granted or own or moded)


def _is_profile(data: dict[str, Any]) -> bool:
    if "nono-profile" in str(data.get("$schema", "")):
        return True
    meta, section = data.get("meta"), data.get("filesystem")
    named = isinstance(meta, dict) and isinstance(meta.get("name"), str)
    listed = isinstance(section, dict) and bool(_OWN_LISTS & section.keys()) and "version" not in data
    return (named and bool(_PROFILE_KEYS & data.keys())) or (listed and ("workdir" in data or "extends" in data))


def _check(found: JsonText, filename: str, *, manifest: bool) -> None:
    checker = Checker(found, MANIFEST if manifest else PROFILE)
    checker.check(found.data, "Manifest" if manifest else "Profile", ())
    problems = checker.problems or (manifest_problems(found) if manifest else profile_problems(found))
    if problems:
        raise PolicyError(filename, problems)


def _name(text: str) -> str:
    plain = re.sub(r"[^A-Za-z0-9._-]+", "-", text).strip("-.")[:100]
    return plain if re.match("[A-Za-z0-9]", plain) else "nono"


def _notes(defaults: dict[str, str], *, manifest: bool) -> Iterator[str]:
    yield "Paths hold for the names as written; nono follows symbolic links when it starts."
    yield "XDG folders are taken at their defaults below the home folder."
    if "network" in defaults:
        yield (
            "Hosts are matched by the name that a connection was made to; where no name is known, no rule on a name "
            "matches, so an allow opens nothing more."
        )
    if not manifest:
        yield "Groups and base profiles are those of nono's release of July 2026; a profile of the same name of one's own is not looked for."


DIALECT = Nono()
