from __future__ import annotations

import argparse
import shlex
import sys
from pathlib import Path

import pytest

from collectors import sources
from lictor.winservice import settings
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
    words = shlex.split(command(wanted, "/Program Files/python.exe"))
    assert words[:5] == ["/Program Files/python.exe", "-I", "-m", "lictor.winservice", "host"]
    assert told(*words[5:]) == wanted


def test_a_program_with_blanks_in_its_path_is_quoted_so_that_no_other_one_is_started():
    assert command(ServiceSettings(), r"C:\Program Files\Python\python.exe").startswith(
        '"C:\\Program Files\\Python\\python.exe" -I '
    )


def test_unless_told_otherwise_the_best_source_watches():
    assert told().source == settings.AUTO == sources.AUTO


def test_a_relative_home_does_not_depend_on_where_the_service_is_started():
    assert told("--home", "x").home == Path.cwd() / "x"


def test_python_itself_is_started_and_told_which_environment_is_its(monkeypatch):
    monkeypatch.setattr(sys, "_base_executable", "C:/Python/python.exe", raising=False)
    monkeypatch.setattr(sys, "executable", "C:/venv/Scripts/python.exe")
    monkeypatch.setattr(sys, "base_prefix", "C:/Python")
    monkeypatch.setattr(sys, "prefix", "C:/venv")
    assert settings.interpreter() == "C:/Python/python.exe"
    assert settings.environment() == ("__PYVENV_LAUNCHER__=C:/venv/Scripts/python.exe",)
    monkeypatch.setattr(sys, "prefix", "C:/Python")
    assert settings.environment() == ()
