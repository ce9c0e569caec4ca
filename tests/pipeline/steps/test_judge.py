"""The judge against a second reading of the same rules: plain Python, row by row, written from the language's description."""

from __future__ import annotations

import fnmatch
import ipaddress
import os.path
import re
from random import Random

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
STOPPING = ORDER[2:]
DEFAULT_SEVERITY = {
    "allow": None,
    "audit": "informational",
    "ask": "low",
    "deny": "medium",
    "freeze": "high",
    "isolate": "high",
    "kill": "high",
}
LABELS = {"own": ("/w/**", "**/.env"), "other": ("/tmp/?/[a-s]ecret", "~/.ssh/id_*")}
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


def name_matches(pattern, name):
    """Whether a host name is the one of a domain, or below it; label by label."""
    wanted, have = pattern.split("."), name.lower().removesuffix(".").split(".")
    below = wanted[0] == "*"
    return have[-len(wanted[1:]) :] == wanted[1:] and len(have) >= len(wanted) if below else have == wanted


def has_name(row):
    return row["dst_name"] is not None and re.fullmatch(r"[\w-]+(\.[\w-]+)*\.?", row["dst_name"]) is not None


def net_of(address, operation):
    if any(address_in(address, n) for n in ("0.0.0.0/32", "::/128")):
        return "external" if operation in ("net.bind", "net.listen") else "loopback"
    return next((name for name, nets in LISTS.items() if any(address_in(address, n) for n in nets)), "external")


def key_matches(key, values, row, names):
    if key in ("path", "label"):
        patterns = values if key == "path" else [p for v in values for p in LABELS[v]]
        return any(path_matches(p, name) for p in patterns for name in names if name is not None)
    if key in ("ip", "port", "net"):
        return end_matches(key, values, row)
    if key == "user":
        known = [str(row[c]) for c in ("user", "uid") if row[c] is not None]
        return any(fnmatch.fnmatchcase(user, p) for p in values for user in known)
    if key == "domain" and not has_name(row):
        return False
    column, holds = PLAIN[key]
    return row[column] is not None and any(holds(v, row[column]) for v in ([values] if key == "size" else values))


PLAIN = {
    "exe": ("exe", path_matches),
    "parent": ("parent_exe", path_matches),
    "argv": ("cmdline", lambda pattern, text: fnmatch.fnmatchcase(text, pattern)),
    "domain": ("dst_name", name_matches),
    "exe_hash": ("exe_sha256", lambda wanted, found: wanted == found),
    "protocol": ("protocol", lambda wanted, found: wanted == found),
    "size": ("bytes", lambda span, number: span[0] <= number <= span[1]),
}
"""Keys that look at one column, and how a value of the key is compared with it."""


def end_matches(key, values, row):
    """Whether the end of a connection that a row is about is one of some."""
    end = "src" if row["operation"] in ("net.bind", "net.listen") else "dst"
    ip, port = row[f"{end}_ip"], row[f"{end}_port"]
    if key == "port":
        return port is not None and any(low <= port <= high for low, high in values)
    if ip is None or ip == "no address":
        return False
    if key == "ip":
        return any(address_in(ip, n) for n in values)
    net = net_of(ip, row["operation"])
    return net in values or ("unresolved" in values and net == "external" and not has_name(row))


def match_holds(match, row, names):
    given = {k: getattr(match, k) for k in KEYS if getattr(match, k)}
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
    """Judged columns of a row; the best of (does it stop, verdict, rule before default before nothing), the first among equals."""
    found = [((False, 0, 0), ("allow", None, "+".join(p.name for p in policies), None))]
    unix = row["protocol"] == "unix" and (row["operation"] or "").startswith("net.")
    for policy in policies:
        for selectors, names, speaks in readings(row):
            rules = [r for r in policy.rules if set(r.on) & set(selectors)]
            if unix:
                rules = [r for r in rules if r.match.path or r.match.label or "unix" in r.match.protocol]
            rules = [r for r in rules if match_holds(r.match, row, names)]
            rules = [r for r in rules if r.unless is None or not match_holds(r.unless, row, names)]
            found += best(policy, rules, selectors if speaks and not unix else [])
    return max(found, key=lambda f: f[0])[1]


def best(policy, rules, selectors):
    """What one policy says to one reading: rules before the default, what only records last, unless the others stop nothing."""
    real = [r for r in rules if r.mode != "audit"]
    recorded = [r for r in rules if r.mode == "audit"]
    if real and max(ORDER.index(r.action) for r in real) >= ORDER.index("ask"):
        return [by_rule(policy, real, stops=True)]
    defaults = [(s, policy.defaults[s]) for s in selectors if s in policy.defaults]
    if not real and defaults:
        selector, action = max(defaults, key=lambda d: ORDER.index(d[1]))
        if action in STOPPING or not recorded:
            said = action, f"default:{selector}", policy.name, DEFAULT_SEVERITY[action]
            return [((action in STOPPING, ORDER.index(action), 1), said)]
    return [by_rule(policy, [*real, *recorded], stops=False)] if rules else []


