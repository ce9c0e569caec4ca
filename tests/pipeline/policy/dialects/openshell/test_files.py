"""The file section: what is listed, what is added, what Landlock itself is told."""

from __future__ import annotations

from pipeline.policy.dialects.openshell.reader import DIALECT
from tests.pipeline.policy.dialects.openshell_judge import verdict, verdicts


def items(text):
    return {i.name: i for i in DIALECT.read("version: 1\n" + text, "p").items}


def test_without_the_section_there_is_the_working_folder():
    found = items("process: {}\n")
    assert list(found) == ["include_workdir"]
    assert list(items("filesystem_policy: {}\n")) == []


def test_networking_adds_paths_that_are_not_listed():
    found = items("filesystem_policy: {read_only: [/usr, /tmp]}\nnetwork_policies: {a: {}}\n")
    assert [n for n in found if n.startswith("added")] == [
        "added-lib",
        "added-etc",
        "added-app",
        "added-var-log",
        "added-proc",
        "added-dev-urandom",
    ]
    judge = verdicts("version: 1\nnetwork_policies: {a: {}}\n")
    assert verdict(judge, on="file.write", path="/tmp/x") == "allow"
    assert verdict(judge, on="file.read", path="/etc/hosts") == "allow"
    assert verdict(judge, on="file.write", path="/etc/hosts") == "deny"


def test_a_folder_above_lets_a_listed_path_be_removed():
    text = "version: 1\nfilesystem_policy: {read_write: [/a, /a/b, //ab/.]}\n"
    judge = verdicts(text)
    assert verdict(judge, on="file.delete", path="/a/b") == "allow"
    assert verdict(judge, on="file.mkdir", path="/a/b") == "allow"
    assert verdict(judge, on="file.delete", path="/a") == "deny"
    assert verdict(judge, on="file.rename", path="/ab", path_to="/ab/x") == "deny"
    assert verdict(judge, on="file.write", path="/ab/x") == "allow"


def test_paths_are_no_patterns():
    judge = verdicts("version: 1\nfilesystem_policy: {read_only: ['/a*', '/${HOME}']}\n")
    assert verdict(judge, on="file.read", path="/a*/x") == "allow"
    assert verdict(judge, on="file.read", path="/ab") == "deny"
    assert verdict(judge, on="file.read", path="/home/u/x") == "deny"
    assert verdict(judge, on="file.read", path="/a*") == "allow"


def test_a_program_is_judged_by_its_file():
    judge = verdicts("version: 1\nfilesystem_policy: {read_only: [/a]}\n")
    assert verdict(judge, on="exec", path="/a/x") == "allow"
    assert verdict(judge, on="exec", path="/a/x", exe="/b/x") == "deny"


def test_a_path_that_is_too_long_is_left_out():
    found = items(f"filesystem_policy: {{read_only: [/{'a' * 4094}]}}\n")["read_only-0"]
    assert (found.outcome, found.safe) == ("narrower", ())


def test_landlock():
    assert "goes on without" in items("landlock: {compatibility: best_effort}\n")["landlock"].why
    assert "does not start" in items("landlock: {compatibility: hard_requirement}\n")["landlock"].why
    assert "landlock" not in items("landlock: {}\n")
