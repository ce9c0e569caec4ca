from __future__ import annotations

import ctypes
import subprocess
import sys

import pytest

from enforcer.windows import api


def test_import_of_the_whole_package_loads_no_library_and_starts_nothing():
    code = (
        "import sys, pkgutil, importlib, enforcer.windows as w\n"
        "for one in pkgutil.iter_modules(w.__path__): importlib.import_module(f'enforcer.windows.{one.name}')\n"
        "from enforcer.windows import api\n"
        "assert api._function.cache_info().currsize == 0\n"
        "assert not {'win32security', 'winreg', 'numpy'} & set(sys.modules)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@pytest.mark.skipif(sys.platform == "win32", reason="there it works")
def test_call_elsewhere_names_the_function():
    with pytest.raises(OSError, match="OpenProcess: only Windows"):
        api.call("OpenProcess", 1, False, 4)


def test_every_type_has_the_same_width_on_every_system():
    fixed = {ctypes.c_void_p, ctypes.c_int32, ctypes.c_uint32, ctypes.c_wchar_p}
    for name, prototype in api.PROTOTYPES.items():
        assert {prototype.result, *prototype.arguments} <= fixed, name


@pytest.mark.parametrize(
    ("name", "result", "fails"),
    [
        ("OpenProcess", 0, True),
        ("OpenProcess", 8, False),
        ("CreateToolhelp32Snapshot", (1 << 64) - 1, True),
        ("NtSuspendProcess", -1073741790, True),
        ("NtSuspendProcess", 0, False),
    ],
)
def test_failure_is_told_from_success_by_the_kind_of_function(monkeypatch, name, result, fails):
    monkeypatch.setattr(api, "_function", lambda _: lambda *_a: result)
    if fails:
        with pytest.raises(OSError, match=name):
            api.call(name)
    else:
        assert api.call(name) == result


@pytest.mark.parametrize(("access", "expected"), [(None, (0, 2)), (0x100000, (0x100000, 0))])
def test_a_copy_has_the_rights_of_its_handle_or_those_asked_for(windows, target, access, expected):
    asked = []

    def duplicate(from_, handle, to, made, wanted, inherit, options):
        asked.append((from_, handle, to, inherit, wanted, options))
        target(made, ctypes.c_void_p).value = 99
        return 1

    windows |= {"GetCurrentProcess": lambda: 1, "DuplicateHandle": duplicate}
    assert api.copy(64, 0, access=access, inherit=True) == 99
    assert api.copy(64, 7) == 99
    assert api.copy(64, 0, 8) == 99
    assert asked == [(1, 64, 1, True, *expected), (1, 64, 7, False, 0, 2), (8, 64, 1, False, 0, 2)]
