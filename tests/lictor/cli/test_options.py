"""Options that several commands share mean the same in each of them."""

import pytest
from typer.main import get_command

from lictor.cli.app import app
from lictor.formats import Format


def names(command):
    return {name for parameter in command.params for name in parameter.opts}


@pytest.mark.parametrize("name", ["sql", "runs", "show", "doctor", "replay"])
def test_rows_come_in_every_format_and_from_a_lake_of_choice(lictor, name):
    assert {"--lake", "--format"} <= names(get_command(app).commands[name])
    assert "|".join(Format) in lictor(name, "--help").out


@pytest.mark.parametrize("name", ["sql", "runs", "replay"])
def test_output_has_a_short_and_a_long_name(name):
    assert {"-o", "--output"} <= names(get_command(app).commands[name])
