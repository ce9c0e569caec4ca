"""The ready-made policies: valid, their own tests pass, and what matters comes out as this table says.

The table is written from what agents do and what is done to them (peers' negative tests, our threat model), not from the
policies. An agent must be able to do its job under each of them; a theft, a planted file or a loosened leash must be stopped.
"""

from __future__ import annotations

import functools
from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from pipeline.policy.compile import RunContext, compile_policies
from pipeline.policy.context import in_scope
from pipeline.policy.decide import Decider
from pipeline.policy.explain import explain_enforcement
from pipeline.policy.kernel import kernel_plan
from pipeline.policy.load import read_policies
from pipeline.policy.model import Scope, TestEvent
from pipeline.policy.testing import facts_of, run_tests

FOLDER = Path(__file__).parents[2] / "policies"
SIGNATURES = FOLDER.parent / "collectors" / "signatures.yaml"
FILES = sorted(FOLDER.rglob("*.yaml"))
AGENTS = {"claude-code": "node", "codex": "codex", "gemini-cli": "node", "opencode": "opencode", "aider": "python3.11"}
"""Policies for one agent each, and the program that it is on the outside."""

HOME, WORK = "/home/dev", "/home/dev/repo"
CONTEXT = RunContext(WORK, HOME, {}, "dev", "box", "codex")
STOPS = {"ask", "deny", "freeze", "quarantine", "isolate", "kill"}


@functools.cache
def policy_of(name):
    return read_policies([FOLDER / f"{name}.yaml"])[0]


@functools.cache
def program_of(name):
    policy = policy_of(name)
    return compile_policies([replace(policy, scope=Scope())], CONTEXT)


@functools.cache
def decider_of(name):
    return Decider(program_of(name))


def verdict(name, **event):
    """What a policy says of one event."""
    decider = decider_of(name)
    return decider.decide(facts_of(TestEvent(**event), decider, CONTEXT)).verdict


def ids(file):
    return str(file.relative_to(FOLDER))


@pytest.mark.parametrize("file", FILES, ids=ids)
def test_is_valid_and_compiles(file):
    (policy,) = read_policies([file])
    compile_policies([replace(policy, scope=Scope())], CONTEXT)


@pytest.mark.parametrize("file", FILES, ids=ids)
def test_its_own_tests_pass(file):
    (policy,) = read_policies([file])
    failed = [f"{r.place}: {r.text}" for r in run_tests(policy, CONTEXT) if not r.passed]
    assert not failed, "\n".join(failed)


@pytest.mark.parametrize("name", [*AGENTS, "default"])
def test_has_tests_of_every_kind(name):
    tests = policy_of(name).tests
    assert {"allow", "audit", "ask", "deny", "freeze"} <= {t.expect for t in tests}
    assert sum(t.events is not None for t in tests) >= 3


