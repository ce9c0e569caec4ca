"""The fields of an MXC configuration: one description for 0.6 to 0.9, one for each version that is closed.

Up to 0.9 one reader serves all versions, with the older network fields beside the directional ones and a block
``experimental`` that ignores what it does not know. 0.9.0-alpha, 1.0.0 and 1.1.0-alpha are read by the newest
runner: closed everywhere, no ``null``, only the directional network. Fields stand in the order of the
original's declarations, since an array may stand for a record.
"""

from __future__ import annotations

from pipeline.policy.dialects.mxc.shape import Anything, Flag, Items, Record, Shape, Text, Whole, Word

U16, U32, U64 = Whole(0xFFFF), Whole(0xFFFF_FFFF), Whole(0xFFFF_FFFF_FFFF_FFFF)
PORT = Whole(0xFFFF, 1)
TEXTS = Items(Text())
ACTION = Word(("allow", "deny"))
PROTOCOL = Word(("tcp", "udp", "icmp", "any"))
CLIPBOARD = Word(("none", "read", "write", "all"))

CLOSED = ("0.9.0-alpha", "1.0.0", "1.1.0-alpha")
"""Versions that the newest runner reads."""

_PROCESS: dict[str, Shape] = {"commandLine": Text(), "cwd": Text(), "env": TEXTS, "timeout": U32}
_LIFECYCLE = Record({"destroyOnExit": Flag(), "preservePolicy": Flag()})
_FILES = Record({"readwritePaths": TEXTS, "readonlyPaths": TEXTS, "deniedPaths": TEXTS})
_FALLBACK = Record({"allowDaclMutation": Flag()})
_UI = Record({"disable": Flag(), "clipboard": CLIPBOARD, "injection": Flag()})
_RUNTIME = Record({"networkProxy": Text()})
_PEER = Record({"cidr": Text(), "except": TEXTS}, needed=("cidr",))
_INGRESS = Record({"default": ACTION, "hostLoopback": ACTION})
_CAPTURE = Record({"mode": Word(("block", "allow")), "outputPath": Text(), "retainEtl": Flag()})
_PEER_IDENTITY = Record({"allowedProxyPeer": Text()})
_ISOLATION = Word(("desktop", "handles", "atoms", "container"))


def _egress(*, closed: bool) -> Record:
    """Outbound rules; what the older reader checks afterwards the closed one says in its types."""
    port = PORT if closed else U16
    ports = Items(Record({"protocol": PROTOCOL, "port": port, "endPort": port}), some=closed)
    rules = Items(Record({"to": Items(_PEER, some=closed), "ports": ports}))
    return Record({"default": ACTION, "allow": rules, "deny": rules})


def _process_container(extra: dict[str, Shape], settings: Shape) -> Record:
    ui = Record({"isolation": _ISOLATION, "desktopSystemControl": Flag(), "systemSettings": settings, "ime": Flag()})
    return Record(
        {
            "leastPrivilege": Flag(),
            "learningMode": Flag(),
            "capabilities": TEXTS,
            "captureDenials": _CAPTURE,
            "ui": ui,
            **extra,
            "network": _PEER_IDENTITY,
        }
    )


_SEATBELT: dict[str, Shape] = {
    "profileOverride": Text(),
    "guiAccess": Flag(),
    "launchMethod": Word(("exec", "open")),
    "nestedPty": Flag(),
    "keychainAccess": Flag(),
    "extraMachLookups": TEXTS,
}
_WSLC: dict[str, Shape] = {
    "targetOs": Text(),
    "image": Text(),
    "imageTarPath": Text(),
    "cpuCount": U32,
    "memoryMb": U64,
    "gpu": Flag(),
    "storagePath": Text(),
}


def _mapping(port: Whole, *, closed: bool) -> Items:
    fields: dict[str, Shape] = {"windowsPort": port, "containerPort": port, "protocol": Word(("tcp",))}
    return Items(Record(fields, needed=("windowsPort", "containerPort"), open=not closed))


