"""A small world for the tests of the analysis: policies and events at random, few enough names that they often meet."""

from __future__ import annotations

import json
from dataclasses import dataclass

import pytest

from pipeline.policy.compile import RunContext, compile_policies
from pipeline.policy.decide import Decider
from pipeline.policy.load import load_policy
from pipeline.policy.model import TestEvent
from pipeline.policy.testing import facts_of

CONTEXT = RunContext("/home/u/w", "/home/u", {}, "u", "h", "a")

PATTERNS = ("/a", "/a/b", "/a/**", "/a/b/**", "**/b", "**/b/**", "/a/*", "/a/*.c", "/a/b.*", "/*/b", "/[ab]/?", "**", "/a/**/c", "~/**", "/**/*.c")  # fmt: skip
PATHS = ("/a", "/b", "/a/b", "/a/c", "/a/b/c", "/a/x.c", "/a/b.c", "/c/b/a", "/b/c", "/home/u", "/home/u/b", "/x/y/z.c", "/a/d/c", "run")  # fmt: skip
EXES = ("/usr/bin/x", "/usr/bin/y", "/opt/z", "/a/b")
EXE_PATTERNS = ("/usr/bin/x", "/usr/bin/*", "/usr/**", "**/y", "/opt/z")
NETWORKS = ("10.0.0.0/8", "10.1.0.0/16", "203.0.113.0/24", "127.0.0.0/8", "0.0.0.0/0", "::/0", "::1", "0.0.0.0")
ADDRESSES = ("10.1.2.3", "10.9.9.9", "203.0.113.7", "127.0.0.1", "8.8.8.8", "2001:db8::1", "::1", "0.0.0.0", "::ffff:10.1.2.3")  # fmt: skip
PORTS = (22, 443, "1-1024", "400-500", 8080)
FILE_ON = ("file.read", "file.write", "file.create", "file.delete", "file.rename", "file.link", "file.symlink", "exec")
NET_ON = ("net.connect", "net.send", "network", "net.bind")
ACTIONS = ("allow", "audit", "ask", "deny", "kill")
TEXTS = {"argv": ("*x*", "a *", "a x", "?x"), "user": ("u", "u*", "[ab]*"), "parent": ("/usr/bin/x", "/usr/**")}


@dataclass
class World:
    """Policies and events from a source of randomness."""

    context: RunContext = CONTEXT

    def match(self, rng, selectors):
        net, execs = all(s in NET_ON for s in selectors), selectors == ["exec"]
        keys = {"exe": EXE_PATTERNS} | (
            {"ip": NETWORKS, "port": PORTS, "net": ("loopback", "private", "external", "unresolved"), "protocol": ("tcp", "udp"), "domain": ("x.example", "*.example")}
            if net
            else {"path": PATTERNS} | ({"argv": TEXTS["argv"]} if execs else {})
        )  # fmt: skip
        keys |= {key: TEXTS[key] for key in ("user", "parent")}
        asked = rng.sample(sorted(keys), rng.choice([0, 1, 1, 1, 2]))
        return {key: rng.sample(keys[key], rng.choice([1, 1, 2])) for key in asked}

    def rule(self, rng, name):
        selectors = rng.sample(rng.choice([FILE_ON, FILE_ON, NET_ON]), rng.choice([1, 1, 2]))
        rule = {"id": name, "on": selectors, "action": rng.choice(ACTIONS), "match": self.match(rng, selectors)}
        unless = self.match(rng, selectors) if rng.random() < 0.3 else {}
        if unless:
            rule["unless"] = unless
        if rng.random() < 0.15:
            rule["mode"] = "audit"
        return rule

    def document(self, rng, rules=6):
        defaults = {s: rng.choice(ACTIONS) for s in rng.sample((*FILE_ON, *NET_ON), rng.randrange(4))}
        made = [self.rule(rng, f"r{i}") for i in range(rng.randrange(1, rules + 1))]
        return {"lictor": 1, "name": "p", "defaults": defaults, "rules": made}

    def load(self, document):
        return load_policy(document if isinstance(document, str) else json.dumps(document), "p.yaml")

    def policy(self, rng, rules=6):
        return self.load(self.document(rng, rules))

    def event(self, rng):
        on = rng.choice([s for s in (*FILE_ON, *NET_ON, "file.open") if s != "network"])
        columns = {"exe": rng.choice(EXES), "user": rng.choice(["u", "ux", "a", "c"]), "parent": rng.choice(EXES)}
        if on in NET_ON:
            end = "src" if on == "net.bind" else "dst"
            columns |= {f"{end}_ip": rng.choice(ADDRESSES), f"{end}_port": rng.choice([22, 443, 450, 8080])}
            columns |= {"domain": rng.choice(["x.example", "a.x.example", "y.test"])} if rng.random() < 0.4 else {}
            columns |= {"protocol": rng.choice(["tcp", "udp"])} if rng.random() < 0.5 else {}
            if rng.random() < 0.1:
                columns = {"exe": columns["exe"], "protocol": "unix", "path": rng.choice(PATHS)}
        else:
            columns |= {"path": rng.choice(PATHS)}
        if on in ("file.rename", "file.link", "file.symlink"):
            columns["path_to"] = rng.choice(PATHS)
        if on == "exec":
            columns |= {"argv": rng.choice(["a x", "a b", "bx", "axb"]), "script": rng.choice(PATHS)}
        if on in ("file.read", "file.write", "file.create", "file.open") and rng.random() < 0.4:
            columns["intent"] = tuple(rng.sample(["read", "write", "create", "truncate"], rng.choice([1, 2])))
        some = {key: value for key, value in columns.items() if key != "user" or rng.random() < 0.8}
        return TestEvent(on=on, **some)

    def events(self, rng, count=60):
        return [self.event(rng) for _ in range(count)]

    def asked(self, policy):
        """The decider of a policy, and what it is asked."""
        program = compile_policies([policy], CONTEXT, mode="audit")
        return Asked(Decider(program), program)


@dataclass
class Asked:
    """A decider that takes written events."""

    decider: Decider
    program: object

    def decide(self, event):
        return self.decider.decide(facts_of(event, self.decider, CONTEXT))

    def matches(self, rule, event):
        return self.decider.matches(rule, facts_of(event, self.decider, CONTEXT))

    def rule(self, name):
        return next(rule for rule in self.program.rules if rule.id == name)


@pytest.fixture(scope="session")
def world():
    return World()
