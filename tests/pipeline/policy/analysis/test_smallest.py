"""What is proposed to a person is written into the file, read again and asked: the file's own verdict is the truth."""

from __future__ import annotations

import time
from dataclasses import fields, replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.policy.analysis.proposals import Asked
from pipeline.policy.analysis.smallest import LONGEST, smallest_change
from pipeline.policy.load import load_policy, read_policies
from pipeline.policy.model import TestEvent
from pipeline.policy.source import read_tree

ROOT = Path(__file__).parents[4]
RNG = st.randoms(use_true_random=False)
COLUMN = {"on": "operation", "argv": "cmdline", "parent": "parent_exe", "domain": "dst_name", "exe_hash": "exe_sha256"}

POLICY = """lictor: 1
name: p
defaults: { network: deny }
rules:
  - { id: keys, on: file.read, match: { path: "~/.ssh/**" }, unless: { exe: [/usr/bin/ssh, /usr/bin/git] }, action: ask }
  - { id: push, on: exec, match: { argv: "git push*" }, action: ask }
  - { id: allow-192.0.2.1, on: net.bind, action: audit }
  - { id: flood, on: file.delete, match: { rate: 5/s }, action: freeze }
"""


def row(event):
    """The event as a row of ``activity``."""
    columns = {COLUMN.get(f.name, f.name): getattr(event, f.name) for f in fields(event)}
    return columns | {"intent": ",".join(event.intent) or None}


def change(world, text=POLICY, **columns):
    return smallest_change([world.load(text)], world.context, columns)


def parts(line):
    """The YAML of a line as data, and what is said of it."""
    text, _, said = line.partition("  # ")
    return read_tree(text, "line").data, said


def test_a_rule_that_asks_gets_an_exception_for_whoever_asked(world):
    data, said = parts(change(world, operation="file.read", path="/home/u/.ssh/id", exe="/usr/bin/cat", intent="read"))
    assert data == {"unless": {"exe": ["/usr/bin/ssh", "/usr/bin/git", "/usr/bin/cat"]}}
    assert said == "except exe /usr/bin/cat from rule 'keys', in p.yaml:5:5"
    data, _ = parts(change(world, operation="exec", path="/usr/bin/git", exe="/usr/bin/git", cmdline="git push o *"))
    assert data == {"unless": {"argv": "git push o \\*", "path": "/usr/bin/git"}}


def test_a_default_gets_a_rule_with_an_id_that_is_free(world):
    data, said = parts(
        change(world, operation="net.connect", dst_ip="192.0.2.1", dst_port=22, exe="/usr/bin/nc", protocol="tcp")
    )
    assert data == [{"id": "allow-192.0.2.1-2", "on": "net.connect", "match": {"exe": "/usr/bin/nc", "ip": "192.0.2.1", "port": 22}, "action": "allow"}]  # fmt: skip
    assert said.endswith("in p.yaml")
    line = change(world, operation="net.connect", dst_ip="192.0.2.1", exe="/x")
    pasted = Asked([world.load(f"{POLICY}  {line}\n")], world.context)
    assert pasted.passes(TestEvent(on="net.connect", dst_ip="192.0.2.1", exe="/x"))
    assert not pasted.passes(TestEvent(on="net.connect", dst_ip="192.0.2.1", exe="/y"))


@pytest.mark.parametrize(
    ("on", "event", "changed"),
    [
        (["exec", "file.create"], TestEvent(on="exec", path="/x", exe="/x", argv="a b"), {"unless": {"path": "/x"}}),
        (["exec", "file.create"], TestEvent(on="file.create", path="/x", exe="/y"), {"unless": {"exe": "/y", "path": "/x"}}),
        (["net.connect", "exec"], TestEvent(on="net.connect", dst_ip="8.8.8.8", dst_port=1, exe="/y"), {"unless": {"exe": "/y"}}),
        (["file.read", "exit"], TestEvent(on="file.read", path="/x", exe="/y"), {"unless": {"exe": "/y"}}),
    ],
)  # fmt: skip
def test_what_is_proposed_for_a_rule_on_many_things_is_no_error_in_it(world, on, event, changed):
    document = {"lictor": 1, "name": "p", "rules": [{"id": "r0", "on": on, "action": "ask", "match": {}}]}
    line = smallest_change([world.load(document)], world.context, row(event))
    assert parts(line)[0] == changed
    assert Asked([world.load(pasted(document, line))], world.context).passes(event)


