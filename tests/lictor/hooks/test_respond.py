"""Whole hook calls: JSON in, the agent's words out, whatever the JSON is."""

from __future__ import annotations

import json
import os
import shutil
import time
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lictor.hooks import afterwards
from lictor.hooks import respond as module
from lictor.hooks.respond import LARGEST, Options, respond
from lictor.telling import believed
from lictor.telling.folder import RunInfo, make
from lictor.telling.reasons import Reasons
from lictor.telling.stopped import Stopped
from tests.corpus import corpus

POLICIES = Path(__file__).parents[3] / "policies"


@pytest.fixture
def options(house):
    return Options([house.policy])


def decision(output) -> str:
    assert (output.status, output.stderr) == (0, "")
    if not output.stdout:
        return "none"
    said = json.loads(output.stdout)
    return said["decision"] if "decision" in said else said["hookSpecificOutput"]["permissionDecision"]


@pytest.mark.parametrize(
    ("tool", "given", "expected"),
    [
        ("Read", {"file_path": "~/.ssh/id_rsa"}, "deny"),
        ("Read", {"file_path": "README.md"}, "none"),
        ("Write", {"file_path": "a.py", "content": "x"}, "none"),
        ("Write", {"file_path": "/etc/x", "content": "x"}, "deny"),
        ("Edit", {"file_path": "settings.json"}, "ask"),
        ("Bash", {"command": "git push --force"}, "deny"),
        ("Bash", {"command": "git status"}, "none"),
        ("Bash", {"command": "git status; planner"}, "deny"),
        ("Bash", {"command": "echo $(git push --force)"}, "deny"),
        ("WebFetch", {"url": "https://docs.example.com/x"}, "none"),
        ("WebFetch", {"url": "https://evil.example/x"}, "deny"),
        ("Task", {"prompt": "x"}, "none"),
    ],
)
def test_claude_code_is_answered(options, claude, tool, given, expected):
    assert decision(respond(claude(tool, **given), options)) == expected


def test_a_link_is_followed_before_the_act(house, options, claude):
    (house.repo / "notes").symlink_to("../.ssh/id_rsa")
    assert decision(respond(claude("Read", file_path="notes"), options)) == "deny"


def test_the_policy_itself_is_not_written(house, claude):
    policy = house.repo / "policy.yaml"
    shutil.copy(house.policy, policy)
    output = respond(claude("Write", file_path=str(policy)), Options([policy]))
    assert decision(output) == "deny"
    assert "policy-files of lictor" in output.stdout


def test_the_workspace_is_the_project_and_not_where_the_agent_stands(house, options, claude, monkeypatch):
    call = claude("Write", file_path=str(house.home / "other/x"))
    assert decision(respond(call, options)) == "deny"
    monkeypatch.setenv("CLAUDE_PROJECT_DIR", str(house.home))
    assert decision(respond(call, options)) == "none"
    assert decision(respond(call, Options([house.policy], workspace=house.repo))) == "deny"


def test_a_folder_that_is_gone_does_not_end_the_hook(options, claude, tmp_path, monkeypatch):
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()
    assert decision(respond(claude("Read", file_path="~/.ssh/id_rsa"), options)) == "deny"


def test_a_rule_that_has_expired_counts_no_more(house, options, claude):
    house.policy.write_text(house.policy.read_text().replace("id: keys,", "id: keys, expires: 2020-01-01,"))
    assert decision(respond(claude("Read", file_path="~/.ssh/id_rsa"), options)) == "none"


def test_a_policy_for_another_agent_says_nothing(house, options, claude):
    house.policy.write_text(house.policy.read_text() + "scope: { agents: [codex] }\n")
    call = claude("Read", file_path="~/.ssh/id_rsa")
    assert decision(respond(call, options)) == "none"
    assert decision(respond(call, Options([house.policy], protocol="codex"))) == "deny"


