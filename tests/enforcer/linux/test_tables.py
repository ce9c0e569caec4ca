"""Map entries of a plan, read back by a plain reading of what the sensor does with them (verdict.h, paths.h, network.h)."""

from __future__ import annotations

import ipaddress

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from collectors.kernel.records import ADDRESS_KEY, HASH_KEY, INODE_KEY, PATH_BITS, SCOPE
from enforcer.linux.pathhash import hash_name, hash_path
from enforcer.linux.tables import ACTIONS, KERNEL_OPS, PORT_RANGES, RuleTableError, build, enforcing
from pipeline import schema
from pipeline.policy.kernel import KernelPlan, KernelRule, PathTarget, inline

SEED = 0x1234_5678_9ABC
SCOPE_NUMBER = 7


def rule(bit, action="deny", operations=("file.read",), **fields):
    empty = {"paths": (), "exes": (), "not_exes": (), "networks": (), "ports": (), "protocols": ()}
    return KernelRule(
        bit=bit, id=f"r{bit}", policy="p", action=action, operations=frozenset(operations), **{**empty, **fields}
    )


def plan(*rules, defaults=None, enforce=True):
    return KernelPlan(tuple(rules), defaults or {}, enforce, ())


def nothing_there(path):
    yield path, None


def built(a_plan, find=nothing_there, below=lambda _directory: ()):
    tables = build(a_plan, SCOPE_NUMBER, SEED, find, below)
    return tables, np.frombuffer(tables.scope, SCOPE)[0]


def hash_key(hashed):
    key = np.zeros(1, HASH_KEY)
    key["hash"], key["scope"] = hashed, SCOPE_NUMBER
    return key.tobytes()


def inode_key(device, inode):
    key = np.zeros(1, INODE_KEY)
    key["dev"], key["ino"], key["scope"] = device, inode, SCOPE_NUMBER
    return key.tobytes()


def bits_of(value):
    entry = np.frombuffer(value, PATH_BITS)[0]
    return int(entry["self"]), int(entry["below"])


# ---------------------------------------------------------------- paths

names = st.sampled_from(["a", "b", "c", ".ssh", "id"])
paths = st.lists(names, min_size=1, max_size=4).map(lambda parts: "/" + "/".join(parts))
targets = st.one_of(
    st.builds(PathTarget, st.sampled_from(["exact", "subtree"]), paths),
    st.builds(PathTarget, st.sampled_from(["name", "name_subtree"]), names),
)


def walk(tables, path):
    """The sensor's walk from root to leaf: bits of the hashes of each ancestor, of the path, and of each name."""
    parts, bits = path.strip("/").split("/"), 0
    prefixes = ["/"] + ["/" + "/".join(parts[: i + 1]) for i in range(len(parts))]
    lookups = [("paths", hash_path(p, SEED), p == path) for p in prefixes]
    lookups += [("names", hash_name(n.encode(), SEED), i == len(parts) - 1) for i, n in enumerate(parts)]
    for table, hashed, is_leaf in lookups:
        value = tables.maps[table].get(hash_key(hashed))
        if value:
            own, below = bits_of(value)
            bits |= own | below if is_leaf else below
    return bits


def is_meant(target, path):
    parts = path.strip("/").split("/")
    return {
        "exact": path == target.path,
        "subtree": path == target.path or path.startswith(target.path + "/"),
        "name": parts[-1] == target.path,
        "name_subtree": target.path in parts,
    }[target.kind]


@given(st.lists(st.lists(targets, min_size=1, max_size=3), min_size=1, max_size=6), paths)
@settings(deadline=None)
def test_the_walk_finds_the_rules_that_mean_the_path(wanted, path):
    tables, _ = built(plan(*(rule(i, paths=tuple(t)) for i, t in enumerate(wanted))))
    assert walk(tables, path) == sum(1 << i for i, t in enumerate(wanted) if any(is_meant(x, path) for x in t))


