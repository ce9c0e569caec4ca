"""The service with the real sensor: runs begin, are judged, and end; what they leave in the lake."""

from __future__ import annotations

import os
import subprocess
import time

import pytest

from collectors.interface import CollectorError
from enforcer.linux import kernel
from lictor import service as service_module
from lictor.context import local_context
from lictor.enforcing import installing
from lictor.errors import LictorError
from lictor.service import Service, Settings, cgroup_mount
from pipeline.lake.errors import LakeError
from pipeline.lake.reader import Lake
from pipeline.policy.load import load_policy

pytestmark = pytest.mark.kernel

POLICY = """\
lictor: 1
name: {name}
mode: {mode}
rules:
  - {{ id: {rule}, on: file.read, match: {{ path: "{path}" }}, action: deny }}
"""


def policy(path, *, name="p", rule="secret", mode="enforce"):
    return load_policy(POLICY.format(path=path, name=name, rule=rule, mode=mode), "p.yaml")


@pytest.fixture
def serving(tmp_path):
    """Function: an open service; closed after the test."""
    made = []

    def make(*policies, **options):
        service = Service(Settings(tmp_path / "lake", policies, **options), report=told.append)
        service.told = told
        service.open()
        made.append(service)
        return service

    told: list[str] = []
    yield make
    for service in made:
        service.close()


@pytest.fixture
def held():
    """Function: a command that waits for a line before it starts."""
    made = []

    def start(*command):
        child = subprocess.Popen(
            ("sh", "-c", 'read _ && exec "$@"', "sh", *command), stdin=subprocess.PIPE, stdout=subprocess.DEVNULL
        )
        made.append(child)
        return child

    yield start
    for child in made:
        child.kill()
        child.wait()


def go(child):
    child.stdin.write(b"go\n")
    child.stdin.close()


def asked(lake, sql):
    return Lake(lake).query(sql).to_pylist()


def test_a_run_from_begin_to_end(serving, held, tmp_path):
    secret = tmp_path / "secret"
    secret.write_text("x")
    service, child = serving(policy(os.path.realpath(secret))), held("cat", str(secret))
    live = service.begin(child.pid, local_context("tester"), "cat secret", uid=os.getuid())
    assert service.survivors(live.number) == [(child.pid, live.root_key)]
    go(child)
    service.serve(lambda: child.poll() is not None)
    service.end(live, child.returncode)
    assert service.survivors(live.number) == []
    assert service.runs == {}
    service.close()
    lake = tmp_path / "lake"
    (row,) = asked(
        lake, f"SELECT * FROM activity WHERE path = '{os.path.realpath(secret)}' AND operation = 'file.read'"
    )
    assert (row["verdict"], row["rule"], row["policy"], row["agent"], row["agent_run"]) == (
        "deny",
        "secret",
        "p",
        "tester",
        live.id,
    )
    assert (row["enforced_at"], row["enforcement"]) == ("kernel", "confirmed")
    runs = asked(lake, "SELECT state, events, denied, lost, exit_code FROM run_log ORDER BY time, state DESC")
    assert [r["state"] for r in runs] == ["started", "ended"]
    assert (runs[1]["denied"], runs[1]["lost"], runs[1]["exit_code"]) == (1, 0, -9)
    (total,) = asked(lake, "SELECT count(*) AS n FROM activity")
    assert runs[1]["events"] == total["n"] > 1
    actions = asked(lake, "SELECT action, phase, enforcement FROM actions ORDER BY action, phase")
    assert [tuple(row.values()) for row in actions] == [
        ("deny", "intent", None), ("deny", "result", "confirmed"), ("warn", "intent", None), ("warn", "result", "confirmed"),
    ]  # fmt: skip
    (coverage,) = asked(
        lake, "SELECT sum(emitted) - sum(delivered) - sum(lost) AS gap, sum(lost) AS lost FROM coverage"
    )
    assert (coverage["gap"], coverage["lost"]) == (0, 0)
    assert asked(lake, "SELECT count(*) AS n FROM processes WHERE exe LIKE '%/cat'") == [{"n": 1}]


def test_the_start_of_a_run_is_durable_before_its_command_starts(serving, held, tmp_path):
    service, child = serving(), held("true")
    live = service.begin(child.pid, local_context("tester"), "true", uid=os.getuid())
    assert asked(tmp_path / "lake", "SELECT run, state, mode FROM run_log") == [
        {"run": live.id, "state": "started", "mode": "none"}
    ]


def test_two_runs_have_policies_of_their_own(serving, held, tmp_path):
    """Same service, same policies; what each stands for follows from the run's own context."""
    text = 'lictor: 1\nname: p\nrules:\n  - { id: own, on: file.read, match: { path: "${workspace}/secret" }, action: deny }\n'
    service, lives, children = serving(load_policy(text, "p.yaml")), [], []
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "secret").write_text(name)
    for name, other in (("one", "two"), ("two", "one")):
        child = held("cat", str(tmp_path / other / "secret"), str(tmp_path / name / "secret"))
        context = local_context(name)
        context = type(context)(
            os.path.realpath(tmp_path / name), context.home, context.env, context.user, context.host, name
        )
        lives.append(service.begin(child.pid, context, "cat", uid=os.getuid()))
        children.append(child)
    assert lives[0].installed.scope != lives[1].installed.scope
    for child in children:
        go(child)
    service.serve(lambda: all(c.poll() is not None for c in children))
    assert [c.returncode for c in children] == [-9, -9]
    for live, name in zip(lives, ("one", "two"), strict=True):
        assert live.denials == {("file.read", f"{os.path.realpath(tmp_path)}/{name}/secret", "own"): 1}
        service.end(live, None)


