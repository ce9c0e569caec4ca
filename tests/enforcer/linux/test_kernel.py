"""A policy's life in the maps: with maps that are dictionaries, and in the running kernel."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pyarrow.compute as pc
import pytest

from collectors.interface import Run
from collectors.kernel.records import SCOPE
from enforcer.linux.kernel import InstalledPolicy, Listing, find
from pipeline import schema
from pipeline.policy.kernel import KernelPlan, KernelRule, PathTarget

SEED = 99


class Maps:
    """The sensor's maps as dictionaries; ``log`` has every change in order, ``full`` refuses after so many updates."""

    def __init__(self, full: int | None = None) -> None:
        self.held: dict[str, dict[bytes, bytes]] = {}
        self.log: list[tuple[str, str]] = []
        self.full = full

    def __call__(self, name):
        maps = self

        class Map:
            def update(self, key, value):
                if maps.full is not None:
                    maps.full -= 1
                    if maps.full < 0:
                        raise MemoryError("full")
                maps.held.setdefault(name, {})[key] = value
                maps.log.append(("set", name))

            def delete(self, key):
                maps.log.append(("delete", name))
                return maps.held.get(name, {}).pop(key, None) is not None

        return Map()

    def entries(self) -> int:
        return sum(len(m) for n, m in self.held.items() if n != "scopes")


def rule(bit, *targets, action="deny", operations=("file.read",), **fields):
    empty = {"exes": (), "not_exes": (), "networks": (), "ports": (), "protocols": ()}
    return KernelRule(
        bit=bit, id=f"rule-{bit}", policy="p", action=action, operations=frozenset(operations),
        paths=tuple(PathTarget(*t) for t in targets), **{**empty, **fields},
    )  # fmt: skip


def plan(*rules, enforce=True, defaults=None):
    return KernelPlan(tuple(rules), defaults or {}, enforce, ())


def test_conditions_are_in_force_before_the_scope_that_uses_them(tmp_path):
    maps = Maps()
    InstalledPolicy(plan(rule(0, ("exact", str(tmp_path)), ("name", ".env"))), 3, maps, SEED)
    assert maps.log[-1] == ("set", "scopes")
    assert {n for _, n in maps.log[:-1]} == {"paths", "inodes", "names"}
    assert list(maps.held["scopes"]) == [(3).to_bytes(4, "little")]


def test_refresh_follows_a_file_that_comes_and_goes(tmp_path):
    maps, secret = Maps(), tmp_path / "secret"
    policy = InstalledPolicy(plan(rule(0, ("exact", str(secret)))), 3, maps, SEED)
    assert not maps.held.get("inodes")
    secret.touch()
    maps.log.clear()
    policy.refresh()
    assert len(maps.held["inodes"]) == 1
    assert maps.log == [("set", "inodes"), ("set", "scopes")]  # the scope says from now on that inodes count
    (old,) = maps.held["inodes"]
    os.replace(_other(tmp_path), secret)
    policy.refresh()
    (new,) = maps.held["inodes"]
    assert new != old
    secret.unlink()
    maps.log.clear()
    policy.refresh()
    assert maps.held["inodes"] == {}
    assert maps.log == [("set", "scopes"), ("delete", "inodes")]


def _other(folder):
    other = folder / "other"
    other.touch()
    return other


def test_refresh_without_a_change_writes_nothing(tmp_path):
    maps = Maps()
    policy = InstalledPolicy(plan(rule(0, ("subtree", str(tmp_path)))), 3, maps, SEED)
    maps.log.clear()
    policy.refresh()
    assert maps.log == []


def test_remove_takes_everything_out(tmp_path):
    maps = Maps()
    policy = InstalledPolicy(plan(rule(0, ("subtree", str(tmp_path))), rule(1, ("name", "x"))), 3, maps, SEED)
    policy.remove()
    assert maps.entries() == 0
    scope = np.frombuffer(maps.held["scopes"][(3).to_bytes(4, "little")], SCOPE)[0]
    assert scope["enforce"] == 0
    assert maps.log.index(("set", "scopes")) < maps.log.index(("delete", "paths"))
    policy.remove()


def test_a_removed_scope_decides_nothing():
    maps = Maps()
    InstalledPolicy(plan(rule(0, ("name", "x")), defaults={"file.read": "deny"}), 3, maps, SEED).remove()
    scope = np.frombuffer(maps.held["scopes"][(3).to_bytes(4, "little")], SCOPE)[0]
    assert not scope["op_bits"].any()
    stopping = schema.VERDICTS.index("deny")
    assert all(d == 255 or d < stopping for d in scope["defaults"].tolist())


