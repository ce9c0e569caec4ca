from __future__ import annotations

import json

from pipeline.policy.analysis.suggest import Learned
from pipeline.policy.analysis.suggest_document import Head, document
from pipeline.policy.analysis.suggest_facts import GOVERNABLE, SeenRun
from pipeline.policy.analysis.suggest_network import Peer
from pipeline.policy.analysis.suggest_trees import Cover
from pipeline.policy.compile import RunContext
from pipeline.policy.load import load_policy
from pipeline.policy.testing import run_tests
from pipeline.policy.text import to_yaml

RUNS = {r: SeenRun(r, "/home/ann/shop", "/home/ann") for r in ("r1", "r2")}
CONTEXT = RunContext("/srv/w", "/home/x", {}, "x", "h", "a")


def cover(*parts, example="/home/ann/.cache/x", runs=("r1", "r2")):
    return Cover(parts, frozenset(runs), 1234, example, runs[0])


def made(*learned, governed=("file.write", "network")):
    return document(Head("mine", "enforce", ("codex",)), governed, [Learned(s, w, 2) for s, w in learned], RUNS)


def test_a_rule_says_how_stable_it_is_and_where_it_comes_from():
    found, [reason] = made(("file.write", cover("~", ".cache", "**")))
    assert found["rules"][-1] == {
        "id": "write-home-cache", "title": "Seen in 2 of 2 runs, 1,234 times", "on": "file.write", "match": {"path": "~/.cache/**"},
        "action": "allow", "origin": "suggest: stability 1.00; runs r1, r2",
    }  # fmt: skip
    assert (reason.rule, reason.stability, reason.runs_seen, reason.events, reason.example) == (
        "write-home-cache", 1.0, 2, 1234, "/home/ann/.cache/x",
    )  # fmt: skip
    assert (found["name"], found["mode"], found["scope"]) == ("mine", "enforce", {"agents": ["codex"]})
    assert found["defaults"] == {"file.write": "deny", "network": "deny"}


def test_the_document_loads_and_passes_its_own_tests():
    peer = Peer(
        ("ip", "140.82.121.4", "443"), {"r1"}, 1, {"on": "net.connect", "dst_ip": "140.82.121.4", "dst_port": 443}
    )
    found, _ = made(
        ("file.write", cover("${workspace}", "**", example="/home/ann/shop/x")), ("network", peer),
        ("exec", cover("", "usr", "bin", "git", example="/usr/bin/git")), ("file.read", cover("", "usr", "**", example="/usr/x")),
        ("file.delete", cover("", "tmp", "**", example="/tmp/x")), ("file.chmod", cover("", "tmp", "**", example="/tmp/x")),
        governed=GOVERNABLE,
    )  # fmt: skip
    for text in (to_yaml(found), json.dumps(found)):
        results = run_tests(load_policy(text, "p.yaml"), CONTEXT)
        assert [r.text for r in results if not r.passed] == []
        assert len(results) == 6 + 5 + 6  # each default, each closed selector of files, each rule


def test_an_opened_folder_never_opens_what_is_sensitive():
    found, _ = made(("file.write", cover("${workspace}", "**", example="/home/ann/shop/x")))
    policy = found | {
        "tests": [
            {
                "event": {"on": "file.write", "path": "${workspace}/.mcp.json"},
                "expect": "deny",
                "rule": "sensitive-files",
            }
        ]
    }
    assert all(r.passed for r in run_tests(load_policy(json.dumps(policy), "p"), CONTEXT))


def test_ids_are_valid_and_different():
    learned = [
        ("file.write", cover("~", *["é ü" * 40], "**")),
        ("file.write", cover("~", "a-b")),
        ("file.write", cover("~", "a b")),
        ("file.write", cover("", "")),
    ]
    found, reasons = made(*learned)
    assert [r.rule for r in reasons][1:] == ["write-home-a-b", "write-home-a-b-2", "write-root"]
    load_policy(json.dumps(found), "p.yaml")


def test_many_runs_are_named_as_far_as_there_is_room():
    runs = tuple(f"20260921-120000-{i:08x}" for i in range(200))
    seen = {r: SeenRun(r, "/w", "/home/ann") for r in runs}
    found, _ = document(Head(), ("file.write",), [Learned("file.write", cover("~", "x", runs=runs), 200)], seen)
    origin = found["rules"][-1]["origin"]
    assert len(origin) <= 1000
    assert origin.endswith(" more")
    assert origin.count(",") + 1 + int(origin.split()[-2]) == 200


def test_an_example_that_cannot_be_written_is_no_test():
    found, _ = made(("file.write", cover("", "opt", "x", "**", example="/opt/x/a${b}")))
    assert [t for t in found["tests"] if t["expect"] == "allow"] == []
    load_policy(json.dumps(found), "p.yaml")