def test_several_policies_each_narrow(house, claude, tmp_path):
    more = tmp_path / "more.yaml"
    more.write_text(
        "lictor: 1\nname: more\nrules:\n  - { id: n, on: file.read, match: { path: '**/n' }, action: deny }\n"
    )
    both = Options([house.policy, more])
    assert [decision(respond(claude("Read", file_path=f), both)) for f in ("n", "~/.ssh/x", "a")] == [
        "deny",
        "deny",
        "none",
    ]


@pytest.mark.parametrize("event", ["PostToolUse", "Stop", "SessionStart", "Notification"])
def test_other_events_pass_without_a_look_at_the_policy(claude, event):
    output = respond(
        claude("Read", event, file_path="~/.ssh/id_rsa"), Options([Path("/nonexistent")], fail_closed=True)
    )
    assert output == module.Output()


@pytest.fixture
def run(house, tmp_path, monkeypatch):
    """A run that goes on with this process as its root; gives its file of reasons."""
    monkeypatch.setenv("LICTOR_RUNTIME", str(tmp_path / "runtime"))
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr(believed, "OWNER", os.geteuid())
    return Reasons(make(RunInfo("run-1", "agent", os.getpid(), 0, 0)), time.time_ns)


STOPPED = Stopped("run-1", 1, 1, "file.read", "/h/.ssh/id", "keys", "deny", "Keys are private.", "Ask the broker.")
TOLD = (
    "Lictor stopped this: file.read /h/.ssh/id (rule keys). Keys are private. Instead: Ask the broker.\n"
    "Do not try the same by another way."
)


@pytest.mark.parametrize("event", ["PostToolUse", "PostToolUseFailure"])
def test_after_a_tool_the_agent_is_told_once_what_was_stopped(run, claude, event):
    after, nothing = claude("Bash", event, command="cat k"), module.Output()
    assert respond(after, Options([])) == nothing
    run.add([STOPPED])
    output = respond(after, Options([], fail_closed=True))
    assert (output.status, output.stderr) == (0, "")
    assert json.loads(output.stdout) == {"hookSpecificOutput": {"hookEventName": event, "additionalContext": TOLD}}
    assert respond(after, Options([])) == nothing


@pytest.mark.parametrize(("agent", "event"), [("codex", "PostToolUse"), ("gemini", "AfterTool")])
def test_after_a_recorded_tool_the_agent_is_told(run, agent, event):
    lines = corpus("agent-otel", agent, "hooks", f"hook-{agent}.log").read_text().splitlines()
    calls = [json.loads(line)["input"] for line in lines]
    run.add([STOPPED])
    outputs = [respond(json.dumps(call).encode(), Options([])) for call in calls if call["hook_event_name"] == event]
    said = json.loads(outputs[0].stdout)["hookSpecificOutput"]
    assert said == {"hookEventName": event, "additionalContext": TOLD}
    assert {output.stdout for output in outputs[1:]} == {""}


def test_before_a_tool_nothing_of_it_is_told(run, options, claude):
    run.add([STOPPED])
    assert respond(claude("Read", file_path="README.md"), options) == module.Output()


@pytest.mark.parametrize("closed", [False, True])
def test_a_defect_after_a_tool_never_blocks(run, claude, monkeypatch, closed):
    def broken(_):
        raise KeyError("x")

    monkeypatch.setattr(afterwards, "afterwards", broken)
    output = respond(claude("Bash", "PostToolUse"), Options([], fail_closed=closed))
    assert (output.stdout, output.stderr, output.status) == ("", "lictor hook: KeyError: 'x'", 1)


BROKEN = [
    b"",
    b"{",
    b"null",
    b"[]",
    b"3",
    b'"x"',
    b"{}",
    b'{"hook_event_name": 3}',
    b"\xff\xfe",
    b"\0",
    b"[" * 100_000,
    b'{"a":' * 100_000,
]


@pytest.mark.parametrize("raw", BROKEN)
@pytest.mark.parametrize(("closed", "status"), [(False, 1), (True, 2)])
def test_what_cannot_be_read_fails_in_the_agents_terms(house, raw, closed, status):
    output = respond(raw, Options([house.policy], fail_closed=closed))
    assert (output.stdout, output.status) == ("", status)
    assert output.stderr.startswith("lictor hook: ")
    assert "\0" not in output.stderr


