from __future__ import annotations

import sys
from types import ModuleType, SimpleNamespace

import pytest

from enforcer.windows import security


@pytest.mark.parametrize(
    ("sddl", "sealed"),
    [
        (security.OWNER + security.SEALED, True),
        (security.SEALED, False),
        ("O:S-1-5-21-7-7-7-1001" + security.SEALED, False),
        ("O:BAG:BAD:PAI(A;;FA;;;SY)(A;;FA;;;BA)S:AI", True),
        ("O:BAD:AI(A;;FA;;;SY)(A;;FA;;;BA)", False),
        ("O:BAD:PAI(A;;FA;;;SY)(A;;FR;;;WD)", False),
        ("O:BAD:PAI(A;;FA;;;SY)(D;;FA;;;BA)", False),
        ("O:BAD:P", False),
        ("O:BAG:BA", False),
    ],
)
def test_sealed_means_owned_protected_and_nobody_but_the_system(sddl, sealed):
    assert security.is_sealed(sddl) == sealed


def test_error_of_pywin32_becomes_an_os_error():
    class PyError(Exception):
        winerror = 5

    def fail():
        with security._as_os_error("C:\\a"):
            raise PyError

    with pytest.raises(OSError, match="security of C:"):
        fail()


@pytest.fixture
def windows(monkeypatch):
    """pywin32's two modules, made up; what was done, in order."""
    done = []
    wanted = SimpleNamespace(GetSecurityDescriptorOwner=lambda: "owner", GetSecurityDescriptorDacl=lambda: "list")

    def open_itself(path, access, share, attributes, how, flags, template):
        done.append(("open", path, access, flags))
        return SimpleNamespace(Close=lambda: done.append(("close", path)))

    made = {
        "win32security": {
            "ConvertStringSecurityDescriptorToSecurityDescriptor": lambda *_: wanted,
            "SetSecurityInfo": lambda _handle, _kind, what, owner, _group, dacl, _sacl: done.append(
                ("set", what, owner, dacl)
            ),
        },
        "win32file": {"CreateFileW": open_itself},
    }
    for name, members in made.items():
        module = ModuleType(name)
        vars(module).update(members)
        monkeypatch.setitem(sys.modules, name, module)
    return done


def test_the_owner_is_set_before_the_list_and_a_link_is_never_followed(windows):
    security.take_over("C:\\a", "O:BA" + security.SEALED)
    assert [step[0] for step in windows] == ["open", "set", "close", "open", "set", "close"]
    assert [step[1:] for step in windows if step[0] == "set"] == [(1, "owner", None), (4 | -0x80000000, None, "list")]
    assert all(step[3] == 0x02200000 for step in windows if step[0] == "open")


def test_accounts_are_named_as_people_know_them():
    assert security.name_of("BU") == "Users"
    assert security.name_of("S-1-5-21-9-9-9-1") == "S-1-5-21-9-9-9-1"
