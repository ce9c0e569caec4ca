"""Single fields of the settings; the whole is held against srt's own schema in test_srt.py."""

from __future__ import annotations

import copy

import pytest

from pipeline.policy.dialects.srt.schema import SETTINGS
from pipeline.policy.dialects.srt.shapes import problems

BASE = {
    "network": {"allowedDomains": [], "deniedDomains": []},
    "filesystem": {"denyRead": [], "allowWrite": [], "denyWrite": []},
}


@pytest.mark.parametrize(
    ("path", "good", "bad"),
    [
        (("bwrapPath",), "/usr/bin/bwrap", "bwrap"),
        (("network", "allowMachLookup"), ["com.x.*"], ["com.*.x"]),
        (("network", "tlsTerminate"), {"caCertPath": "a", "caKeyPath": "b"}, {"caCertPath": "a"}),
        (("network", "filterRequest"), None, "f"),
        (("network", "mitmProxy"), {"socketPath": "a", "domains": ["a.b"]}, {"socketPath": "a", "domains": []}),
        (("windows",), {"proxyPortRange": [60000, 60064]}, {"proxyPortRange": [60000, 60065]}),
        (("windows",), {"sublayerGuid": "12345678-1234-1234-1234-123456789abc"}, {"sublayerGuid": "x"}),
        (("filesystem", "denyRead"), ["/x", {"path": "/y", "literal": True}], [{"path": "/y", "literal": False}]),
        (("credentials",), {"envVars": [{"name": "A", "mode": "deny"}]}, {"injectHosts": []}),
        (("credentials",), {"files": [{"path": "/x", "mode": "deny", "extract": "(a)"}]}, {"files": [{"path": "/x"}]}),
        (("network", "httpProxyPort"), 8080, 0),
    ],
)
def test_fields(path, good, bad):
    def wrong(value):
        settings = copy.deepcopy(BASE)
        inner = settings
        for part in path[:-1]:
            inner = inner[part]
        inner[path[-1]] = value
        return list(problems(SETTINGS, settings))

    assert good is None or wrong(good) == []
    assert wrong(bad) != []


def test_the_smallest_settings_and_nothing():
    assert list(problems(SETTINGS, BASE)) == []
    assert [path for path, _ in problems(SETTINGS, {})] == [(), ()]