@pytest.mark.parametrize("policies", [[], [Path("/nonexistent/p.yaml")]])
def test_no_policy_is_a_failure_and_no_permission(claude, policies):
    output = respond(claude("Read", file_path="a"), Options(policies))
    assert (output.stdout, output.status) == ("", 1)
    assert "policy" in output.stderr or "cannot be read" in output.stderr


def test_a_defect_is_told_by_its_kind(options, claude, monkeypatch):
    def broken(*_):
        raise KeyError("x\x1b[2J")

    monkeypatch.setattr(module, "_answer", broken)
    output = respond(claude("Read", file_path="a"), options)
    assert (output.stdout, output.status) == ("", 1)
    assert output.stderr.startswith("lictor hook: KeyError: ")
    assert "\x1b" not in output.stderr


def test_an_input_too_large_is_refused_and_a_large_one_is_read(options, claude):
    assert decision(respond(claude("Write", file_path="/etc/x", content="x" * (8 << 20)), options)) == "deny"
    assert respond(b" " * (LARGEST + 1), options).status == 1
    assert decision(respond(claude("Bash", command="git push --force;" * 100_000), options)) == "none"


@pytest.mark.parametrize(
    "name", ["~/.ssh/schlüssel", "~/.ssh/\U0001f511", "~/.ssh/\ud800", "~/.ssh/a\u202eb", "~/.ssh/a\nb"]
)
def test_any_letter_may_stand_in_a_name(options, claude, name):
    output = respond(claude("Read", file_path=name), options)
    assert decision(output) == "deny"
    assert output.stdout.isascii()


def test_nul_names_no_file_and_hides_none(options, claude):
    assert decision(respond(claude("Read", file_path="~/.ssh/id\0_rsa"), options)) == "none"
    assert decision(respond(claude("Bash", command="git push\0 --force"), options)) == "deny"


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)
TEXT = st.text(max_size=30) | st.sampled_from(
    ["~/.ssh/id_rsa", "git push --force", "a > b; (c)", "$(", "<<x", "https://[", "\ud800"]
)
FIELD = st.sampled_from(["file_path", "path", "command", "cmd", "url", "prompt", "paths", "workdir", "notebook_path"])
CALLS = st.fixed_dictionaries(
    {
        "hook_event_name": st.sampled_from(["PreToolUse", "BeforeTool"]) | JSON,
        "tool_name": st.sampled_from(
            ["Read", "Write", "Edit", "Bash", "shell", "WebFetch", "web_fetch", "apply_patch", "Grep"]
        )
        | JSON,
        "tool_input": st.dictionaries(FIELD, TEXT | st.lists(TEXT, max_size=3) | JSON, max_size=3) | JSON,
    },
    optional={"cwd": TEXT | JSON, "turn_id": JSON},
)
PROPERTY = settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@given(CALLS | JSON)
@PROPERTY
def test_no_json_makes_it_crash_or_say_allow(options, data):
    output = respond(json.dumps(data).encode(), options)
    if output.status:
        assert (output.status, output.stdout) == (1, "")
        # Only what is no hook's JSON fails; a call always has an answer.
        assert not isinstance(data, dict) or not isinstance(data.get("hook_event_name"), str)
    elif output.stdout:
        assert json.loads(output.stdout)
        assert '"allow"' not in output.stdout
    assert output.status == 0 or output.stderr


@given(st.binary(max_size=60))
@PROPERTY
def test_no_bytes_make_it_crash(options, raw):
    assert respond(raw, options).status in (0, 1)


RECORDED = {"codex": "codex.yaml", "gemini": "gemini-cli.yaml"}