def test_a_subtree_of_the_root_holds_everything():
    tables, _ = built(plan(rule(5, paths=(PathTarget("subtree", "/"),))))
    assert walk(tables, "/a/b") == 1 << 5


def test_a_file_that_exists_is_named_by_its_inode_as_well_and_by_every_spelling():
    def find(path):
        yield path, (8, 99)
        yield "/real", (8, 99)

    tables, scope = built(
        plan(rule(0, paths=(PathTarget("exact", "/link"),)), rule(1, paths=(PathTarget("subtree", "/link"),))), find
    )
    assert {k: bits_of(v) for k, v in tables.maps["inodes"].items()} == {inode_key(8, 99): (3, 2)}
    assert {k: bits_of(v) for k, v in tables.maps["paths"].items()} == {
        hash_key(hash_path("/link", SEED)): (3, 2), hash_key(hash_path("/real", SEED)): (3, 2),
    }  # fmt: skip
    assert (scope["has_inodes"], scope["has_paths"], scope["has_names"]) == (1, 1, 0)


def test_files_below_a_protected_directory_are_named_by_their_inodes_too():
    """A hard link to one of them, made elsewhere, is found by nothing else."""
    tree = PathTarget("subtree", "/keys")
    exact = PathTarget("exact", "/keys")
    rules = (
        rule(0, paths=(tree,)),
        rule(1, "allow", paths=(tree,)),
        rule(2, paths=(exact,)),
        rule(3, "ask", paths=(tree,)),
    )
    asked = []

    def below(directory):
        asked.append(directory)
        return [(8, 7), (8, 8)]

    tables, _ = built(plan(*rules), below=below)
    assert {k: bits_of(v) for k, v in tables.maps["inodes"].items()} == {
        inode_key(8, 7): (0b1001, 0),
        inode_key(8, 8): (0b1001, 0),
    }
    assert set(asked) == {"/keys"}  # an allow must not grow


def test_a_rule_about_names_asks_for_no_file():
    def never(path):
        raise AssertionError(path)

    tables, scope = built(plan(rule(2, paths=(PathTarget("name", ".env"), PathTarget("name_subtree", ".git")))), never)
    assert {bits_of(v) for v in tables.maps["names"].values()} == {(4, 0), (4, 4)}
    assert (scope["has_inodes"], scope["has_paths"], scope["has_names"]) == (0, 0, 1)


def test_programs_switch_rules_on_and_off():
    inodes = {"/bin/cat": (1, 10), "/bin/ssh": (1, 11), "/bin/gone": None}
    tables, scope = built(
        plan(rule(0, exes=("/bin/cat", "/bin/gone")), rule(1, not_exes=("/bin/ssh",)), rule(2)),
        lambda p: [(p, inodes[p])],
    )
    programs = {k: bits_of(v) for k, v in tables.maps["programs"].items()}
    assert programs == {inode_key(1, 10): (1, 0), inode_key(1, 11): (0, 2)}

    def held(device, inode):
        own, below = programs.get(inode_key(device, inode), (0, 0))
        return (int(scope["any_exe"]) | own) & ~below

    assert [held(1, 10), held(1, 11), held(1, 12)] == [0b111, 0b100, 0b110]


# ---------------------------------------------------------------- the scope

actions = st.sampled_from(["allow", "audit", "ask", "deny", "freeze", "kill"])
some_rules = st.lists(
    st.tuples(
        actions,
        st.sets(st.sampled_from(sorted(KERNEL_OPS)), min_size=1),
        st.lists(targets, max_size=2).map(tuple),
        st.sampled_from([(), ("/bin/x",)]),
        st.sampled_from([(), ("10.0.0.0/8",)]),
        st.lists(st.tuples(st.integers(0, 9), st.integers(10, 19)), max_size=2).map(tuple),
        st.sampled_from([(), ("tcp",), ("udp",), ("tcp", "udp"), ("sctp",)]),
    ),
    max_size=8,
)


