"""``policy explain`` and ``policy lint`` on small policies, and that what is proposed really works."""

from __future__ import annotations

import json

import pytest

from pipeline.policy.source import read_tree

POLICY = """lictor: 1
name: p
defaults: { file.write: deny, exec: allow }
rules:
  - { id: work, on: file.write, match: { path: /srv/work/** }, action: allow }
  - { id: keys, on: file.read, match: { path: "/srv/keys/**" }, unless: { exe: /usr/bin/ssh }, action: deny, because: Keys. }
  - { id: vault, on: file.read, match: { path: "/srv/vault/**" }, action: deny, because: Vault. }
  - { id: never, on: file.read, match: { path: /srv/vault/a }, action: audit }
tests:
  - { event: { on: file.write, path: /srv/work/a }, expect: allow, rule: work }
"""


@pytest.fixture
def policy(tmp_path):
    file = tmp_path / "p.yaml"
    file.write_text(POLICY)
    return file


def test_each_rule_has_its_place_on_this_machine_and_its_cost(lictor, policy):
    rows = json.loads(lictor("policy", "explain", policy, "--format", "json").out)
    by = {row["rule"]: row for row in rows}
    assert set(by) == {"work", "keys", "vault", "never", "default:file.write", "default:exec"}
    assert by["work"]["enforced"] == "judged only: stops nothing"
    assert by["keys"]["enforced"].startswith(("kernel", "nowhere: nothing here sees"))
    assert by["keys"]["cost"]


def test_an_event_is_explained_with_the_rule_and_its_line(lictor, policy):
    ended = lictor("policy", "explain", policy, "--event", "file.read path=/srv/keys/a exe=/usr/bin/cat")
    assert ended.status == 0
    assert "deny by keys" in ended.out
    assert f"{policy}:6:5" in ended.out
    assert "to make it allow, the smallest change first" in ended.out


def test_a_proposed_change_works_when_it_is_made(lictor, policy):
    event = "file.write path=/srv/other/a exe=/usr/bin/cc"
    found = json.loads(lictor("policy", "explain", policy, "--event", event, "--format", "json").out)
    assert (found["verdict"], found["rule"], found["wanted"]) == ("deny", "default:file.write", "allow")
    document = read_tree(policy.read_text(), "p").data
    change = next(c for c in found["changes"] if len(c["yaml"]) == 1 and c["yaml"][0].startswith("rules:"))
    (rule,) = read_tree(change["yaml"][0], "c").data["rules"]
    document["rules"] = [r for r in document["rules"] if r["id"] != rule["id"]] + [rule]
    policy.write_text(json.dumps(document))
    again = json.loads(lictor("policy", "explain", policy, "--event", event, "--format", "json").out)
    assert again["verdict"] == "allow"


def test_a_bad_event_ends_with_2(lictor, policy):
    ended = lictor("policy", "explain", policy, "--event", "file.reed path=/x")
    assert (ended.status, ended.out) == (2, "")
    assert "did you mean 'file.read'?" in ended.err


def test_lint_finds_the_rule_that_never_decides_and_scores(lictor, policy):
    ended = lictor("policy", "lint", policy, "--format", "json")
    rows = json.loads(ended.out)
    shadowed = next(r for r in rows if r["kind"] == "shadowed" and r["rule"] == "never")
    assert (shadowed["other"], shadowed["place"]) == ("vault", f"{policy}:8:5")
    assert "permissiveness" in ended.err
    assert ended.status == 1


def test_lint_of_a_policy_without_weakness_ends_with_0(lictor, tmp_path):
    file = tmp_path / "q.yaml"
    file.write_text(
        "lictor: 1\nname: q\nrules:\n  - { id: a, on: file.read, match: { path: /srv/x }, action: deny, because: b }\n"
        "tests:\n  - { event: { on: file.read, path: /srv/x }, expect: deny }\n"
    )
    assert lictor("policy", "lint", file).status == 0
