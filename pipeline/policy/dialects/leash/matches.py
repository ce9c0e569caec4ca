"""Targets of a Cedar statement as matches of rules: paths, programs, names and addresses, each key by itself."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from pipeline.policy.dialects.leash.targets import Target

OPEN, EXEC, CONNECT = "open", "exec", "connect"
"""The three kinds of operation that Leash has a list of its own for."""

KINDS = {OPEN: ("any", "file", "dir"), EXEC: ("any", "file", "dir"), CONNECT: ("any", "host")}
"""Targets that fit them; Leash skips the others."""

_SPECIAL = re.compile(r"([\\*?\[\]{},])")
_IP = re.compile(r"[0-9.]+|[0-9a-f:]*:[0-9a-f:.]*")


def matches(kind: str, targets: Sequence[Target], action: str) -> Iterable[dict[str, Any]]:
    """Matches that together hold the fitting targets.

    A program is allowed by what runs (``exe``) and denied by any of its names: Leash asks about the script and
    about its interpreter, and each must pass.
    """
    fitting = [t for t in targets if t.kind in KINDS[kind]]
    if any(t.kind == "any" or (t.kind == "host" and (t.value, t.port) == ("*", 0)) for t in fitting):
        yield {}
    elif kind == CONNECT:
        yield from _host_matches(fitting)
    elif fitting:
        key = "exe" if kind == EXEC and action == "allow" else "path"
        yield {key: [_glob(t) for t in fitting]}


def _host_matches(targets: Sequence[Target]) -> Iterable[dict[str, Any]]:
    for port in dict.fromkeys(t.port for t in targets):
        here = [t.value for t in targets if t.port == port]
        rest: dict[str, Any] = {"port": [port]} if port else {}
        addresses = [v for v in here if _IP.fullmatch(v)] + ["127.0.0.1"] * ("localhost" in here)
        names = [v for v in here if v != "*" and not _IP.fullmatch(v)]
        if "*" in here:
            yield rest
            continue
        if names:
            yield {"domain": names, **rest}
        if addresses:
            yield {"ip": addresses, **rest}


def _glob(target: Target) -> str:
    quoted = _SPECIAL.sub(r"\\\1", target.value)
    return quoted if target.kind == "file" else quoted.rstrip("/") + "/**"
