"""Network and socket rules of agentsh as rules of Lictor."""

from __future__ import annotations

from pipeline.policy.dialects.agentsh.network import accepted, domains, entry, translate, translate_sockets
from pipeline.policy.dialects.agentsh.order import Written


def test_domains_from_below_and_from_above():
    found = domains({"domains": ["A.com", "*.b.com", "*", "${HOST}", "10.0.0.1"]})
    assert found.lower == ("a.com", "10.0.0.1")
    assert found.upper == ("a.com", "*.b.com", "10.0.0.1")
    assert (found.any_host, found.any_above) == (False, True)


def test_keys_are_joined_by_and():
    found = entry(0, {"domains": ["a.com"], "cidrs": ["10.0.0.1/8"], "ports": [443], "decision": "allow"})
    assert found.lower == found.upper == ({"domain": ["a.com"], "port": [443], "ip": ["10.0.0.0/8"]},)


def test_a_rule_without_conditions_is_everything():
    assert entry(0, {"decision": "audit"}).everything
    assert entry(0, {"domains": ["**"], "decision": "allow"}).everything
    assert not entry(0, {"domains": ["*"], "decision": "allow"}).everything
    assert entry(0, {"domains": ["*"], "decision": "deny"}).everything


def test_ports_that_no_connection_has_match_nothing():
    assert entry(0, {"ports": [70000], "decision": "allow"}).lower == ()


def test_a_star_is_written_once_accepted():
    rule = {"domains": ["a.com", "*.a.com"], "decision": "allow"}
    assert translate([rule]).written == [Written(0, "allow", {"domain": ["a.com"]})]
    assert accepted(0, rule) == [Written(0, "allow", {"domain": ["a.com", "*.a.com"]})]
    assert accepted(0, {"domains": ["a.com"], "decision": "allow"}) == []
    assert accepted(0, {"domains": ["*.a.com"], "decision": "deny"}) == []


def test_an_approval_spares_what_was_allowed_before():
    made = translate(
        [
            {"domains": ["a.com"], "ports": [443, 80], "decision": "allow"},
            {"ports": [443], "decision": "approve"},
            {"domains": ["*"], "decision": "deny"},
        ]
    )
    assert made.written[1] == Written(1, "ask", {"port": [443]}, {"domain": ["a.com"]})
    assert (made.default, made.owner) == ("deny", 2)


def test_sockets_have_a_default_of_their_own():
    made = translate_sockets([{"paths": ["/run/a"], "operations": ["connect"], "decision": "allow"}, {"paths": ["@x"], "decision": "allow"}])  # fmt: skip
    assert [(w.index, w.action, w.match, w.unless, s) for w, s in made.rules] == [
        (0, "allow", {"path": ["/run/a"]}, None, ("net.connect",)),
        (-1, "deny", {"protocol": ["unix"]}, {"path": ["/run/a"]}, ("net.connect",)),
        (-1, "deny", {"protocol": ["unix"]}, None, ("net.bind", "net.listen", "net.send")),
    ]


def test_a_catch_all_on_sockets_is_the_default():
    assert translate_sockets([{"paths": ["**"], "decision": "allow"}]).rules == []
