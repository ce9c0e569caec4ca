"""Probes of what Lictor brings itself, on folders and search paths made up for the purpose."""

import shutil
import subprocess

import pyarrow as pa
import pytest

from lictor.probes import house
from lictor.probes.check import FAIL, OK, WARN


def test_a_lake_to_be_made_is_tried_where_it_would_be(tmp_path):
    check = house.lake(tmp_path / "a" / "b")
    assert (check.state, "to be made in" in check.found) == (OK, True)
    assert list(tmp_path.iterdir()) == []


def test_a_lake_in_the_way_of_a_file_or_on_a_full_disk(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("")
    assert house.lake(tmp_path / "file" / "lake").state == FAIL
    monkeypatch.setattr(house, "LEAST_FREE", shutil.disk_usage(tmp_path).total + 1)
    assert house.lake(tmp_path).state == WARN


def test_python_names_the_libraries_in_use():
    assert f"pyarrow {pa.__version__}" in house.python().found


def test_a_missing_libbpf_is_told_with_the_package(monkeypatch):
    monkeypatch.setattr(house, "_LIBBPF", "libnothing.so.9")
    assert house.libbpf().state == FAIL
    assert "libbpf1" in house.libbpf().fix


@pytest.mark.parametrize(
    ("clang", "built", "state"), [(True, True, OK), (True, False, WARN), (False, True, OK), (False, False, FAIL)]
)
def test_the_compiler_matters_only_until_the_sensor_is_built(monkeypatch, tmp_path, clang, built, state):
    monkeypatch.setattr(house, "SENSOR", tmp_path / "sensor.bpf.o")
    if built:
        house.SENSOR.touch()
    monkeypatch.setattr(shutil, "which", lambda _: "/usr/bin/clang" if clang else None)
    monkeypatch.setattr(subprocess, "run", lambda *a, **_: subprocess.CompletedProcess(a, 0, "clang version 14\n", ""))
    check = house.compiler()
    assert (check.state, bool(check.fix)) == (state, not built)
