"""What a Windows machine is given: built for real for one Python where the package index can be reached, its rules by themselves everywhere."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
import zipfile

import pytest
import yaml
from packaging.requirements import Requirement

from tests.wine import windows_python
from tools import windows_package, winpython
from tools.windows_package import ROOT, fits, missing, needs

PYTHON = "3.11"


def wheel(folder, name, *requires, version="1.0", tag="py3-none-any"):
    path = folder / f"{name}-{version}-{tag}.whl"
    with zipfile.ZipFile(path, "w") as archive:
        lines = [f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}", *(f"Requires-Dist: {r}" for r in requires)]
        archive.writestr(f"{name}-{version}.dist-info/METADATA", "\n".join(lines) + "\n\nAbout.\n")
    return path


@pytest.mark.parametrize(
    ("name", "there"),
    [
        ("a-1-py3-none-any.whl", True),
        ("a-1-py2.py3-none-any.whl", True),
        ("a-1-cp312-cp312-win_amd64.whl", True),
        ("a-1-cp310-abi3-win_amd64.whl", True),
        ("a-1-py3-none-win_amd64.whl", True),
        ("a-1-cp313-abi3-win_amd64.whl", False),
        ("a-1-cp311-cp311-win_amd64.whl", False),
        ("a-1-cp312-cp312-win_arm64.whl", False),
        ("a-1-cp312-cp312-manylinux_2_28_x86_64.whl", False),
        ("a-1-cp312-cp312t-win_amd64.whl", False),
        ("a-1-py2-none-any.whl", False),
    ],
)
def test_which_wheels_a_windows_python_can_install(name, there):
    assert fits(name, "3.12") is there


def test_conditions_are_those_of_windows_and_not_of_this_machine(tmp_path):
    made = wheel(
        tmp_path,
        "a",
        "b>=1; sys_platform == 'win32'",
        "c; platform_system == 'Linux'",
        "d; extra == 'more'",
        "e; python_version < '3.12'",
    )
    assert sorted(map(str, needs(made, "3.11"))) == ["b>=1", "e"]
    assert sorted(map(str, needs(made, "3.12", ["more"]))) == ["b>=1", "d"]


def test_what_is_missing_is_found_also_behind_what_is_there(tmp_path):
    wheel(tmp_path, "lictor", "b", "Under-Score")
    wheel(tmp_path, "b", "c>=2", "d[x]")
    wheel(tmp_path, "under_score")
    wheel(tmp_path, "d", "e; extra == 'x'", "f; extra == 'y'")
    assert missing(tmp_path, "lictor", PYTHON) == ["c>=2", "e"]
    wheel(tmp_path, "c", version="1.9")
    wheel(tmp_path, "e", tag="cp312-cp312-win_amd64")
    assert missing(tmp_path, "lictor", PYTHON) == ["c>=2", "e"]
    wheel(tmp_path, "c", version="2.1")
    assert missing(tmp_path, "lictor", "3.12") == []


def test_hashes_are_those_that_sha256sum_reads_with_names_as_windows_has_them(tmp_path):
    (tmp_path / "wheels").mkdir()
    (tmp_path / "wheels" / "a").write_bytes(b"a")
    (tmp_path / "SHA256SUMS").touch()
    assert list(windows_package.hashes(tmp_path)) == [f"{hashlib.sha256(b'a').hexdigest()} *wheels\\a"]


@pytest.fixture(scope="module")
def package(tmp_path_factory):
    try:
        return windows_package.build(tmp_path_factory.mktemp("package"), [PYTHON])
    except subprocess.CalledProcessError as error:
        if "download" in error.cmd or "wheel" in error.cmd:
            pytest.skip("no package: its wheels cannot be downloaded from the package index")
        raise


def test_the_package_is_whole(package):
    (own,) = (package / "wheels").glob("lictor-*.whl")
    assert missing(package / "wheels", "lictor", PYTHON) == []
    names = {Requirement(str(r)).name.lower() for r in needs(own, PYTHON)}
    assert {"pywin32", "pywintrace", "pyarrow", "duckdb"} <= names
    held = {p.name.split("-")[0].lower().replace("_", "-") for p in (package / "wheels").iterdir()}
    assert names - {"pyyaml"} <= held
    assert {"colorama", "tzdata", "pyyaml"} & held >= {
        "colorama",
        "pyyaml",
    }  # click's on Windows, which pip on Linux leaves out
    assert all(fits(p.name, PYTHON) for p in (package / "wheels").iterdir())


def test_the_wheel_has_what_the_tree_has_and_nothing_that_an_earlier_build_left(package):
    (own,) = (package / "wheels").glob("lictor-*.whl")
    with zipfile.ZipFile(own) as archive:
        held = set(archive.namelist())
    assert {"lictor/winservice/__main__.py", "queries/__init__.py", "enforcer/windows/accesslist.py"} <= held
    assert not [n for n in held if n.startswith(("tests/", "build/", "tools/")) or n.endswith(".o")]
    gone = [n for n in held if n.endswith((".py", ".sql", ".yaml")) and not (ROOT / n).is_file()]
    assert gone == []


def test_scripts_policy_and_hashes_are_beside_the_wheels(package):
    told = json.loads((package / "package.json").read_text())
    assert told == {"version": windows_package.version(), "pythons": [PYTHON]}
    assert f"'{told['version']}'" in (package / "detect.ps1").read_text()
    assert all(b"\r\n" in (package / f"{name}.ps1").read_bytes() for name in ("install", "uninstall", "detect"))
    assert yaml.safe_load((package / "policies" / "observe.yaml").read_text())["mode"] == "audit"
    lines = (package / "SHA256SUMS").read_text().splitlines()
    assert lines == list(windows_package.hashes(package))
    assert len(lines) == sum(p.is_file() for p in package.rglob("*")) - 1


@pytest.fixture(scope="module")
def windows(package, tmp_path_factory):
    """Function: a Windows Python under Wine, in an environment of its own beside the tools' packages; and the wheel of pip."""
    made = windows_python()
    folder = tmp_path_factory.mktemp("windows")
    pip = [sys.executable, "-m", "pip", "download", "-q", "--no-deps", "--dest", str(folder), "pip"]
    subprocess.run(pip, check=True, stdin=subprocess.DEVNULL)
    (installer,) = folder.glob("pip-*.whl")
    (folder / "site").mkdir()

    def run(*words, extra=None):
        return winpython.run(made, words, extra=extra)

    return run, winpython.windows_path(installer) + "\\pip", folder / "site"


