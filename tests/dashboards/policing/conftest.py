"""The page about policies over the sample lake, with the real policy tools."""

from __future__ import annotations

import pytest

from dashboards.interface import Ports
from lictor.dashboard.policy_tools import PolicyTools
from pipeline.lake.reader import Lake
from queries.catalog import views


@pytest.fixture
def governed(stage, sampled, journal):
    """A stage over the sample lake."""
    lake = Lake(sampled, views=views())
    stage.ports = Ports(lake, journal, policies=PolicyTools(lake))
    return stage


@pytest.fixture
def standing(governed):
    """What is in force in the sample: rows ``policy, host, version, file``."""
    sql = "SELECT policy, host, version, min(file) AS file FROM policies WHERE state = 'in_force' GROUP BY ALL"
    return governed.ports.lake.query(sql).to_pylist()