@pytest.mark.parametrize("agent", RECORDED)
def test_recorded_sessions_go_on_under_their_agents_policy(agent, house, monkeypatch):
    lines = corpus("agent-otel", agent, "hooks", f"hook-{agent}.log").read_text().splitlines()
    calls = [json.loads(line)["input"] for line in lines]
    monkeypatch.setenv("HOME", os.path.dirname(os.path.dirname(calls[0]["cwd"])))
    before = [c for c in calls if c["hook_event_name"] in ("PreToolUse", "BeforeTool")]
    assert 0 < len(before) < len(calls)
    assert {c["tool_name"] for c in before} & {"Bash", "run_shell_command"}
    for call in calls:
        assert decision(respond(json.dumps(call).encode(), Options([POLICIES / RECORDED[agent]]))) == "none"


@pytest.mark.parametrize("agent", RECORDED)
def test_recorded_calls_are_denied_by_a_policy_that_forbids_what_they_do(agent, house, tmp_path):
    policy = tmp_path / "strict.yaml"
    policy.write_text(
        "lictor: 1\nname: strict\nrules:\n"
        "  - { id: commit, on: exec, match: { argv: 'git commit*' }, action: deny, because: No commits. }\n"
        "  - { id: hello, on: file.write, match: { path: '**/hello.py' }, action: ask, because: Ask first. }\n"
    )
    lines = corpus("agent-otel", agent, "hooks", f"hook-{agent}.log").read_text().splitlines()
    denied = []
    for call in (json.loads(line)["input"] for line in lines):
        output = respond(json.dumps(call).encode(), Options([policy]))
        if decision(output) != "none":
            assert decision(output) == "deny"
            denied.append((call["tool_name"], "No commits." in output.stdout, "Ask first." in output.stdout))
    shell, edit = {"codex": ("Bash", "apply_patch"), "gemini": ("run_shell_command", "write_file")}[agent]
    assert set(denied) == {(shell, True, False), (edit, False, True)}


TABLE = [
    ("Read", {"file_path": "~/.ssh/id_rsa"}, "deny", "Let ssh, git, gh or docker"),
    ("Read", {"file_path": "~/.aws/credentials"}, "deny", "credentials of claude-code"),
    ("Read", {"file_path": "src/main.py"}, "none", ""),
    ("Edit", {"file_path": "src/main.py"}, "none", ""),
    ("Write", {"file_path": "new.py"}, "none", ""),
    ("Write", {"file_path": "/tmp/x"}, "none", ""),
    ("Write", {"file_path": "~/.bashrc"}, "deny", "persistence"),
    ("Write", {"file_path": "/opt/x"}, "deny", "default:file.write"),
    ("Write", {"file_path": "~/.claude/settings.json"}, "ask", "agent-settings"),
    ("Write", {"file_path": ".claude/settings.json"}, "deny", "project-hooks"),
    ("Write", {"file_path": "CLAUDE.md"}, "none", ""),
    ("Bash", {"command": "git push --force"}, "none", ""),
    ("Bash", {"command": "git commit --no-verify -m x"}, "none", ""),
    ("Bash", {"command": "git log > ~/.claude/settings.json"}, "deny", "agent-settings-by-tools"),
    ("Bash", {"command": "git log | tee x > /dev/null; make 2>&1"}, "none", ""),
    ("Bash", {"command": "git cat < ~/.ssh/id_rsa"}, "deny", "credentials"),
    ("Bash", {"command": "echo 'x' >> ~/.profile"}, "deny", "persistence"),
    ("Bash", {"command": "git log | (codex exec --yolo hi)"}, "deny", "unleashed-codex"),
    ("WebFetch", {"url": "https://docs.python.org/3/"}, "none", ""),
    ("WebFetch", {"url": "http://169.254.169.254/latest/meta-data"}, "deny", "cloud-metadata"),
    ("WebFetch", {"url": "http://203.0.113.9:4444/"}, "deny", "default:network"),
    ("Glob", {"pattern": "**/*.py"}, "none", ""),
]


@pytest.mark.parametrize(("tool", "given", "expected", "said"), TABLE)
def test_the_policy_for_claude_code_answers(house, claude, tool, given, expected, said):
    shutil.copy("/bin/true", house.programs / "codex")
    output = respond(claude(tool, **given), Options([POLICIES / "claude-code.yaml"]))
    assert decision(output) == expected
    assert said in output.stdout