JOB = [
    {"on": "file.write", "path": f"{WORK}/src/a.py"},
    {"on": "file.rename", "path": f"{WORK}/.a.swp", "path_to": f"{WORK}/a"},
    {"on": "file.delete", "path": f"{WORK}/build/a.o"},
    {"on": "file.chmod", "path": f"{WORK}/run.sh"},
    {"on": "file.write", "path": f"{WORK}/.git/index.lock", "exe": "/usr/bin/git"},
    {"on": "file.symlink", "path": "../a", "path_to": f"{WORK}/node_modules/.bin/a", "exe": "/usr/bin/node"},
    *(
        {"on": "file.write", "path": p}
        for p in (
            "/tmp/x", "/var/tmp/x", "/dev/null", "/dev/tty", "/dev/ptmx", "/dev/pts/0", "/dev/shm/sem.x", "/proc/self/comm", "/proc/self/uid_map",
            "/proc/self/fd/1", "/run/user/1000/x", f"{HOME}/.npm/_logs/x", f"{HOME}/.cache/pip/x", f"{HOME}/.cache/uv/x", f"{HOME}/.cache/go-build/x",
            f"{HOME}/.cargo/registry/x", f"{HOME}/.rustup/toolchains/x", f"{HOME}/go/pkg/mod/x", f"{HOME}/.gradle/caches/x", f"{HOME}/.m2/repository/x",
            f"{HOME}/.local/share/pnpm/store/x", f"{HOME}/.local/share/uv/x", f"{HOME}/.bun/install/x", f"{HOME}/.nuget/packages/x", f"{HOME}/.bash_history",
        )
    ),
    {"on": "file.write", "path": f"{HOME}/.config/git/config"},
    {"on": "file.rename", "path": f"{HOME}/.gitconfig.lock", "path_to": f"{HOME}/.gitconfig", "exe": "/usr/bin/git"},
    {"on": "file.write", "path": f"{HOME}/.gnupg/trustdb.gpg", "exe": "/usr/bin/gpg"},
    {"on": "file.read", "path": f"{HOME}/.gnupg/private-keys-v1.d/x.key", "exe": "/usr/bin/gpg-agent"},
    *({"on": "file.read", "path": p} for p in ("/etc/passwd", "/etc/hosts", "/etc/resolv.conf", "/etc/ssl/certs/ca-certificates.crt", "/proc/cpuinfo", "/sys/fs/cgroup/cpu.max", f"{HOME}/.ssh/config", f"{HOME}/.ssh/known_hosts", f"{HOME}/.gitconfig", f"{HOME}/.bashrc", "/usr/lib/x.so")),
    *({"on": "exec", "path": f"/usr/bin/{c.split()[0]}", "argv": c} for c in ("git push origin x", "npm install", "cargo build", "pytest -q", "docker ps", "make", "bash -c ls", "python3 -m http.server")),
    {"on": "net.connect", "dst_ip": "127.0.0.1", "dst_port": 3000},
    {"on": "net.connect", "dst_ip": "::1", "dst_port": 11434},
    {"on": "net.connect", "dst_ip": "2606:4700::1111", "dst_port": 443},
    {"on": "net.send", "dst_ip": "1.1.1.1", "dst_port": 443},
    {"on": "net.send", "dst_ip": "127.0.0.53", "dst_port": 53},
    {"on": "net.send", "dst_ip": "192.168.1.1", "dst_port": 53},
    {"on": "net.connect", "dst_ip": "140.82.121.4", "dst_port": 22, "exe": "/usr/bin/ssh"},
    {"on": "net.listen", "src_ip": "127.0.0.1", "src_port": 5173},
    {"on": "net.listen", "src_ip": "0.0.0.0", "src_port": 8080},
    {"on": "net.connect", "path": "/tmp/ssh-x/agent.1", "protocol": "unix", "exe": "/usr/bin/ssh"},
    {"on": "net.connect", "path": "/run/dbus/system_bus_socket", "protocol": "unix"},
    {"on": "net.connect", "path": "/tmp/.X11-unix/X0", "protocol": "unix"},
]  # fmt: skip
"""What a session does all day."""

HARM = [
    *({"on": "file.read", "path": p} for p in (f"{HOME}/.ssh/id_rsa", f"{HOME}/.aws/credentials", f"{HOME}/.config/gcloud/application_default_credentials.json", f"{HOME}/.kube/config", f"{HOME}/.netrc", f"{HOME}/.git-credentials", f"{HOME}/.config/gh/hosts.yml", f"{HOME}/.docker/config.json", f"{HOME}/.password-store/x.gpg", "/etc/shadow", f"{HOME}/.mozilla/firefox/x/logins.json", f"{HOME}/.config/google-chrome/Default/Cookies", "/dev/mem")),
    *({"on": "file.write", "path": p} for p in (f"{HOME}/.bashrc", f"{HOME}/.zshenv", f"{HOME}/.profile", f"{HOME}/.ssh/authorized_keys", f"{HOME}/.ssh/config", f"{HOME}/.config/autostart/x.desktop", f"{HOME}/.config/systemd/user/x.timer", "/etc/cron.d/x", "/etc/ld.so.preload", "/etc/profile.d/x.sh", "/etc/systemd/system/x.service", "/etc/sudoers.d/x", "/etc/hosts", "/usr/local/bin/git", f"{HOME}/Documents/x", f"{HOME}/other-repo/x")),
    *({"on": "file.write", "path": p} for p in ("/etc/lictor/policy.yaml", "/var/lib/lictor/x", "/sys/fs/bpf/x", "/proc/sys/kernel/core_pattern", "/proc/sysrq-trigger", "/var/log/auth.log")),
    *({"on": "file.write", "path": p} for p in (f"{HOME}/.claude/settings.json", f"{WORK}/.claude/settings.json", f"{WORK}/.mcp.json", f"{HOME}/.codex/config.toml", f"{HOME}/.gemini/settings.json", f"{WORK}/.gemini/settings.json", f"{HOME}/.config/opencode/opencode.json", f"{HOME}/.aider.conf.yml", f"{WORK}/.vscode/tasks.json", f"{HOME}/.cursor/mcp.json", "/etc/claude-code/managed-settings.json", "/etc/codex/requirements.toml")),
    {"on": "file.rename", "path": f"{WORK}/x", "path_to": f"{HOME}/.bashrc"},
    {"on": "file.link", "path": f"{WORK}/x", "path_to": f"{HOME}/.ssh/authorized_keys"},
    {"on": "file.rename", "path": f"{WORK}/x", "path_to": f"{HOME}/.claude/settings.json"},
    {"on": "exec", "path": "/usr/bin/crontab", "argv": "crontab x"},
    {"on": "exec", "path": "/usr/bin/systemd-run", "argv": "systemd-run --user x"},
    {"on": "net.connect", "dst_ip": "169.254.169.254", "dst_port": 80},
    {"on": "net.connect", "dst_ip": "::ffff:169.254.169.254", "dst_port": 80},
    {"on": "net.connect", "dst_ip": "203.0.113.5", "dst_port": 4444},
    {"on": "net.connect", "dst_ip": "203.0.113.5", "dst_port": 22},
    {"on": "net.connect", "dst_ip": "192.168.1.20", "dst_port": 445},
    {"on": "net.send", "dst_ip": "203.0.113.5", "dst_port": 9999},
]  # fmt: skip
"""What must not happen, whoever asks for it."""


