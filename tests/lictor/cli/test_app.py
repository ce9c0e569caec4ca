"""How a command line ends: exit status and one clear line, whatever is wrong with it."""

import subprocess
import sys

import pytest

from lictor.cli import app as application
from lictor.errors import LictorError


def test_help_names_every_command_and_version_the_installed_one(lictor):
    out = lictor("--help").out
    assert all(name in out for name in ("replay", "sql", "runs", "show", "doctor", "policy"))
    assert lictor("--version").out.startswith("lictor ")
    assert lictor("--version").status == 0


@pytest.mark.parametrize(
    "arguments",
    [
        ["nosuch"],
        ["sql"],
        ["sql", "--nosuch", "x"],
        ["sql", "SELECT 1", "--timeout", "x"],
        ["policy", "nosuch"],
        ["runs", "--format", "x"],
    ],
)
def test_bad_usage_is_one_line_that_names_the_help(lictor, arguments):
    ended = lictor(*arguments)
    assert (ended.status, ended.out) == (2, "")
    assert len(ended.err.splitlines()) == 1
    assert "--help" in ended.err


@pytest.mark.parametrize("arguments", [[], ["policy"]])
def test_without_a_command_there_is_the_help(lictor, arguments):
    ended = lictor(*arguments)
    assert ended.status == 2
    assert "Usage: lictor" in ended.err


def raising(error):
    def command(_query):
        raise error

    return command


@pytest.fixture
def replaced(monkeypatch):
    """The command line with one command more, which ends as told."""

    def replace(error):
        made = application.typer.Typer(pretty_exceptions_enable=False)
        made.callback()(lambda: None)
        made.command("end")(lambda: raising(error)(None))
        monkeypatch.setattr(application, "app", made)

    return replace


def test_an_expected_error_is_its_own_text_and_harmless(lictor, replaced):
    replaced(LictorError("bad \x1b[2J file\nsecond"))
    ended = lictor("end")
    assert (ended.status, ended.out, ended.err) == (2, "", "bad \\x1b[2J file\nsecond\n")


def test_an_interrupt_is_130(lictor, replaced):
    replaced(KeyboardInterrupt())
    assert lictor("end").status == 130


def test_a_defect_keeps_its_traceback(replaced):
    replaced(ZeroDivisionError())
    with pytest.raises(ZeroDivisionError):
        application.invoke(["end"])


def test_a_reader_that_goes_away_is_no_finding(lake):
    command = [
        sys.executable,
        "-m",
        "lictor.cli.app",
        "sql",
        "--lake",
        str(lake),
        "SELECT * FROM range(200000)",
        "--format",
        "csv",
    ]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout.readline() == "range\n"
        process.stdout.close()
        assert process.stderr.read() == ""
        assert process.wait(30) == 141


def test_commands_start_without_heavy_libraries():
    code = "import sys, lictor.cli.app; print([m for m in ('duckdb', 'pyarrow', 'rich', 'yaml') if m in sys.modules])"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip()
    assert "duckdb" not in loaded
    assert "rich" not in loaded
