"""The judge against a second reading of the same rules: plain Python, row by row, written from the language's description."""

from __future__ import annotations

import fnmatch
import ipaddress
import os.path
import re

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline import schema
from pipeline.policy.compile import RunContext, compile_policies
from pipeline.policy.load import load_policy
from pipeline.policy.model import Match, Policy, Rule, Scope
from pipeline.steps import judge as judge_module
from pipeline.steps.judge import JUDGED, Judge

CONTEXT = RunContext("/w", "/home/u", {"CACHE": "/c[1]"}, "u", "h", "a")
ORDER = ["allow", "audit", "ask", "deny", "freeze", "quarantine", "isolate", "kill"]
DEFAULT_SEVERITY = {"allow": None, "audit": "informational", "deny": "medium", "kill": "high"}
LISTS = {
    "loopback": ["127.0.0.0/8", "::1/128"],
    "private": ["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "169.254.0.0/16", "fc00::/7", "fe80::/10"],
}

# ---------------------------------------------------------------- the second reading


def alternatives(pattern):
    inner = re.search(r"\{([^{}]*)\}", pattern)
    if not inner:
        return [pattern]
    return [
        a
        for word in inner[1].split(",")
        for a in alternatives(pattern[: inner.start()] + word + pattern[inner.end() :])
    ]


def path_matches(pattern, path):
    pattern = pattern.replace("${workspace}", "/w").replace("${CACHE}", "/c[[]1]")
    pattern = "/home/u" + pattern[1:] if pattern.startswith("~") else pattern
    path = re.sub("^//+", "/", os.path.normpath(path))
    return any(parts_match(a.split("/"), path.split("/")) for a in alternatives(pattern))


def parts_match(pattern, path):
    if not pattern:
        return not path
    if pattern[0] == "**":
        return any(parts_match(pattern[1:], path[i:]) for i in range(len(path) + 1))
    return bool(path) and fnmatch.fnmatchcase(path[0], pattern[0]) and parts_match(pattern[1:], path[1:])


def address_in(address, network):
    address, network = ipaddress.ip_address(address), ipaddress.ip_network(network)
    address = getattr(address, "ipv4_mapped", None) or address
    return address.version == network.version and address in network


def net_of(address, operation):
    if any(address_in(address, n) for n in ("0.0.0.0/32", "::/128")):
        return "external" if operation in ("net.bind", "net.listen") else "loopback"
    return next((name for name, nets in LISTS.items() if any(address_in(address, n) for n in nets)), "external")


def key_matches(key, values, row, names):
    end = "src" if row["operation"] in ("net.bind", "net.listen") else "dst"
    ip, port = row[f"{end}_ip"], row[f"{end}_port"]
    if key == "path":
        return any(path_matches(p, name) for p in values for name in names if name is not None)
    if key == "exe":
        return row["exe"] is not None and any(path_matches(p, row["exe"]) for p in values)
    if key == "port":
        return port is not None and any(low <= port <= high for low, high in values)
    if key == "protocol":
        return row["protocol"] in values
    if ip is None or ip == "no address":
        return False
    return net_of(ip, row["operation"]) in values if key == "net" else any(address_in(ip, n) for n in values)


def match_holds(match, row, names):
    given = {k: getattr(match, k) for k in ("path", "exe", "ip", "port", "protocol", "net") if getattr(match, k)}
    return all(key_matches(k, v, row, names) for k, v in given.items())


def readings(row):
    """(selectors, names, do defaults speak) under which a row is looked at."""
    operation = row["operation"]
    if operation not in schema.OPERATION_BY_NAME:
        return
    own = list(schema.OPERATION_BY_NAME[operation].selectors)
    groups = [own]
    if operation in ("file.open", "file.read", "file.write", "file.create"):
        intents = (row["intent"] or "").split(",")
        groups += [["file.read"]] if "read" in intents and "file.read" not in own else []
        groups += [["file.write"]] if {"write", "create", "truncate"} & set(intents) and "file.write" not in own else []
    names = [([row["path"]], True)]
    if operation == "exec":
        names = [([row["path"], row["script"], row["exe"]], True)]
    if operation in ("file.rename", "file.link"):
        names = [([row["path"]], True), ([row["path_to"]], True)]
    if operation == "file.symlink":
        names = [([row["path_to"]], True), ([row["path"]], False)]
    for group in groups:
        for name, speaks in names:
            yield group, name, speaks


def plain_verdict(policies, row):
    """Judged columns of a row; the best of (verdict, rule before default before nothing), the first among equals."""
    nothing = ("allow", None, "+".join(p.name for p in policies), None)
    found = [(nothing, 0)]
    unix = row["protocol"] == "unix" and (row["operation"] or "").startswith("net.")
    for policy in policies:
        for selectors, names, speaks in readings(row):
            rules = [r for r in policy.rules if set(r.on) & set(selectors)]
            if unix:
                rules = [r for r in rules if r.match.path or "unix" in r.match.protocol]
            rules = [r for r in rules if match_holds(r.match, row, names)]
            rules = [r for r in rules if r.unless is None or not match_holds(r.unless, row, names)]
            defaults = [(s, policy.defaults[s]) for s in selectors if s in policy.defaults]
            if rules:
                rule = max(rules, key=lambda r: ORDER.index(r.action))
                found.append(((rule.action, rule.id, policy.name, rule.severity or DEFAULT_SEVERITY[rule.action]), 2))
            elif defaults and speaks and not unix:
                selector, action = max(defaults, key=lambda d: ORDER.index(d[1]))
                found.append(((action, f"default:{selector}", policy.name, DEFAULT_SEVERITY[action]), 1))
    return max(found, key=lambda f: (ORDER.index(f[0][0]), f[1]))[0]


def plain_row(policies, row):
    """Values of verdict, rule, policy, severity after the judge, with what the sensor gave."""
    mine = plain_verdict(policies, row) if row["agent_run"] else (None,) * 4
    given = row["verdict"]
    if given is None or (mine[0] is not None and ORDER.index(given) <= ORDER.index(mine[0])):
        return mine
    for policy in policies:
        for rule in policy.rules:
            if rule.id == row["rule"]:
                return given, rule.id, policy.name, rule.severity or DEFAULT_SEVERITY[rule.action]
    return given, row["rule"], None, None


# ---------------------------------------------------------------- random policies and rows

PATTERNS = [
    "/w/**", "${workspace}/src/*.py", "/tmp/x/secret", "/tmp/**", "**/.env", "**/.ssh/**", "~/.ssh/id_*", "~", "/**",
    "/tmp/{x,y}/**", "/tmp/?/[a-s]ecret", "/tmp/[!x]/secret", "/w/**/deep/*", "**/*.py", "${CACHE}/**", "**", "/run/*.sock",
]  # fmt: skip
PATHS = [
    None, "/w", "/w/src/a.py", "/w/src/a/b.py", "/tmp", "/tmp/x/secret", "/tmp/y/secret", "/tmp/x/secretx", "/tmp/x/../y/secret",
    "/w/.env", ".env", "/home/u/.ssh/id_rsa", "/home/u/.ssh", "/home/u", "/", "/w//src/a.py", "/tmp/x/", "/w/a/deep/b", "/w/deep/b",
    "/tmp/x\n/secret", "/tmp/ü/secret", "/c[1]/f", "/c1/f", "/run/a.sock", "@abstract", "/w/src/\U0001f600.py",
]  # fmt: skip
EXE_PATTERNS = ["/usr/bin/cat", "/usr/bin/python3*", "**/git", "/opt/**"]
EXES = [None, "/usr/bin/cat", "/usr/bin/python3.11", "/usr/lib/git", "/opt/a/b", "/tmp/x/secret", "/w/src/a.py"]
NETWORKS = ["10.0.0.0/8", "10.1.2.3/32", "0.0.0.0/0", "::/0", "::1/128", "2001:db8::/32"]
ADDRESSES = [
    None, "10.1.2.3", "10.9.9.9", "127.0.0.1", "::1", "::ffff:10.1.2.3", "8.8.8.8", "2001:db8::5", "fe80::1", "0.0.0.0", "::", "no address",
]  # fmt: skip
PORTS = [None, 0, 22, 80, 443, 65535]
PORT_RANGES = [(22, 22), (1, 1023), (443, 65535), (0, 0)]
PROTOCOLS = [None, "tcp", "udp", "unix", "vsock"]
RUN, NO_RUN = "run-1", None
SELECTORS = list(schema.SELECTORS)


def some(values):
    return st.lists(st.sampled_from(values), min_size=1, max_size=3, unique=True).map(tuple)


KEYS = {
    "path": some(PATTERNS),
    "exe": some(EXE_PATTERNS),
    "ip": some(NETWORKS),
    "port": some(PORT_RANGES),
    "protocol": some(["tcp", "udp", "unix"]),
    "net": some(["loopback", "private", "external"]),
}
matches = st.lists(st.sampled_from(list(KEYS)), max_size=3, unique=True).flatmap(
    lambda keys: st.builds(Match, **{k: KEYS[k] for k in keys})
)
actions = st.sampled_from(["allow", "audit", "deny", "kill"])


@st.composite
def policies(draw):
    made = []
    for p in range(draw(st.integers(1, 2))):
        rules = tuple(
            Rule(
                id=f"p{p}r{i}",
                on=draw(st.lists(st.sampled_from(SELECTORS), min_size=1, max_size=4, unique=True).map(tuple)),
                action=draw(actions),
                match=draw(matches),
                unless=draw(st.none() | matches.filter(lambda m: m != Match())),
                severity=draw(st.none() | st.sampled_from(schema.SEVERITIES)),
            )
            for i in range(draw(st.integers(0, 6)))
        )
        defaults = draw(st.dictionaries(st.sampled_from(SELECTORS), actions, max_size=4))
        made.append(Policy(f"policy{p}", "audit", Scope(), defaults, rules, (), f"{p}.yaml", f"version{p}"))
    return made


rows = st.fixed_dictionaries(
    {
        "operation": st.sampled_from([o.name for o in schema.OPERATIONS] * 3 + ["registry.set", None]),
        "intent": st.sampled_from(
            [None, "", "read", "write", "read,write", "write,create", "read,write,create,truncate"]
        ),
        "agent_run": st.sampled_from([RUN] * 5 + [NO_RUN]),
        "path": st.sampled_from(PATHS),
        "path_to": st.sampled_from(PATHS),
        "script": st.sampled_from(PATHS),
        "exe": st.sampled_from(EXES),
        "dst_ip": st.sampled_from(ADDRESSES),
        "src_ip": st.sampled_from(ADDRESSES),
        "dst_port": st.sampled_from(PORTS),
        "src_port": st.sampled_from(PORTS),
        "protocol": st.sampled_from(PROTOCOLS),
        "verdict": st.sampled_from([None] * 6 + ["allow", "deny", "kill"]),
        "rule": st.sampled_from([None, "p0r0", "p1r1", "long gone"]),
    }
)


def batch_of(rows, *, plain=False):
    """A sparse batch: columns without a single value are left out."""
    columns = {}
    for name in rows[0]:
        values = [r[name] for r in rows]
        if any(v is not None for v in values):
            array = pa.array(values, schema.lake_type("activity", name))
            columns[name] = array if plain or not pa.types.is_string(array.type) else array.dictionary_encode()
    return schema.batch("activity", columns)


def judged(batch):
    return list(zip(*(batch[c].to_pylist() for c in JUDGED if c != "policy_version"), strict=True))


@settings(max_examples=150, deadline=None)
@given(policies(), st.lists(rows, min_size=1, max_size=25), st.booleans())
def test_agrees_with_a_plain_reading(policies, rows, plain):
    judge = Judge(compile_policies(policies, CONTEXT))
    if all(r["operation"] is None for r in rows):
        rows[0]["operation"] = "exec"
    assert judged(judge(batch_of(rows, plain=plain))) == [plain_row(policies, r) for r in rows]


@settings(max_examples=50, deadline=None)
@given(policies(), st.lists(rows, min_size=2, max_size=40), st.lists(st.integers(1, 9), min_size=40, max_size=40))
def test_any_batching_gives_the_same(policies, rows, sizes):
    program, whole = compile_policies(policies, CONTEXT), batch_of(rows)
    expected, judge, begin, got = judged(Judge(program)(whole)), Judge(program), 0, []
    for size in sizes:
        got += judged(judge(whole.slice(begin, size)))
        begin += size
        if begin >= len(rows):
            break
    assert got[: len(rows)] == expected


@settings(max_examples=25, deadline=None)
@given(policies(), st.lists(rows, min_size=5, max_size=40))
def test_bounds_change_memory_and_nothing_else(policies, rows):
    program, whole = compile_policies(policies, CONTEXT), batch_of(rows)
    expected = judged(Judge(program)(whole))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(judge_module, "DENSE_BITS", 3)
        patch.setattr(judge_module, "KEY_BITS", 8)
        patch.setattr(judge_module, "MOST_KNOWN", 2)
        small = Judge(program)
        assert [judged(small(whole)) for _ in range(3)] == [expected] * 3


# ---------------------------------------------------------------- by name

POLICY = """
lictor: 1
name: p
defaults: { file.read: allow, file.write: deny, network: deny }
rules:
  - { id: ws, on: file.write, match: { path: "${workspace}/**" }, action: allow }
  - { id: secret, on: file.read, match: { path: /tmp/x/secret }, action: deny, severity: critical }
  - { id: tool, on: exec, match: { path: "/opt/**" }, action: kill }
  - { id: open-to-all, on: net.bind, match: { net: external }, action: deny }
  - { id: local, on: net.bind, match: { net: loopback }, action: audit }
  - { id: docker, on: net.connect, match: { path: /run/docker.sock }, action: deny }
"""


def program(text=POLICY):
    return compile_policies([load_policy(text, "p.yaml")], CONTEXT)


def row(**given):
    return dict.fromkeys(["operation", "agent_run", *given]) | {"agent_run": RUN} | given


def verdict(**given):
    return judged(Judge(program())(batch_of([row(**given)])))[0][:2]


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"operation": "file.read", "path": "/tmp/x/secret"}, ("deny", "secret")),
        ({"operation": "file.write", "intent": "read,write", "path": "/tmp/x/secret"}, ("deny", "secret")),
        ({"operation": "file.write", "intent": "write", "path": "/w/a"}, ("allow", "ws")),
        ({"operation": "file.rename", "path": "/w/a", "path_to": "/etc/a"}, ("deny", "default:file.write")),
        ({"operation": "file.rename", "path": "/w/a", "path_to": "/w/b"}, ("allow", "ws")),
        ({"operation": "file.symlink", "path": "/usr/bin/python3", "path_to": "/w/venv/python"}, ("allow", "ws")),
        ({"operation": "file.link", "path": "/etc/shadow", "path_to": "/w/x"}, ("deny", "default:file.write")),
        ({"operation": "exec", "path": "/w/run.sh", "script": "/w/run.sh", "exe": "/opt/sh"}, ("kill", "tool")),
        ({"operation": "exec", "path": "/opt/run", "exe": "/usr/bin/dash"}, ("kill", "tool")),
        (
            {"operation": "net.connect", "dst_ip": "127.0.0.1", "dst_port": 80, "protocol": "tcp"},
            ("deny", "default:network"),
        ),
        ({"operation": "net.connect", "path": "/run/x.sock", "protocol": "unix"}, ("allow", None)),
        ({"operation": "net.connect", "path": "/run/docker.sock", "protocol": "unix"}, ("deny", "docker")),
        (
            {"operation": "net.bind", "src_ip": "0.0.0.0", "src_port": 80, "dst_ip": "127.0.0.1"},
            ("deny", "open-to-all"),
        ),
        ({"operation": "net.bind", "src_ip": "::1", "src_port": 80}, ("audit", "local")),
        ({"operation": "file.read", "path": "//tmp/./x//secret"}, ("deny", "secret")),
        ({"operation": "fork"}, ("allow", None)),
    ],
)
def test_verdicts(given, expected):
    assert verdict(**given) == expected