@given(some_rules, st.dictionaries(st.sampled_from(sorted(KERNEL_OPS)), actions), st.booleans())
@settings(deadline=None)
def test_each_set_of_the_scope_holds_the_rules_that_it_is_about(wanted, defaults, enforce):
    rules = [
        rule(i, action, ops, paths=p, exes=e, networks=n, ports=ports, protocols=protocols)
        for i, (action, ops, p, e, n, ports, protocols) in enumerate(wanted)
    ]
    _, scope = built(plan(*rules, defaults=defaults, enforce=enforce))

    def those(condition):
        return sum(1 << r.bit for r in rules if condition(r))

    for action in ("allow", "audit", "ask", "deny", "freeze", "kill"):
        assert scope[action] == those(lambda r, action=action: r.action == action)
    for name, place in KERNEL_OPS.items():
        assert scope["op_bits"][place] == those(lambda r, name=name: name in r.operations)
        assert scope["defaults"][place] == (schema.VERDICTS.index(defaults[name]) if name in defaults else 255)
    assert scope["op_bits"][len(KERNEL_OPS) :].tolist() == [0] * (8 - len(KERNEL_OPS))
    assert scope["defaults"][len(KERNEL_OPS) :].tolist() == [255] * (8 - len(KERNEL_OPS))
    assert scope["any_path"] == those(lambda r: not r.paths)
    assert scope["any_exe"] == those(lambda r: not r.exes)
    assert scope["any_address"] == those(lambda r: not r.networks)
    assert scope["any_port"] == those(lambda r: not r.ports)
    assert scope["tcp_bits"] == those(lambda r: not r.protocols or "tcp" in r.protocols)
    assert scope["udp_bits"] == those(lambda r: not r.protocols or "udp" in r.protocols)
    assert scope["enforce"] == enforce
    for port in range(21):
        found = 0
        for span in scope["ports"][: scope["port_ranges"]]:
            if span["low"] <= port <= span["high"]:
                found |= int(span["bits"])
        assert found == those(lambda r, port=port: any(a <= port <= b for a, b in r.ports))


@pytest.mark.parametrize(("action", "kind", "held"), [
    ("deny", "subtree", True), ("kill", "name_subtree", True), ("deny", "exact", False), ("allow", "subtree", False),
    ("ask", "subtree", True), ("freeze", "name_subtree", True), ("freeze", "exact", False), ("audit", "subtree", False),
])  # fmt: skip
def test_a_walk_too_deep_to_tell_is_closed_for_rules_over_trees(action, kind, held):
    _, scope = built(plan(rule(3, action, paths=(PathTarget(kind, "/x"),))))
    assert scope["tree_bits"] == (1 << 3 if held else 0)


@pytest.mark.parametrize("on", [True, False])
@pytest.mark.parametrize("was", [True, False])
def test_a_scope_is_switched_to_recording_and_back_and_nothing_else_of_it_changes(on, was):
    rules = (rule(0, paths=(PathTarget("subtree", "/x"),)), rule(1, "ask", ("exec",)))
    tables, _ = built(plan(*rules, defaults={"exec": "deny"}, enforce=was))
    assert enforcing(tables.scope, on=on) == built(plan(*rules, defaults={"exec": "deny"}, enforce=on))[0].scope


def test_every_action_of_a_plan_has_a_set_in_the_scope():
    assert set(ACTIONS) == {inline(verdict) for verdict in schema.VERDICTS}
    assert set(ACTIONS) <= set(SCOPE.names)


def test_all_sixty_four_bits_fit():
    _, scope = built(plan(*(rule(i) for i in range(64))))
    assert int(scope["deny"]) == 2**64 - 1


def test_as_many_ranges_of_ports_as_the_sensor_holds_and_no_more():
    spans = tuple((i, i) for i in range(PORT_RANGES))
    _, scope = built(plan(rule(0, ports=spans), rule(1, ports=spans[:3])))
    assert scope["port_ranges"] == PORT_RANGES
    assert scope["ports"][0]["bits"] == 3
    with pytest.raises(RuleTableError, match="33 ranges of ports and the sensor holds 32") as caught:
        built(plan(rule(0, ports=(*spans, (99, 99)))))
    assert "\n" not in str(caught.value)


