"""Roles are a ladder, and the ports are what the rest of Lictor really offers."""

from __future__ import annotations

import inspect

import pytest

from dashboards import interface
from dashboards.interface import Role
from lictor.dashboard.journal import LakeJournal
from lictor.dashboard.orders import ControlDeeds
from lictor.dashboard.policy_tools import PolicyTools
from lictor.dashboard.vault import LakeVault
from pipeline.lake.reader import Lake
from pipeline.lake.standing import StandingLake


def test_each_role_may_what_those_before_it_may():
    assert Role.viewer < Role.analyst < Role.responder < Role.admin


@pytest.mark.parametrize(("port", "made"), [
    (interface.Journal, LakeJournal), (interface.Deeds, ControlDeeds), (interface.Vault, LakeVault), (interface.Policies, PolicyTools),
    (interface.Asked, Lake), (interface.Asked, StandingLake),
])  # fmt: skip
def test_what_is_plugged_in_takes_what_pages_give(port, made):
    for name, member in inspect.getmembers(port, inspect.isfunction):
        if name.startswith("_"):
            continue
        taken = inspect.signature(getattr(made, name)).parameters
        for parameter in inspect.signature(member).parameters.values():
            if parameter.kind is inspect.Parameter.VAR_KEYWORD:
                continue
            assert parameter.name in taken, f"{made.__name__}.{name} lacks {parameter.name}"
