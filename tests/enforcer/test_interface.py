import dataclasses
from typing import get_args

import pytest

from enforcer.interface import Enforcement, Enforcer, Limits, Order, Outcome, RunHandle, Then
from pipeline import schema
from tests.enforcer.machine import Machine


def test_words_are_those_of_the_schema():
    assert get_args(Enforcement) == schema.ENFORCEMENT
    assert Order("kill", "r", 1, 2).enforced_at in schema.ENFORCED_AT


def test_every_field_of_an_order_is_a_column():
    columns = {c.name for c in schema.TABLES["actions"]} | {"run"}
    fields = {f.name for f in dataclasses.fields(Order)}
    assert fields - columns == {"inode", "uid"}  # for the deed alone: the activity row has them
    assert {"dev", "ino", "uid"} <= {c.name for c in schema.TABLES["activity"]}


def test_only_confirmed_is_confirmed():
    assert [Outcome(e, "").confirmed for e in schema.ENFORCEMENT] == [True, False, False]


def test_a_handle_enforces_and_knows_no_survivors_unless_told():
    handle = RunHandle("r")
    assert handle.enforce
    assert list(handle.survivors()) == []
    assert handle.lease(1.0) is None
    assert (handle.group, handle.gather, handle.network) == (None, None, None)


@pytest.mark.parametrize(("action", "then"), [("ask", "release"), ("freeze", "deny")])
def test_what_happens_at_the_limit_hangs_on_what_was_asked(action, then):
    assert Limits(1.0, ask="release", freeze="deny").then(action) == then


def test_a_limit_never_releases_unless_a_policy_says_so():
    assert "release" in get_args(Then)
    assert {Limits().then(action) for action in ("ask", "freeze")} == {"deny", "kill"}
    assert 0 < Limits().seconds < 3600


@pytest.mark.parametrize("method", sorted(Enforcer.__abstractmethods__))
def test_an_enforcer_must_do_everything(method):
    with pytest.raises(TypeError, match="abstract"):
        type("Lazy", (Machine,), {method: getattr(Enforcer, method)})()


def test_nothing_that_the_interface_names_may_be_left_out():
    methods = {name for name, value in vars(Enforcer).items() if callable(value) and not name.startswith("_")}
    assert methods == Enforcer.__abstractmethods__
