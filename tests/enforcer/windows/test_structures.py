from __future__ import annotations

import shutil
import subprocess
from ctypes import sizeof

import pytest

from enforcer.windows import structures

NAMES = {
    "JOBOBJECT_BASIC_LIMIT_INFORMATION": structures.BasicLimits,
    "JOBOBJECT_EXTENDED_LIMIT_INFORMATION": structures.ExtendedLimits,
    "JOBOBJECT_BASIC_PROCESS_ID_LIST": structures.pid_list(1),
    "PROCESSENTRY32W": structures.ProcessEntry,
    "THREADENTRY32": structures.ThreadEntry,
    "STARTUPINFOW": structures.StartupInfo,
    "PROCESS_INFORMATION": structures.ProcessInformation,
    "TOKEN_PRIVILEGES": structures.TokenPrivilege,
    "RM_PROCESS_INFO": structures.Holder,
}


def test_sizes_are_those_of_the_c_headers(tmp_path):
    compiler = shutil.which("x86_64-w64-mingw32-gcc")
    if compiler is None:
        pytest.skip("no mingw-w64 to ask its headers (apt-get install gcc-mingw-w64-x86-64)")
    lines = [f'_Static_assert(sizeof({c}) == {sizeof(ours)}, "{c}");' for c, ours in NAMES.items()]
    source = tmp_path / "sizes.c"
    source.write_text(
        "#include <windows.h>\n#include <tlhelp32.h>\n#include <restartmanager.h>\n" + "\n".join(lines) + "\n"
    )
    done = subprocess.run([compiler, "-fsyntax-only", str(source)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
