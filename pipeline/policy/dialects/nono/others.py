"""Parts of a nono profile that are no rules on files, hosts or commands, and what becomes of them."""

from __future__ import annotations

from typing import Any

SETTINGS = {
    "$schema": "a remark about the file",
    "meta": "a remark about the profile",
    "diagnostics": "what is shown is no rule about access",
    "env_credentials": "where secrets come from is no rule about access",
    "hooks": "a program that nono runs by itself is no rule about access",
    "session_hooks": "a program that nono runs by itself is no rule about access",
    "rollback": "what is kept for undoing is no rule about access",
    "interactive": "how the terminal is used is no rule about access",
    "packs": "packs are installed by nono",
    "command_args": "arguments that nono adds are no rule about access",
    "credential_capture": "where secrets come from is no rule about access",
    "credential_providers": "where secrets come from is no rule about access",
    "credential_routes": "where secrets come from is no rule about access",
    "unsafe_macos_seatbelt_rules": "a rule for macOS",
    "skipdirs": "what nono looks through is no rule about access",
    "binary": "which program is started is no rule about access",
    "allow_launch_services": "a grant for macOS",
    "allow_parent_of_protected": "a grant for macOS",
    "allow_gpu": "devices of a graphics card are not granted here",
    "open_urls": "opening addresses in a browser is not granted here",
    "process": "how nono runs the program is no rule about access",
    "resources": "a limit of resources is no rule about access",
}
"""Nothing is lost for access by leaving them out."""

UNSUPPORTED = {
    "environment": "the environment of a program has no operation here",
    "signal_mode": "sending signals has no operation here",
    "process_info_mode": "looking at other processes has no operation here",
    "ipc_mode": "shared memory has no operation here",
}

NETWORK_SETTINGS = {
    "allow_http2": "how the proxy speaks is no rule about access",
    "tls_intercept": "how the proxy reads requests is no rule about access",
    "upstream_bypass": "which way a connection takes is no rule about access",
    "no_proxy": "which way a connection takes is no rule about access",
    "custom_credentials": "a route of the proxy is used by naming it in credentials",
}
SECURITY_SETTINGS = {
    "capability_elevation": "nobody is asked about what is not granted here",
    "approval_backends": "who is asked is no rule about access",
    "approval_defaults": "who is asked is no rule about access",
    "wsl2_proxy_policy": "a setting for Windows",
}


def other(key: tuple[str, ...], value: Any) -> tuple[str, str] | None:
    """Outcome and reason of a part; ``None`` for what is read elsewhere."""
    last = key[-1]
    if key[0] == "network" and last in NETWORK_SETTINGS:
        return "setting", NETWORK_SETTINGS[last]
    if key[0] == "security":
        if last in UNSUPPORTED and value not in ("allow_all", "full"):
            return "unsupported", UNSUPPORTED[last]
        return "setting", SECURITY_SETTINGS.get(last, "it restricts nothing")
    if last == "environment":
        restricts = isinstance(value, dict) and any(k in value for k in ("allow_vars", "deny_vars"))
        return (
            ("unsupported", UNSUPPORTED[last])
            if restricts
            else ("setting", "setting variables is no rule about access")
        )
    if last in SETTINGS:
        return "setting", SETTINGS[last]
    return None
