from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from enforcer.windows import accesslist
from enforcer.windows.accesslist import ANY, CHANGE, REPLACE, may
from enforcer.windows.security import SEALED

USER = "S-1-5-21-1-2-3-1001"
PROGRAM_DATA = (
    "O:SYG:SYD:PAI(A;OICIIO;GA;;;CO)(A;OICI;FA;;;SY)(A;OICI;FA;;;BA)(A;CI;DCLCRPCR;;;BU)(A;OICI;0x1200a9;;;BU)"
)
"""As Windows 11 has it: users may make files and folders below, and look."""
PROGRAM_FILES = (
    "O:S-1-5-80-956008885-3418522649-1831038044-1853292631-2271478464G:SYD:PAI(A;;FA;;;SY)(A;OICIIO;GA;;;SY)"
    "(A;;0x1301bf;;;BA)(A;OICIIO;GA;;;BA)(A;;0x1200a9;;;BU)(A;OICIIO;GXGR;;;BU)(A;OICIIO;GA;;;CO)(A;;0x1200a9;;;AC)"
)


@pytest.mark.parametrize(
    ("sddl", "who"),
    [
        (f"O:BAG:SY{SEALED}", ()),
        (f"O:{USER}G:SY{SEALED}", (USER,)),
        (PROGRAM_DATA, ("BU",)),
        (PROGRAM_FILES, ()),
        ("O:BAG:SYD:(A;;FA;;;BA)(A;;FR;;;BU)(A;;FX;;;AU)", ()),
        ("O:BAG:SYD:(A;;FA;;;BA)(A;;FRFW;;;BU)", ("BU",)),
        (f"O:BAG:SYD:(A;;0x1301bf;;;{USER})(A;;SD;;;IU)", (USER, "IU")),
        ("O:BAG:SYD:(D;;FA;;;BU)(A;;FA;;;BA)", ()),
        ("O:BAG:SYD:NO_ACCESS_CONTROL", ("WD",)),
        ("O:BAG:SYD:P(A;;FA;;;BA)S:(ML;;NW;;;HI)", ()),
        ("O:BAG:SY", ("WD",)),
        ("D:(A;;FA;;;BA)", ("WD",)),
        ("O:BAG:SYD:(broken)", ("WD",)),
        ("O:BAG:SYD:(A;;QQ;;;BU)", ("BU",)),
        ("O:BAG:SYD:(XA;;FA;;;BU;(WIN://X))(A;;FA;;;BA)", ("BU", "WD")),
        ("nonsense", ("WD",)),
        ("", ("WD",)),
    ],
)  # fmt: skip
def test_who_may_change_it(sddl, who):
    assert may(sddl, CHANGE) == who


def test_program_data_may_be_filled_but_what_is_in_it_not_be_replaced():
    assert may(PROGRAM_DATA, REPLACE) == ()
    assert may("O:BAG:SYD:(A;;FA;;;BA)(A;;DT;;;BU)", REPLACE) == ("BU",)


def test_whoever_may_look_is_found_when_that_is_asked():
    assert may("O:BAG:SYD:PAI(A;;FA;;;SY)(A;;FR;;;BU)", ANY) == ("BU",)


@pytest.mark.parametrize(
    ("sddl", "protected"),
    [(SEALED, True), ("O:BAG:SYD:AI(A;;FA;;;SY)", False), ("O:BAG:SYD:NO_ACCESS_CONTROL", False), ("O:BA", False)],
)
def test_a_list_says_whether_it_inherits(sddl, protected):
    assert accesslist.is_protected(sddl) is protected


def test_masks_are_those_of_the_headers():
    assert accesslist.mask_of("FA") == 0x1F01FF
    assert accesslist.mask_of("FRFX") == 0x1200A9
    assert accesslist.mask_of("0x1301bf") == 0x1301BF
    assert accesslist.mask_of("CCDCLCSWRPWPDTLOCRSDRCWDWO") == 0xF01FF


@given(st.text())
def test_no_text_is_taken_for_a_closed_list_by_accident(text):
    if may(text, CHANGE) == ():
        assert accesslist.owner(text) in accesslist.TRUSTED
