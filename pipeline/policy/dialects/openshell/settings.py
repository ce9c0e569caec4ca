"""What else stands at an endpoint or at the process: credentials that OpenShell supplies, limits, and who runs.

OpenShell keeps credentials from the agent and puts them into requests itself; nothing here does, so that is lost.
Running as another user limits by file permissions what the agent reaches, which no rule here stands for.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pipeline.policy.dialects.interface import Item
from pipeline.policy.dialects.openshell.items import Maker
from pipeline.policy.dialects.openshell.overlaps import Endpoint

_CREDENTIALS = "OpenShell puts the credential into the request; here the program itself would need it."
_LIMIT = "It says how requests are read, not what is allowed."

ENDPOINT = {
    "websocket_credential_rewrite": ("unsupported", _CREDENTIALS),
    "request_body_credential_rewrite": ("unsupported", _CREDENTIALS),
    "credential_signing": ("unsupported", _CREDENTIALS),
    "credential_binding": ("unsupported", _CREDENTIALS),
    "signing_service": ("setting", "It belongs to credential_signing."),
    "signing_region": ("setting", "It belongs to credential_signing."),
    "allow_uninspected_credentials": ("setting", "It is about credentials, not about what is reached."),
    "allow_encoded_slash": ("setting", _LIMIT),
    "persisted_queries": ("setting", _LIMIT),
    "graphql_persisted_queries": ("setting", _LIMIT),
    "graphql_max_body_bytes": ("setting", _LIMIT),
    "json_rpc": ("setting", _LIMIT),
    "mcp": ("setting", _LIMIT),
    "tls": ("setting", "It says whether OpenShell looks into the connection."),
}


def settings(maker: Maker, name: str, endpoint: Endpoint) -> Iterator[Item]:
    """Items of one endpoint beside its own."""
    for key, (outcome, why) in ENDPOINT.items():
        if endpoint.data.get(key):
            text = f"{key}: {endpoint.data[key]}"
            yield maker.item(maker.name(f"{name}-{key}"), (*endpoint.here, key), text, outcome, why=why)


def process_items(data: dict[str, Any], maker: Maker) -> Iterator[Item]:
    """Items of the process section."""
    for key, value in (data.get("process") or {}).items():
        if value:
            why = "Lictor runs the agent as the user who starts it: start it as that user."
            yield maker.item(maker.name(key), ("process", key), f"{key}: {value}", "unsupported", why=why)
