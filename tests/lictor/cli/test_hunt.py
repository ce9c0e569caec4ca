"""The command ``hunt`` as a person types it: the list, one hunt, all of them, and each mistake in one line."""

import json
from pathlib import Path

import pytest

from queries.hunting import hunts

ATTACK = Path(__file__).parents[3] / "sample-traces" / "attack"


@pytest.fixture(scope="module")
def attacked(tmp_path_factory):
    """The lake of the sample of an attack, as ``lictor replay`` makes it."""
    from lictor.cli.app import invoke  # noqa: PLC0415 - it imports every command

    folder = tmp_path_factory.mktemp("attacked") / "lake"
    assert invoke(["replay", str(ATTACK), "--lake", str(folder)]) == 0
    return folder


def test_without_a_name_all_are_listed(lictor):
    ended = lictor("hunt", "--format", "json")
    assert ended.status == 0
    assert {row["name"] for row in json.loads(ended.out)} == set(hunts())
    assert lictor("hunt", "--list", "--format", "json").out == ended.out


def test_a_tactic_narrows_the_list(lictor):
    rows = json.loads(lictor("hunt", "--tactic", "impact", "--format", "json").out)
    assert {row["name"] for row in rows} == {n for n, h in hunts().items() if "impact" in h.tactics}


def test_one_is_explained(lictor):
    ended = lictor("hunt", "mass_delete", "--explain")
    assert ended.status == 0
    for wanted in ("Many files deleted", "many (int, else 50)", "false positives:", "evidence: rows of activity"):
        assert wanted in ended.out


def test_one_is_asked_and_a_find_can_fail_the_command(lictor, attacked):
    ended = lictor("hunt", "denial_burst", "--lake", attacked, "--format", "json")
    (row,) = json.loads(ended.out)
    assert (ended.status, row["rules"]) == (0, "credentials, exfiltration, shell-start-up")
    assert len(row["evidence"]) == row["denials"]
    assert lictor("hunt", "denial_burst", "--lake", attacked, "--fail-on", "high").status == 1
    assert lictor("hunt", "denial_burst", "--lake", attacked, "--fail-on", "critical").status == 0
    assert lictor("hunt", "denial_burst", "--lake", attacked, "--fail-on", "high", "-p", "many=99").status == 0


def test_all_are_counted(lictor, attacked):
    ended = lictor("hunt", "--all", "--lake", attacked, "--format", "json", "--fail-on", "critical")
    counted = {row["name"]: row["hits"] for row in json.loads(ended.out)}
    assert ended.status == 1
    assert set(counted) == set(hunts())
    assert counted["denied_then_done"] == 1
    assert counted["mass_delete"] == 0


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["no_such"], "no hunt 'no_such'"),
        (["mass_delete", "--all"], "give a NAME, or --all"),
        (["mass_delete", "--tactic", "impact"], "give a NAME, or --all"),
        (["--all", "--list"], "give --all to ask, or --list"),
        (["--all", "-p", "many=1"], "-p belongs to one hunt"),
        (["--explain"], "--explain belongs to one hunt"),
        (["--tactic", "fun"], "no tactic 'fun'"),
        (["mass_delete", "-p", "many=x"], "'x' is no whole number"),
        (["mass_delete", "-p", "most=1"], "no parameter 'most'; it has window, many, ignored, since, until"),
        (["mass_delete", "--since", "soon"], "--since soon: write how long ago"),
        (["mass_delete", "--fail-on", "bad"], "bad"),
    ],
)
def test_a_mistake_is_one_line(lictor, attacked, arguments, said):
    ended = lictor("hunt", *arguments, "--lake", attacked)
    assert (ended.status, ended.out) == (2, "")
    assert said in ended.err
    assert len(ended.err.splitlines()) == 1


def test_no_lake_is_one_line(lictor, tmp_path):
    ended = lictor("hunt", "mass_delete", "--lake", tmp_path / "none")
    assert (ended.status, len(ended.err.splitlines())) == (2, 1)
    assert "no lake there yet" in ended.err
