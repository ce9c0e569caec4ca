"""What OpenShell looks at inside a connection, which no rule on connections can: requests, middlewares, conflicts.

``enforcement`` is about requests only. Whatever it says, a connection to an endpoint that is not listed is refused.
Of a connection to a listed one, ``enforce`` lets the requests through that the rules allow; ``audit``, which holds
where nothing else is said, lets all through and logs those that the rules do not allow. So under ``audit`` every
connection to host and port goes through: here it is allowed, and since it cannot be told which requests OpenShell would
have logged, all of them are recorded (action ``audit``). One thing is refused under ``audit`` as well: a request
whose path no endpoint covers.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from pipeline.policy.dialects.openshell.checks import selects
from pipeline.policy.dialects.openshell.overlaps import Endpoint, conflicts, overlap

EVERYTHING = ("", "**", "/**")
"""Paths of an endpoint that cover every request."""


def audited(endpoint: Endpoint) -> bool:
    """Whether requests are looked at, but only logged."""
    return bool(endpoint.protocol) and endpoint.text("enforcement") != "enforce"


def restricts(endpoint: Endpoint) -> bool:
    """Whether some requests to a listed host and port are refused."""
    if not endpoint.protocol:
        return False
    if endpoint.protocol == "sql" or endpoint.text("path") not in EVERYTHING:
        return True
    return not audited(endpoint) and not _passes_all(endpoint)


def _passes_all(endpoint: Endpoint) -> bool:
    if endpoint.protocol not in ("rest", "websocket", "graphql") or endpoint.data.get("deny_rules"):
        return False
    if endpoint.text("access") == "full":
        return True
    return endpoint.protocol != "graphql" and any(_is_any(r["allow"]) for r in endpoint.data.get("rules", []) if r)


def _is_any(allow: dict[str, Any]) -> bool:
    return allow.get("method") == "*" and allow.get("path") == "**" and not allow.get("query")


def hidden(endpoint: Endpoint, others: Iterable[Endpoint], middlewares: dict[str, Any]) -> list[str]:
    """Why a rule on connections would let through more than OpenShell does; nothing where it would not."""
    found = []
    if restricts(endpoint):
        found.append(_wording(endpoint))
    elif not endpoint.protocol and any(endpoint.data.get(k) for k in ("rules", "deny_rules", "path")):
        found.append(
            "it limits requests but names no protocol, so whether they are looked at depends on other endpoints"
        )
    same = [o for o in others if o is not endpoint and overlap(o, endpoint) and (restricts(o) or _denies(o))]
    if same:
        places = ", ".join(f"'{o.policy}' (endpoint {o.here[-1]})" for o in same[:3])
        found.append(f"the same host and port are restricted by {places}")
    seen = [name for name, m in middlewares.items() if not endpoint.text("host") or selects(m, endpoint.text("host"))]
    if seen:
        found.append(f"middleware {', '.join(seen)} may change or refuse what is sent")
    return found


def _denies(endpoint: Endpoint) -> bool:
    return bool(endpoint.protocol and endpoint.data.get("deny_rules"))


def _wording(endpoint: Endpoint) -> str:
    parts = []
    if endpoint.text("path") not in EVERYTHING:
        parts.append(f"path {endpoint.text('path')}")
    if not audited(endpoint):
        parts += [f"access {endpoint.text('access')}"] if endpoint.text("access") else []
        parts += [f"{len(endpoint.data[k])} {k}" for k in ("rules", "deny_rules") if endpoint.data.get(k)]
    return f"only some {endpoint.protocol} requests pass ({', '.join(parts) or 'by protocol'})"


def disputed(found: list[Endpoint]) -> set[int]:
    """Endpoints (by identity) that disagree with another one about the same traffic."""
    return {id(one) for left, right, _ in conflicts(found) for one in (left, right)}
