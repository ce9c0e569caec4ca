"""From an ordered list to rules without order."""

from __future__ import annotations

from pipeline.policy.dialects.agentsh.order import Entry, Written, disjoint, exceptions, program


def entry(index, action, *paths, exact=True, everything=False):
    match = ({"path": list(paths)},)
    return Entry(index, action, match, match, everything=everything, exact=exact)


def test_an_earlier_weaker_entry_becomes_an_exception_of_a_later_stronger_one():
    made = program([entry(0, "allow", "${workspace}/*/**"), entry(1, "deny", "**/.env")], "deny")
    assert made.written == [
        Written(0, "allow", {"path": ["${workspace}/*/**"]}),
        Written(1, "deny", {"path": ["**/.env"]}, {"path": ["${workspace}/*/**"]}),
    ]


def test_a_later_weaker_entry_needs_nothing():
    made = program([entry(0, "deny", "/a"), entry(1, "allow", "/a")], "deny")
    assert [(w.action, w.unless) for w in made.written] == [("deny", None), ("allow", None)]


def test_an_entry_for_everything_ends_the_list():
    made = program([entry(0, "ask", "/a"), entry(1, "allow", "**", everything=True), entry(2, "deny", "/b")], "deny")
    assert (made.default, made.owner, made.unreached) == ("allow", 1, {2})
    assert made.lifted == []


def test_what_lifts_the_default():
    made = program([entry(0, "allow", "/a"), entry(1, "ask", "/b"), entry(2, "deny", "/c")], "deny")
    assert made.lifted == [{"path": ["/a"]}, {"path": ["/b"]}]


def test_paths_that_were_decided_word_for_word_are_left_out():
    made = program([entry(0, "allow", "/a"), entry(1, "deny", "/a", "/b"), entry(2, "deny", "/a")], "deny")
    assert made.written[1:] == [Written(1, "deny", {"path": ["/b"]})]


def test_a_denied_folder_is_denied_itself_and_an_approved_one_is_not():
    made = program([entry(0, "deny", "/a/*/**"), entry(1, "ask", "/b/*/**")], "deny")
    assert [w.match["path"] for w in made.written] == [["/a/**"], ["/b/*/**"]]


def test_an_approval_that_is_not_exact_denies():
    assert program([entry(0, "ask", "/a", exact=False)], "deny").written[0].action == "deny"


def test_exceptions_use_one_key():
    match = {"port": [443]}
    weaker = [{"domain": ["a.b"], "port": [443, 80]}, {"ip": ["10.0.0.0/8"]}, {"port": [22]}]
    assert exceptions(match, weaker) == ({"domain": ["a.b"]}, False)
    assert exceptions(match, weaker[:1]) == ({"domain": ["a.b"]}, True)
    assert exceptions({"ip": ["1.1.1.1/32"]}, weaker[:1]) == (None, False)
    assert exceptions(match, [{"port": [80]}]) == (None, True)


def test_paths_that_cannot_meet():
    assert disjoint({"path": ["/tmp/*/**"]}, {"path": ["/etc/passwd"]})
    assert not disjoint({"path": ["/tmp/*/**"]}, {"path": ["/tmp/a", "/etc"]})
    assert not disjoint({"path": ["**/x"]}, {"path": ["/etc"]})
    assert not disjoint({"path": ["${HOME}/x"]}, {"path": ["/etc"]})
    assert disjoint({"path": ["/a"]}, {"path": ["/a/b"]})
