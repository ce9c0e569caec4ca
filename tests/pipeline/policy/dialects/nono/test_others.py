"""Parts of a profile that are no rules on files, hosts or commands."""

from __future__ import annotations

import pytest

from pipeline.policy.dialects.nono.others import other
from pipeline.policy.dialects.nono.shape import PROFILE

READ = {"extends", "groups", "commands", "filesystem", "network", "linux", "command_policies", "workdir", "platform_overrides", "policy", "security"}  # fmt: skip
ALIASES = {"secrets", "undo", "brokered_commands"}


def test_every_section_of_a_profile_is_spoken_of():
    for key in PROFILE["Profile"].keys() - READ - ALIASES:
        assert other((key,), {}), key


@pytest.mark.parametrize(
    ("key", "value", "outcome"),
    [
        (("security", "signal_mode"), "isolated", "unsupported"),
        (("security", "signal_mode"), "allow_all", "setting"),
        (("security", "capability_elevation"), True, "setting"),
        (("environment",), {"deny_vars": []}, "unsupported"),
        (("environment",), {"set_vars": {}}, "setting"),
        (("network", "tls_intercept"), {}, "setting"),
    ],
)
def test_outcomes(key, value, outcome):
    found = other(key, value)
    assert found
    assert found[0] == outcome
    assert found[1]


def test_what_is_read_elsewhere():
    assert other(("filesystem", "read"), "/x") is None
    assert other(("network", "block"), True) is None
