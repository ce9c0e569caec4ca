"""Rules of an MXC configuration beyond its fields: what may stand together, versions, paths, capabilities.

Each is a refusal of the original runner ("Configuration parse error"); the network's rules are in
``mxc_network_checks``. What only a backend refuses when it is started is in ``mxc_backends``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipeline.policy.dialects.mxc import network_checks as mxc_network_checks
from pipeline.policy.dialects.mxc.config import Config, semver
from pipeline.policy.dialects.mxc.shape import BLANK

if TYPE_CHECKING:
    from pipeline.policy.dialects.json_places import Path

LISTS = ("readwritePaths", "readonlyPaths", "deniedPaths")

_OLDEST, _BEYOND = (0, 6, 0), (0, 10, 0)
_RESERVED = ("learningmodelogging", "permissivelearningmode")
_STATE = ("phase", "sandboxId", "correlationVector")
_SECTIONS: dict[str, tuple[str, ...]] = {
    "processContainer": ("processContainer",),
    "lxc": ("lxc",),
    "seatbelt": ("seatbelt",),
    "wslc": ("wslc",),
    "windowsSandbox": ("windowsSandbox",),
    "hyperlight": ("hyperlight",),
    "experimental.windows_sandbox": ("experimental", "windows_sandbox"),
    "experimental.wslc": ("experimental", "wslc"),
    "experimental.isolation_session": ("experimental", "isolation_session"),
}
_SECTION_OF = {
    "processcontainer": "processContainer",
    "lxc": "lxc",
    "seatbelt": "seatbelt",
    "windows_sandbox": "experimental.windows_sandbox",
    "wslc": "experimental.wslc",
    "isolation_session": "experimental.isolation_session",
}
_NEWEST_SECTION_OF = {**_SECTION_OF, "wslc": "wslc", "windows_sandbox": "windowsSandbox", "hyperlight": "hyperlight"}


def check(config: Config) -> None:
    """Raise ``PolicyError`` with every reason why the original runner refuses the configuration."""
    if not config.newest:
        _check_state(config)
        _check_version(config)
        _check_process(config)
    _check_sections(config)
    _check_process_container(config)
    _check_paths(config)
    _check_wslc(config)
    if config.get("experimental", "seatbelt") is not None:
        config.refuse(("experimental", "seatbelt"), "'experimental.seatbelt' has moved: use 'seatbelt' at the top")
    mxc_network_checks.check(config)
    config.settle()


def _check_state(config: Config) -> None:
    for name in _STATE:
        if name in config.data:
            config.refuse(
                (name,), f"'{name}' belongs to a sandbox that lives on, not to a configuration that is run at once"
            )


def _check_version(config: Config) -> None:
    if config.version and not _OLDEST <= semver(config.version) < _BEYOND:
        known = "0.6 to 0.9, 0.9.0-alpha, 1.0.0 and 1.1.0-alpha"
        config.refuse(("version",), f"version '{config.version}' is none of the supported ones: {known}")


def _check_process(config: Config) -> None:
    command = config.get("process", "commandLine")
    if not command:
        config.refuse(("process", "commandLine"), "'process.commandLine' must be given and not be empty")


def _check_sections(config: Config) -> None:
    """Only the section of the containment that is used may be there."""
    own = (_NEWEST_SECTION_OF if config.newest else _SECTION_OF).get(config.backend)
    for section, path in _SECTIONS.items():
        if config.get(*path) is not None and section != own:
            said = f"'{section}' does not go with containment '{config.backend}': remove the section"
            config.refuse(path, said)


def _check_process_container(config: Config) -> None:
    for i, name in enumerate(config.get("processContainer", "capabilities") or ()):
        at: Path = ("processContainer", "capabilities", i)
        if "," in name:
            config.refuse(at, f"capability '{name}' holds a comma: write each capability as its own entry")
        elif name.lower() in _RESERVED and name.isascii():
            config.refuse(at, f"capability '{name}' is reserved: use learningMode or captureDenials")
    output = config.get("processContainer", "captureDenials", "outputPath")
    if output is not None and (not output.startswith("/") or not output.strip("/")):
        at = ("processContainer", "captureDenials", "outputPath")
        config.refuse(at, f"'{output}' must be the absolute path of a file")


def _check_paths(config: Config) -> None:
    command = config.get("process", "commandLine") or ""
    if "\0" in command:
        config.refuse(("process", "commandLine"), "'process.commandLine' must not hold a NUL character")
    shown: Path = ("processContainer", "filesystem", "enumeratePaths")
    for at in (*(("filesystem", name) for name in LISTS), shown):
        for i, path in enumerate(config.get(*at) or ()):
            said = _bad_path(path)
            if said:
                config.refuse((*at, i), said)


def _bad_path(path: str) -> str:
    if not path.strip(BLANK):
        return "a filesystem path is empty"
    shown = ascii(path)[1:-1]
    if "\0" in path:
        return f"filesystem path '{shown}' holds a NUL character"
    return f"filesystem path '{shown}' holds a quotation mark" if '"' in path else ""


def _check_wslc(config: Config) -> None:
    """Ports that a WSL container forwards."""
    base: Path = ("wslc",) if config.newest else ("experimental", "wslc")
    seen = set()
    for i, mapping in enumerate(config.get(*base, "portMappings") or ()):
        at = (*base, "portMappings", i)
        if not mapping["windowsPort"] or not mapping["containerPort"]:
            config.refuse(at, "a mapped port must be from 1 to 65535")
        if mapping["windowsPort"] in seen:
            config.refuse(at, f"port {mapping['windowsPort']} is mapped twice")
        seen.add(mapping["windowsPort"])
