from __future__ import annotations

from tools.winlibs import forwarded

TABLE = """\
The Export Tables (interpreted .rdata section contents)
Export Address Table -- Ordinal Base 1
\t[   0] +base[   1] 00001000 Export RVA

[Ordinal/Name Pointer] Table -- Ordinal Base 1
\t[   0] +base[   1]  0000 PyAIter_Check
\t[   1] +base[   2]  0001 _PyObject_New
\t[   2] +base[   3]  0002 DllMain
"""


def test_public_names_are_handed_on_and_no_others():
    assert list(forwarded(TABLE)) == [
        "PyAIter_Check = python311.PyAIter_Check",
        "_PyObject_New = python311._PyObject_New",
    ]


def test_nothing_is_handed_on_without_a_table_of_names():
    assert list(forwarded("[   0] +base[   1]  0000 PyAIter_Check")) == []