def test_audit_mode_stops_nothing_and_says_what_would_have_been(serving, held, tmp_path):
    secret = tmp_path / "secret"
    secret.write_text("x")
    service, child = serving(policy(os.path.realpath(secret)), audit=True), held("cat", str(secret))
    live = service.begin(child.pid, local_context("tester"), "cat", uid=os.getuid())
    go(child)
    service.serve(lambda: child.poll() is not None)
    service.end(live, 0)
    assert (child.returncode, live.denied, live.enforce) == (0, 1, False)
    service.close()
    assert asked(tmp_path / "lake", "SELECT count(*) AS n FROM actions") == [{"n": 0}]
    assert asked(tmp_path / "lake", "SELECT action, enforced_at FROM activity WHERE verdict = 'deny'") == [
        {"action": None, "enforced_at": None}
    ]


def test_a_file_that_comes_later_is_protected_after_the_next_look(serving, held, tmp_path, monkeypatch):
    """Its hard link is too: only the inode tells."""
    monkeypatch.setattr(service_module, "REFRESH_S", 0.05)
    secret, link = tmp_path / "secret", tmp_path / "link"
    service, child = serving(policy(os.path.realpath(secret))), held("cat", str(link))
    live = service.begin(child.pid, local_context("tester"), "cat", uid=os.getuid())
    secret.write_text("x")
    link.hardlink_to(secret)
    until = time.monotonic() + 0.3
    service.serve(lambda: time.monotonic() > until)
    go(child)
    service.serve(lambda: child.poll() is not None)
    assert child.returncode == -9
    service.end(live, None)


def test_a_policy_that_applies_to_others_is_told_and_stops_nothing(serving, held, tmp_path):
    text = f"lictor: 1\nname: others\nscope: {{ agents: [somebody] }}\nrules:\n  - {{ id: x, on: file.read, match: {{ path: '{tmp_path}/**' }}, action: deny }}\n"
    service, child = serving(load_policy(text, "p.yaml")), held("true")
    service.begin(child.pid, local_context("tester"), "true", uid=os.getuid())
    assert any("others does not apply here" in line for line in service.told)


def test_no_more_policies_than_the_sensor_holds(serving, held, monkeypatch):
    monkeypatch.setattr(installing, "SCOPES", 2)
    service = serving(policy("/x"))
    service.begin(held("true").pid, local_context("a"), "true", uid=os.getuid())
    with pytest.raises(LictorError, match="holds 1 policies at a time"):
        service.begin(held("true").pid, local_context("b"), "true", uid=os.getuid())


def test_scope_numbers_are_used_again(serving, held):
    service = serving(policy("/x"))
    scopes = []
    for _ in range(2):
        live = service.begin(held("true").pid, local_context("a"), "true", uid=os.getuid())
        scopes.append(live.installed.scope)
        service.end(live, 0)
    assert scopes == [1, 1]
    assert kernel.SCOPES == 256


def test_a_process_that_is_gone_cannot_become_a_run(serving):
    child = subprocess.Popen(["true"])
    child.wait()
    with pytest.raises((CollectorError, ProcessLookupError)):
        serving().begin(child.pid, local_context("a"), "true", uid=os.getuid())


def test_a_lake_that_cannot_be_written_is_refused(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(LakeError):
        Service(Settings(tmp_path / "file"), report=print)


def test_coverage_is_written_while_a_run_goes_on(serving, held, tmp_path, monkeypatch):
    monkeypatch.setattr(service_module, "COVERAGE_S", 0.05)
    service = serving()
    live = service.begin(held("true").pid, local_context("a"), "true", uid=os.getuid())
    until = time.monotonic() + 0.3
    service.serve(lambda: time.monotonic() > until)
    service.end(live, 0)
    service.close()
    (found,) = asked(tmp_path / "lake", "SELECT count(DISTINCT until) AS n FROM coverage WHERE class = 'file'")
    assert found["n"] >= 3


def test_look_is_called_between_batches(serving):
    service, looked = serving(), []
    until = time.monotonic() + 0.25
    service.serve(lambda: time.monotonic() > until, lambda: looked.append(1))
    assert looked


def test_close_takes_policies_out_and_is_safe_twice(serving, held, tmp_path):
    secret = tmp_path / "secret"
    secret.write_text("x")
    service, child = serving(policy(os.path.realpath(secret))), held("cat", str(secret))
    service.begin(child.pid, local_context("a"), "cat", uid=os.getuid())
    service.close()
    go(child)
    assert child.wait() == 0
    service.close()


def test_cgroup_mount_is_where_the_system_has_it():
    mounted = subprocess.run(
        ["findmnt", "-t", "cgroup2", "-n", "-o", "TARGET"], stdout=subprocess.PIPE, text=True, check=False
    )
    found = cgroup_mount()
    assert (str(found) in mounted.stdout.split()) if found else not mounted.stdout.strip()
