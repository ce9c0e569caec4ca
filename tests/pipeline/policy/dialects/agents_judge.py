"""Claude Code and Codex themselves as judges of their settings files.

Each is a program of 400 MB, so they are installed only where ``LICTOR_TEST_AGENTS`` is set; what they said of the
versions named here stands in the tests as a table, which is held against our reading everywhere.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys

import pytest

from tests.npm import npm_package

CLAUDE_CODE, CODEX = "2.1.332", "0.169.0"


def _wanted(what):
    if not os.environ.get("LICTOR_TEST_AGENTS"):
        pytest.skip(f"{what} is a program of 400 MB: set LICTOR_TEST_AGENTS=1 to install it and ask it")
    if sys.platform != "linux" or os.uname().machine != "x86_64":
        pytest.skip(f"{what} is asked on Linux x86-64 only: run this test there")


def _run(command, home, folder):
    environment = {"HOME": str(home), "PATH": os.environ["PATH"], "CODEX_HOME": str(home / ".codex")}
    environment |= {"DISABLE_AUTOUPDATER": "1", "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1"}
    done = subprocess.run(
        command,
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
        stdin=subprocess.DEVNULL,
        check=False,
    )
    return done.returncode, done.stdout + done.stderr


def doctor(text, tmp_path):
    """What Claude Code's ``doctor`` says about a project's settings: the lines under *Invalid settings*."""
    _wanted("Claude Code")
    program = npm_package("@anthropic-ai/claude-code-linux-x64", CLAUDE_CODE) / "claude"
    folder, home = tmp_path / "project", tmp_path / "home"
    (folder / ".claude").mkdir(parents=True, exist_ok=True)
    home.mkdir(exist_ok=True)
    (folder / ".claude" / "settings.json").write_text(text)
    _, said = _run([str(program), "doctor"], home, folder)
    assert "Claude Code doctor" in said, said[:500]
    part = said.partition("Invalid settings")[2]
    return re.findall(r"^- \S+settings\.json(?: › |: )(.*)$", re.split(r"\n\n", part, maxsplit=1)[0], re.MULTILINE)


def codex_takes(text, tmp_path):
    """Whether Codex starts with a ``config.toml``."""
    _wanted("Codex")
    (program,) = npm_package("@openai/codex", CODEX).parent.glob("codex-linux-x64/vendor/*/bin/codex")
    (tmp_path / ".codex").mkdir(exist_ok=True)
    (tmp_path / ".codex" / "config.toml").write_text(text)
    code, said = _run([str(program), "sandbox", "--", "/bin/true"], tmp_path, tmp_path)
    return code == 0 or "Error:" not in said
