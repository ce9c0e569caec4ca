"""Network policies: each endpoint becomes a rule that allows connections from its binaries, or says why it does not."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pipeline.policy.dialects.interface import Item
from pipeline.policy.dialects.openshell.inspection import audited, disputed, hidden, restricts
from pipeline.policy.dialects.openshell.items import Maker, line, slug
from pipeline.policy.dialects.openshell.overlaps import Endpoint, endpoints
from pipeline.policy.dialects.openshell.programs import EVERY, program
from pipeline.policy.dialects.openshell.settings import settings
from pipeline.policy.dialects.openshell.targets import Target, target

_ANCESTORS = "OpenShell also counts a program that one of the binaries started, at any depth; here the binary itself must connect."


def network_items(data: dict[str, Any], maker: Maker) -> Iterator[Item]:
    """Items of all network policies, then of the middlewares."""
    found = endpoints(data)
    torn = disputed(found)
    for key, policy in data.get("network_policies", {}).items():
        if not policy.get("endpoints"):
            here = ("network_policies", key)
            why = "It has no endpoints, so it allows nothing."
            yield maker.item(maker.name(slug(key)), here, key, "exact", why=why)
        programs = [program(binary["path"]) for binary in policy.get("binaries", [])]
        for endpoint in (e for e in found if e.policy == key):
            name = maker.name(f"{slug(key)}-{endpoint.here[-1]}")
            reasons = hidden(endpoint, found, data.get("network_middlewares", {}))
            reasons += ["another endpoint disagrees about the same traffic"] if id(endpoint) in torn else []
            yield _endpoint(maker, name, endpoint, policy, [p for p in programs if p], reasons)
            yield from _requests(maker, name, endpoint)
            yield from settings(maker, name, endpoint)
        yield from _lost_binaries(maker, key, policy, programs)
    yield from _middlewares(data, maker)


def _endpoint(
    maker: Maker, name: str, endpoint: Endpoint, policy: dict[str, Any], programs: list[str], reasons: list[str]
) -> Item:
    to, text = target(endpoint), _shown(endpoint)
    if to.unsaid:
        return maker.item(name, endpoint.here, text, "unsupported", why=to.unsaid)
    if to.nothing or not programs:
        outcome = "narrower" if policy.get("binaries") and not to.nothing else "exact"
        why = to.nothing or "No program is listed for it that could connect, so nothing is allowed."
        return maker.item(name, endpoint.here, text, outcome, why=why)
    rule = _rule(maker, name, endpoint, policy, programs, to)
    reasons = [*reasons, *([to.wide.rstrip(".")] if to.wide else [])]
    if reasons:
        why = f"Left out, since host and port would be allowed whole: {'; '.join(reasons)}."
        return maker.item(name, endpoint.here, text, "wider", accepted=(rule,), why=why)
    if EVERY in programs:
        why = "OpenShell logs what its rules do not allow; here every connection is recorded." * audited(endpoint)
        return maker.item(name, endpoint.here, text, "exact", safe=(rule,), why=why)
    return maker.item(name, endpoint.here, text, "narrower", safe=(rule,), why=_ANCESTORS)


def _rule(
    maker: Maker, name: str, endpoint: Endpoint, policy: dict[str, Any], programs: list[str], to: Target
) -> dict[str, Any]:
    """All programs need no ``exe``, which would fail where the program is not known."""
    exe = {} if EVERY in programs else {"exe": list(dict.fromkeys(programs))}
    return maker.rule(
        name,
        endpoint.here,
        title=line(policy.get("name", "")),
        on=["net.connect"],
        match={**to.match, "protocol": ["tcp"], **exe},
        unless=to.unless,
        action="audit" if audited(endpoint) else "allow",
    )


def _shown(endpoint: Endpoint) -> str:
    keys = ("protocol", "access", "enforcement", "path", "allowed_ips")
    extra = "".join(f", {key} {endpoint.data[key]}" for key in keys if endpoint.data.get(key))
    return f"{endpoint.text('host') or 'any host'}:{','.join(map(str, endpoint.ports))}{extra}"


def _requests(maker: Maker, name: str, endpoint: Endpoint) -> Iterator[Item]:
    """The rules on requests; they stand and fall with their endpoint."""
    for key in ("rules", "deny_rules"):
        for i, rule in enumerate(endpoint.data.get(key, [])):
            if not endpoint.protocol or (audited(endpoint) and not restricts(endpoint)):
                outcome, why = "setting", "OpenShell does not refuse over it, it only logs."
            else:
                outcome, why = "narrower", f"Left out with '{name}'; where that is accepted, it does not hold."
            what = rule.get("allow", rule) if key == "rules" else rule
            text = f"{'allow' if key == 'rules' else 'deny'} {what}"
            yield maker.item(maker.name(f"{name}-{key}-{i}"), (*endpoint.here, key, i), text, outcome, why=why)


def _lost_binaries(maker: Maker, key: str, policy: dict[str, Any], programs: list[str | None]) -> Iterator[Item]:
    for i, (binary, found) in enumerate(zip(policy.get("binaries", []), programs, strict=True)):
        if found is None:
            name = maker.name(f"{slug(key)}-binaries-{i}")
            why = "It matches no program, or what it matches is not certain, so it is left out."
            yield maker.item(name, ("network_policies", key, "binaries", i), binary["path"], "narrower", why=why)


def _middlewares(data: dict[str, Any], maker: Maker) -> Iterator[Item]:
    for key, middleware in data.get("network_middlewares", {}).items():
        hosts = ", ".join((middleware.get("endpoints") or {}).get("include", []))
        text = f"{middleware['middleware']} for {hosts}"
        why = "Nothing here changes what is sent; the endpoints that it may see are left out."
        yield maker.item(
            maker.name(f"middleware-{slug(key)}"), ("network_middlewares", key), text, "unsupported", why=why
        )
