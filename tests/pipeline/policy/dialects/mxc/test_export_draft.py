"""The words that the writers of an export share."""

from __future__ import annotations

from pipeline import schema
from pipeline.policy.dialects.mxc.export_draft import Draft, open_by_default, operations, spoken, worst
from pipeline.policy.dialects.mxc.export_files import WRITE
from pipeline.policy.load import load_policy


def policy(defaults, rules="[]"):
    return load_policy(f"lictor: 1\nname: p\ndefaults: {{ {defaults} }}\nrules: {rules}", "p")


def test_a_selector_stands_for_the_operations_that_the_schema_gives_it():
    for selector in schema.SELECTORS:
        assert operations((selector,)) == {op.name for op in schema.OPERATIONS if selector in op.selectors}


def test_writing_is_everything_that_changes_files():
    changing = {op.name for op in schema.OPERATIONS if op.name.startswith("file.")} - {"file.open", "file.read"}
    assert set(WRITE) - {"unix.bind"} == changing


def test_a_default_reaches_its_operations():
    made = policy("file.write: deny, network: audit")
    assert not open_by_default(made, "file.mkdir")
    assert open_by_default(made, "file.delete")
    assert Draft(made, frozenset()).network_default == "allow"
    assert Draft(policy("net.send: ask"), frozenset()).network_default == "deny"


def test_a_sequence_speaks_by_its_last_step():
    rules = "[{ id: s, sequence: [{ on: file.read }, { on: net.connect, match: { net: external } }], within: 60s, by: agent_run, action: kill }]"
    on, match, unless = spoken(policy("", rules).rules[0])
    assert (on, match.net, unless) == (("net.connect",), ("external",), None)


def test_the_worst_is_told():
    assert worst([("exact", ""), ("wider", "w"), ("narrower", "n")]) == ("wider", "w")
    assert worst([])[0] == "unsupported"