@pytest.mark.parametrize("room", [0, 1, 2])
def test_what_does_not_fit_leaves_nothing_behind(tmp_path, room):
    maps = Maps(full=room)
    with pytest.raises(MemoryError, match="full"):
        InstalledPolicy(plan(rule(0, ("subtree", str(tmp_path)), ("name", "x"))), 3, maps, SEED)
    assert maps.entries() == 0


def test_find_gives_what_is_written_and_what_it_leads_to(tmp_path):
    (tmp_path / "real").touch()
    (tmp_path / "link").symlink_to("real")
    status = (tmp_path / "real").stat()
    inode = (os.major(status.st_dev) << 20 | os.minor(status.st_dev), status.st_ino)
    assert list(find(f"{tmp_path}/link")) == [(f"{tmp_path}/link", inode), (f"{tmp_path}/real", inode)]
    assert list(find(f"{tmp_path}/real")) == [(f"{tmp_path}/real", inode)]
    assert list(find(f"{tmp_path}/gone")) == [(f"{tmp_path}/gone", None)]


@pytest.mark.parametrize("path", ["/" + "x" * 300, "/dev/null/below"])
def test_find_of_what_cannot_exist(path):
    assert [inode for _, inode in find(path)] == [None]


def test_a_listing_has_the_files_below_a_directory_and_no_more_than_it_may(tmp_path, monkeypatch):
    (tmp_path / "deep").mkdir()
    files = [secret_in(tmp_path, "a"), secret_in(tmp_path / "deep", "b")]
    (tmp_path / "link").symlink_to("/etc")  # what it leads to is not below
    mine = {(tmp_path.stat().st_dev, p.lstat().st_ino) for p in [*files, tmp_path / "link"]}
    found = Listing()(str(tmp_path))
    assert {inode for _, inode in found} == {inode for _, inode in mine} or {i for _, i in found} == {
        p.stat().st_ino for p in files
    }
    assert Listing()(str(tmp_path / "gone")) == []
    monkeypatch.setattr(Listing, "MOST", 1)
    assert len(Listing()(str(tmp_path))) == 1


def test_a_listing_looks_again_after_a_while(tmp_path, monkeypatch):
    listing = Listing()
    assert listing(str(tmp_path)) == []
    secret_in(tmp_path)
    assert listing(str(tmp_path)) == []
    monkeypatch.setattr(Listing, "EVERY_S", -1.0)
    listing._until = 0.0
    assert len(listing(str(tmp_path))) == 1


def test_rules_that_hold_for_a_running_program(tmp_path):
    python = sys.executable
    policy = InstalledPolicy(
        plan(rule(0, exes=(python,)), rule(1, not_exes=(python,)), rule(2), rule(3, exes=("/bin/sh",))), 1, Maps(), SEED
    )
    assert policy.exe_bits(f"/proc/{os.getpid()}/exe") == 0b0101
    assert policy.exe_bits(str(tmp_path / "gone")) == 0b0110


def test_names_of_rules():
    policy = InstalledPolicy(plan(rule(0), rule(7)), 1, Maps(), SEED)
    assert (policy.rule_name(7), policy.rule_name(3)) == ("rule-7", None)


# ---------------------------------------------------------------- in the kernel


