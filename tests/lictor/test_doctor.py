"""The examination as a whole: no probe can stop it, and what is needed decides."""

from functools import partial

import pytest

from lictor import doctor
from lictor.probes.check import FAIL, OK, WARN, Check


def fine():
    return ("one", OK, "there", "", "")


def broken_probe():
    raise RuntimeError("oops")


def with_less(what):
    return Check(what, WARN, "less", "costs", "fix")


def test_a_broken_probe_is_a_failed_check_and_stops_no_other():
    checks = doctor.examine([broken_probe, fine, partial(with_less, "x")])
    assert [(c.name, c.state) for c in checks] == [("broken probe", FAIL), ("one", OK), ("x", WARN)]
    assert "RuntimeError: oops" in checks[0].found


@pytest.mark.parametrize(
    ("states", "healthy", "text"),
    [
        ([OK], True, "all is well"),
        ([OK, WARN], True, "works, with less: c1"),
        ([FAIL, WARN], False, "needed and missing: c0"),
    ],
)
def test_only_what_is_needed_decides(states, healthy, text):
    checks = [Check(f"c{n}", s, "") for n, s in enumerate(states)]
    assert doctor.healthy(checks) is healthy
    assert doctor.summary(checks) == text
    assert doctor.as_table(checks).column("state").to_pylist() == states


@pytest.mark.parametrize(("other", "state"), [(OK, WARN), (WARN, FAIL)])
def test_what_the_sensor_lacks_is_a_warning_where_another_source_can_be_used(other, state):
    checks = [
        Check("bpf(2)", FAIL, "x"),
        Check("source portable", other, "x"),
        Check("lake", FAIL, "x"),
        Check("BTF", OK, "x"),
    ]
    assert [c.state for c in doctor.eased(checks)] == [state, other, FAIL, OK]


def test_names_of_the_sensors_checks_are_names_of_checks(tmp_path):
    assert {c.name for c in doctor.examine(doctor.probes(tmp_path))} >= set(doctor.FOR_SENSOR)


def test_every_probe_of_this_machine_answers(tmp_path):
    checks = doctor.examine(doctor.probes(tmp_path))
    assert len({c.name for c in checks}) == len(checks)
    assert not [c for c in checks if "the probe itself broke" in c.found]
    assert all(c.fix and c.costs for c in checks if c.state != OK)
    assert not any("\n" in field for c in checks for field in c)


def test_probes_of_the_sensor_join_when_it_has_some(monkeypatch, tmp_path):
    module = tmp_path / "sensor_probes_made_up.py"
    module.write_text("PROBES = [lambda: ('sensor', 'ok', 'loaded', '', '')]\n")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(doctor, "SENSOR_PROBES", "sensor_probes_made_up")
    assert "sensor" in {c.name for c in doctor.examine(doctor._sensor_probes())}
