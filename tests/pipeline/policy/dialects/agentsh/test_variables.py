"""Variables of agentsh's patterns."""

from __future__ import annotations

import pytest

from pipeline.policy.dialects.agentsh.variables import filled, restored


@pytest.mark.parametrize(
    ("pattern", "lower", "upper"),
    [
        ("/x", ["/x"], ["/x"]),
        ("${PROJECT_ROOT}/**", ["${workspace}/**"], ["${workspace}/**"]),
        ("${HOME:-/root}/a", ["${HOME}/a"], ["${HOME}/a"]),
        ("${GIT_ROOT}/a", ["${workspace}/a"], ["${GIT_ROOT}/a"]),
        ("${TMP}/a", ["${TMP}/a"], ["${TMP}/a"]),
        ("${TMP:-/tmp}/a", [], ["${TMP}/a", "/tmp/a"]),
        ("${1}/a", ["${1}/a"], ["${1}/a"]),
    ],
)
def test_what_is_surely_meant_and_what_can_be_meant(pattern, lower, upper):
    found = filled(pattern)
    assert [restored(t) for t in found.lower] == lower
    assert [restored(t) for t in found.upper] == upper
