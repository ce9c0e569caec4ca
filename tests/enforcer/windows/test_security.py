from __future__ import annotations

import pytest

from enforcer.windows import security


@pytest.mark.parametrize(
    ("sddl", "sealed"),
    [
        (security.SEALED, True),
        ("O:BAG:BAD:PAI(A;;FA;;;SY)(A;;FA;;;BA)S:AI", True),
        ("D:AI(A;;FA;;;SY)(A;;FA;;;BA)", False),
        ("D:PAI(A;;FA;;;SY)(A;;FR;;;WD)", False),
        ("D:PAI(A;;FA;;;SY)(D;;FA;;;BA)", False),
        ("D:P", False),
        ("O:BAG:BA", False),
    ],
)
def test_sealed_means_protected_and_nobody_but_the_system(sddl, sealed):
    assert security.is_sealed(sddl) == sealed


def test_error_of_pywin32_becomes_an_os_error():
    class PyError(Exception):
        winerror = 5

    def fail():
        with security._as_os_error("C:\\a"):
            raise PyError

    with pytest.raises(OSError, match="security of C:"):
        fail()
