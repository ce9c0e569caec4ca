from __future__ import annotations

from pathlib import Path

import pytest

from lictor.errors import LictorError
from lictor.starting.program import resolve


def test_resolve_finds_what_the_shell_finds(tmp_path, monkeypatch):
    tool = str(tmp_path / "tool")
    Path(tool).write_text("#!/bin/sh\n")
    Path(tool).chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    assert resolve(["tool"]) == tool
    assert resolve([tool]) == tool


@pytest.mark.parametrize(("command", "why"), [
    ([], "no command was given"), ([""], "no command was given"), (["no-such-command"], "'no-such-command' was not found"),
    (["/etc/passwd"], "'/etc/passwd' is not executable"), (["/etc/no\nsuch"], r"was not found"),
])  # fmt: skip
def test_what_cannot_be_run_is_said_in_one_line(command, why):
    with pytest.raises(LictorError, match=why) as caught:
        resolve(command)
    assert "\n" not in str(caught.value)