def test_pip_on_windows_finds_all_that_it_needs_in_the_package(package, windows):
    run, pip, _site = windows
    wheels = winpython.windows_path(package / "wheels")
    options = ("--no-index", "--find-links", wheels, "--disable-pip-version-check")
    done = run(pip, "install", "--dry-run", "--ignore-installed", *options, "lictor")
    assert done.returncode == 0, done.stdout + done.stderr
    taken = done.stdout.partition("Would install ")[2]
    wanted = {p.name.split("-")[0].lower().replace("_", "-") for p in (package / "wheels").iterdir()}
    assert {name.rpartition("-")[0].lower().replace("_", "-") for name in taken.split()} == wanted


def test_lictor_runs_from_the_packages_wheel(package, windows):
    run, pip, site = windows
    (own,) = (package / "wheels").glob("lictor-*.whl")
    target = winpython.windows_path(site)
    done = run(
        pip, "install", "--no-deps", "--no-index", "--no-compile", "--target", target, winpython.windows_path(own)
    )
    assert done.returncode == 0, done.stdout + done.stderr
    done = run("-P", "-m", "lictor", "doctor", "--format", "json", extra={"PYTHONPATH": target})
    checks = {check["name"]: check["state"] for check in json.loads(done.stdout)}
    assert checks["Windows"] in {"ok", "warn"}, done.stderr
    assert checks["service"] == "warn"  # none is installed there
    assert checks["source portable"] == "ok", checks
