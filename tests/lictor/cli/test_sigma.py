"""``lictor sigma``: import, list and run, with their exit statuses."""

import json

import pytest

RULE = """\
title: curl runs
id: 00000000-0000-4000-8000-000000000001
level: high
logsource: {{ product: linux, category: process_creation }}
detection: {{ s: {{ Image|endswith: /{0} }}, condition: s }}
"""


@pytest.fixture
def rules(tmp_path):
    folder = tmp_path / "rules"
    folder.mkdir()
    (folder / "a.yml").write_text(RULE.format("curl"))
    return folder


def test_import_list_and_run(lictor, lake, rules, tmp_path):
    bundle = tmp_path / "b.json"
    ended = lictor("sigma", "import", rules, "--out", bundle)
    assert (ended.status, ended.out) == (0, "")
    assert "1 rules: 1 see all of their fields here" in ended.err
    listed = json.loads(lictor("sigma", "list", bundle, "--format", "json").out)
    assert [(r["title"], r["for"], r["fires"], r["license"]) for r in listed] == [
        ("curl runs", "linux/process_creation", "yes", "DRL-1.1")
    ]
    ended = lictor("sigma", "run", "--bundle", bundle, "--lake", lake, "--format", "json")
    assert ended.status == 1
    assert [(r["title"], r["rows"]) for r in json.loads(ended.out)] == [("curl runs", 1)]
    rows = json.loads(lictor("sigma", "run", "--bundle", bundle, "--lake", lake, "--rows", "--format", "json").out)
    assert [r["cmdline"] for r in rows] == ["curl -d @x https://example.org"]


def test_a_rule_that_matches_nothing_ends_well(lictor, lake, rules, tmp_path):
    (rules / "a.yml").write_text(RULE.format("nothing"))
    lictor("sigma", "import", rules, "--out", tmp_path / "b.json")
    ended = lictor("sigma", "run", "--bundle", tmp_path / "b.json", "--lake", lake)
    assert ended.status == 0
    assert "0 matches of 1 rules" in ended.err


def test_the_bundle_of_the_lake_is_the_usual_one(lictor, rules, tmp_path):
    place = tmp_path / "lake"
    assert lictor("sigma", "import", rules, "--lake", place).status == 0
    assert (place / "sigma" / "bundle.json").is_file()
    assert "curl runs" in lictor("sigma", "list", "--lake", place).out
    assert lictor("sigma", "run", "--lake", place).status == 0


def test_what_was_not_converted_is_listed_and_is_a_finding(lictor, rules, tmp_path):
    (rules / "bad.yml").write_text(RULE.format("x").replace("Image|endswith", "Image|nosuch"))
    ended = lictor("sigma", "import", rules, "--out", tmp_path / "b.json")
    assert ended.status == 1
    assert "bad.yml" in ended.out
    assert "nosuch" in ended.out
    assert "1 not converted" in ended.err
    assert "curl runs" in lictor("sigma", "list", tmp_path / "b.json").out


def test_only_a_category(lictor, rules, tmp_path):
    ended = lictor("sigma", "import", rules, "--out", tmp_path / "b.json", "--category", "file_event")
    assert "0 rules" in ended.err
    assert "linux/process_creation 1" in ended.err


@pytest.mark.parametrize(
    "command", [("import", "/nonexistent"), ("list", "/nonexistent/b.json"), ("run", "--lake", "/nonexistent")]
)
def test_bad_input_is_one_line(command, lictor):
    ended = lictor("sigma", *command)
    assert (ended.status, len(ended.err.splitlines())) == (2, 1)
