"""docs/cli.md says what --help says; README.md names exactly the commands that there are."""

from __future__ import annotations

import re
import sys
from typing import Annotated

import pytest
import typer
from typer.main import get_command

from tools import cli_docs, generated


@pytest.fixture
def app():
    from lictor.cli.app import app  # noqa: PLC0415 (the small application below is tested also where this one is broken)

    return app


@pytest.fixture
def small():
    made, group = typer.Typer(), typer.Typer()
    made.add_typer(group, name="policy")

    @made.command()
    def run(lake: Annotated[str, typer.Option(help="where the lake is")] = "here"):
        """Runs an agent."""

    @made.command(hidden=True)
    def inner():
        """Serves the others."""

    @group.command("check")
    def check(file: str):
        """Checks a policy."""

    return made


def names(app):
    return [path for path, _ in cli_docs.commands(get_command(app), "lictor")]


def test_page_in_the_tree_is_fresh(app):
    assert not generated.difference(generated.ROOT / "docs" / "cli.md", cli_docs.render(app)), "run: make docs"


def test_readme_names_exactly_the_commands_that_there_are(app):
    readme = (generated.ROOT / "README.md").read_text()
    shown = re.findall(r"^\| `(lictor(?: [a-z-]+)+)", readme, re.MULTILINE)
    assert sorted(shown) == sorted(names(app))


def test_groups_are_walked_through_and_hidden_commands_left_out(small):
    assert names(small) == ["lictor run", "lictor policy check"]


def test_group_that_is_a_command_too_is_shown_before_its_members(small):
    group = typer.Typer(invoke_without_command=True)
    small.add_typer(group, name="export")

    @group.callback()
    def export():
        """Exports."""

    @group.command()
    def status():
        """Shows how far it is."""

    assert names(small)[-2:] == ["lictor export", "lictor export status"]


def test_page_shows_help_defaults_and_arguments(small):
    page = cli_docs.render(small)
    assert "Usage: lictor policy check" in page
    assert "where the lake is" in page
    assert "[default: here]" in page


@pytest.mark.parametrize("columns", ["40", "200"])
def test_page_does_not_depend_on_the_terminal(small, columns, monkeypatch):
    wanted = cli_docs.render(small)
    monkeypatch.setenv("COLUMNS", columns)
    monkeypatch.setenv("FORCE_COLOR", "1")
    assert cli_docs.render(small) == wanted
    assert "\x1b" not in wanted


def test_page_is_about_lictor_whatever_runs_it(small, monkeypatch):
    monkeypatch.setattr(sys, "argv", ["pytest"])
    assert "pytest" not in cli_docs.render(small)
