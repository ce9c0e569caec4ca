"""Items of an agentsh import: names, places, rules and their words."""

from __future__ import annotations

from pipeline.policy.dialects.agentsh.reader import DIALECT

TEXT = """version: 1
name: p
file_rules:
  - name: same
    description: |
      Two
      lines
    message: "Agent wants {{.Path}}"
    paths: [/a]
    operations: [delete, rmdir]
    decision: approve
network_rules:
  - {name: same, cidrs: [10.0.0.0/8], decision: allow}
command_rules:
  - {commands: [ls], decision: allow}
  - {name: "!!", commands: [rm], args_patterns: [x], decision: deny}
audit: {log_denied: true}
"""


def test_places_names_and_words():
    found = DIALECT.read(TEXT, "p.yaml")
    assert [(i.name, i.pointer, i.line) for i in found.items] == [
        ("same", "/file_rules/0", 4),
        ("network_rules-0", "/network_rules/0", 13),
        ("command-0", "/command_rules/0", 15),
        ("command-1", "/command_rules/1", 16),
        ("agentsh-socket-default", "/unix_socket_rules", 1),
        ("audit", "/audit", 17),
    ]
    assert found.items[0].safe == (
        {
            "id": "same",
            "on": ["file.delete"],
            "match": {"path": ["/a"]},
            "action": "ask",
            "origin": "line 4 file_rules.same",
            "title": "Two lines",
            "because": "Agent wants (path)",
        },
    )
    assert found.items[2].safe[0]["origin"] == "line 15 command_rules.0"


def test_several_rules_of_one_have_numbers():
    text = "version: 1\nname: p\nnetwork_rules:\n- {name: a, domains: [x.y, 10.0.0.1], decision: allow}\n"
    assert [r["id"] for r in DIALECT.read(text, "p").items[0].safe] == ["a", "a.2"]
