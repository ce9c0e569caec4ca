"""What agentsh refuses in a policy that has the right shape: its validation, and what it cannot compile."""

from __future__ import annotations

import ipaddress
import re
from typing import TYPE_CHECKING, Any

from pipeline.policy.dialects.agentsh.globs import PatternError, pieces
from pipeline.policy.dialects.agentsh.regex import valid
from pipeline.policy.source import Location, Problem, Tree

if TYPE_CHECKING:
    from collections.abc import Iterator

Found = tuple[Location, str]

_VARIABLE = re.compile(r"\$\{[A-Za-z_][A-Za-z0-9_]*(?::-[^}]*)?\}")
_VISIBILITY = ("", "silent", "audit_only", "warn")
_FAILURE = ("", "fail_closed", "fail_open", "retry_original")
_GROUPS = ("@fatal", "@job", "@reload", "@ignore", "@all")
_SIGNALS = frozenset(
    {"HUP", "INT", "QUIT", "ILL", "TRAP", "ABRT", "BUS", "FPE", "KILL", "USR1", "SEGV", "USR2", "PIPE", "ALRM", "TERM",
     "CHLD", "CONT", "STOP", "TSTP", "TTIN", "TTOU", "URG", "XCPU", "XFSZ", "VTALRM", "PROF", "WINCH", "IO", "SYS"}
)  # fmt: skip
_TARGETS = ("self", "children", "descendants", "siblings", "session", "parent", "external", "system", "user", "process")
_PROVIDERS = ("keyring", "vault", "aws-sm", "gcp-sm", "azure-kv", "op")


def problems(tree: Tree) -> list[Problem]:
    """Everything that is wrong, with its place."""
    found: list[Found] = []
    for check in (_head, _metadata, _redirects, _packages, _globs, _networks, _commands, _signals, _services):
        found += check(tree.data)
    return [Problem(*tree.position(location), text) for location, text in found]


def _each(data: dict[str, Any], section: str) -> Iterator[tuple[Location, dict[str, Any]]]:
    for i, rule in enumerate(data.get(section) or ()):
        yield (section, i), rule or {}


def _head(data: dict[str, Any]) -> Iterator[Found]:
    if (data.get("version") or 0) <= 0:
        yield ("version",), "'version' must be more than 0"
    if not data.get("name"):
        yield ("name",), "'name' is missing"
    if data.get("services") is not None:
        yield ("services",), "'services' has been replaced by 'http_services'"


def _metadata(data: dict[str, Any]) -> Iterator[Found]:
    for here, entry in _each(data, "metadata"):
        for key in ("rule_name", "source"):
            if not entry.get(key):
                yield here, f"'{key}' is missing"


def _redirects(data: dict[str, Any]) -> Iterator[Found]:
    for section, wanted in (
        ("dns_redirects", ("name", "match", "resolve_to")),
        ("connect_redirects", ("name", "match")),
    ):
        for here, rule in _each(data, section):
            yield from ((here, f"'{key}' is missing") for key in wanted if not rule.get(key))
            why = valid(rule.get("match") or "")
            if why:
                yield (*here, "match"), f"no regular expression: {why}"
            if (rule.get("visibility") or "") not in _VISIBILITY:
                yield (*here, "visibility"), "'visibility' must be silent, audit_only or warn"
            if (rule.get("on_failure") or "") not in _FAILURE:
                yield (*here, "on_failure"), "'on_failure' must be fail_closed, fail_open or retry_original"
    for here, rule in _each(data, "dns_redirects"):
        if rule.get("resolve_to") and not _is_address(rule["resolve_to"]):
            yield (*here, "resolve_to"), "'resolve_to' must be an IP address"
    for here, rule in _each(data, "connect_redirects"):
        yield from _connect_redirect(here, rule)


def _connect_redirect(here: Location, rule: dict[str, Any]) -> Iterator[Found]:
    if bool(rule.get("redirect_to")) == bool(rule.get("redirect_to_unix")):
        yield here, "exactly one of 'redirect_to' and 'redirect_to_unix' is wanted"
    tls = rule.get("tls") or {}
    if (tls.get("mode") or "") not in ("", "passthrough", "rewrite_sni"):
        yield (*here, "tls"), "'mode' must be passthrough or rewrite_sni"
    if tls.get("mode") == "rewrite_sni" and not tls.get("sni"):
        yield (*here, "tls"), "'sni' is missing, which mode rewrite_sni needs"


def _packages(data: dict[str, Any]) -> Iterator[Found]:
    for here, rule in _each(data, "package_rules"):
        if (rule.get("match") or {}).get("options"):
            yield (*here, "match", "options"), "'options' is not supported by agentsh yet"


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


def _glob(text: str) -> str | None:
    try:
        pieces(_VARIABLE.sub("x", text))
    except PatternError as error:
        return f"'{text}': {error}"
    return None


