"""Outcomes of agentsh's rules, and that each loss is said."""

from __future__ import annotations

import pytest

from pipeline.policy.dialects.agentsh.reader import DIALECT

HEAD = "version: 1\nname: p\n"


def outcome(text, name="r"):
    return next((i.outcome, i.why) for i in DIALECT.read(HEAD + text, "p").items if i.name == name)


@pytest.mark.parametrize(
    ("text", "outcome_", "why"),
    [
        ("file_rules:\n- {name: r, paths: [/a], operations: [read, open], decision: allow}", "exact", ""),
        ("file_rules:\n- {name: r, paths: [/a], operations: [read], decision: allow}", "narrower", "asks for open"),
        ("file_rules:\n- {name: r, paths: ['/a/**'], decision: deny}", "narrower", "denied itself"),
        ("file_rules:\n- {name: r, paths: ['/a[!b]'], decision: allow}", "narrower", "written exactly"),
        ("file_rules:\n- {name: r, paths: [/a], operations: [stat], decision: deny}", "unsupported", "no operation"),
        ("file_rules:\n- {name: r, paths: [/a], operations: [write], decision: redirect}", "narrower", "redirects"),
        ("file_rules:\n- {name: r, paths: [/a], operations: [delete], decision: soft_delete}", "narrower", "trash"),
        ("file_rules:\n- {name: r, paths: [/a], decision: nope}", "narrower", "'nope' for deny"),
        ("file_rules:\n- {name: x, paths: ['**'], decision: deny}\n- {name: r, paths: [/a], decision: allow}", "exact", ""),
        ("network_rules:\n- {name: r, domains: [a.b], decision: allow}", "exact", ""),
        ("network_rules:\n- {name: r, domains: ['*.a.b'], decision: allow}", "wider", "single label"),
        ("network_rules:\n- {name: r, domains: ['*.a.b'], decision: deny}", "narrower", "single label"),
        ("network_rules:\n- {name: x, decision: deny}\n- {name: r, domains: [a.b], decision: allow}", "narrower", "never reached"),
        ("network_rules:\n- {name: x, domains: [a.b], ports: [1], decision: allow}\n- {name: r, cidrs: [10.0.0.0/8], decision: deny}", "narrower", "no exception"),
        ("command_rules:\n- {name: r, commands: [ls], decision: allow}", "exact", ""),
        ("command_rules:\n- {name: r, commands: [git], args_patterns: ['a|b'], decision: deny}", "narrower", "argument pattern"),
        ("command_rules:\n- {name: r, commands: [curl], decision: redirect}", "narrower", "redirects"),
        ("command_rules:\n- {name: r, commands: [ls], context: [nested], decision: allow}", "narrower", "depths"),
        ("command_rules:\n- {name: r, commands: [./a], decision: allow}", "narrower", "relative"),
        ("unix_socket_rules:\n- {name: r, paths: ['@a'], decision: allow}", "narrower", "without a path"),
        ("unix_socket_rules:\n- {name: r, paths: [/run/a], decision: allow}", "exact", ""),
    ],
)  # fmt: skip
def test_outcomes(text, outcome_, why):
    found = outcome(text)
    assert found[0] == outcome_
    assert why in found[1]
    assert bool(found[1]) == (outcome_ != "exact")
