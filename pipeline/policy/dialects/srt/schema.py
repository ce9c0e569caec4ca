"""The shape of srt settings, as its newest version (0.0.83) has it; older files fit it too.

What holds between fields (a host of a credential must be reachable) is in ``srt_checks.py``.
"""

from __future__ import annotations

import re
from typing import Any

from pipeline.policy.dialects.srt.domains import address_range, allowed_domain, denied_domain, domain
from pipeline.policy.dialects.srt.hosts import is_url
from pipeline.policy.dialects.srt.regexes import RegexError, groups
from pipeline.policy.dialects.srt.shapes import Either, Flag, Items, Named, Never, Record, Row, Shape, Text, Whole, Word

TEXT, SOME, FLAG = Text(), Text(least=1), Flag()
PORT = Whole(1, 0xFFFF)
DOMAIN = Text(check=domain)


def _url(value: str) -> str:
    return "" if is_url(value) else "no URL"


def _absolute(value: str) -> str:
    return "" if value.startswith("/") else "must be an absolute path"


def _mach_name(value: str) -> str:
    return "'*' may stand only at the end" if "*" in value.removesuffix("*") else ""


def _variable(value: str) -> str:
    return "" if re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", value) else "no name of an environment variable"


def _guid(value: str) -> str:
    parts = r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}"
    return "" if re.fullmatch(parts, value) else "no GUID"


def _extract(value: str) -> str:
    try:
        return "" if groups(value) else "it must have a group, which is the credential"
    except RegexError as error:
        return f"no regular expression: {error}"


def _both_or_none(value: Any) -> str:
    both = bool(value.get("caCertPath")) == bool(value.get("caKeyPath"))
    return "" if both else "caCertPath and caKeyPath must be given together"


def _port_range(value: Any) -> str:
    return "" if 0 <= value[1] - value[0] <= 64 else "the first port must not be above the last, nor more than 64 below"


VARIABLE = Text(check=_variable)
BINARY = Text(least=1, check=_absolute)
MODE = Word(("deny", "mask"))
SIGV4 = Word(("deny", "passthrough"))

PATH: Shape = Either(
    (SOME, Record({"path": SOME, "literal": Flag(only=True)}, ("path", "literal"), strict=True)),
    'a path, or { "path": "...", "literal": true }',
)

_MASKING: dict[str, Shape] = {
    "mode": MODE,
    "extract": Text(check=_extract),
    "onExtractNoMatch": Word(("warn", "deny", "error")),
    "decode": Word(("jwt",)),
    "maskClaims": Items(SOME),
    "injectHosts": Items(DOMAIN),
}
_FILE = Record({"path": SOME, **_MASKING, "maskDuplicates": FLAG}, ("path", "mode"))
_ENV = Record({"name": VARIABLE, **_MASKING}, ("name", "mode"))
_PAIR = Record(
    {"accessKeyIdVar": VARIABLE, "secretAccessKeyVar": VARIABLE, "sessionTokenVar": VARIABLE},
    ("accessKeyIdVar", "secretAccessKeyVar"),
    strict=True,
)
CREDENTIALS = Record(
    {
        "files": Items(_FILE),
        "envVars": Items(_ENV),
        "allowPlaintextInject": FLAG,
        "awsPairs": Items(_PAIR),
        "sigv4": Record({"streaming": SIGV4, "presigned": SIGV4, "sigv4a": SIGV4}, strict=True),
    },
    strict=True,
)

NETWORK = Record(
    {
        "allowedDomains": Items(Text(check=allowed_domain)),
        "deniedDomains": Items(Text(check=denied_domain)),
        "deniedDomainReasons": Named(SOME),
        "strictAllowlist": FLAG,
        "deniedResolvedAddresses": Items(Text(check=address_range)),
        "allowUnixSockets": Items(TEXT),
        "allowAllUnixSockets": FLAG,
        "allowLocalBinding": FLAG,
        "allowMachLookup": Items(Text(check=_mach_name)),
        "httpProxyPort": PORT,
        "socksProxyPort": PORT,
        "mitmProxy": Record({"socketPath": SOME, "domains": Items(DOMAIN, least=1)}, ("socketPath", "domains")),
        "filterRequest": Never("a function of the program that uses srt, which no file can hold"),
        "allowPlaintextHeaderSet": FLAG,
        "stripResponseHeaders": Items(SOME),
        "refuseOpaqueTunnels": FLAG,
        "requireHostMatch": FLAG,
        "ambiguousRequestTarget": Word(("refuse", "asSpelled", "normalize")),
        "tlsTerminate": Record(
            {
                "caCertPath": SOME,
                "caKeyPath": SOME,
                "excludeDomains": Items(DOMAIN),
                "extraCaCertPaths": Items(SOME),
                "maxTunnels": Whole(1, 65536),
                "handshakeTimeoutMs": Whole(100, 600_000),
            },
            check=_both_or_none,
        ),
        "parentProxy": Record({"http": Text(check=_url), "https": Text(check=_url), "noProxy": TEXT}),
    },
    ("allowedDomains", "deniedDomains"),
)

FILESYSTEM = Record(
    {
        "disabled": FLAG,
        "denyRead": Items(PATH),
        "allowRead": Items(PATH),
        "allowWrite": Items(PATH),
        "denyWrite": Items(PATH),
        "allowGitConfig": FLAG,
    },
    ("denyRead", "allowWrite", "denyWrite"),
)

_WINDOWS = Record(
    {
        "backend": Word(("mxc", "srt-win")),
        "sandboxUser": Text(least=1, most=20),
        "sublayerGuid": Text(check=_guid),
        "wfpSublayerGuid": Text(check=_guid),
        "proxyPortRange": Row((Whole(1), Whole(most=0xFFFF)), check=_port_range),
        "srtWin": Record({"path": SOME}, ("path",)),
    }
)

SETTINGS = Record(
    {
        "network": NETWORK,
        "filesystem": FILESYSTEM,
        "credentials": CREDENTIALS,
        "ignoreViolations": Named(Items(TEXT)),
        "enableWeakerNestedSandbox": FLAG,
        "allowNestedUserNamespaces": FLAG,
        "enableWeakerNetworkIsolation": FLAG,
        "allowAppleEvents": FLAG,
        "ripgrep": Record({"command": TEXT, "args": Items(TEXT), "argv0": TEXT}, ("command",)),
        "mandatoryDenySearchDepth": Whole(1, 10),
        "allowPty": FLAG,
        "seccomp": Record({"applyPath": TEXT, "argv0": TEXT}),
        "bwrapPath": BINARY,
        "socatPath": BINARY,
        "javaAgentJarPath": BINARY,
        "windows": _WINDOWS,
        "git": Record({"safeDirectories": Items(TEXT)}),
    },
    ("network", "filesystem"),
)