def test_columns_come_dictionary_encoded_with_the_policys_version():
    got = Judge(program())(batch_of([row(operation="file.read", path="/tmp/x/secret")]))
    assert {got.schema.field(c).type for c in JUDGED} == {schema.DICTIONARY}
    assert got["policy_version"].to_pylist() == [program().version]
    assert got["severity"].to_pylist() == ["critical"]
    assert [n for n in schema.memory_schema("activity").names if n in got.schema.names] == got.schema.names


def test_the_kernels_stronger_verdict_stays_with_its_rule():
    given = row(operation="file.read", path="/w/hard-link", verdict="deny", rule="secret")
    got = Judge(program())(batch_of([given])).to_pylist()[0]
    assert (got["verdict"], got["rule"], got["policy"], got["severity"]) == ("deny", "secret", "p", "critical")
    assert got["policy_version"] == program().version


def test_of_equal_verdicts_the_first_policy_speaks():
    twins = [load_policy(POLICY.replace("name: p", f"name: {name}"), name) for name in ("first", "second")]
    got = Judge(compile_policies(twins, CONTEXT))(batch_of([row(operation="file.write", path="/etc/x")]))
    assert got["policy"].to_pylist() == ["first"]


def test_another_policy_cannot_lift_a_default():
    wide = load_policy("lictor: 1\nname: wide\nrules: [{ id: all, on: file.write, action: allow }]", "wide")
    got = Judge(compile_policies([load_policy(POLICY, "p"), wide], CONTEXT))(
        batch_of([row(operation="file.write", path="/etc/x")])
    )
    assert got["rule"].to_pylist() == ["default:file.write"]


def test_an_empty_batch_and_one_without_a_run():
    whole = batch_of([row(operation="file.read", path="/x")])
    assert Judge(program())(whole.slice(0, 0)).num_rows == 0
    outside = Judge(program())(whole.select(["operation", "path"]))
    assert outside["verdict"].to_pylist() == [None]


def test_a_program_out_of_scope_says_nothing():
    empty = compile_policies([], CONTEXT)
    assert judged(Judge(empty)(batch_of([row(operation="exec", path="/x")]))) == [(None,) * 4]


def test_a_growing_dictionary_is_looked_up_once(monkeypatch):
    judge, asked = Judge(program()), []
    match = judge._decider._paths.match
    monkeypatch.setattr(judge._decider._paths, "match", lambda text: asked.append(text) or match(text))
    values = [f"/w/{i}" for i in range(10)]
    for size in (4, 4, 7, 10):
        path = pa.DictionaryArray.from_arrays(pa.array(range(size), pa.int32()), pa.array(values[:size]))
        reads = pa.array(["file.read"] * size).dictionary_encode()
        judge(
            schema.batch(
                "activity", {"operation": reads, "agent_run": pa.array([RUN] * size).dictionary_encode(), "path": path}
            )
        )
    assert asked == values