def _globs(data: dict[str, Any]) -> Iterator[Found]:
    lists = [((section, "paths"), section) for section in ("file_rules", "unix_socket_rules", "registry_rules")]
    lists.append((("network_rules", "domains"), "network_rules"))
    for (section, key), _ in lists:
        for here, rule in _each(data, section):
            for i, text in enumerate(rule.get(key) or ()):
                why = _glob((text or "").replace("\\", "\\\\") if section == "registry_rules" else text or "")
                if why:
                    yield (*here, key, i), why
    env = data.get("env_policy") or {}
    for key in ("allow", "deny"):
        for i, text in enumerate(env.get(key) or ()):
            why = _glob(text or "")
            if why:
                yield ("env_policy", key, i), why


def _networks(data: dict[str, Any]) -> Iterator[Found]:
    for here, rule in _each(data, "network_rules"):
        for i, text in enumerate(rule.get("cidrs") or ()):
            if not re.fullmatch(r"[0-9A-Fa-f.:]+/[0-9]{1,3}", text or "") or not _is_network(text):
                yield (*here, "cidrs", i), f"'{text}' is no network such as 10.0.0.0/8"


def _is_network(text: str) -> bool:
    try:
        ipaddress.ip_network(text, strict=False)
    except ValueError:
        return False
    return True


def _commands(data: dict[str, Any]) -> Iterator[Found]:
    for here, rule in _each(data, "command_rules"):
        for i, text in enumerate(rule.get("args_patterns") or ()):
            why = valid(text or "")
            if why:
                yield (*here, "args_patterns", i), f"'{text}' is no regular expression: {why}"


def _signals(data: dict[str, Any]) -> Iterator[Found]:
    for here, rule in _each(data, "signal_rules"):
        for i, text in enumerate(rule.get("signals") or ()):
            if not _is_signal(text or ""):
                yield (*here, "signals", i), f"unknown signal '{text}'"
        target = rule.get("target") or {}
        kind = (target.get("type") or "").strip().lower()
        if kind not in (*_TARGETS, "pid_range"):
            yield (*here, "target"), f"unknown target type '{kind}'"
        low, high = target.get("min") or 0, target.get("max") or 0
        if kind == "pid_range" and not 0 < low <= high:
            yield (*here, "target"), "'pid_range' needs 'min' and 'max', both above 0 and in order"
        if (
            rule.get("decision") == "redirect"
            and rule.get("redirect_to")
            and not _is_signal(rule["redirect_to"], group=False)
        ):
            yield (*here, "redirect_to"), f"unknown signal '{rule['redirect_to']}'"


def _is_signal(text: str, *, group: bool = True) -> bool:
    plain = text.strip().upper()
    if plain.startswith("@"):
        return group and plain.lower() in _GROUPS
    if re.fullmatch(r"[+-]?[0-9]+", plain):
        return 0 < int(plain) < 64
    return plain.removeprefix("SIG") in _SIGNALS


def _services(data: dict[str, Any]) -> Iterator[Found]:
    kinds: set[str] = set()
    for name, entry in (data.get("providers") or {}).items():
        kind = entry.get("type") if isinstance(entry, dict) else None
        if kind not in _PROVIDERS or kind in kinds:
            yield ("providers", name), f"'type' must be one of {', '.join(_PROVIDERS)}, each once"
        kinds.add(str(kind))
    names: set[str] = set()
    for here, service in _each(data, "http_services"):
        yield from ((here, text) for text in _service(service, kinds, names))
        for i, rule in enumerate(service.get("rules") or ()):
            yield from (((*here, "rules", i), text) for text in _service_rule(rule or {}))


def _service(service: dict[str, Any], kinds: set[str], names: set[str]) -> Iterator[str]:
    name = service.get("name") or ""
    if not re.fullmatch(r"[A-Za-z0-9._-]+", name) or name.lower() in names:
        yield "'name' must be letters, digits, '.', '_' and '-', and stand once"
    names.add(name.lower())
    if not re.fullmatch(r"https://[^/?#]+.*", service.get("upstream") or ""):
        yield "'upstream' must be an https URL"
    if (service.get("default") or "") not in ("", "allow", "deny"):
        yield "'default' must be allow or deny"
    secret, inject = service.get("secret"), service.get("inject")
    if secret is None and not service.get("rules"):
        yield "the service has neither a secret nor rules"
    if inject is not None and (secret is None or not (inject.get("header") or {}).get("name")):
        yield "'inject' needs a secret and a header with a name"
    if secret is not None and (secret.get("ref") or "").partition("://")[0] not in kinds:
        yield "'ref' of the secret names no provider of this file"


def _service_rule(rule: dict[str, Any]) -> Iterator[str]:
    if rule.get("decision") not in ("allow", "deny", "approve", "audit"):
        yield "'decision' must be allow, deny, approve or audit"
    paths = rule.get("paths") or ()
    if not paths or not all((p or "").strip() for p in paths):
        yield "'paths' must name at least one path"
    yield from (why for why in (_glob(p or "") for p in paths) if why)
