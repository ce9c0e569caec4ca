"""Builds what a Windows machine is given: ``build/windows/Lictor-<version>/`` with every wheel, the scripts, a policy and their hashes.

::

    wheels/            Lictor's own wheel and all that it needs there, for each Python that is named
    policies/          what becomes the service's policies; replace it with your own
    install.ps1, uninstall.ps1, detect.ps1
    package.json       version, and the Pythons that there are wheels for
    SHA256SUMS         hash and name of every other file

pip evaluates the conditions of requirements (``sys_platform == 'win32'``) for the machine that it runs on, whatever ``--platform`` says; so on Linux it
would leave out what only Windows needs. Here they are evaluated for Windows, from the wheels themselves, until nothing is missing.
Use: ``python -m tools.windows_package [--python 3.12] [--policies FOLDER] [--extra export]``.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import shutil
import subprocess
import sys
import tempfile
import tomllib
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from email.parser import HeaderParser
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name, parse_wheel_filename

ROOT = Path(__file__).resolve().parents[1]
SCRIPTS = ROOT / "deploy" / "windows"
POLICIES = (ROOT / "policies" / "observe.yaml",)
"""What a first machine gets: it records and stops nothing."""

PYTHONS = ("3.11", "3.12", "3.13")
SOURCES = ("lictor", "collectors", "pipeline", "enforcer", "queries", "dashboards")
BESIDE = ("pyproject.toml", "README.md", "LICENSE", "LICENSE-GPL-2.0")
LEFT_OUT = ("__pycache__", "*.o", "*.so")

PATIENCE_S = 420
_ROUNDS = 10


def version() -> str:
    """Lictor's, from pyproject.toml."""
    return str(tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"])


def environment(python: str) -> dict[str, str]:
    """What markers of requirements ask, as a 64-bit Windows answers it (PEP 508)."""
    return {
        "os_name": "nt", "sys_platform": "win32", "platform_system": "Windows", "platform_machine": "AMD64",
        "platform_python_implementation": "CPython", "implementation_name": "cpython", "platform_release": "10",
        "platform_version": "10.0.19045", "python_version": python, "python_full_version": f"{python}.0",
        "implementation_version": f"{python}.0",
    }  # fmt: skip


def needs(wheel: Path, python: str, extras: Iterable[str] = ()) -> list[Requirement]:
    """What a wheel needs on Windows, without markers: read off its metadata."""
    told = HeaderParser().parsestr(_metadata(wheel)).get_all("Requires-Dist") or []
    return [_bare(r) for r in map(Requirement, told) if _applies(r, environment(python), ("", *extras))]


def missing(wheels: Path, own: str, python: str, extras: Sequence[str] = ()) -> list[str]:
    """Requirements of Lictor, and of what it needs, that no wheel of the folder satisfies for this Python; sorted, each once."""
    there = {}
    for path in sorted(wheels.glob("*.whl")):
        if fits(path.name, python):
            there.setdefault(canonicalize_name(path.name.split("-")[0]), []).append(path)
    wanted, seen, lacking = [(own, tuple(extras))], set(), set()
    while wanted:
        name, some = wanted.pop()
        for wheel in there.get(canonicalize_name(name), []):
            for need in needs(wheel, python, some):
                found = [w for w in there.get(canonicalize_name(need.name), []) if _version_of(w) in need.specifier]
                if not found:
                    lacking.add(str(need))
                elif (step := (need.name, tuple(sorted(need.extras)))) not in seen:
                    seen.add(step)
                    wanted.append(step)
    return sorted(lacking)


def fits(wheel: str, python: str) -> bool:
    """Whether a 64-bit Windows Python of this version can install a wheel of this name: of its own, of the stable interface, or pure."""
    own = int(python.split(".")[1])
    for tag in parse_wheel_filename(wheel)[3]:
        if tag.platform not in {"any", "win_amd64"}:
            continue
        if tag.abi == "none" and tag.interpreter in {"py3", f"py3{own}", f"cp3{own}"}:
            return True
        if tag.interpreter == f"cp3{own}" and tag.abi == f"cp3{own}":
            return True
        if tag.abi == "abi3" and tag.interpreter.startswith("cp3") and int(tag.interpreter[3:]) <= own:
            return True
    return False


def build(
    target: Path, pythons: Sequence[str] = PYTHONS, policies: Sequence[Path] = POLICIES, extras: Sequence[str] = ()
) -> Path:
    """Make the folder anew; raises ``subprocess.CalledProcessError`` where pip fails, ``RuntimeError`` where wheels stay missing."""
    folder = target / f"Lictor-{version()}"
    shutil.rmtree(folder, ignore_errors=True)
    wheels = folder / "wheels"
    wheels.mkdir(parents=True)
    own = own_wheel(wheels)
    for python in pythons:
        _collect(wheels, own, python, extras)
    _lay_out(folder, pythons, policies)
    return folder


def own_wheel(wheels: Path) -> Path:
    """Lictor's wheel, from a copy of the sources: what an earlier build left beside them must not get into it."""
    with tempfile.TemporaryDirectory() as scratch:
        for name in SOURCES:
            shutil.copytree(ROOT / name, Path(scratch) / name, ignore=shutil.ignore_patterns(*LEFT_OUT))
        for name in BESIDE:
            shutil.copy(ROOT / name, scratch)
        _pip("wheel", "--no-deps", "--wheel-dir", str(wheels), scratch)
    (made,) = wheels.glob("lictor-*.whl")
    return made


def hashes(folder: Path) -> Iterator[str]:
    """A line for each file, as ``sha256sum --binary`` writes it: hash, blank, star, name with backslashes as Windows has it."""
    for path in sorted(p for p in folder.rglob("*") if p.is_file() and p.name != "SHA256SUMS"):
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
        yield f"{digest} *{str(path.relative_to(folder)).replace('/', chr(92))}"


def _collect(wheels: Path, own: Path, python: str, extras: Sequence[str]) -> None:
    wanted = [str(need) for need in needs(own, python, extras)]
    for _ in range(_ROUNDS):
        target = (
            "--platform",
            "win_amd64",
            "--python-version",
            python,
            "--implementation",
            "cp",
            "--only-binary=:all:",
        )
        _pip("download", *target, "--find-links", str(wheels), "--dest", str(wheels), *wanted)
        lacking = missing(wheels, own.name.split("-")[0], python, extras)
        if not lacking:
            return
        wanted += lacking
    raise RuntimeError(f"no wheel for Windows and Python {python}: {', '.join(lacking)}")


def _lay_out(folder: Path, pythons: Sequence[str], policies: Sequence[Path]) -> None:
    (folder / "policies").mkdir()
    for policy in policies:
        if policy.is_dir():
            shutil.copytree(policy, folder / "policies", dirs_exist_ok=True)
        else:
            shutil.copy(policy, folder / "policies")
    for script in SCRIPTS.glob("*.ps1"):
        text = script.read_text(encoding="ascii").replace("@VERSION@", version())
        (folder / script.name).write_text(text, encoding="ascii", newline="\r\n")
    (folder / "package.json").write_text(json.dumps({"version": version(), "pythons": list(pythons)}), encoding="ascii")
    (folder / "SHA256SUMS").write_text(
        "".join(f"{line}\n" for line in hashes(folder)), encoding="ascii", newline="\r\n"
    )


def _metadata(wheel: Path) -> str:
    with zipfile.ZipFile(wheel) as archive:
        (name,) = (n for n in archive.namelist() if n.endswith(".dist-info/METADATA") and n.count("/") == 1)
        return archive.read(name).decode("utf-8")


def _applies(need: Requirement, of: dict[str, str], extras: Iterable[str]) -> bool:
    return need.marker is None or any(need.marker.evaluate({**of, "extra": extra}) for extra in extras)


def _bare(need: Requirement) -> Requirement:
    need.marker = None
    return need


def _version_of(wheel: Path) -> str:
    return str(parse_wheel_filename(wheel.name)[1])


def _pip(verb: str, *words: str) -> None:
    command = [sys.executable, "-m", "pip", verb, "-q", "--disable-pip-version-check", *words]
    subprocess.run(command, check=True, stdin=subprocess.DEVNULL, timeout=PATIENCE_S)


if __name__ == "__main__":
    asked = argparse.ArgumentParser(prog="python -m tools.windows_package")
    asked.add_argument("--python", action="append", choices=PYTHONS, help="a Python to have wheels for; else all")
    asked.add_argument("--policies", action="append", type=Path, help="policies of the service; else observe.yaml")
    asked.add_argument("--extra", action="append", default=[], help="of pyproject.toml: export, sigma, ...")
    told = asked.parse_args()
    made = build(ROOT / "build" / "windows", told.python or PYTHONS, told.policies or POLICIES, told.extra)
    size = sum(p.stat().st_size for p in made.rglob("*") if p.is_file())
    print(f"{made} ({size / 1e6:.0f} MB, {len(list((made / 'wheels').glob('*.whl')))} wheels)")
