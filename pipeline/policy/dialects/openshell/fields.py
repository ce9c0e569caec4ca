"""The fields of an OpenShell policy file, version 1: every record is closed, hardly anything is required."""

from __future__ import annotations

from pipeline.policy.dialects.openshell.shape import (
    Anything,
    Flag,
    Items,
    Matcher,
    Maybe,
    Record,
    Shape,
    Table,
    Text,
    Whole,
)

U16, U32 = Whole(0xFFFF), Whole(0xFFFF_FFFF)
I32 = Whole(0x7FFF_FFFF, -0x8000_0000)
TEXTS = Items(Text())

_L7: dict[str, Shape] = {
    "method": Text(),
    "path": Text(),
    "command": Text(),
    "query": Table(Matcher()),
    "operation_type": Text(),
    "operation_name": Text(),
    "fields": TEXTS,
    "tool": Maybe(Matcher()),
    "params": Table(Matcher(nested=True)),
}
_OPERATION = Record({"operation_type": Text(), "operation_name": Text(), "fields": TEXTS})
_BYTES: dict[str, Shape] = {"max_body_bytes": U32}
_MCP = Record({**_BYTES, "strict_tool_names": Maybe(Flag()), "allow_all_known_mcp_methods": Maybe(Flag())})

_ENDPOINT = Record(
    {
        "host": Text(),
        "path": Text(),
        "port": U16,
        "ports": Items(U16),
        "protocol": Text(),
        "tls": Text(),
        "enforcement": Text(),
        "access": Text(),
        "rules": Items(Record({"allow": Record(_L7)}, needed=("allow",))),
        "allowed_ips": TEXTS,
        "deny_rules": Items(Record(_L7)),
        "allow_encoded_slash": Flag(),
        "websocket_credential_rewrite": Flag(),
        "request_body_credential_rewrite": Flag(),
        "allow_uninspected_credentials": Flag(),
        "persisted_queries": Text(),
        "graphql_persisted_queries": Table(_OPERATION),
        "graphql_max_body_bytes": U32,
        "credential_signing": Text(),
        "signing_service": Text(),
        "signing_region": Text(),
        "credential_binding": Maybe(Record({"provider": Text()}, needed=("provider",))),
        "json_rpc": Maybe(Record(_BYTES)),
        "mcp": Maybe(_MCP),
    }
)
_BINARY = Record({"path": Text(), "harness": Flag()}, needed=("path",))
_NETWORK = Record({"name": Text(), "endpoints": Items(_ENDPOINT), "binaries": Items(_BINARY)})
_MIDDLEWARE = Record(
    {
        "name": Text(),
        "middleware": Text(),
        "order": I32,
        "config": Table(Anything()),
        "on_error": Text(),
        "endpoints": Maybe(Record({"include": TEXTS, "exclude": TEXTS})),
    },
    needed=("middleware",),
)

POLICY = Record(
    {
        "version": U32,
        "filesystem_policy": Maybe(Record({"include_workdir": Flag(), "read_only": TEXTS, "read_write": TEXTS})),
        "landlock": Maybe(Record({"compatibility": Text()})),
        "process": Maybe(Record({"run_as_user": Text(), "run_as_group": Text()})),
        "network_policies": Table(_NETWORK),
        "network_middlewares": Table(_MIDDLEWARE),
    }
)
"""``version`` is required of a file that the gateway or the command line loads. The supervisor's own file mode does
without, so its absence alone refuses nothing here (``openshell.py`` says so in a note)."""
