"""Requests as they come over the socket: what was packed is read again, and nothing else is."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lictor.control.messages import DEEDS, Request, packed, refused, request_of

TEXT = st.text(st.characters(exclude_categories=["Cs"]))


@given(st.builds(Request, st.sampled_from(DEEDS), TEXT, st.none() | TEXT, st.booleans(), st.none() | TEXT))
def test_what_was_packed_is_read_again(request):
    line = packed(request)
    assert line.count(b"\n") == 1
    assert request_of(line) == request


@pytest.mark.parametrize(
    "line",
    [
        b"", b"\n", b"{", b"[]", b"1", b"null", b'"held"', b"{}", b'{"do": "dance"}', b'{"do": ["held"]}', b'{"do": null}',
        b'{"do": "held", "name": 7}', b'{"do": "held", "for_run": 1}', b'{"do": "held", "uid": 0}', b'{"do": "held", "why": {}}', b'{"do": "held", "account": 0}',
        b"\xff\xfe", b"[" * 60_000, b'{"do": "held", "name": NaN}',
    ],
)  # fmt: skip
def test_anything_else_is_refused_with_one_line(line):
    with pytest.raises(ValueError, match="request") as refusal:
        request_of(line)
    assert "\n" not in str(refusal.value)


@given(
    st.binary() | st.recursive(st.none() | st.booleans() | st.text(), st.lists).map(lambda v: json.dumps(v).encode())
)
def test_no_line_breaks_it(line):
    try:
        request = request_of(line)
    except ValueError as error:
        why = str(error)
    else:
        why = f"request {request.do}"
        assert request.do in DEEDS
    assert "request" in why


def test_half_a_character_is_written_out():
    """As an argument of a command that is no UTF-8 arrives; nothing could keep it as it is."""
    assert request_of(packed(Request("kill", "r", "\udcff!"))).why == "\\udcff!"


def test_an_absent_reason_may_be_null():
    assert request_of(b'{"do": "held", "why": null}') == Request("held")


def test_a_refusal_says_why():
    assert json.loads(packed(refused("no"))) == {"ok": False, "error": "no"}
