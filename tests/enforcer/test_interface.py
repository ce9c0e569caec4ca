import dataclasses
from typing import get_args

import pytest

from enforcer.interface import Enforcement, Enforcer, Order, Outcome, RunHandle
from pipeline import schema


def test_words_are_those_of_the_schema():
    assert get_args(Enforcement) == schema.ENFORCEMENT
    assert Order("kill", "r", 1, 2).enforced_at in schema.ENFORCED_AT


def test_every_field_of_an_order_is_a_column_of_actions():
    columns = {c.name for c in schema.TABLES["actions"]} | {"run"}
    assert {f.name for f in dataclasses.fields(Order)} <= columns


def test_only_confirmed_is_confirmed():
    assert [Outcome(e, "").confirmed for e in schema.ENFORCEMENT] == [True, False, False]


def test_a_handle_enforces_and_knows_no_survivors_unless_told():
    handle = RunHandle("r")
    assert handle.enforce
    assert list(handle.survivors()) == []


def test_an_enforcer_must_do_everything():
    with pytest.raises(TypeError, match="abstract"):
        Enforcer()
