from __future__ import annotations

import argparse
import shlex
import sys
from pathlib import Path

import pytest

from collectors import sources
from lictor.winservice import boot, settings
from lictor.winservice.settings import ServiceSettings, command


def told(*words):
    parser = argparse.ArgumentParser()
    settings.add_arguments(parser)
    return settings.settings_of(parser.parse_args(words))


@pytest.mark.parametrize(
    "wanted",
    [
        ServiceSettings(Path("/program data/Lictor")),
        ServiceSettings(Path("/a"), "portable", audit=True, unsealed=True),
        ServiceSettings(Path('/a "b"'), "etw"),
    ],
)
def test_what_is_written_on_the_command_line_is_read_back(wanted):
    words = shlex.split(command(wanted))
    at = words.index("host")
    assert words[:at] == settings.start_words()
    assert told(*words[at + 1 :]) == wanted


@pytest.fixture
def python(monkeypatch):
    """Function: a Python at this path, in an environment or not."""

    def be(executable, base=None):
        monkeypatch.setattr(sys, "executable", executable)
        monkeypatch.setattr(sys, "_base_executable", base or executable, raising=False)
        monkeypatch.setattr(sys, "base_prefix", "C:/Python")
        monkeypatch.setattr(sys, "prefix", "C:/venv" if base else "C:/Python")

    return be


def test_a_program_with_blanks_in_its_path_is_quoted_so_that_no_other_one_is_started(python):
    python(r"C:\Program Files\Python\python.exe")
    assert command(ServiceSettings()).startswith(
        '"C:\\Program Files\\Python\\python.exe" -I -m lictor.winservice host '
    )


def test_unless_told_otherwise_the_best_source_watches():
    assert told().source == settings.AUTO == sources.AUTO


def test_a_relative_home_does_not_depend_on_where_the_service_is_started():
    assert told("--home", "x").home == Path.cwd() / "x"


def test_of_an_environment_python_itself_is_started_and_told_which_one_it_is(python):
    python("C:/venv/Scripts/python.exe", "C:/Python/python.exe")
    assert settings.start_words() == ["C:/Python/python.exe", "-I", "-S", boot.__file__, "C:/venv/Scripts/python.exe"]
    assert Path(boot.__file__).is_file()
