"""The page about policies over the sample lake, with the real policy tools."""

from __future__ import annotations

import pytest

from dashboards.interface import Ports
from lictor.dashboard.policy_tools import PolicyTools


@pytest.fixture(scope="session")
def sample(sampled, at_hand):
    return at_hand(sampled)


@pytest.fixture
def governed(stage, sample, journal):
    """A stage over the sample lake."""
    stage.ports = Ports(sample, journal, policies=PolicyTools(sample))
    return stage


@pytest.fixture
def standing(governed):
    """What is in force in the sample: rows ``policy, host, version, file``."""
    sql = "SELECT policy, host, version, min(file) AS file FROM policies WHERE state = 'in_force' GROUP BY ALL"
    return governed.ports.lake.query(sql).to_pylist()
