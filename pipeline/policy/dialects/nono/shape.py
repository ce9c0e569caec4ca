"""The shapes of a nono profile and of its capability manifest, and the check that a file has them.

A kind is ``str``, ``bool``, ``int``, ``port``, ``any``, ``=a|b`` (one of these words), ``[kind]``, ``[kind]+`` (not empty),
``{kind}`` (a mapping with free keys), a name of ``PROFILE`` or ``MANIFEST``, or alternatives joined by ``/``. ``?`` at the end
takes null as well. A key with ``!`` must be there. A struct refuses other keys unless it has ``*``.
"""

from __future__ import annotations

from typing import Any

from pipeline.policy.dialects.json_places import JsonText, Path, pointer
from pipeline.policy.source import Problem
from pipeline.policy.words import near

Struct = dict[str, str]


def _keys(kind: str, names: str) -> Struct:
    return dict.fromkeys(names.split(), kind)


_ROOT: Struct = {
    "$schema": "str", "extends": "str/[str]+?", "meta": "Meta", "security": "Security", "groups": "Groups",
    "commands": "Commands", "filesystem": "Filesystem", "network": "Network", "diagnostics": "Diagnostics",
    "linux": "Linux", "env_credentials": "{str/EnvCredential}", "secrets": "{str/EnvCredential}", "environment": "Environment?",
    "command_policies": "CommandPolicies", "workdir": "Workdir", "hooks": "{Hook}", "session_hooks": "SessionHooks",
    "rollback": "Rollback", "undo": "Rollback", "open_urls": "OpenUrls?", "interactive": "bool", "packs": "[str]",
    "command_args": "[str]", "brokered_commands": "[str]", "credential_capture": "{any}", "credential_providers": "{any}",
    "credential_routes": "[any]", "unsafe_macos_seatbelt_rules": "[str]", "skipdirs": "[str]", "binary": "str?",
    "policy": "LegacyPolicy", **_keys("bool?", "allow_launch_services allow_gpu allow_parent_of_protected"),
    "platform_overrides": "Platforms?",
}  # fmt: skip

PATHS = (
    "allow read write allow_file read_file write_file unix_socket unix_socket_bind unix_socket_dir unix_socket_dir_bind "
    "unix_socket_subtree unix_socket_subtree_bind deny bypass_protection suppress_save_prompt ignore"
)
_ENDPOINT: Struct = {"method!": "str", "path!": "str", "backend": "str?", "reason": "str?", "timeout_secs": "int?"}
_DECISION = "=deny|approve|allow/Decision?"
_ARGV: Struct = _keys("[str]", "exact prefix contains")

