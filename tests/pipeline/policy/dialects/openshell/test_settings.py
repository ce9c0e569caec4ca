"""What stands beside the rules: credentials, limits, identities."""

from __future__ import annotations

from pipeline.policy.dialects.openshell.fields import POLICY
from pipeline.policy.dialects.openshell.reader import DIALECT
from pipeline.policy.dialects.openshell.settings import ENDPOINT


def items(text):
    return {i.name: i.outcome for i in DIALECT.read("version: 1\n" + text, "p").items}


def test_credentials_are_lost_and_limits_are_settings():
    found = items(
        "network_policies: {p: {endpoints: [{host: a.b.c, port: 1, protocol: rest, access: full, tls: skip, "
        "credential_signing: sigv4, signing_service: s3, allow_encoded_slash: true, credential_binding: {provider: x}, "
        "websocket_credential_rewrite: false}]}}\n"
    )
    assert {n: o for n, o in found.items() if n.startswith("p-0-")} == {
        "p-0-credential_signing": "unsupported",
        "p-0-credential_binding": "unsupported",
        "p-0-signing_service": "setting",
        "p-0-allow_encoded_slash": "setting",
        "p-0-tls": "setting",
    }


def test_another_user_is_unsupported_and_unset_is_nothing():
    assert items("process: {run_as_user: '1500', run_as_group: ''}\n") == {
        "include_workdir": "exact",
        "run_as_user": "unsupported",
    }


def test_every_field_of_an_endpoint_is_told_somewhere():
    fields = POLICY.fields["network_policies"].of.fields["endpoints"].of.fields
    in_the_rule = {"host", "path", "port", "ports", "protocol", "enforcement", "access", "allowed_ips"}
    items_of_their_own = {"rules", "deny_rules"}
    assert set(fields) == in_the_rule | items_of_their_own | set(ENDPOINT)
