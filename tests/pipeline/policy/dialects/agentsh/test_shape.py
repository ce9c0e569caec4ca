"""The table of structs names only kinds that exist."""

from __future__ import annotations

from pipeline.policy.dialects.agentsh.shape import STRUCTS

PLAIN = {"str", "int", "bool", "duration", "any"}


def test_every_kind_is_known_and_every_struct_is_used():
    kinds = {kind.strip("[]{}") for struct in STRUCTS.values() for kind in struct.values()}
    assert kinds - PLAIN == set(STRUCTS) - {"Policy"}


def test_the_lists_of_rules_are_at_the_top():
    assert {k for k, kind in STRUCTS["Policy"].items() if kind.startswith("[")} == {
        "metadata", "file_rules", "network_rules", "command_rules", "unix_socket_rules", "registry_rules", "signal_rules",
        "dns_redirects", "connect_redirects", "package_rules", "http_services",
    }  # fmt: skip


def test_a_request_rule_has_no_description():
    assert "description" not in STRUCTS["HttpRule"]
    assert "description" in STRUCTS["FileRule"]
