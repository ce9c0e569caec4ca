"""The command around the probes: its forms and its exit status."""

import json

import pytest

from lictor import doctor
from lictor.probes.check import FAIL, OK, Check


@pytest.mark.parametrize(("state", "status"), [(OK, 0), (FAIL, 1)])
def test_exit_status_follows_what_is_needed(lictor, monkeypatch, state, status):
    monkeypatch.setattr(doctor, "probes", lambda _: [lambda: Check("one", state, "found", "costs", "fix")])
    ended = lictor("doctor")
    assert ended.status == status
    assert ended.err.strip() == ("all is well" if state == OK else "needed and missing: one")


def test_this_machine_as_json(lictor, tmp_path):
    rows = json.loads(lictor("doctor", "--lake", tmp_path, "--format", "json").out)
    assert {"kernel", "BTF", "ring buffer", "cgroup v2", "Landlock", "lake"} <= {r["name"] for r in rows}
    assert {r["state"] for r in rows} <= {"ok", "warn", "fail"}
    assert all(set(r) == {"name", "state", "found", "costs", "fix"} for r in rows)
