"""Command lines as they were seen in process tables, and those that only look like an agent."""

import shlex

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collectors import signatures
from collectors.signatures import identify

AGENTS = [
    (
        "codex",
        "/opt/agents/codex/node_modules/@openai/codex-linux-x64/vendor/x86_64-unknown-linux-musl/codex/codex",
        "codex exec hello",
    ),
    ("codex", "/usr/bin/node", "node /usr/local/bin/codex --full-auto"),
    ("codex", "/usr/bin/node", "node /usr/lib/node_modules/@openai/codex/bin/codex.js"),
    ("codex", "/usr/bin/env", "env FOO=1 -u BAR codex exec x"),
    ("codex", "/usr/bin/env", "env -S 'FOO=1 codex exec' x"),
    ("codex", "/usr/bin/node", "node /usr/bin/npx -y @openai/codex"),
    ("codex", "", "npx -y @openai/codex@latest exec hi"),
    ("codex", "/usr/bin/node", "node /usr/lib/node_modules/npm/bin/npx-cli.js --yes @openai/codex"),
    ("codex", "", "npm exec --package=@openai/codex -- codex"),
    ("codex", "", "sudo -u dev timeout -k 5 600 nice -n 5 codex exec x"),
    ("codex", "/home/u/bin/codex-x86_64-unknown-linux-musl", "codex"),
    ("codex", "C:\\Tools\\codex.exe", "codex.exe"),
    (
        "gemini-cli",
        "/usr/bin/node",
        "/usr/bin/node --max-old-space-size=12052 /opt/agents/gemini/node_modules/.bin/gemini -m gemini-2.5-flash --yolo",
    ),
    ("gemini-cli", "/usr/bin/node", "node --require ./x.js /opt/node_modules/@google/gemini-cli/dist/index.js"),
    ("opencode", "/opt/agents/opencode/node_modules/opencode-linux-x64/bin/opencode", "opencode run --format json"),
    ("opencode", "", "bun x opencode-ai@1.18.33"),
    ("claude-code", "/home/u/.local/share/claude/versions/2.0.14", "claude"),
    ("claude-code", "", "npx @anthropic-ai/claude-code -p hi"),
    ("qwen", "/usr/bin/node", "node /usr/local/bin/qwen --yolo -p x"),
    ("aider", "/usr/bin/python3.11", "python3 -m aider --model x"),
    ("aider", "/venv/bin/python3", "/venv/bin/python3 /venv/bin/aider --message hi"),
    ("aider", "", "uvx aider"),
    ("aider", "", "uvx --from aider-chat aider"),
    ("aider", "", "uv tool run --python 3.12 aider-chat==0.86.2"),
    ("aider", "", "pipx run aider-chat[all]"),
    ("aider", "", "python -m pipx run aider-chat"),
    ("aider", "", "uv run aider"),
    ("cursor", "/usr/share/cursor/cursor", "/usr/share/cursor/cursor --no-sandbox"),
    ("cursor", "/home/u/.local/share/cursor-agent/versions/2025.10.1/node", "cursor-agent --use-system-ca index.js"),
    ("goose", "/usr/local/bin/goose", "goose session"),
    ("copilot", "/usr/bin/node", "node /usr/lib/node_modules/@github/copilot/index.js"),
    ("openclaw", "/usr/bin/node", "node /usr/lib/node_modules/clawdbot/dist/entry.js gateway"),
    ("cline", "/usr/bin/node", "node /usr/local/bin/cline"),
    ("windsurf", "/opt/windsurf/windsurf", "windsurf"),
]

OTHERS = [
    ("/usr/bin/grep", "grep codex"),
    ("/usr/bin/vim", "vim codex.py"),
    ("/usr/bin/cat", "cat /usr/local/bin/codex"),
    ("/usr/bin/node", "node codex.js"),
    ("/usr/bin/node", "node server.js --model @openai/codex"),
    ("/usr/bin/node", "node -e codex"),
    ("/usr/bin/node", "node -r /usr/local/bin/codex app.js"),
    ("/usr/bin/python3", "python3 -c 'import aider'"),
    ("/usr/bin/python3", "python3 -m pytest aider"),
    ("/usr/bin/python3", "python3 aider"),
    ("/usr/bin/python3", "python3 -m http.server claude"),
    ("/usr/bin/bash", "bash -c 'codex exec hi'"),
    ("/usr/bin/sleep", "codex 5"),
    ("/usr/bin/git", "git clone https://github.com/openai/codex"),
    ("", "npm install @openai/codex"),
    ("", "npx prettier @openai/codex"),
    ("", "npx @openai/codex-tools"),
    ("", "uvx ruff check aider"),
    ("", "uv pip install aider"),
    ("", "env CODEX=codex ls"),
    ("/usr/sbin/zed", "/usr/sbin/zed -F"),
    ("/usr/local/bin/goose", "goose postgres 'user=x' up"),
    ("/usr/local/bin/copilot", "copilot svc deploy"),
    ("/usr/bin/tail", "tail -f claude"),
    ("/home/u/codex/build/tests", "tests"),
    ("", ""),
]


@pytest.mark.parametrize(("agent", "exe", "command"), AGENTS)
def test_an_agent_is_recognised(agent: str, exe: str, command: str) -> None:
    argv = shlex.split(command)
    assert identify(exe, argv) == agent


@pytest.mark.parametrize(("exe", "command"), OTHERS)
def test_a_name_in_the_wrong_place_fools_nobody(exe: str, command: str) -> None:
    assert identify(exe, shlex.split(command)) is None


@given(
    st.text(max_size=40),
    st.lists(
        st.sampled_from(["env", "-S", "npx", "sudo", "--", "-u", "node", "python", "-m", "a b", "'", "="]), max_size=12
    ),
)
def test_any_command_line_has_an_answer(exe: str, argv: list[str]) -> None:
    assert identify(exe, argv) in {None, *(s.agent for s in signatures.signatures())}


def test_wrappers_without_end_come_to_an_end() -> None:
    assert identify("/usr/bin/env", ["env"] * 100_000) is None


def test_each_agent_is_named_once_and_its_programs_belong_to_no_other() -> None:
    table = signatures.signatures()
    assert len({s.agent for s in table}) == len(table)
    programs = [p for s in table for p in s.programs]
    assert len(set(programs)) == len(programs)


def test_an_unknown_key_in_the_table_is_an_error() -> None:
    with pytest.raises(ValueError, match="unknown key colour"):
        signatures._frozen({"agent": "x", "colour": 1})
