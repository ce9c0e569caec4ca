"""What a statement speaks of, by Cedar and by Leash."""

from __future__ import annotations

import pytest

from pipeline.policy.dialects.leash.cedar import parse
from pipeline.policy.dialects.leash.expressions import Entity
from pipeline.policy.dialects.leash.targets import ANY, Target, covers, read, target


def reading(resource, conditions=""):
    (statement,) = parse(f"permit (principal, action, {resource}) {conditions};", "p")
    return read(statement)


@pytest.mark.parametrize(
    ("entity", "meant"),
    [
        (("File", "/etc/passwd"), Target("file", "/etc/passwd")),
        (("Fs::File", "/a//b"), Target("file", "/a/b")),
        (("Dir", "/tmp/"), Target("dir", "/tmp")),
        (("Fs::Directory", "/"), Target("dir", "/")),
        (("Dir", "relative"), Target("other", "relative", loaded=False)),
        (("File", "/a/../b"), Target("other", "/a/../b", loaded=False)),
        (("File", "/" + "x" * 255), Target("file", "/" + "x" * 255, loaded=False)),
        (("Host", "A.example.com"), Target("host", "a.example.com")),
        (("Host", "*.example.com:443"), Target("host", "*.example.com", 443)),
        (("Host", "10.0.0.1:80"), Target("host", "10.0.0.1", 80)),
        (("Host", "a.b:99999"), Target("other", "a.b:99999", loaded=False)),
        (("Host", "::1"), Target("host", "::1", loaded=False)),
        (("Host", "a*.b"), Target("other", "a*.b", loaded=False)),
        (("Net::DnsZone", "corp"), Target("host", "*.corp")),
        (("MCP::Server", "m.x"), Target("server", "m.x")),
        (("MCP::Tool", "t"), Target("tool", "t")),
        (("Thing", "t"), Target("other", "t", loaded=False)),
    ],
)
def test_entities(entity, meant):
    assert target(Entity(*entity)) == meant


A, B = Target("dir", "/a"), Target("file", "/a/b")


def test_a_list_is_read_alike_by_both():
    found = reading("resource", 'when { resource in [ Dir::"/a/", File::"/c" ] }')
    assert found.allowed == found.denied == (A, Target("file", "/c"))


@pytest.mark.parametrize(
    ("conditions", "allowed", "denied"),
    [
        ('when { resource in [Dir::"/a"] } when { resource in [File::"/a/b"] }', (B,), {A, B}),
        ('when { resource in [Dir::"/a"] && resource in [File::"/a/b"] }', (), {B}),
        ('when { resource in [Dir::"/a"] || resource == File::"/x" }', (), {A, Target("file", "/x")}),
        ('unless { resource in [Dir::"/a"] }', (), {ANY, A}),
        ('when { !(resource in [Dir::"/a"]) }', (), {ANY}),
        ("when { context.port == 1 }", (), {ANY}),
        ('when { resource in [Dir::"/a"] } when { context.port == 1 }', (), {A}),
        ('when { resource in [Dir::"/a"] } when { true }', (A,), {A}),
        ('when { resource in [Dir::"/a"] } when { false }', (), {A}),
        ('when { context.hostname == "h.x" }', (Target("host", "h.x"),), {Target("host", "h.x")}),
        ('when { context.hostname like "*.h.x" }', (Target("host", "*.h.x"),), {Target("host", "*.h.x")}),
        ('when { context.hostname like "h.*" }', (), {ANY}),
    ],
)  # fmt: skip
def test_where_they_differ_both_must_allow_and_either_denies(conditions, allowed, denied):
    found = reading("resource", conditions)
    assert found.allowed == allowed
    assert set(found.denied) == denied


def test_a_head_and_a_condition_that_leash_ignores():
    found = reading('resource == Host::"h.x"', "when { context.port == 1 && true }")
    assert (found.allowed, found.loaded) == ((), (Target("host", "h.x"),))


@pytest.mark.parametrize(
    ("outer", "inner", "holds"),
    [
        (A, B, True),
        (B, A, False),
        (A, Target("dir", "/ab"), False),
        (Target("dir", "/"), A, True),
        (Target("host", "*"), Target("host", "x", 1), True),
        (Target("host", "*", 1), Target("host", "x", 2), False),
        (Target("host", "*.x"), Target("host", "a.x"), True),
        (Target("host", "*.x"), Target("host", "x"), False),
        (Target("host", "*.x"), Target("host", "ax"), False),
        (ANY, B, True),
        (B, ANY, False),
    ],
)
def test_covers(outer, inner, holds):
    assert covers(outer, inner) is holds


def test_a_port_and_a_name_have_a_connection_in_common():
    found = reading("resource", 'when { resource in [Host::"*:443"] } when { resource in [Host::"h.x"] }')
    assert Target("host", "h.x", 443) in found.meant.lower
