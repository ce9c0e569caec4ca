"""Items of endpoints, of their rules, of binaries and middlewares."""

from __future__ import annotations

import pytest

from pipeline.policy.dialects.openshell.reader import DIALECT


def items(endpoint, binaries="[{path: /x}]", more=""):
    text = f"version: 1\nnetwork_policies: {{p: {{endpoints: [{endpoint}], binaries: {binaries}}}}}\n{more}"
    return {i.name: i for i in DIALECT.read(text, "p").items if i.pointer.startswith("/network")}


def test_every_program_is_exact_and_needs_no_exe():
    item = items("{host: a.b.c, port: 1}", "[{path: /x}, {path: '/**'}]")["p-0"]
    assert item.outcome == "exact"
    assert "exe" not in item.safe[0]["match"]


def test_binaries_are_narrower_and_say_why():
    item = items("{host: a.b.c, port: 1}", "[{path: /x}, {path: '/y/*'}]")["p-0"]
    assert item.outcome == "narrower"
    assert "at any depth" in item.why
    assert item.safe[0]["match"]["exe"] == ["/x", "/y/*"]


def test_no_binaries_allow_nothing():
    assert items("{host: a.b.c, port: 1}", "[]")["p-0"].outcome == "exact"
    found = items("{host: a.b.c, port: 1}", "[{path: rel}]")
    assert (found["p-0"].outcome, found["p-0"].safe) == ("narrower", ())
    assert found["p-binaries-0"].outcome == "narrower"


def test_requests_that_are_refused_make_it_wider():
    found = items("{host: a.b.c, port: 1, protocol: rest, enforcement: enforce, rules: [{allow: {method: GET}}]}")
    assert (found["p-0"].outcome, found["p-0"].safe) == ("wider", ())
    assert found["p-0"].accepted[0]["action"] == "allow"
    assert found["p-0-rules-0"].outcome == "narrower"
    assert "'p-0'" in found["p-0-rules-0"].why


def test_requests_that_are_logged_are_recorded():
    found = items("{host: a.b.c, port: 1, protocol: rest, rules: [{allow: {method: GET}}]}", "[{path: '/**'}]")
    assert (found["p-0"].outcome, found["p-0"].safe[0]["action"]) == ("exact", "audit")
    assert "every connection is recorded" in found["p-0"].why
    assert found["p-0-rules-0"].outcome == "setting"


@pytest.mark.parametrize("host", ["*.b.c", "a-*.b.c"])
def test_hosts_by_single_labels_are_wider(host):
    item = items(f"{{host: '{host}', port: 1}}")["p-0"]
    assert (item.outcome, item.safe) == ("wider", ())
    assert item.accepted[0]["match"]["domain"] == ["*.b.c"]


def test_middlewares_are_lost_and_take_their_hosts_along():
    found = items(
        "{host: a.b.c, port: 1}, {host: x.y.z, port: 1}",
        more="network_middlewares: {m: {middleware: redact, endpoints: {include: [a.b.c]}}}\n",
    )
    assert [found[n].outcome for n in ("p-0", "p-1", "middleware-m")] == ["wider", "narrower", "unsupported"]


def test_a_policy_without_endpoints_is_in_the_report():
    assert items("")["p"].outcome == "exact"


def test_endpoints_that_disagree_are_taken_for_sure_by_nobody():
    text = "network_policies: {p: {endpoints: [{host: a.b, port: 1}, {host: a.b, port: 1, tls: skip}], binaries: [{path: /x}]}}"
    found = [i.outcome for i in DIALECT.read(text, "p").items if "endpoints" in i.pointer and i.name.startswith("p-")]
    assert found[:2] == ["wider", "wider"]


def test_rules_have_ports_protocol_title_and_origin():
    text = "version: 1\nnetwork_policies:\n  my key:\n    name: |\n      two\n      lines\n    endpoints:\n"
    text += "      - {host: a.b.c, ports: [1, 2, 1]}\n    binaries: [{path: /x}]\n"
    rule = next(i for i in DIALECT.read(text, "p").items if i.name == "my-key-0").safe[0]
    assert rule["match"]["port"] == [1, 2]
    assert (rule["match"]["protocol"], rule["on"]) == (["tcp"], ["net.connect"])
    assert rule["title"] == "two lines"
    assert rule["origin"] == "line 8 network_policies.my key.endpoints.0"