@pytest.mark.parametrize("name", [*AGENTS, "default"])
def test_the_job_goes_on(name):
    exe = f"/usr/bin/{AGENTS.get(name, 'node')}"
    stopped = [
        e for event in JOB if verdict(name, **(e := {"exe": exe, **event} if event["on"] != "exec" else event)) in STOPS
    ]
    assert not stopped


@pytest.mark.parametrize("name", [*AGENTS, "default"])
@pytest.mark.parametrize("exe", ["/usr/bin/bash", "/usr/bin/node", "/usr/bin/python3.11"])
def test_harm_is_stopped_whichever_program_does_it(name, exe):
    passed = [
        e
        for event in HARM
        if verdict(name, **(e := {"exe": exe, **event} if event["on"] != "exec" else event)) not in STOPS
    ]
    assert not passed


TOKENS = {
    "claude-code": f"{HOME}/.claude/.credentials.json",
    "codex": f"{HOME}/.codex/auth.json",
    "gemini-cli": f"{HOME}/.gemini/oauth_creds.json",
    "opencode": f"{HOME}/.local/share/opencode/auth.json",
    "aider": f"{HOME}/.aider/oauth-keys.env",
}
UNLEASHED = {
    "claude-code": "node /usr/bin/claude --dangerously-skip-permissions",
    "codex": "codex exec --dangerously-bypass-approvals-and-sandbox x",
    "gemini-cli": "node /usr/bin/gemini --yolo",
    "opencode": "opencode run --dangerously-skip-permissions x",
    "aider": "python3.11 -m aider --yes-always",
}


@pytest.mark.parametrize("name", AGENTS)
@pytest.mark.parametrize("other", AGENTS)
def test_tokens_and_flags_are_an_agents_own(name, other):
    read = verdict(name, on="file.read", path=TOKENS[other], exe="/usr/bin/node")
    run = verdict(name, on="exec", path="/usr/bin/x", argv=UNLEASHED[other])
    assert (read, run) == (("allow", "audit") if name == other else ("deny", "deny"))


@pytest.mark.parametrize("other", AGENTS)
def test_the_default_policy_notes_both(other):
    assert verdict("default", on="file.read", path=TOKENS[other], exe="/usr/bin/node") == "audit"
    assert verdict("default", on="exec", path="/usr/bin/x", argv=UNLEASHED[other]) == "audit"


def test_each_policy_is_for_the_agent_of_its_name():
    known = {row["agent"] for row in yaml.safe_load(SIGNATURES.read_text())["agents"]}
    for name in AGENTS:
        policy = policy_of(name)
        assert policy.scope.agents == (name,)
        assert name in known
        assert in_scope(policy, replace(CONTEXT, agent=name))
        assert not in_scope(policy, replace(CONTEXT, agent="somebody-else"))
    assert in_scope(policy_of("default"), replace(CONTEXT, agent="somebody-else"))


@pytest.mark.parametrize("name", [*AGENTS, "default"])
def test_who_is_stopped_is_told_why(name):
    for rule in policy_of(name).rules:
        assert rule.title, rule.id
        if rule.action in STOPS:
            assert rule.because, rule.id
            assert rule.attack or rule.atlas, rule.id
            assert rule.severity in ("high", "critical"), rule.id


@pytest.mark.parametrize("name", [*AGENTS, "default"])
def test_what_counts_is_decided_in_the_kernel(name):
    """The denies at once; the default for writing too, but for the two policies whose agent writes under made-up names."""
    program = program_of(name)
    plan = kernel_plan(program)
    assert {
        "credentials",
        "browser-data",
        "persistence",
        "guard",
        "agent-settings",
        "cloud-metadata",
        "schedulers",
    } <= {r.id for r in plan.rules}
    assert plan.defaults["net.connect"] == "deny"
    assert plan.defaults.get("file.write") == (None if name in ("claude-code", "default") else "deny")


@pytest.mark.parametrize("name", [*AGENTS, "default"])
def test_every_rule_that_stops_is_carried_out_somewhere(name):
    program = program_of(name)
    told = {row.rule for row in explain_enforcement(program)}
    assert {rule.id for rule in program.rules if rule.action in STOPS} <= told
