from __future__ import annotations

import pytest

from collectors.etw.layouts import Fixed, Variable, compiled


def test_fixed_fields_are_one_structure_and_pointers_have_the_records_size():
    narrow, wide = (compiled("u32 a, ptr b, wstr c, be16 d", size) for size in (4, 8))
    assert [s.dtype.itemsize for s in narrow if isinstance(s, Fixed)] == [8, 2]
    assert [s.dtype.itemsize for s in wide if isinstance(s, Fixed)] == [12, 2]
    assert narrow[1] == Variable("c", "wstr")


def test_a_length_is_that_of_a_field():
    assert compiled("u16 n, bin:n data", 8)[1] == Variable("data", "bin", "n")


def test_an_unknown_type_is_refused():
    with pytest.raises(ValueError, match="quad"):
        compiled("quad x", 8)
