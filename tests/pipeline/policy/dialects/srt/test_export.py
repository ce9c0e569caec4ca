"""Export to srt: its own schema takes what is written, and at random nothing is open that the policy stops."""

from __future__ import annotations

import json
import random
from pathlib import Path

import pytest

from pipeline.policy.dialects.interface import worst
from pipeline.policy.dialects.srt.export import EXPORTER, settings
from pipeline.policy.dialects.srt.export_lists import Lists
from pipeline.policy.dialects.srt.reader import DIALECT
from pipeline.policy.load import load_policy
from pipeline.policy.text import to_yaml
from tests.corpus import ROOT
from tests.pipeline.policy.dialects.srt_judge import accepts, ask
from tests.pipeline.policy.dialects.verdict_judge import Judge

OWN = [Path(__file__).parents[5] / "policies" / "coding-agent.yaml"]
CORPUS = sorted((ROOT / "policies" / "srt" / "valid").glob("*.json"))


def export(document, accepted=frozenset()):
    found = EXPORTER.write(load_policy(to_yaml({"lictor": 1, "name": "p", **document}), "p.yaml"), accepted)
    return json.loads(found.text), found


def test_what_is_written_srt_takes():
    texts = [EXPORTER.write(load_policy(p.read_text(), p.name), frozenset()).text for p in OWN]
    for path in CORPUS:
        document = DIALECT.read(path.read_text(), path.name).document()
        texts.append(EXPORTER.write(load_policy(to_yaml(document), "p"), frozenset()).text)
    assert texts
    assert all(accepts(texts))
    assert all(DIALECT.recognises(text, "x") for text in texts)


@pytest.mark.parametrize("path", CORPUS, ids=lambda p: p.stem)
def test_settings_come_back_as_they_were(path):
    data = json.loads(path.read_text())
    if ".." in data["filesystem"]["denyRead"]:
        return
    found, _ = export(DIALECT.read(path.read_text(), path.name).document())
    for key in ("denyRead", "allowWrite", "denyWrite"):
        came = {e.removeprefix("./").rstrip("/") for e in found["filesystem"][key] if isinstance(e, str)}
        assert {e.removeprefix("./").rstrip("/") for e in data["filesystem"][key]} <= came
    assert found["network"]["allowedDomains"] == data["network"]["allowedDomains"]
    assert set(data["network"]["deniedDomains"]) <= set(found["network"]["deniedDomains"])


def test_empty_lists_make_the_smallest_settings():
    assert accepts([json.dumps(settings(Lists()))]) == [True]


# The property: rules are drawn as data; what srt then does is read here, for both of its systems.

TREES = ["/a", "/a/b", "/a/b/c", "/d"]
NAMES = ["/a/x", "/a/b/x", "/a/b/c/x", "/d/x", "/e"]
HOSTS = ["a.org", "x.a.org", "b.org"]
DOMAINS = ["a.org", "*.a.org", "x.a.org", "b.org"]


def drawn(rnd):
    rules = []
    for i in range(rnd.randint(0, 5)):
        action = rnd.choice(["allow", "deny", "audit", "kill"])
        rule = {"id": f"r{i}", "action": action}
        if rnd.random() < 0.3:
            rule |= {"on": ["network"], "match": {"domain": rnd.sample(DOMAINS, rnd.randint(1, 2))}}
        else:
            on = rnd.choice([["file.read"], ["file.write", "file.delete", "file.chmod"]])
            rule |= {"on": on, "match": {"path": [t + "/**" for t in rnd.sample(TREES, rnd.randint(1, 2))]}}
            if rnd.random() < 0.3:
                rule["unless"] = {"path": [rnd.choice(TREES) + "/**"]}
        if rnd.random() < 0.1:
            rule["match"]["exe"] = "/usr/bin/x"
        rules.append(rule)
    writes = dict.fromkeys(("file.write", "file.delete", "file.chmod"), "deny")
    defaults = rnd.choice([{}, writes, {**writes, "network": "deny"}, {"file.read": "deny", **writes}])
    return {"defaults": defaults, "rules": rules}


def within(name, tops):
    return [t for t in tops if name == t or name.startswith(t.rstrip("/") + "/")]


def may_read(files, name):
    """On Linux the entry nearest to the file decides, on macOS the last rule; either may open it."""
    denies, allows = files["denyRead"], files.get("allowRead", [])
    if not within(name, denies):
        return True
    near = lambda tops: max(map(len, within(name, tops)), default=-1)  # noqa: E731 - short
    again = [d for d in denies if any(d != a and within(d, [a]) for a in allows)]
    return near(allows) >= near(denies) or bool(within(name, allows) and not within(name, again))


def test_nothing_is_open_that_the_policy_stops():
    rnd = random.Random(17)
    documents = [drawn(rnd) for _ in range(150)]
    texts, questions, expected = [], [], []
    for document in documents:
        data, found = export(document)
        texts.append(found.text)
        assert [i.name for i in found.items if i.pointer.startswith("/rules/")] == [r["id"] for r in document["rules"]]
        judge = Judge({"lictor": 1, "name": "p", **document})
        lost = {i.name for i in found.items if i.outcome == "unsupported"}
        files = data["filesystem"]
        for name in NAMES:
            wrote = within(name, files["allowWrite"]) and not within(name, files["denyWrite"])
            if not lost and judge.stops("file.write", name, exe="/usr/bin/x"):
                assert not wrote, (document, data, name)
            if not lost and judge.stops("file.read", name, exe="/usr/bin/x"):
                assert not may_read(files, name), (document, data, name)
        for host in HOSTS:
            if not lost and judge.connect(host) == "deny":
                lists = (data["network"]["allowedDomains"], data["network"]["deniedDomains"])
                questions += [("matches", [host, 443, p]) for entries in lists for p in entries]
                expected.append([len(entries) for entries in lists])
    assert all(accepts(texts))
    answers = iter(ask(questions))
    for allowed, denied in expected:
        let, stopped = ([next(answers) for _ in range(count)] for count in (allowed, denied))
        assert not any(let) or any(stopped)
    assert any(within(n, json.loads(t)["filesystem"]["allowWrite"]) for t in texts for n in NAMES)


def test_what_is_wider_is_written_once_its_id_is_accepted():
    document = {
        "defaults": {"file.write": "deny", "file.delete": "deny", "file.chmod": "deny", "network": "deny"},
        "rules": [
            {"id": "x", "on": ["network"], "match": {"domain": "a.org", "exe": "/usr/bin/curl"}, "action": "allow"}
        ],
    }
    data, found = export(document)
    assert data["network"]["allowedDomains"] == []
    assert worst(found.items) == 1
    data, found = export(document, frozenset({"x"}))
    assert data["network"]["allowedDomains"] == ["a.org"]
    assert worst(found.items, frozenset({"x"})) == 0
