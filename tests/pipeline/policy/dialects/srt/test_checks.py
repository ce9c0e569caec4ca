"""What must hold between fields; random settings are held against srt's own schema in test_srt.py."""

from __future__ import annotations

import json
import random

import pytest

from pipeline.policy.dialects.srt.checks import cross_checks
from tests.pipeline.policy.dialects.srt_judge import accepts


def settings(credentials=None, network=None, files=None):
    found = {
        "network": {"allowedDomains": ["a.org", "*.b.org:443"], "deniedDomains": [], **(network or {})},
        "filesystem": {"denyRead": [], "allowWrite": [], "denyWrite": [], **(files or {})},
    }
    return found if credentials is None else {**found, "credentials": credentials}


def places(**parts):
    return [path for path, _ in cross_checks(settings(**parts))]


MASKED = {"name": "A", "mode": "mask"}


@pytest.mark.parametrize(
    ("parts", "place"),
    [
        ({"files": {"denyRead": ["/x/*/"]}}, ("filesystem", "denyRead", 0)),
        ({"files": {"denyWrite": ["a", "~/[x]/"]}}, ("filesystem", "denyWrite", 1)),
        ({"credentials": {"envVars": [MASKED]}}, ("credentials",)),
        (
            {"credentials": {"allowPlaintextInject": True, "envVars": [{**MASKED, "injectHosts": ["c.org"]}]}},
            ("credentials", "envVars", 0, "injectHosts", 0),
        ),
        (
            {"credentials": {"allowPlaintextInject": True, "envVars": [{**MASKED, "injectHosts": []}]}},
            ("credentials", "envVars", 0),
        ),
        (
            {"credentials": {"files": [{"path": "/x", "mode": "deny", "maskClaims": ["a"]}]}},
            ("credentials", "files", 0, "maskClaims"),
        ),
        ({"credentials": {"files": [{"path": "/x/*/", "mode": "deny"}]}}, ("credentials", "files", 0, "path")),
        (
            {"credentials": {"awsPairs": [{"accessKeyIdVar": "A", "secretAccessKeyVar": "A"}]}},
            ("credentials", "awsPairs", 0, "accessKeyIdVar"),
        ),
    ],
)
def test_contradictions_have_their_places(parts, place):
    assert place in places(**parts)
    assert not accepts([json.dumps(settings(**parts))])[0]


def test_what_is_disabled_is_not_checked():
    assert places(files={"disabled": True, "denyRead": ["/x/*/"]}) == []


def test_credentials_as_by_srt():
    rnd = random.Random(13)

    def entry(kind):
        made = {"path": rnd.choice(["/x", "/d/"])} if kind == "files" else {"name": rnd.choice("ABC")}
        made["mode"] = rnd.choice(["deny", "mask"])
        for key, values in {
            "extract": ["(a)"],
            "decode": ["jwt"],
            "maskClaims": [[], ["a"]],
            "injectHosts": [[], ["a.org"], ["*.b.org"], ["x.b.org"], ["c.org"]],
        }.items():
            if rnd.random() < 0.2:
                made[key] = rnd.choice(values)
        return made

    drawn = []
    for _ in range(500):
        credentials = {kind: [entry(kind) for _ in range(rnd.randint(0, 2))] for kind in ("files", "envVars")}
        if rnd.random() < 0.3:
            credentials["awsPairs"] = [{"accessKeyIdVar": rnd.choice("ABC"), "secretAccessKeyVar": rnd.choice("ABC")}]
        if rnd.random() < 0.5:
            credentials["allowPlaintextInject"] = True
        excluded = rnd.sample(["a.org", "*.b.org"], rnd.randint(0, 2))
        network = {"tlsTerminate": {"excludeDomains": excluded}} if rnd.random() < 0.6 else None
        drawn.append(settings(credentials, network))
    theirs = accepts([json.dumps(one) for one in drawn])
    assert [json.dumps(d) for d, ok in zip(drawn, theirs, strict=True) if ok == bool(list(cross_checks(d)))] == []
    assert 20 < sum(theirs) < 480