@pytest.fixture
def under(sensor):
    """Function: run a command under a plan; its exit status and its rows. ``between`` is done once the plan is in force."""

    def run(a_plan, *command, between=lambda: None):
        sensor.context.rule_names = lambda _scope, bit: f"rule-{bit}"
        policy = InstalledPolicy(a_plan, 5, sensor.map, sensor.seed)
        between()
        child = subprocess.Popen(
            ("sh", "-c", 'read _ && exec "$@"', "sh", *command),
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        try:
            number = sensor.add_run(Run(f"r{child.pid}", None))
            sensor.tag(child.pid, number, scope=5, exe_bits=policy.exe_bits(f"/proc/{child.pid}/exe"))
            child.stdin.write(b"go\n")
            child.stdin.close()
            rows = []
            for batch in sensor.batches(lambda: child.poll() is not None):
                if batch.num_rows:
                    table = schema.conform(batch, "activity")
                    rows += table.filter(pc.equal(table["agent_run"], f"r{child.pid}")).to_pylist()
            return child.returncode, child.stdout.read(), rows
        finally:
            child.kill()
            child.wait()
            child.stdout.close()
            policy.remove()

    return run


def secret_in(folder, name="secret"):
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / name
    path.write_text("the secret\n")
    return path


TARGETS = [
    ("exact", "{root}/deep/down/secret"), ("subtree", "{root}/deep"), ("subtree", "{root}/deep/down/secret"),
    ("name", "secret"), ("name_subtree", "down"),
]  # fmt: skip


@pytest.mark.kernel
@pytest.mark.parametrize(("kind", "path"), TARGETS)
@pytest.mark.parametrize("when", ["before", "after"])
def test_each_kind_of_target_stops_cat(under, tmp_path, kind, path, when):
    """Also where the file is made after the policy came into force: by its name then, not by its inode."""
    a_plan = plan(rule(0, (kind, path.format(root=os.path.realpath(tmp_path)))))
    folder = tmp_path / "deep" / "down"
    if when == "before":
        secret_in(folder)
    status, out, rows = under(a_plan, "cat", f"{folder}/secret", between=lambda: secret_in(folder))
    assert (status, out) == (-signal.SIGKILL, b"")
    (row,) = [r for r in rows if r["path"] == os.path.realpath(f"{folder}/secret")]
    assert (row["verdict"], row["rule"], row["outcome"], row["enforced_at"]) == ("deny", "rule-0", "denied", "kernel")


@pytest.mark.kernel
@pytest.mark.parametrize(("kind", "path"), [
    ("exact", "{root}/deep"), ("subtree", "{root}/dee"), ("name", "down"), ("name_subtree", "own"), ("exact", "{root}/deep/down/secret2"),
])  # fmt: skip
def test_a_target_is_no_wider_than_written(under, tmp_path, kind, path):
    secret = secret_in(tmp_path / "deep" / "down")
    status, out, _ = under(plan(rule(0, (kind, path.format(root=os.path.realpath(tmp_path))))), "cat", secret)
    assert (status, out) == (0, b"the secret\n")


@pytest.mark.kernel
@pytest.mark.parametrize("alias", ["symlink", "hard link", "hard link out of a tree", "dot dot"])
def test_an_alias_of_a_protected_file_is_stopped(under, tmp_path, alias):
    secret, other = secret_in(tmp_path / "deep"), tmp_path / "other"
    if alias == "symlink":
        other.symlink_to(secret)
    elif alias.startswith("hard link"):
        other.hardlink_to(secret)
    else:
        (tmp_path / "x").mkdir()
        other = f"{tmp_path}/x/../deep/./secret"
    tree = alias == "hard link out of a tree"
    target = ("subtree", os.path.realpath(tmp_path / "deep")) if tree else ("exact", os.path.realpath(secret))
    status, out, _ = under(plan(rule(0, target)), "cat", other)
    assert (status, out) == (-signal.SIGKILL, b"")


@pytest.mark.kernel
def test_without_enforcement_the_verdict_is_recorded_and_nothing_is_stopped(under, tmp_path):
    secret = secret_in(tmp_path)
    status, out, rows = under(plan(rule(0, ("exact", os.path.realpath(secret))), enforce=False), "cat", secret)
    assert (status, out) == (0, b"the secret\n")
    (row,) = [r for r in rows if r["path"] == os.path.realpath(secret)]
    assert (row["verdict"], row["rule"], row["action"], row["enforced_at"]) == ("deny", "rule-0", None, None)


@pytest.mark.kernel
def test_python_and_the_kernel_hash_names_alike(under, tmp_path):
    """One rule for each name, all made after the policy: found by its hash or not at all."""
    lengths = [*range(1, 18), 23, 24, 25, 63, 64, 65, 127, 128, 254, 255]
    names = [chr(97 + i % 26) * n for i, n in enumerate(lengths)] + ["é" * 8, "\udcff\udcfe", "a b", "-x", "..."]
    root = os.path.realpath(tmp_path)
    rules = [rule(i, ("exact", f"{root}/{n}")) for i, n in enumerate(names)]
    assert len(rules) <= 64

    def make():
        for name in names:
            secret_in(tmp_path, name)

    files = [os.fsencode(f"{root}/{n}") for n in names]
    status, out, rows = under(plan(*rules, enforce=False), "cat", "--", *files, between=make)
    assert (status, out) == (0, b"the secret\n" * len(names))
    found = {r["rule"] for r in rows if r["verdict"] == "deny"}
    assert found == {r.id for r in rules}


@pytest.mark.kernel
def test_an_allow_lifts_the_default_and_no_deny(under, tmp_path):
    root = os.path.realpath(tmp_path)
    work, other = secret_in(tmp_path / "work"), secret_in(tmp_path / "other")
    allow = rule(
        0, ("subtree", f"{root}/work"), ("subtree", "/usr"), ("subtree", "/etc"), ("subtree", "/lib"), action="allow"
    )
    lifted = plan(allow, defaults={"file.read": "deny"})
    assert under(lifted, "cat", work)[:2] == (0, b"the secret\n")
    assert under(lifted, "cat", other)[:2] == (-signal.SIGKILL, b"")
    denied = replace(lifted, rules=(allow, rule(1, ("name", "secret"))))
    assert under(denied, "cat", work)[:2] == (-signal.SIGKILL, b"")


@pytest.mark.kernel
def test_conditions_on_the_program(under, tmp_path):
    secret = secret_in(tmp_path)
    cat, head = (os.path.realpath(f"/usr/bin/{n}") for n in ("cat", "head"))
    target = ("exact", os.path.realpath(secret))
    only_cat, not_cat = plan(rule(0, target, exes=(cat,))), plan(rule(0, target, not_exes=(cat,)))
    assert under(only_cat, cat, secret)[0] == -signal.SIGKILL
    assert under(only_cat, head, secret)[:2] == (0, b"the secret\n")
    assert under(not_cat, cat, secret)[:2] == (0, b"the secret\n")
    assert under(not_cat, head, secret)[0] == -signal.SIGKILL


@pytest.mark.kernel
def test_an_exec_is_stopped_before_its_first_instruction(under, tmp_path):
    touch, marker = os.path.realpath("/usr/bin/touch"), tmp_path / "marker"
    status, _, rows = under(plan(rule(0, ("exact", touch), operations=("exec",))), touch, marker)
    assert status == -signal.SIGKILL
    assert not marker.exists()
    assert [r["rule"] for r in rows if r["operation"] == "exec" and r["verdict"] == "deny"] == ["rule-0"]


@pytest.mark.kernel
def test_writing_is_its_own_selector(under, tmp_path):
    secret = secret_in(tmp_path)
    target = ("exact", os.path.realpath(secret))
    a_plan = plan(rule(0, target, operations=("file.write",)))
    assert under(a_plan, "cat", secret)[:2] == (0, b"the secret\n")
    assert under(a_plan, "sh", "-c", 'echo x >> "$1"', "sh", secret)[0] == -signal.SIGKILL
    assert secret.read_text() == "the secret\n"


CONNECT = (
    "import socket,sys; s=socket.socket({family}, socket.SOCK_{kind}); sys.exit(s.connect_ex(({address!r}, {port})))"
)


@pytest.mark.kernel
@pytest.mark.parametrize(
    ("fields", "family", "address", "port", "refused"),
    [
        ({"networks": ("127.0.0.0/8",)}, "socket.AF_INET", "127.0.0.9", 9, True),
        ({"networks": ("127.0.0.0/8",)}, "socket.AF_INET6", "::ffff:127.0.0.9", 9, True),
        ({"networks": ("::/0",)}, "socket.AF_INET", "127.0.0.9", 9, False),
        ({"networks": ("::1/128",)}, "socket.AF_INET6", "::1", 9, True),
        ({"networks": ("127.0.0.0/8",), "ports": ((5, 8), (10, 12))}, "socket.AF_INET", "127.0.0.9", 9, False),
        ({"networks": ("127.0.0.0/8",), "ports": ((5, 8), (10, 12))}, "socket.AF_INET", "127.0.0.9", 12, True),
        ({"networks": ("127.0.0.0/8",), "protocols": ("udp",)}, "socket.AF_INET", "127.0.0.9", 9, False),
    ],
)
def test_addresses_ports_and_protocols(under, fields, family, address, port, refused):
    import errno  # noqa: PLC0415 - beside its only use

    a_plan = plan(rule(0, operations=("net.connect",), **fields))
    program = CONNECT.format(family=family, kind="STREAM", address=address, port=port)
    status, _, rows = under(a_plan, sys.executable, "-S", "-c", program)
    if not refused and status == errno.EADDRNOTAVAIL:
        pytest.skip("no IPv6 here")
    assert (status == errno.EPERM) == refused
    (row,) = [r for r in rows if r["operation"] == "net.connect" and r["dst_port"] == port]
    assert row["dst_ip"] == address.removeprefix("::ffff:")
    assert (row["outcome"] == "denied", row["verdict"] == "deny") == (refused, refused)
