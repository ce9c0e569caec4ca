"""The shape of an agentsh policy: every struct that its loader knows, since it refuses unknown keys.

A type is ``str``, ``int``, ``bool``, ``duration``, ``any`` (kept as it stands), a name of ``STRUCTS``, or one of these in
``[…]`` (a list) or ``{…}`` (a mapping with free keys).
"""

from __future__ import annotations

Struct = dict[str, str]


def _of(**kinds: str) -> Struct:
    """Keys by type: ``_of(str="name message")``."""
    return {key: kind for kind, keys in kinds.items() for key in keys.split()}


_COMMON = _of(str="name description decision message", duration="timeout")

STRUCTS: dict[str, Struct] = {
    "Policy": _of(int="version", str="name description", any="services db_services database_rules database_connection_rules policies")
    | {
        "metadata": "[Metadata]", "file_rules": "[FileRule]", "network_rules": "[NetworkRule]",
        "command_rules": "[CommandRule]", "unix_socket_rules": "[UnixSocketRule]", "registry_rules": "[RegistryRule]",
        "signal_rules": "[SignalRule]", "dns_redirects": "[DnsRedirect]", "connect_redirects": "[ConnectRedirect]",
        "resource_limits": "Limits", "env_policy": "Env", "audit": "Audit", "env_inject": "{str}", "mcp_rules": "Mcp",
        "process_contexts": "{Context}", "process_identities": "{Identity}", "package_rules": "[PackageRule]",
        "transparent_commands": "Transparent", "providers": "{any}", "http_services": "[HttpService]",
    },
    "Metadata": _of(str="rule_name source db_service bypass_mode destination"),
    "FileRule": _COMMON | {"paths": "[str]", "operations": "[str]", "redirect_to": "str", "preserve_tree": "bool"},
    "NetworkRule": _COMMON | {"domains": "[str]", "ports": "[int]", "cidrs": "[str]"},
    "CommandRule": _of(str="name description decision message", int="env_max_bytes env_max_keys", bool="env_block_iteration")
    | {
        "commands": "[str]", "args_patterns": "[str]", "redirect_to": "CommandRedirect", "context": "Depth",
        "env_allow": "[str]", "env_deny": "[str]",
    },
    "CommandRedirect": {"command": "str", "args": "[str]", "args_append": "[str]", "environment": "{str}"},
    "Depth": _of(int="min_depth max_depth"),
    "UnixSocketRule": _COMMON | {"paths": "[str]", "operations": "[str]"},
    "RegistryRule": _COMMON | {"paths": "[str]", "operations": "[str]", "priority": "int", "cache_ttl": "duration", "notify": "bool"},
    "SignalRule": _COMMON | {"signals": "[str]", "target": "SignalTarget", "fallback": "str", "redirect_to": "str"},
    "SignalTarget": _of(str="type pattern", int="min max"),
    "DnsRedirect": _of(str="name match resolve_to visibility on_failure"),
    "ConnectRedirect": _of(str="name match redirect_to redirect_to_unix visibility message on_failure") | {"tls": "RedirectTls"},
    "RedirectTls": _of(str="mode sni"),
    "Limits": _of(
        int="max_memory_mb memory_swap_max_mb cpu_quota_percent disk_read_bps_max disk_write_bps_max net_bandwidth_mbps pids_max",
        duration="command_timeout session_timeout idle_timeout",
    ),
    "Env": {"allow": "[str]", "deny": "[str]", "max_bytes": "int", "max_keys": "int", "block_iteration": "bool"},
    "Audit": _of(
        bool="log_allowed log_denied log_approved include_stdout include_stderr include_file_content", int="retention_days"
    ),
    "Context": {
        "description": "str", "identities": "[str]", "chain_rules": "[ChainRule]", "command_rules": "[CommandRule]",
        "file_rules": "[FileRule]", "network_rules": "[NetworkRule]", "unix_socket_rules": "[UnixSocketRule]",
        "env_policy": "Env", "allowed_commands": "[str]", "denied_commands": "[str]", "require_approval": "[str]",
        "command_overrides": "{Override}", "default_decision": "str", "race_policy": "Race", "max_depth": "int",
        "stop_at": "[str]", "pass_through": "[str]",
    },
    "ChainRule": _of(str="name description action message", int="priority", bool="continue") | {"condition": "Chain"},
    "Chain": {
        **dict.fromkeys(
            ("via_contains", "via_not_contains", "via_matches", "class_contains", "class_not_contains", "env_contains",
             "args_contain", "comm_matches", "path_matches", "source_name", "source_context"), "[str]"),
        **_of(int="via_index depth_eq depth_gt depth_lt depth_ge depth_le", str="via_index_value", bool="is_tainted is_agent"),
        "consecutive_class": "Consecutive", "consecutive_comm": "Consecutive", "or": "[Chain]", "and": "[Chain]", "not": "Chain",
    },
    "Consecutive": _of(str="value", int="count_ge count_le"),
    "Override": {"args_allow": "[str]", "args_deny": "[str]", "default": "str"},
    "Race": _of(str="on_missing_parent on_pid_mismatch on_validation_error", bool="log_race_conditions"),
    "Identity": {"description": "str", **dict.fromkeys(("linux", "darwin", "windows", "all_platforms"), "Platform")},
    "Platform": dict.fromkeys(("comm", "exe_path", "cmdline", "bundle_id", "exe_name"), "[str]"),
    "Mcp": {
        "enforce_policy": "bool", "tool_policy": "str", "allowed_tools": "[McpTool]", "allowed_servers": "[McpServer]",
        "server_policy": "str", "version_pinning": "McpPinning", "cross_server": "McpCross",
    },
    "McpTool": _of(str="server tool content_hash"),
    "McpServer": {"id": "str"},
    "McpPinning": _of(bool="enabled auto_trust_first", str="on_change"),
    "McpCross": {"enabled": "bool", "*": "McpSub"},
    "McpSub": {"enabled": "bool"},
    "PackageRule": _of(str="action reason") | {"match": "PackageMatch"},
    "PackageMatch": {
        "packages": "[str]", "name_patterns": "[str]", "reasons": "[str]", "license_spdx": "Licenses", "options": "{any}",
        **_of(str="finding_type severity ecosystem"),
    },
    "Licenses": {"allow": "[str]", "deny": "[str]"},
    "Transparent": {"add": "[str]", "remove": "[str]"},
    "HttpService": _of(str="name upstream expose_as default", bool="allow_direct scrub_response")
    | {"aliases": "[str]", "rules": "[HttpRule]", "secret": "Secret", "inject": "Inject"},
    "HttpRule": _COMMON | {"methods": "[str]", "paths": "[str]"},
    "Secret": _of(str="ref format"),
    "Inject": {"header": "InjectHeader"},
    "InjectHeader": _of(str="name template"),
}  # fmt: skip
"""A key ``*`` stands for any further key."""

for _name in ("HttpRule", "FileRule", "NetworkRule", "UnixSocketRule", "RegistryRule", "SignalRule"):
    STRUCTS[_name].setdefault("name", "str")
del STRUCTS["HttpRule"]["description"]