def by_rule(policy, rules, *, stops):
    rule = max(rules, key=lambda r: ORDER.index(r.action))
    said = rule.action, rule.id, policy.name, rule.severity or DEFAULT_SEVERITY[rule.action]
    return (stops, ORDER.index(rule.action), 2), said


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
COMMANDS = [None, "git push --force", "git push", "rm -rf /", "a\nb", "ü"]
COMMAND_PATTERNS = ["*--force*", "git*", "?", "*\n*", "git push"]
PARENTS = [None, "/usr/bin/bash", "/opt/a/b", "/usr/bin/python3.11"]
USERS = [None, "ci-7", "root", "u"]
USER_PATTERNS = ["ci-*", "*o*t", "0", "1000", "[a-z]", "?"]
HOSTS = [None, "example.com", "A.Example.com.", "x.a.example.com", "notexample.com", "no name!", ""]
DOMAINS = ["example.com", "*.example.com", "*.a.example.com"]
HASHES = ["ab" * 32, "cd" * 32]
SIZES = [(10, 2**63 - 1), (0, 9), (1000, 1000), (0, 2**63 - 1)]
BYTES = [None, 0, 9, 10, 1000, 2**63 - 1]
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
    "net": some(["loopback", "private", "external", "unresolved"]),
    "label": some(list(LABELS)),
    "argv": some(COMMAND_PATTERNS),
    "parent": some(EXE_PATTERNS),
    "user": some(USER_PATTERNS),
    "domain": some(DOMAINS),
    "exe_hash": some(HASHES),
    "size": st.sampled_from(SIZES),
}
matches = st.lists(st.sampled_from(list(KEYS)), max_size=3, unique=True).flatmap(
    lambda keys: st.builds(Match, **{k: KEYS[k] for k in keys})
)
actions = st.sampled_from(["allow", "audit", "ask", "deny", "freeze", "isolate", "kill"])


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
                mode=draw(st.sampled_from([None, None, "enforce", "audit"])),
            )
            for i in range(draw(st.integers(0, 6)))
        )
        defaults = draw(st.dictionaries(st.sampled_from(SELECTORS), actions, max_size=4))
        made.append(Policy(f"policy{p}", "audit", Scope(), defaults, rules, (), f"{p}.yaml", f"version{p}", LABELS))
    return made


CHOICES = {
    "operation": [o.name for o in schema.OPERATIONS] * 3 + ["registry.set", None],
    "intent": [None, "", "read", "write", "read,write", "write,create", "read,write,create,truncate"],
    "agent_run": [RUN] * 5 + [NO_RUN],
    "path": PATHS,
    "path_to": PATHS,
    "script": PATHS,
    "exe": EXES,
    "dst_ip": ADDRESSES,
    "src_ip": ADDRESSES,
    "dst_port": PORTS,
    "src_port": PORTS,
    "protocol": PROTOCOLS,
    "cmdline": COMMANDS,
    "parent_exe": PARENTS,
    "user": USERS,
    "uid": [None, 0, 1000],
    "dst_name": HOSTS,
    "exe_sha256": [None, *HASHES],
    "bytes": BYTES,
    "verdict": [None] * 6 + ["allow", "ask", "deny", "freeze", "isolate", "kill"],
    "rule": [None, "p0r0", "p1r1", "long gone", "isolated"],
}
rows = st.fixed_dictionaries({column: st.sampled_from(values) for column, values in CHOICES.items()})


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


@st.composite
def crowded(draw):
    """Policies and rows of one operation only, so that rules, exceptions and defaults meet on most rows."""
    operation = draw(st.sampled_from(["exec", "net.connect", "net.bind", "net.send", "file.read", "file.rename"]))
    selectors = schema.OPERATION_BY_NAME[operation].selectors
    names = ["user", "exe", "parent", "size", *(["argv", "exe_hash"] if operation == "exec" else [])]
    names += (
        ["path", "label"]
        if not operation.startswith("net.")
        else ["ip", "port", "net", "net", "domain", "domain", "protocol"]
    )
    some_keys = st.lists(st.sampled_from(names), max_size=2, unique=True)
    match = some_keys.flatmap(lambda keys: st.builds(Match, **{k: KEYS[k] for k in keys}))
    rule = st.builds(
        Rule,
        id=st.uuids().map(str),
        on=st.just(selectors[-1:]),
        action=actions,
        match=match,
        unless=st.none() | match.filter(lambda m: m != Match()),
        mode=st.sampled_from([None, "audit"]),
    )
    defaults = draw(st.dictionaries(st.sampled_from(selectors), actions, max_size=1))
    made = [
        Policy(
            "p", "audit", Scope(), defaults, tuple(draw(st.lists(rule, min_size=1, max_size=3))), (), "f", "v", LABELS
        )
    ]
    chance = Random(draw(st.integers(0, 2**32)))  # drawing each value by itself takes hypothesis a second
    fixed = {"operation": operation, "agent_run": RUN, "verdict": None, "rule": None}
    return made, [{column: chance.choice(values) for column, values in CHOICES.items()} | fixed for _ in range(40)]


@settings(max_examples=100, deadline=None)
@given(crowded())
def test_agrees_with_a_plain_reading_where_rules_meet(given):
    policies, rows = given
    assert judged(Judge(compile_policies(policies, CONTEXT))(batch_of(rows))) == [plain_row(policies, r) for r in rows]


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
