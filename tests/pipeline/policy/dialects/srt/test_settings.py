"""What is no rule about files or the network: each key is named in the report, and credentials are denied."""

from __future__ import annotations

import json

import pytest

from pipeline.policy.dialects.srt.reader import DIALECT
from pipeline.policy.dialects.srt.schema import SETTINGS
from tests.pipeline.policy.dialects.verdict_judge import Judge, outcomes

BASE = {
    "network": {"allowedDomains": [], "deniedDomains": []},
    "filesystem": {"denyRead": [], "allowWrite": [], "denyWrite": []},
}
OTHERS = {
    "ignoreViolations": {"*": ["/x"]},
    "enableWeakerNestedSandbox": True,
    "ripgrep": {"command": "rg"},
    "mandatoryDenySearchDepth": 3,
    "allowPty": True,
    "git": {"safeDirectories": []},
    "windows": {},
    "seccomp": {},
    "bwrapPath": "/usr/bin/bwrap",
}


def read(**others):
    return DIALECT.read(json.dumps({**BASE, **others}), "s.json")


@pytest.mark.parametrize("key", OTHERS)
def test_settings_are_named_and_write_no_rules(key):
    found = read(**{key: OTHERS[key]})
    item = next(i for i in found.items if i.pointer == f"/{key}")
    assert item.outcome == "setting"
    assert item.why
    assert not item.safe


def test_every_key_of_the_network_is_named():
    network = {**BASE["network"], "strictAllowlist": True, "httpProxyPort": 8080, "deniedDomainReasons": {}}
    pointers = {i.pointer for i in read(network=network).items}
    assert {f"/network/{key}" for key in ("strictAllowlist", "httpProxyPort", "deniedDomainReasons")} <= pointers
    assert set(SETTINGS.fields) > set(OTHERS)


def test_credentials():
    credentials = {
        "files": [{"path": "/a", "mode": "deny"}, {"path": "~/b", "mode": "mask"}],
        "envVars": [{"name": "A", "mode": "deny"}],
        "allowPlaintextInject": True,
    }
    files = {**BASE["filesystem"], "allowRead": ["/a"]}
    found = read(credentials=credentials, filesystem=files)
    names = ("srt-files-0", "srt-files-1", "srt-envVars-0", "srt-allowPlaintextInject")
    assert [outcomes(found)[n] for n in names] == ["exact", "narrower", "unsupported", "setting"]
    judge = Judge(found)
    assert judge("file.read", "/a/x") == judge("file.read", "/home/u/b") == "deny"


def test_denied_credentials_of_a_disabled_filesystem_are_ignored_as_by_srt():
    files = {**BASE["filesystem"], "disabled": True}
    found = read(credentials={"files": [{"path": "/a", "mode": "deny"}]}, filesystem=files)
    assert outcomes(found)["srt-files-0"] == "setting"
    assert Judge(found)("file.read", "/a") == "allow"
