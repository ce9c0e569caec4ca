"""A real environment, made for the test: what starts in it is Python itself, and finds what the environment has and nothing else."""

from __future__ import annotations

import json
import subprocess
import sys
import venv
from pathlib import Path

import pytest

from lictor.winservice import boot

CODE = Path(__file__).parents[3]
TELLS = """
import json, sys
def main(words):
    print(json.dumps([sys.executable, sys.prefix, sys.base_prefix, sys.flags.isolated, words, "numpy" in sys.modules, sys.path]))
    return 7
"""


@pytest.fixture
def environment(tmp_path):
    """The Python of an environment that holds a made-up Lictor, which says where it is."""
    top = tmp_path / "my environment"
    venv.create(top, with_pip=False)
    (packages,) = (top / "lib").glob("python*/site-packages")
    (packages / "lictor" / "winservice").mkdir(parents=True)
    for package in ("lictor", "lictor/winservice"):
        (packages / package / "__init__.py").touch()
    (packages / "lictor" / "winservice" / "__main__.py").write_text(TELLS)
    return top / "bin" / "python"


@pytest.mark.skipif(sys.platform == "win32", reason="tests/windows/test_installation does it there, as a service")
def test_python_itself_becomes_the_environments(environment, tmp_path):
    base = getattr(sys, "_base_executable", sys.executable)
    words = [base, "-I", "-S", boot.__file__, str(environment), "host", "--home", "a b"]
    done = subprocess.run(
        words, capture_output=True, text=True, check=False, cwd=tmp_path, env={"PYTHONPATH": str(CODE)}
    )
    assert done.returncode == 7, done.stderr
    executable, prefix, base_prefix, isolated, words, engine, path = json.loads(done.stdout)
    top = str(environment.parents[1])
    assert (executable, prefix, base_prefix) == (str(environment), top, sys.base_prefix)
    assert (isolated, words, engine) == (1, ["host", "--home", "a b"], False)
    packages = [place for place in path if "site-packages" in place or "dist-packages" in place]
    assert all(place.startswith(top) for place in packages)
    assert str(CODE) not in path
