"""A proxy of the older network, for each containment, against the runner."""

from __future__ import annotations

import itertools
import json

import pytest

from pipeline.policy.dialects.mxc.config import read_config
from pipeline.policy.dialects.mxc.proxy_checks import check_proxy
from tests.pipeline.policy.dialects.mxc_judge import many

FORMS = [
    {}, {"localhost": 0}, {"localhost": 8080}, {"builtinTestServer": True}, {"builtinTestServer": False},
    {"builtinTestServer": True, "localhost": 9}, {"url": "http://p.example:9"}, {"url": "http://u:p@p.example:9"}, {"url": "http://127.0.0.9:9"},
    {"url": "http://localhost:9"}, {"url": "x"}, {"url": "http://p.example:9", "localhost": 9},
]  # fmt: skip
BESIDE = [
    {},
    {"defaultPolicy": "allow"},
    {"enforcementMode": "both"},
    {"defaultPolicy": "allow", "allowedHosts": ["a"]},
]


@pytest.mark.parametrize("containment", ["process", "lxc", "processcontainer", "seatbelt", "wslc", "microvm"])
def test_a_proxy_is_taken_where_the_runner_takes_it(containment):
    found = []
    for form, beside in itertools.product(FORMS, BESIDE):
        network = {"proxy": form, **beside}
        found.append(
            json.dumps(
                {
                    "version": "0.7.0-alpha",
                    "containment": containment,
                    "process": {"commandLine": "ls"},
                    "network": network,
                }
            )
        )
    for text, theirs in zip(found, many(found), strict=True):
        config = read_config(text, "x")
        check_proxy(config, config.get("network"))
        if not (containment == "wslc" and "allowedHosts" in text):  # refused for another reason
            assert (not config.problems) == theirs, text