_LEGACY_NETWORK = Record(
    {
        "defaultPolicy": Word(("allow", "block")),
        "enforcementMode": Word(("capabilities", "firewall", "both")),
        "allowLocalNetwork": Flag(),
        "allowedHosts": TEXTS,
        "blockedHosts": TEXTS,
        "proxy": Record({"localhost": U16, "builtinTestServer": Flag(), "url": Text()}),
        "egress": _egress(closed=False),
        "ingress": _INGRESS,
    }
)
_EXPERIMENTAL = Record(
    {
        "test": Record({"message": Text()}, open=True),
        "windows_sandbox": Record({"idleTimeoutMs": U32, "idleTimeout": U32, "daemonPipeName": Text()}, open=True),
        "wslc": Record(
            {
                **_WSLC,
                "portMappings": _mapping(U16, closed=False),
                "provision": Record({"image": Text(), "imageTarPath": Text()}, open=True),
            },
            open=True,
        ),
        "isolation_session": Record({"provision": Record({"appId": Text()}, open=True)}, open=True),
        "seatbelt": Record(_SEATBELT),
        "telemetry": Record({"enabled": Flag()}, open=True),
    },
    aliases={"macos_sandbox": "seatbelt"},
    open=True,
)
_OLDER_NAMES = {"appContainer": "processContainer", "macos_sandbox": "seatbelt"}
_OLDER_WORDS = {"appcontainer": "processcontainer", "macos_sandbox": "seatbelt"}
_SANDBOXES = ("process", "processcontainer", "lxc", "bubblewrap", "seatbelt", "isolation_session", "wslc")
_MACHINES = ("vm", "windows_sandbox", "microvm", "hyperlight")

LENIENT = Record(
    {
        "$schema": Text(),
        "_comment": Anything(),
        "version": Text(),
        "phase": Word(("provision", "start", "exec", "stop", "deprovision")),
        "sandboxId": Text(),
        "correlationVector": Text(),
        "containerId": Text(),
        "containment": Word((*_SANDBOXES, *_MACHINES), _OLDER_WORDS),
        "process": Record(_PROCESS),
        "lifecycle": _LIFECYCLE,
        "processContainer": _process_container({}, Text()),
        "lxc": Record({"distribution": Text(), "release": Text()}),
        "filesystem": _FILES,
        "fallback": _FALLBACK,
        "network": _LEGACY_NETWORK,
        "runtimeConfig": _RUNTIME,
        "ui": _UI,
        "seatbelt": Record(_SEATBELT),
        "experimental": _EXPERIMENTAL,
    },
    aliases=_OLDER_NAMES,
)
"""Versions 0.6 to 0.9, and configurations without one."""


def closed(version: str) -> Record:
    """The description of one of the ``CLOSED`` versions."""
    first, last = version == "0.9.0-alpha", version == "1.1.0-alpha"
    settings: Shape = Word(("none", "parameters", "display", "all")) if last else Text()
    process: dict[str, Shape] = {
        "commandLine": Text(some=True),
        "cwd": Text(),
        "env": TEXTS,
        "inheritDefaultEnv": Flag(),
        "timeout": U32,
    }
    seatbelt = {name: shape for name, shape in _SEATBELT.items() if name != "launchMethod"}
    sandbox = Record({"idleTimeoutMs": U32, "idleTimeout": U32, "daemonPipeName": Text()})
    runtime = Word(("agent", "python", "python-shell", "node", "bash", "dotnet-jit"))
    newest: dict[str, Shape] = {"hyperlight": Record({"runtime": runtime}), "test": Record({"message": Text()})}
    fields: dict[str, Shape] = {
        "$schema": Text(),
        "_comment": Anything(),
        "version": Word((version,)),
        "containerId": Text(),
        "containment": Word(_SANDBOXES + _MACHINES * last, _OLDER_WORDS if first else {}),
        "lifecycle": _LIFECYCLE,
        "process": Record(process, needed=("commandLine",)),
        "filesystem": _FILES,
        "fallback": _FALLBACK,
        "network": Record({"egress": _egress(closed=True), "ingress": _INGRESS}),
        "ui": _UI,
        "processContainer": _process_container({"filesystem": Record({"enumeratePaths": TEXTS})}, settings),
        "lxc": Record({"distribution": Text(), "release": Text()}, needed=("distribution", "release")),
        "seatbelt": Record(seatbelt),
        "runtimeConfig": _RUNTIME,
        "telemetry": Record({"enabled": Flag()}),
        "wslc": Record({**_WSLC, "portMappings": _mapping(PORT, closed=True)}),
        **({"windowsSandbox": sandbox, **newest} if last else {}),
    }
    return Record(fields, needed=("version", "process"), aliases=_OLDER_NAMES if first else {})
