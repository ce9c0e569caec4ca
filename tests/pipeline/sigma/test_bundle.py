"""A bundle reads back as it was written, and refuses what is none."""

import json
from dataclasses import replace

import pytest

from pipeline.sigma.bundle import Bundle, BundleError, Failure, dumps, load, loads, path_in, store

RULE = "s: { Image|endswith: [/a, \"/b'\", '/ö'] }\ncondition: s"


@pytest.fixture
def made(bundle_of):
    return replace(bundle_of(RULE, RULE), failures=(Failure("x.yml", "1", "t", "why"),), elsewhere={"aws/-": 3})


def test_reads_back_equal(made, tmp_path):
    assert loads(dumps(made)) == made
    path = path_in(tmp_path / "lake")
    store(made, path)
    assert load(path) == made
    assert path.stat().st_mode & 0o077 == 0


def test_holds_what_the_licence_of_the_rules_asks_for(made):
    told = json.loads(dumps(made))["rules"][0]
    assert {"id", "title", "author", "license", "source", "source_sha256"} <= told.keys()
    assert told["license"] == "DRL-1.1"


def test_version_is_that_of_what_is_evaluated(made):
    assert made.version == replace(made, lictor="9", failures=()).version
    other = replace(made.rules[0], predicate="true")
    assert made.version != replace(made, rules=(other, *made.rules[1:])).version


@pytest.mark.parametrize(
    "change",
    [
        lambda t: t[:-9], lambda _: "[]", lambda _: "{}", lambda _: "null", lambda t: t.replace('"format": 1', '"format": 2'),
        lambda t: t.replace("ends_with(", "contains("), lambda t: t.replace('"title"', '"titel"'),
    ],
)  # fmt: skip
def test_anything_else_is_one_line_that_names_the_next_step(change, made):
    text = change(dumps(made))
    assert text != dumps(made)
    with pytest.raises(BundleError, match="import") as error:
        loads(text, "b.json")
    assert "\n" not in str(error.value)
    assert "b.json" in str(error.value)


def test_a_file_that_is_not_there_is_one_line(tmp_path):
    with pytest.raises(BundleError, match="lictor sigma import"):
        load(tmp_path / "none.json")


def test_only_some_of_the_rules(made):
    assert made.only(categories=["file_event"]).rules == ()
    assert [r.id for r in made.only(ids=[made.rules[1].id]).rules] == [made.rules[1].id]
    assert isinstance(made.only(), Bundle)
