"""What stands in srt settings besides rules about files and the network: credentials, and how srt itself works."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pipeline.policy.dialects.srt.files import denied_read
from pipeline.policy.dialects.srt.items import Sheet
from pipeline.policy.dialects.srt.paths import resolve
from pipeline.policy.dialects.srt.schema import SETTINGS
from pipeline.policy.dialects.srt.shapes import dropped

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from pipeline.policy.dialects.interface import Item

_OWN = "it tells srt how to work, and allows nothing"
_WEAKER = "it weakens srt's own walls, which stand besides these rules"
_PROXY = "it tells srt's proxy how to work; which hosts may be reached, the lists of domains say"
_MACOS = "it opens a service of macOS, which no operation here stands for"

_WHY = {
    "ignoreViolations": "it tells srt which denials not to report; they stay denials",
    "enableWeakerNestedSandbox": _WEAKER,
    "allowNestedUserNamespaces": _WEAKER,
    "enableWeakerNetworkIsolation": _MACOS,
    "allowAppleEvents": _MACOS,
    "mandatoryDenySearchDepth": "the names that may never be written are denied at any depth here",
    "network.allowMachLookup": _MACOS,
    "network.deniedDomainReasons": "the reasons stand in the rules",
    "network.strictAllowlist": "nobody is asked here: what is not allowed is denied",
    "network.httpProxyPort": "the proxy at this port decides which hosts may be reached, in place of srt's own",
    "network.socksProxyPort": "the proxy at this port decides which hosts may be reached, in place of srt's own",
}
_DONE = frozenset(
    [
        "network.allowedDomains",
        "network.deniedDomains",
        "network.deniedResolvedAddresses",
        "network.allowUnixSockets",
        "network.allowAllUnixSockets",
        "network.allowLocalBinding",
        "filesystem.denyRead",
        "filesystem.allowRead",
        "filesystem.allowWrite",
        "filesystem.denyWrite",
        "filesystem.allowGitConfig",
    ]
)


def other_items(sheet: Sheet, settings: Mapping[str, Any]) -> Iterator[Item]:
    """Items of all that is no rule, of credentials, and of keys that srt drops."""
    gone = set(dropped(SETTINGS, settings))
    for key, value in settings.items():
        if (key,) in gone:
            continue
        if key in ("network", "filesystem"):
            for inner in value:
                if f"{key}.{inner}" not in _DONE and (key, inner) not in gone:
                    yield sheet.item((key, inner), "setting", why=_why(key, inner, value[inner]))
        elif key == "credentials":
            yield from _credentials(sheet, settings)
        else:
            yield sheet.item((key,), "setting", why=_WHY.get(key, _OWN))
    for path in sorted(gone, key=str):
        yield sheet.item(path, "setting", why="srt does not know this key and drops it")


def _why(section: str, key: str, value: Any) -> str:
    if section == "filesystem":
        return "all rules about files are switched off" if value else "the default"
    return _WHY.get(f"network.{key}", _PROXY)


def _credentials(sheet: Sheet, settings: Mapping[str, Any]) -> Iterator[Item]:
    disabled = settings["filesystem"].get("disabled")
    for key, value in settings["credentials"].items():
        if key == "files":
            for i, entry in enumerate(value):
                yield _file(sheet, i, entry, disabled=disabled)
        elif key == "envVars":
            for i in range(len(value)):
                why = "no operation here is the reading of an environment variable"
                yield sheet.item(("credentials", key, i), "unsupported", why=why)
        else:
            yield sheet.item(("credentials", key), "setting", why="it tells srt's proxy how to send masked credentials")


def _file(sheet: Sheet, i: int, entry: Mapping[str, Any], *, disabled: bool) -> Item:
    """A credential file; ``allowRead`` does not lift these denies."""
    path = ("credentials", "files", i)
    if entry["mode"] == "mask":
        why = "srt shows a stand-in in its place; here the file cannot be read at all"
        return denied_read(sheet, path, resolve({"path": entry["path"]}), why=why)
    if disabled:
        return sheet.item(path, "setting", why="filesystem.disabled: srt ignores it")
    return denied_read(sheet, path, resolve(entry["path"]))