def test_operations_that_nothing_tells_together_come_apart(world):
    text = "{lictor: 1, name: p, rules: [{id: r0, on: [exec, fork], action: ask}]}"
    event = TestEvent(on="exec", path="/x", exe="/x", argv="a b")
    line = change(world, text, **row(event))
    assert line.startswith("on: [fork]; - {id: r0-apart, on: [exec], action: ask, unless: {argv: a b, path: /x}}  # ")
    made = text.replace("on: [exec, fork]", "on: [fork]").replace(
        "]}", f", {line[len('on: [fork]; - ') :].partition('  # ')[0]}]}}"
    )
    asked = Asked([world.load(made)], world.context)
    assert asked.passes(event)
    assert not asked.passes(TestEvent(on="exec", path="/x", exe="/x", argv="a c"))
    assert not asked.passes(TestEvent(on="fork"))


def pasted(document, line):
    """The document with the YAML of a line in its place; ``None`` for several changes at once, or one told in words."""
    text, mark, said = line.partition("  # ")
    if not mark or ";" in text or text.startswith("- {id: r"):
        return None
    data = read_tree(text, "line").data
    if isinstance(data, list):
        return document | {"rules": [*document["rules"], *data]}
    if "defaults" in data:
        return document | {"defaults": document["defaults"] | data["defaults"]}
    changed = next(r["id"] for r in document["rules"] if f"rule '{r['id']}'" in said)
    return document | {"rules": [r | data if r["id"] == changed else r for r in document["rules"]]}


@settings(max_examples=60, deadline=None)
@given(RNG)
def test_a_change_works_as_it_is_written(world, rng):
    document, event = world.document(rng, rules=4), world.event(rng)
    policy = world.load(document)
    line = smallest_change([policy], world.context, row(event))
    if line is None:
        return
    assert not Asked([policy], world.context).passes(event)
    made = pasted(document, line)
    assert made is None or Asked([world.load(made)], world.context).passes(event)


def test_what_is_not_stopped_by_itself_needs_no_change(world):
    assert change(world, operation="file.read", path="/home/u/.ssh/id", exe="/usr/bin/ssh") is None
    assert change(world, operation="file.delete", path="/home/u/x", exe="/usr/bin/rm") is None


@pytest.mark.parametrize(
    "columns",
    [
        {},
        {"operation": "file.wobble", "path": "/home/u/.ssh/id"},
        {"operation": "file.read", "path": "/home/u/.ssh/${HOME}"},
        {"operation": "file.read", "path": "/home/u/.ssh/x", "exe": "~/x"},
        {"operation": "file.read", "path": "/home/u/.ssh/" + "x" * 1000},
        {"operation": "net.connect", "dst_ip": "192.0.2.1", "protocol": "carrier-pigeon"},
    ],
)
def test_what_a_policy_cannot_say_is_not_proposed(world, columns):
    assert change(world, **columns) is None


def test_a_line_is_one_line_whatever_the_agent_calls_its_files(world):
    line = change(world, operation="file.read", path="/home/u/.ssh/a\nb\x1b[2J", exe="/usr/bin/c\rat")
    assert line.isprintable()
    assert parts(line)[0]["unless"]["exe"][-1] == "/usr/bin/c\rat"


def test_where_a_list_is_long_only_its_end_is_shown(world):
    programs = ", ".join(f"/usr/bin/program-{i}" for i in range(40))
    text = POLICY.replace("/usr/bin/ssh, /usr/bin/git", programs)
    line = change(world, text, operation="file.read", path="/home/u/.ssh/id", exe="/usr/bin/cat")
    assert len(line) < LONGEST
    assert parts(line)[0] == {"unless": {"exe": ["...", "/usr/bin/cat"]}}


def test_a_rule_that_was_excused_asks_for_no_change(world):
    policy = world.load(POLICY)
    event = {"operation": "file.read", "path": "/home/u/.ssh/id", "exe": "/usr/bin/cat"}
    assert smallest_change([policy], replace(world.context, excused={"keys": 2**62}), event) is None


def test_each_of_several_policies_that_stops_is_named(world):
    two = [load_policy(f"lictor: 1\nname: {n}\ndefaults: {{ exec: ask }}", f"{n}.yaml") for n in ("one", "two")]
    line = smallest_change(two, world.context, {"operation": "exec", "path": "/x", "exe": "/x"})
    assert "one.yaml" in line
    assert "two.yaml" in line


def test_a_person_does_not_wait_for_it(world):
    event = row(TestEvent(on="file.read", path="/home/u/.ssh/id_rsa", exe="/usr/bin/cat"))
    for path in sorted((ROOT / "policies").glob("*.yaml")):
        policies = read_policies([path])
        begun = time.thread_time()
        smallest_change(policies, world.context, event)
        assert time.thread_time() - begun < 1, path
