from __future__ import annotations

import pytest

from pipeline.policy.analysis.findings import Finding, Subject, by_weight, shown
from pipeline.policy.model import TestEvent

TEXT = "lictor: 1\nname: p\nscope: { users: [nobody] }\nrules:\n  - { id: r, on: file.read, match: { path: /a }, action: deny }\n"


def test_a_subject_is_looked_at_whatever_its_scope(world):
    subject = Subject(world.load(TEXT), world.context)
    event = TestEvent(on="file.read", path="/a")
    assert subject.deciding(event) == "r"
    assert subject.speaks(subject.rules[0], event)
    assert subject.place("rules", 0) == "p.yaml:5:5"
    assert subject.written["r"].action == "deny"


def test_the_gravest_comes_first_then_the_place():
    one = Finding("a", "p:9:1", "shadowed", "low", "")
    two = Finding("b", "p:10:1", "shadowed", "low", "")
    three = Finding("c", "p:99:1", "over-broad", "high", "")
    assert by_weight([two, one, three]) == [three, one, two]


@pytest.mark.parametrize(
    ("event", "text"),
    [
        (TestEvent(on="file.read", path="/a"), "file.read /a"),
        (TestEvent(on="exec", exe="/bin/x", argv="x -y"), "exec /bin/x 'x -y'"),
        (TestEvent(on="net.connect", dst_ip="1.2.3.4", dst_port=5), "net.connect 1.2.3.4 port 5"),
        (TestEvent(on="net.bind", src_ip="::1", src_port=5), "net.bind ::1 port 5"),
        (TestEvent(on="net.connect", dst_ip="1.2.3.4", domain="x.y"), "net.connect x.y"),
    ],
)
def test_an_event_is_shown_in_a_few_words(event, text):
    assert shown(event) == text
