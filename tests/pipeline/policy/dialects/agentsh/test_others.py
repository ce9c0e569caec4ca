"""Parts of an agentsh policy that have no operation here."""

from __future__ import annotations

from pipeline.policy.dialects.agentsh.others import LISTS, MAPPINGS, SETTINGS, others
from pipeline.policy.dialects.agentsh.shape import STRUCTS

READ = {
    "version",
    "name",
    "description",
    "services",
    "file_rules",
    "network_rules",
    "command_rules",
    "unix_socket_rules",
}


def test_every_section_of_a_policy_is_spoken_of():
    assert {*LISTS, *MAPPINGS, *SETTINGS} | READ == set(STRUCTS["Policy"])


def test_each_rule_is_named():
    data = {
        "signal_rules": [{"name": "a", "decision": "deny"}, None],
        "audit": {"log_denied": True},
        "env_policy": None,
    }
    assert [(where, text, outcome) for where, text, outcome, _ in others(data)] == [
        (("signal_rules", 0), "deny a", "unsupported"),
        (("signal_rules", 1), "", "unsupported"),
        (("audit",), "audit", "setting"),
    ]