PROFILE: dict[str, Struct] = {
    "Profile": _ROOT,
    "Platforms": _keys("Profile", "macos linux windows"),
    "Meta": {"name": "str", "version": "str", "description": "str?", "author": "str?"},
    "Security": {
        **_keys("=isolated|allow_same_sandbox|allow_all?", "signal_mode process_info_mode"),
        "ipc_mode": "=shared_memory_only|full?", "capability_elevation": "bool?", "wsl2_proxy_policy": "=error|insecure_proxy?",
        "approval_backends": "{any}", "approval_defaults": "any?", **_keys("[str]", "groups allowed_commands"),
    },
    "Groups": _keys("[str/Name]", "include exclude"),
    "Name": {"name!": "str", "when": "str/[str]+"},
    "Commands": _keys("[str]", "allow deny"),
    "Filesystem": _keys("[str/PathEntry]", PATHS),
    "PathEntry": {"path!": "str", "when": "str/[str]+"},
    "Network": {
        **_keys("bool", "block allow_http2"), "network_profile": "str?",
        **_keys("[str/Domain]", "allow_domain"), **_keys("[str/Domain]", "proxy_allow allow_proxy"),
        **_keys("[str]?", "credentials proxy_credentials"), **_keys("[str]", "deny_domain no_proxy upstream_bypass external_proxy_bypass"),
        **_keys("[port]", "open_port connect_port port_allow allow_port listen_port"),
        **_keys("[Range]", "open_port_range listen_port_range"), "custom_credentials": "{Credential}",
        "tls_intercept": "TlsIntercept?", **_keys("str?", "upstream_proxy external_proxy"),
    },
    "Domain": {"domain!": "str", "endpoints!": "[Endpoint]"},
    "Endpoint": {"method!": "str", "path!": "str"},
    "TlsIntercept": {"ca_lifecycle": "=session|trusted", **_keys("str", "ca_validity leaf_validity"), "ca_env_vars": "[str]"},
    "Credential": {
        "upstream!": "str", **_keys("any?", "auth aws_auth proxy rate_limit spiffe"), "inject_mode": "=header|url_path|query_param|basic_auth",
        "inject_header": "str", "endpoint_rules": "[Endpoint]", "endpoint_policy": "EndpointPolicy?",
        **_keys("str?", "credential_key credential_format path_pattern path_replacement query_param_name env_var tls_ca tls_client_cert tls_client_key"),
    },
    "EndpointPolicy": {"default": _DECISION, **_keys("[EndpointRule]", "deny approve allow")},
    "EndpointRule": _ENDPOINT,
    "Decision": {"decision!": "=deny|approve|allow", "backend": "str", "timeout_secs": "int"},
    "Diagnostics": {"suppress_system_services": "[str]"},
    "Linux": {"af_unix_mediation": "=off|pathname?", "sandbox_policy": "=auto|landlock|external?"},
    "EnvCredential": {"env_var!": "str", "when": "str/[str]+"},
    "Environment": {**_keys("[str]?", "allow_vars deny_vars"), "set_vars": "{str}"},
    "CommandPolicies": {
        **_keys("[str]", "executable_dirs deny_direct_exec_bypass session_export_env"), "allow_writable_executables": "bool",
        "entrypoint": "str?", "approval_backends": "{any}", "approval_defaults": "any?", "credentials": "{any}", "commands": "{Command}",
    },
    "Command": {
        "executable": "str?", **_keys("bool", "allow_writable_executable allow_direct_exec_bypass_with_credentials"),
        **_keys("[str]", "can_use allow_direct_exec_bypass export_env"), "sandbox": "Sandbox?", "from": "{=deny/Edge/Sandbox}",
        "intercept": "[any]", "daemon_pid_source": "any",
    },
    "Edge": {"sandbox!": "Sandbox", "invocation_policy": "InvocationPolicy?"},
    "InvocationPolicy": {"default": _DECISION, **_keys("[InvocationRule]", "deny approve allow")},
    "InvocationRule": {"argv": "Argv?", "env": "{any}?", "backend": "str?", "reason": "str?", "timeout_secs": "int?"},
    "Argv": _ARGV,
    "Sandbox": {
        **_keys("[str]", "fs_read fs_read_file fs_write fs_write_file use_credentials argv_prepend unsafe_macos_seatbelt_rules"),
        "credentials": "[any]", **_keys("any", "network environment resources stdio open_urls"),
        **_keys("bool", "allow_raw_file_credentials_in_chained_policy allow_launch_services"),
    },
    "Workdir": {"access": "=none|read|write|readwrite"},
    "Hook": {"event!": "str", "matcher!": "str", "script!": "str"},
    "SessionHooks": _keys("SessionHook?", "before after"),
    "SessionHook": {"script!": "str", "timeout_secs": "int"},
    "Rollback": _keys("[str]", "exclude_patterns exclude_globs"),
    "OpenUrls": {"allow_origins": "[str/Origin]", "allow_localhost": "bool"},
    "Origin": {"origin!": "str", "when": "str/[str]+"},
    "LegacyPolicy": _keys(
        "[str]", "exclude_groups add_allow_read add_allow_write add_allow_readwrite add_deny_access add_deny_commands override_deny"
    ),
}  # fmt: skip

MANIFEST: dict[str, Struct] = {
    "Manifest": {
        "$schema": "str", "version!": "=0.1.0", "filesystem": "Filesystem", "network": "Network", "credentials": "[Credential]",
        "process": "Process", "rollback": "Rollback", "resources": "Resources", "*": "any",
    },
    "Filesystem": {"grants": "[Grant]", "deny": "[Deny]", "*": "any"},
    "Grant": {"path!": "str", "access!": "=read|write|readwrite", "type": "=file|directory", "*": "any"},
    "Deny": {"path!": "str", "*": "any"},
    "Network": {
        "mode": "=blocked|proxy|unrestricted", "allow_domains": "[str]", "endpoints": "[Endpoint]", "ports": "Ports",
        "dns": "bool", "*": "any",
    },
    "Endpoint": {"host!": "str", "rules": "[Rule]", "*": "any"},
    "Rule": {"method!": "str", "path!": "str", "*": "any"},
    "Ports": {**_keys("[port]", "connect bind localhost"), "localhost_range": "[Range]", "*": "any"},
    "Credential": {"name!": "str", "upstream!": "str", "source!": "str", "inject": "Inject", "env_var": "str", "endpoint_rules": "[Rule]", "*": "any"},
    "Inject": {
        "mode": "=header|url_path|query_param|basic_auth", **_keys("str", "header format path_pattern path_replacement query_param_name"), "*": "any",
    },
    "Process": {
        **_keys("[str]", "allowed_commands blocked_commands"),
        **_keys("=isolated|allow_same_sandbox|allow_all", "signal_mode process_info_mode"),
        "ipc_mode": "=shared_memory_only|full", "exec_strategy": "=direct|monitor|supervised", "*": "any",
    },
    "Rollback": {"enabled": "bool", **_keys("[str]", "exclude_patterns exclude_globs"), "*": "any"},
    "Resources": _keys("int", "memory_bytes max_processes"),
}  # fmt: skip

