"""Policies of runs in the kernel's maps, here a dictionary: replaced for all or for none, excused for one."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from collectors.kernel.records import SCOPE
from enforcer.linux import kernel
from lictor.enforcing import installing as module
from lictor.enforcing.installing import Installing
from lictor.errors import LictorError
from lictor.inforce import PoliciesInForce
from pipeline.policy.load import read_policies
from pipeline.policy.source import PolicyError

TEXT = """\
lictor: 1
name: p
rules:
  - {{ id: keys, on: file.read, match: {{ path: /srv/keys }}, action: {action} }}
"""


class Map(dict):
    def update(self, key, value):
        self[key] = value

    def delete(self, key):
        return self.pop(key, None) is not None


class Collector:
    seed = 7

    def __init__(self):
        self.maps = {}
        self.kernel = self
        self.heeded = []

    def heed(self, number, places, concerns):
        self.heeded.append((number, places, concerns))

    def map(self, name):
        return self.maps.setdefault(name, Map())

    def scope(self, number):
        return np.frombuffer(self.maps["scopes"][number.to_bytes(4, "little")], SCOPE)


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "p.yaml"
    path.write_text(TEXT.format(action="ask"))
    return path


@pytest.fixture
def parts(file, live):
    told, judges, runs, rows = [], {}, {live.id: live}, []
    collector = Collector()
    policies = PoliciesInForce(
        read_policies([file]), audit=False, report=told.append, keep=lambda t, _: rows.append(t), follow=False
    )
    made = Installing(
        collector, policies, runs, judges, found=lambda _: None, kept=lambda t, _: rows.append(t), report=told.append
    )
    live.program = made.program(live)
    made.install(live, live.program)
    return made, collector, judges, told


def test_a_run_is_judged_and_in_the_kernel(parts, live):
    made, collector, judges, _ = parts
    assert judges[live.id] is live.judge
    assert collector.scope(live.installed.scope)["enforce"][0] == 1
    assert made.rule_name(live.installed.scope, 0) == "keys"
    assert made.rule_name(99, 0) is None
    made.remove(live)
    assert collector.scope(live.installed.scope)["ask"][0] == 0


def test_the_switch_holds_for_runs_there_are_and_will_be(parts, live):
    made, collector, _, _ = parts
    made.enforce_inline(on=False)
    assert collector.scope(live.installed.scope)["enforce"][0] == 0
    later = replace(live, id="run-2", installed=None)
    made._runs["run-2"] = later
    made.install(later, live.program)
    assert collector.scope(later.installed.scope)["enforce"][0] == 0
    made.enforce_inline(on=True)
    assert collector.scope(later.installed.scope)["enforce"][0] == 1


def test_an_excuse_takes_the_rule_out_of_this_run_and_comes_to_its_end(parts, live):
    made, collector, _, _ = parts
    before = live.installed
    made.excuse(live, "keys", 2**62)
    assert collector.scope(before.scope)["successor"][0] == live.installed.scope
    assert collector.scope(live.installed.scope)["ask"][0] == 0
    live.excused = {"keys": 1}
    made.reload()
    assert collector.scope(live.installed.scope)["ask"][0] != 0


def test_what_denies_is_not_excused_and_nothing_changes(parts, live, file):
    made, _, _, _ = parts
    file.write_text(TEXT.format(action="deny"))
    assert made.reload()
    before = live.installed
    with pytest.raises(PolicyError, match="only what asks or freezes"):
        made.excuse(live, "keys", 2**62)
    assert live.installed is before
    assert live.excused == {}


def test_an_excuse_does_not_stand_in_the_way_of_a_stricter_policy(parts, live, file):
    made, collector, _, _ = parts
    made.excuse(live, "keys", 2**62)
    file.write_text(TEXT.format(action="deny"))
    assert made.reload()
    assert collector.scope(live.installed.scope)["deny"][0] != 0


def test_a_policy_that_is_wrong_changes_nothing(parts, live, file):
    made, _, _, told = parts
    before = live.installed
    file.write_text("lictor: 1\nname: p\nrules: [{ id: x }]\n")
    assert not made.reload()
    assert live.installed is before
    assert any("refused" in line for line in told)


def test_no_more_scopes_than_the_sensor_has(parts, live, monkeypatch):
    made, _, _, _ = parts
    assert module.SCOPES == kernel.SCOPES
    monkeypatch.setattr(module, "SCOPES", 2)
    with pytest.raises(LictorError, match="holds 1 policies at a time"):
        made.install(replace(live, id="run-2", installed=None), live.program)


def test_a_source_without_tables_has_a_run_judged_alone_and_is_told_where_to_look(parts, live):
    made, collector, judges, _ = parts
    made.remove(live)
    live.installed = collector.kernel = None
    made.install(live, live.program)
    made.heed(live)
    assert live.installed is None
    assert judges[live.id] is live.judge
    assert made.reload()
    assert live.installed is None
    assert [number for number, _, _ in collector.heeded] == [live.number] * 2
    assert all(str(places[0]) == live.context.workspace for _, places, _ in collector.heeded)
    assert not any(concerns("/elsewhere/entirely") for _, _, concerns in collector.heeded)
