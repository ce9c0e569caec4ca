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


@pytest.fixture
def told(windows, monkeypatch):
    """What the calls below have set, in order; ``found`` is what reads back, and a ``refused`` owner cannot be set."""
    made = SimpleNamespace(done=windows, found="", refused=False)
    monkeypatch.setattr(security, "enable_ownership", lambda: made.done.append(("ownership",)))
    monkeypatch.setattr(
        security, "apply", lambda _path, sddl, *, protected: made.done.append(("apply", sddl, protected))
    )
    monkeypatch.setattr(security, "describe", lambda _path: made.found)
    settle = sys.modules["win32security"].SetSecurityInfo

    def set_info(*arguments):
        if made.refused:
            raise PermissionError(13, "not the owner's right")
        settle(*arguments)

    monkeypatch.setattr(sys.modules["win32security"], "SetSecurityInfo", set_info)
    return made


def test_a_sealed_file_belongs_to_administrators_where_that_can_be_set(told):
    security.seal("C:\\a")
    assert [step for step in told.done if step[0] in ("ownership", "set", "apply")] == [
        ("ownership",), ("set", 1, "owner", None), ("set", 4 | -0x80000000, None, "list"),
    ]  # fmt: skip


def test_where_the_owner_cannot_be_set_the_list_is(told):
    told.refused = True
    security.seal("C:\\a")
    assert told.done[-1] == ("apply", security.SEALED, True)


THEIRS = "O:S-1-5-21-7-7-7-1001G:BAD:AI(A;;FA;;;BU)(A;ID;FA;;;BA)"


@pytest.mark.parametrize(
    ("found", "refused", "note"),
    [
        (THEIRS, False, ""),
        (
            "O:S-1-5-21-7-7-7-1001G:SYD:AI(A;;FA;;;BU)(A;ID;FR;;;WD)",
            False,
            "",
        ),  # what the folder hands down is its own affair
        (THEIRS.replace("O:S-1-5-21-7-7-7-1001", "O:BA"), False, "its owner reads back as another"),
        (
            "O:S-1-5-21-7-7-7-1001G:BAD:AI(A;;FR;;;BU)",
            False,
            "its access list reads back as O:S-1-5-21-7-7-7-1001G:BAD:AI(A;;FR;;;BU)",
        ),
        (THEIRS, True, "its owner could not be given back: not the owner's right"),
    ],
)
def test_what_is_given_back_is_read_back(told, found, refused, note):
    told.found, told.refused = found, refused
    assert security.give_back("C:\\a", THEIRS) == note
    assert told.done[-1] == ("apply", THEIRS, False)


def test_accounts_are_named_as_people_know_them():
    assert security.name_of("BU") == "Users"
    assert security.name_of("S-1-5-21-9-9-9-1") == "S-1-5-21-9-9-9-1"