_WORDS = {"str": "text", "bool": "true or false", "int": "a whole number", "port": "a port", "Range": "a pair of ports"}


class Checker:
    """Compares data with a shape and collects problems."""

    def __init__(self, text: JsonText, structs: dict[str, Struct]) -> None:
        self._text = text
        self._structs = structs
        self.problems: list[Problem] = []

    def check(self, value: Any, kind: str, path: Path) -> None:
        """Add a problem for whatever in ``value`` is not of the kind."""
        if kind.endswith("?"):
            if value is None:
                return
            kind = kind[:-1]
        kinds = _alternatives(kind)
        chosen = next((k for k in kinds if self._fits(value, k)), None)
        if chosen is None:
            self._wrong(path, " or ".join(dict.fromkeys(map(self._named, kinds))) + " is wanted here")
        elif chosen.startswith("["):
            self._list(value, chosen, path)
        elif chosen.startswith("{"):
            for key, inner in value.items():
                self.check(inner, chosen[1:-1], (*path, key))
        elif chosen in self._structs:
            self._struct(value, chosen, path)

    def _wrong(self, path: Path, message: str) -> None:
        self.problems.append(Problem(*self._text.place(path), f"{message} ({pointer(path) or 'top'})"))

    def _fits(self, value: Any, kind: str) -> bool:
        """Whether the outer form fits; what is inside is looked at afterwards."""
        if kind.startswith("="):
            return value in kind[1:].split("|") and isinstance(value, str)
        if kind.startswith("["):
            return isinstance(value, list)
        if kind.startswith("{"):
            return isinstance(value, dict)
        if kind in self._structs:
            needed = {k[:-1] for k in self._structs[kind] if k.endswith("!")}
            return isinstance(value, dict) and (kind != "Edge" or needed <= value.keys())
        whole = isinstance(value, int) and not isinstance(value, bool)
        if kind == "Range":
            return isinstance(value, list) and len(value) == 2 and all(self._fits(v, "port") for v in value)
        return {
            "str": isinstance(value, str),
            "bool": isinstance(value, bool),
            "int": whole and value >= 0,
            "port": whole and 0 <= value <= 65535,
            "any": True,
        }[kind]

    def _named(self, kind: str) -> str:
        if kind.startswith("="):
            return "one of " + ", ".join(kind[1:].split("|"))
        return "a list" if kind.startswith("[") else _WORDS.get(kind, "an object")

    def _list(self, value: list[Any], kind: str, path: Path) -> None:
        if kind.endswith("+") and not value:
            self._wrong(path, "the list must not be empty")
        for i, item in enumerate(value):
            self.check(item, kind.rstrip("+")[1:-1], (*path, i))

    def _struct(self, value: dict[str, Any], kind: str, path: Path) -> None:
        known = {k.rstrip("!"): v for k, v in self._structs[kind].items()}
        for key, inner in value.items():
            if key in known or "*" in known:
                self.check(inner, known.get(key, "any"), (*path, key))
            else:
                hint = near(key, known) or "; known here: " + ", ".join(known)
                self._wrong((*path, key), f"unknown key '{key}'{hint}")
        for key in (k[:-1] for k in self._structs[kind] if k.endswith("!")):
            if key not in value:
                self._wrong(path, f"'{key}' is missing")


def _alternatives(kind: str) -> list[str]:
    """Alternatives at the top of a kind; those inside brackets belong to what is inside."""
    parts, depth = [""], 0
    for sign in kind:
        depth += {"[": 1, "{": 1, "]": -1, "}": -1}.get(sign, 0)
        if sign == "/" and not depth:
            parts.append("")
        else:
            parts[-1] += sign
    return parts