# ---------------------------------------------------------------- addresses

v4_networks = st.tuples(st.integers(0, 2**32 - 1), st.integers(0, 32)).map(
    lambda t: ipaddress.ip_network((t[0] >> (32 - t[1]) << (32 - t[1]) if t[1] else 0, t[1]))
)
v6_networks = st.tuples(
    st.sampled_from([0, 0xFFFF << 32, 0x20010DB8 << 96, 0xFE80 << 112, 1 << 127]), st.integers(0, 128)
).map(lambda t: ipaddress.IPv6Network((t[0], t[1]), strict=False))
ip_networks = st.one_of(
    v4_networks, v6_networks, st.sampled_from([ipaddress.ip_network(n) for n in ("::/0", "0.0.0.0/0", "10.0.0.0/8", "::ffff:0:0/96", "::ffff:10.0.0.0/104", "::/80")])
)  # fmt: skip


def longest_prefix(entries, address: bytes):
    """What an LPM trie answers: the value of the longest entry that the address begins with."""
    best, answer = -1, 0
    number = int.from_bytes(address, "big")
    for raw, value in entries.items():
        key = np.frombuffer(raw, ADDRESS_KEY)[0]
        assert key["scope"] == SCOPE_NUMBER
        length = int(key["prefix_len"]) - 32
        prefix = int.from_bytes(key["address"].tobytes(), "big")
        if length > best and (number ^ prefix) >> (128 - length) == 0:
            best, answer = length, int.from_bytes(value, "little")
    return answer


def means(network, address) -> bool:
    """Plain reading: IPv4 in IPv6 counts as IPv4, and only so."""
    if network.version == 6:
        if network.prefixlen >= 96 and (mapped := network.network_address.ipv4_mapped) is not None:
            network = ipaddress.IPv4Network((mapped, network.prefixlen - 96))
        elif getattr(address, "ipv4_mapped", None) is not None:
            return False
    address = getattr(address, "ipv4_mapped", None) or address
    return network.version == address.version and address in network


@given(st.lists(st.lists(ip_networks, min_size=1, max_size=3), min_size=1, max_size=6), st.data())
@settings(deadline=None, max_examples=150)
def test_the_longest_prefix_carries_the_bits_of_all_around_it(wanted, data):
    tables, _ = built(
        plan(*(rule(i, operations=("net.connect",), networks=tuple(map(str, n))) for i, n in enumerate(wanted)))
    )
    everywhere = [n for group in wanted for n in group]
    inside = data.draw(st.sampled_from(everywhere))
    offset = data.draw(st.integers(0, inside.num_addresses - 1))
    address = inside[offset] if data.draw(st.booleans()) else data.draw(st.ip_addresses())
    as_v6 = address if address.version == 6 else ipaddress.IPv6Address(0xFFFF << 32 | int(address))
    expected = sum(1 << i for i, group in enumerate(wanted) if any(means(n, as_v6) for n in group))
    assert longest_prefix(tables.maps["addresses"], as_v6.packed) == expected


def test_all_of_ipv6_is_not_ipv4():
    tables, _ = built(plan(rule(0, operations=("net.connect",), networks=("::/0",))))
    entries = tables.maps["addresses"]
    assert longest_prefix(entries, ipaddress.IPv6Address("2001:db8::1").packed) == 1
    assert longest_prefix(entries, ipaddress.IPv6Address("::ffff:192.0.2.1").packed) == 0


def test_without_networks_there_are_no_addresses():
    tables, scope = built(plan(rule(0)))
    assert tables.maps["addresses"] == {}
    assert scope["any_address"] == 1


def test_selectors_stand_where_the_sensor_looks():
    assert KERNEL_OPS == {"file.read": 0, "file.write": 1, "exec": 2, "net.connect": 3, "net.send": 4}  # enum kernel_op
