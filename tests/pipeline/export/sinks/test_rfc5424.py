"""Messages of RFC 5424, read back by a parser written from its grammar (§6), and by octet counts (RFC 6587 §3.4.1)."""

from __future__ import annotations

import re

from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.export.sinks import rfc5424
from pipeline.export.sinks.frames import wire
from tests.receivers.events import HOSTILE, HOSTILE_IDS, batch

GRAMMAR = re.compile(
    rb"<(?P<pri>\d{1,3})>1 (?P<time>-|\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{1,6}Z) (?P<host>[!-~]{1,255}) (?P<app>[!-~]{1,48})"
    rb" (?P<proc>[!-~]{1,128}) (?P<msgid>[!-~]{1,32})"
    rb' \[(?P<sdid>[!#-<>-\\^-~]{1,32})(?P<params>(?: [!#-<>-\\^-~]{1,32}="(?:[^"\\\]]|\\["\\\]])*")*)\] (?P<msg>.*)',
    re.DOTALL,
)
PARAMETER = re.compile(rb'([!#-<>-\\^-~]+)="((?:[^"\\\]]|\\.)*)"')


def frames(data):
    """Messages of an octet-counted stream; fails where a count is wrong."""
    found, rest = [], bytes(data)
    while rest:
        count, _, rest = rest.partition(b" ")
        assert re.fullmatch(rb"[1-9]\d*", count)
        assert len(rest) >= int(count)
        found.append(rest[: int(count)])
        rest = rest[int(count) :]
    return found


def parameters(message):
    return {k.decode(): re.sub(rb"\\(.)", rb"\1", v).decode() for k, v in PARAMETER.findall(message["params"])}


def parsed(made, style=rfc5424.Style()):  # noqa: B008 - frozen
    return [GRAMMAR.fullmatch(m) for m in frames(wire(rfc5424.counted(rfc5424.messages(made, style))))]


def test_hostile_texts_and_ids_stay_within_their_message():
    found = parsed(batch(payloads=HOSTILE, ids=HOSTILE_IDS))
    assert [m["msg"].decode() for m in found] == HOSTILE
    assert [parameters(m) for m in found] == [{"id": i} for i in HOSTILE_IDS]


@settings(deadline=None)
@given(
    st.lists(
        st.tuples(st.text(st.characters(codec="utf-8"), max_size=9), st.text(st.characters(codec="utf-8"), max_size=9)),
        min_size=1,
    ),
    st.text(st.characters(codec="utf-8"), max_size=9),
)
def test_whatever_names_hold_every_message_keeps_to_the_grammar(names, tag):
    ids, hosts = [n for n, _ in names], [h for _, h in names]
    found = parsed(batch(payloads=["m"] * len(names), ids=ids, hosts=hosts), rfc5424.Style(tags={"t": tag}))
    assert all(found)
    assert len(found) == len(names)
    assert all(set(parameters(m)) == {"id", "t"} for m in found)


def test_priority_is_facility_times_eight_and_severity():
    found = parsed(batch(6), rfc5424.Style(facility=rfc5424.FACILITIES.index("local7")))
    assert [int(m["pri"]) for m in found] == [190, 189, 188, 187, 186, 190]


def test_time_is_utc_with_microseconds():
    assert parsed(batch(1))[0]["time"] == b"2026-09-21T14:13:20.123456Z"


def test_newline_framing_ends_each_message():
    made = batch(payloads=HOSTILE)
    assert bytes(wire(rfc5424.terminated(rfc5424.messages(made, rfc5424.Style())))).count(b"\n") == len(HOSTILE)


def test_names_of_parameters():
    assert rfc5424.parameter_name("site")
    assert not any(map(rfc5424.parameter_name, ["", "a b", "a=b", 'a"', "a]", "é", "x" * 33]))
