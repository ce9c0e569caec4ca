"""Import and export on the command line: where text and report go, and the exit status."""

from __future__ import annotations

import json

import pytest
import yaml

from pipeline.policy.load import load_policy

CEDAR = """permit (principal, action == Action::"FileOpen", resource) when { resource in [ Dir::"/srv/app" ] };
forbid (principal, action == Action::"FileOpen", resource) when { resource in [ File::"/srv/app/secret" ] };
"""


@pytest.fixture
def cedar(tmp_path):
    file = tmp_path / "policy.cedar"
    file.write_text(CEDAR)
    return file


def test_the_policy_goes_to_standard_output_and_the_report_beside_it(lictor, cedar):
    ended = lictor("policy", "import", cedar)
    policy = load_policy(ended.out, "p")
    assert policy.rules
    assert all(rule.origin for rule in policy.rules)
    assert "line 2" in ended.err
    assert ended.err.splitlines()[-1].startswith(f"{cedar} (leash): ")


def test_the_report_as_json_names_each_rule(lictor, cedar):
    ended = lictor("policy", "import", "--from", "leash", "--report", "json", cedar)
    report = json.loads(ended.err)
    assert (report["dialect"], report["status"]) == ("leash", ended.status)
    assert {item["line"] for item in report["items"]} == {1, 2}
    written = {rule["id"] for rule in yaml.safe_load(ended.out)["rules"]}
    assert {rule for item in report["items"] for rule in item["rules"]} <= written


def test_with_an_output_file_the_report_is_the_output(lictor, cedar, tmp_path):
    target = tmp_path / "out.yaml"
    ended = lictor("policy", "import", "--report", "json", "-o", target, cedar)
    assert json.loads(ended.out)["file"] == str(cedar)
    assert load_policy(target.read_text(), "p").name
    assert lictor("policy", "check", target).status == 0


def test_what_the_original_refuses_ends_with_2_and_the_place(lictor, tmp_path):
    file = tmp_path / "bad.cedar"
    file.write_text("permit (principal,\n  action = 1);\n")
    ended = lictor("policy", "import", "--from", "leash", file)
    assert (ended.status, ended.out) == (2, "")
    assert ended.err.startswith(f"{file}:2:")


def test_what_is_not_recognised_is_told_with_what_is(lictor, tmp_path):
    file = tmp_path / "x.txt"
    file.write_text("hello\n")
    ended = lictor("policy", "import", file)
    assert ended.status == 2
    assert "openshell" in ended.err


def test_consent_by_a_name_that_is_not_wider_is_refused(lictor, cedar):
    ended = lictor("policy", "import", "--accept-wider", "nonsense", cedar)
    assert (ended.status, ended.out) == (2, "")
    assert "nonsense" in ended.err


def test_a_file_that_is_not_there_or_no_text(lictor, tmp_path):
    assert lictor("policy", "import", tmp_path / "none").status == 2
    binary = tmp_path / "b"
    binary.write_bytes(b"{\n\xff}")
    assert f"{binary}:2:1: not UTF-8" in lictor("policy", "import", binary).err


def test_export_of_a_simple_policy(lictor, tmp_path):
    file = tmp_path / "p.yaml"
    file.write_text(
        "lictor: 1\nname: p\ndefaults: { file.write: deny, network: deny }\nrules:\n"
        "  - { id: w, on: [file.write, file.delete, file.chmod], match: { path: /srv/app/** }, action: allow }\n"
    )
    ended = lictor("policy", "export", "--to", "srt", "--report", "json", file)
    assert "/srv/app" in ended.out
    assert json.loads(ended.out)["filesystem"]["allowWrite"]
    assert json.loads(ended.err)["status"] == ended.status
