"""Options that several commands share mean the same in each of them."""

from typing import get_args

import pytest
from typer.main import get_command

from collectors.sources import SOURCES
from lictor.cli import options
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


def test_the_help_names_every_source_in_their_order():
    (option,) = get_args(options.SourceOption)[1:]
    listed = option.help.split(":")[1].split(" or auto")[0]
    assert [name.strip() for name in listed.split(",") if name.strip()] == [source.name for source in SOURCES]
