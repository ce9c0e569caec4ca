"""What OpenShell refuses beyond the shape; each verdict is that of its own code, asked once."""

from __future__ import annotations

import pytest

from pipeline.policy.dialects.openshell.checks import plain, selects
from tests.pipeline.policy.dialects.openshell_judge import endpoint, problems

MIDDLEWARE = "network_middlewares: {{m: {{middleware: x, endpoints: {{include: [{}]}}}}}}\n"


def files(text):
    return f"version: 1\nfilesystem_policy: {{{text}}}\n"


TAKEN = [
    files("read_only: [/, //a/./b, /a/b..c]"),
    files(f"read_only: [{', '.join(f'/p{i}' for i in range(256))}]"),
    files(f"read_only: [/{'a' * 4095}]"),
    "version: 1\nprocess: {run_as_user: '4294967294', run_as_group: '+5'}\n",
    "version: 1\nprocess: {run_as_user: ''}\n",
    endpoint("host: 'a.*.example.com', port: 1"),
    endpoint("host: '**.*.example.com', port: 1"),
    endpoint("port: 1, allowed_ips: [10.0.0.0/8]"),
    endpoint("host: a.b.c, port: 5, ports: [6]"),
    endpoint("host: a.b, port: 1, credential_signing: sigv4, signing_service: s3"),
    endpoint("host: a.b.c, port: 1, tls: skip", MIDDLEWARE.format("x.b.c")),
]
REFUSED = {
    files("read_only: [a]"): "absolute",
    files("read_only: [/a/../b]"): "'..'",
    files("read_write: [//]"): "too broad",
    files(f"read_only: [{', '.join(f'/p{i}' for i in range(257))}]"): "257 paths",
    files(f"read_only: [/{'a' * 4096}]"): "longer than 4096",
    "version: 1\nprocess: {run_as_user: root}\n": "must be 'sandbox'",
    "version: 1\nprocess: {run_as_group: '0'}\n": "must be 'sandbox'",
    "version: 1\nprocess: {run_as_user: '4294967295'}\n": "must be 'sandbox'",
    endpoint("host: '*', port: 1"): "matches every host",
    endpoint("host: '*.com', port: 1"): "top-level domain",
    endpoint("host: '**.com', port: 1"): "top-level domain",
    endpoint("host: 'x.a*.com', port: 1"): "must be the whole label",
    endpoint("port: 1"): "needs a host",
    endpoint("host: a.b"): "at least one port",
    endpoint("host: a.b, ports: [0]"): "0 is no port",
    endpoint("host: 10.0.0.1, port: 1, protocol: tcp"): "not an address",
    endpoint("host: 'a.b.', port: 1, protocol: TCP"): "ends in a dot",
    endpoint("host: a.b, port: 1, credential_signing: sigv5, signing_service: s"): "unknown value 'sigv5'",
    endpoint("host: a.b, port: 1, credential_signing: sigv4"): "needs signing_service",
    endpoint("host: a.b.c, port: 1, tls: skip", MIDDLEWARE.format("'*.b.c'")): "tls: skip keeps middleware",
    "version: 1\nnetwork_middlewares: {m: {middleware: x}}\n": "needs endpoints",
    "version: 1\n" + MIDDLEWARE.format(""): "at least one host pattern",
    "version: 1\n" + MIDDLEWARE.format("'{a,b}.c'"): "has braces",
    "version: 1\n" + MIDDLEWARE.format(", ".join(["a.b"] * 33)): "33 patterns",
}


@pytest.mark.parametrize("text", TAKEN)
def test_what_is_taken(text):
    assert problems(text) == []


@pytest.mark.parametrize(("text", "said"), REFUSED.items())
def test_what_is_refused(text, said):
    found = problems(text)
    assert len(found) == 1
    assert said in found[0][2]


def test_middlewares_with_one_order_and_too_many():
    entry = "{middleware: x, endpoints: {include: [a.b]}}"
    found = problems(f"version: 1\nnetwork_middlewares: {{b: {entry}, a: {entry}}}\n")
    assert [m for _, _, m in found] == ["has the same order as 'a': 0"]
    many = ", ".join(f"m{i}: {{middleware: x, order: {i}, endpoints: {{include: [a.b]}}}}" for i in range(11))
    assert "11 middlewares" in problems(f"version: 1\nnetwork_middlewares: {{{many}}}\n")[0][2]


def test_numbers_that_are_not_exact():
    text = "version: 1\nnetwork_middlewares: {{m: {{middleware: x, config: {{a: [{}]}}, endpoints: {{include: [a.b]}}}}}}\n"
    assert problems(text.format(2**53)) == []
    assert "not exact" in problems(text.format(2**53 + 1))[0][2]


@pytest.mark.parametrize(("path", "found"), [("/a//b/./c/", "/a/b/c"), ("/", "/"), ("//x", "/x")])
def test_plain_paths(path, found):
    assert plain(path) == found


def test_selectors():
    middleware = {"endpoints": {"include": ["*.b.c"], "exclude": ["x.b.c"]}}
    assert selects(middleware, "a.b.c")
    assert not selects(middleware, "x.b.c")
    assert not selects(middleware, "")
