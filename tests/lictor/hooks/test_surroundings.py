"""What this process finds around itself, compared with what the system says."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys

from lictor.hooks import surroundings

WHO = "from lictor.hooks.surroundings import agent_program; print(agent_program())"


def test_programs_are_found_as_the_system_finds_them(house):
    for name in ("ls", "git", "no-such-program", "sh"):
        assert surroundings.program(name, "/", house.around.search) == shutil.which(name)


def test_names_with_a_slash_start_at_the_folder(house):
    assert surroundings.program("./git", str(house.programs), ()) == str(house.programs / "git")
    assert surroundings.program("programs/../programs/git", str(house.programs.parent), ()) == str(
        house.programs / "git"
    )
    assert surroundings.program("./git", "/", house.around.search) is None


def test_what_cannot_be_started_is_not_found(house):
    (house.programs / "plain").write_text("x")
    assert surroundings.program("plain", "/", house.around.search) is None
    assert surroundings.program("", "/", house.around.search) is None
    assert surroundings.program("a\0b", "/", house.around.search) is None
    assert surroundings.program("x" * 5000, "/", house.around.search) is None


def test_the_agent_is_the_first_ancestor_that_is_no_shell():
    here = os.path.realpath(sys.executable)
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(p for p in sys.path if p)}
    direct = subprocess.run([sys.executable, "-c", WHO], capture_output=True, text=True, check=True, env=environment)
    command = f"{sys.executable} -c '{WHO}'; true"
    behind = subprocess.run(["sh", "-c", command], capture_output=True, text=True, check=True, env=environment)
    assert {direct.stdout.strip(), behind.stdout.strip()} == {here}


def test_variables_of_the_environment_count(house):
    found = surroundings.found_here({"HOME": "/h", "PATH": f"{house.programs}::/usr/bin", "SHELL": "/opt/odd/fish"})
    assert found.home == "/h"
    assert found.search == (str(house.programs), "/usr/bin")
    assert found.shell == shutil.which("bash")
    assert surroundings.found_here({}).home
