"""A home with a project in it, programs of its own, and policies for the tests of hooks."""

from __future__ import annotations

import json
import shutil
from types import SimpleNamespace

import pytest

from lictor.hooks.surroundings import Surroundings

POLICY = """\
lictor: 1
name: house
defaults: { file.write: deny, network: deny }
rules:
  - { id: work, on: [file.write, file.delete], match: { path: "${workspace}/**" }, action: allow }
  - { id: keys, on: file.read, match: { path: "~/.ssh/**" }, action: deny, because: Keys are private., instead: Ask for a token. }
  - { id: settings, on: file.write, match: { path: "${workspace}/settings.json" }, action: ask, because: A person decides. }
  - { id: force, on: exec, match: { argv: ["git push*--force*"] }, action: deny, because: History stays. }
  - { id: planner, on: exec, match: { exe: "**/planner" }, action: kill }
  - { id: looked, on: exec, match: { exe: "**/lister" }, action: audit }
  - { id: tried, on: exec, match: { exe: "**/tried" }, action: deny, mode: audit }
  - { id: hosts, on: net.connect, match: { domain: ["docs.example.com", "*.example.org"], port: 443 }, action: allow }
  - { id: bad-hosts, on: net.connect, match: { domain: evil.example }, action: deny, because: Known for theft. }
"""


@pytest.fixture
def house(tmp_path, monkeypatch):
    """Home, project and programs; the variables of this process point there."""
    home, repo, programs = (tmp_path / name for name in ("home", "home/repo", "programs"))
    for folder in (home / ".ssh", repo, programs):
        folder.mkdir(parents=True, exist_ok=True)
    (home / ".ssh/id_rsa").write_text("key")
    for name in ("git", "planner", "lister", "tried", "sudo", "env", "xargs", "timeout"):
        shutil.copy("/bin/true", programs / name)
    (programs / "tool").write_text("#!/usr/bin/env planner\n")
    (programs / "tool").chmod(0o755)
    for name in ("CLAUDE_PROJECT_DIR", "GEMINI_PROJECT_DIR"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("PATH", f"{programs}:/usr/bin:/bin")
    monkeypatch.setenv("SHELL", "/bin/bash")
    policy = tmp_path / "house.yaml"
    policy.write_text(POLICY)
    around = Surroundings(str(home), (str(programs), "/usr/bin", "/bin"), "/bin/bash", "/usr/bin/agent")
    return SimpleNamespace(home=home, repo=repo, programs=programs, policy=policy, around=around)


@pytest.fixture
def claude(house):
    """JSON of Claude Code's ``PreToolUse`` for a tool and its input."""

    def made(tool: str, event: str = "PreToolUse", **given: object) -> bytes:
        return json.dumps({
            "session_id": "s", "transcript_path": "/t.jsonl", "cwd": str(house.repo), "permission_mode": "default",
            "hook_event_name": event, "tool_name": tool, "tool_input": given, "tool_use_id": "toolu_1",
        }).encode()  # fmt: skip

    return made
