"""Rules about files, case by case; what srt denies is held against them at random in test_srt.py."""

from __future__ import annotations

import json

import pytest

from pipeline.policy.dialects.json_places import read_json
from pipeline.policy.dialects.srt.files import DANGEROUS_FILES, DANGEROUS_FOLDERS, denied_read, ignored_items
from pipeline.policy.dialects.srt.items import Sheet
from pipeline.policy.dialects.srt.paths import Spot
from pipeline.policy.dialects.srt.reader import DIALECT
from tests.npm import npm_package
from tests.pipeline.policy.dialects.srt_judge import VERSION
from tests.pipeline.policy.dialects.verdict_judge import HOME, WORKSPACE, Judge, outcomes


def read(**files):
    files = {"denyRead": [], "allowWrite": [], "denyWrite": [], **files}
    text = json.dumps({"network": {"allowedDomains": [], "deniedDomains": []}, "filesystem": files})
    return DIALECT.read(text, "s.json")


@pytest.mark.parametrize(
    ("files", "outcome", "denied", "allowed"),
    [
        ({"denyRead": ["/a"], "allowRead": ["/a/b"]}, "exact", "/a/x", "/a/b/x"),
        ({"denyRead": ["/a/b"], "allowRead": ["/a"]}, "exact", "/a/b/x", "/a/x"),
        ({"denyRead": ["/home"], "allowRead": ["."]}, "exact", f"{HOME}/x", f"{WORKSPACE}/x"),
        ({"denyRead": ["/home/u"], "allowRead": ["."]}, "narrower", f"{WORKSPACE}/x", "/etc/x"),
        ({"denyRead": ["**/.env"], "allowRead": ["."]}, "exact", f"{WORKSPACE}/a/.env", f"{WORKSPACE}/a"),
        ({"denyRead": ["**/k/**"], "allowRead": ["k/a"]}, "narrower", f"{WORKSPACE}/k/a/x", f"{WORKSPACE}/a"),
        ({"denyRead": ["/a"], "allowRead": ["/a/*.x"]}, "exact", "/a/b.x/y", "/a/b.x"),
        ({"denyRead": ["[a-c]/x"]}, "exact", f"{WORKSPACE}/b/x/y", f"{WORKSPACE}/d/x"),
        ({"denyRead": ["[.-0]x"]}, "narrower", f"{WORKSPACE}/.x", "/etc/x"),
    ],
)
def test_denied_reads_and_what_lifts_them(files, outcome, denied, allowed):
    found = read(**files)
    assert outcomes(found)["srt-denyRead-0"] == outcome
    judge = Judge(found)
    assert (judge("file.read", denied), judge("file.read", allowed)) == ("deny", "allow")
    assert judge("exec", denied) == "deny"


@pytest.mark.parametrize(
    ("files", "name", "outcome"),
    [
        ({"allowWrite": ["src/*.py"]}, "srt-allowWrite-0", "wider"),
        ({"allowWrite": ["../x"]}, "srt-allowWrite-0", "narrower"),
        ({"allowWrite": ["/src/*/"]}, "srt-allowWrite-0", "narrower"),
        ({"denyWrite": ["*.py"]}, "srt-denyWrite-0", "narrower"),
        ({"denyWrite": ["../x"]}, "srt-denyWrite-0", "wider"),
        ({"denyWrite": ["/a/../b"]}, "srt-denyWrite-0", "wider"),
        ({"denyRead": ["a\0b"]}, "srt-denyRead-0", "setting"),
        ({"allowRead": ["../x"]}, "srt-allowRead-0", "narrower"),
        ({"allowGitConfig": True}, "srt-allowGitConfig", "exact"),
        ({"denyRead": ["~/.npm"]}, "srt-built-in-writes", "narrower"),
        ({"denyRead": ["~/.ssh"]}, "srt-built-in-writes", "exact"),
    ],
)
def test_outcomes(files, name, outcome):
    assert outcomes(read(**files))[name] == outcome


def test_the_weaker_rule_is_written_once_it_is_accepted():
    found = read(allowWrite=["/"], denyWrite=["/a/../b"])
    assert Judge(found)("file.write", "/c") == "deny"
    accepted = Judge(found, frozenset({"srt-denyWrite-0"}))
    assert (accepted("file.write", "/c"), accepted("file.write", "/b/x")) == ("allow", "deny")


def test_git_config_may_be_allowed_and_hooks_may_not():
    judge = Judge(read(allowWrite=["."], allowGitConfig=True))
    assert judge("file.write", f"{WORKSPACE}/.git/config") == "allow"
    assert judge("file.write", f"{WORKSPACE}/.git/hooks/x") == "deny"


def test_the_names_that_may_never_be_written_are_those_of_srt():
    text = (npm_package("@anthropic-ai/sandbox-runtime", VERSION) / "dist/sandbox/sandbox-utils.js").read_text()
    listed = text.partition("DANGEROUS_FILES = [")[2].partition("]")[0]
    assert [line.strip().strip("',") for line in listed.strip().splitlines()] == list(DANGEROUS_FILES)
    assert "['.git', '.vscode', '.idea']" in text
    assert "'.claude/commands'" in text
    assert set(DANGEROUS_FOLDERS) == {".vscode", ".idea", ".claude/commands", ".claude/agents", ".git/hooks"}


def test_denies_with_a_place_of_their_own():
    sheet = Sheet(read_json('{"x": ["a"]}', "f"), "p")
    assert denied_read(sheet, ("x", 0), Spot("", "/a/*/", glob=True)).outcome == "exact"
    assert denied_read(sheet, ("x", 0), Spot("", "/a"), why="w").outcome == "narrower"
    assert [
        i.outcome for i in ignored_items(Sheet(read_json('{"denyRead": ["a"]}', "f"), "p"), (), {"denyRead": ["a"]})
    ] == ["setting"]
