"""The plan against the judge: a simulation of the sensor in plain Python must never stop what the policy allows."""

from __future__ import annotations

import ipaddress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline import schema
from pipeline.policy.compile import RunContext, compile_policies
from pipeline.policy.decide import Decider
from pipeline.policy.kernel import MOST_RULES, KernelPlan, PathTarget, inline, kernel_plan
from pipeline.policy.load import load_policy
from pipeline.policy.model import Match, Policy, Rule, Scope, TestEvent
from pipeline.policy.testing import facts_of

CONTEXT = RunContext("/w", "/home/u", {}, "u", "h", "a")
STRENGTH = {action: i for i, action in enumerate(schema.VERDICTS)}
STOPPING = schema.VERDICTS[schema.VERDICTS.index("ask") :]
FIRMNESS = {action: i for i, action in enumerate(("allow", "audit", "ask", "freeze", "deny", "kill"))}
KERNEL = ("file.read", "file.write", "exec", "net.connect", "net.send")

# ---------------------------------------------------------------- the sensor, simulated


def target_holds(target, path):
    parts = path.split("/")[1:]
    if target.kind == "exact":
        return path == target.path
    if target.kind == "subtree":
        return target.path in ("/", path) or path.startswith(target.path + "/")
    return parts[-1] == target.path if target.kind == "name" else target.path in parts


def rule_holds(rule, selector, names, event):
    if selector not in rule.operations:
        return False
    if rule.paths and not any(target_holds(t, n) for t in rule.paths for n in names if n):
        return False
    if (rule.exes and event["exe"] not in rule.exes) or event["exe"] in rule.not_exes:
        return False
    if not selector.startswith("net."):
        return True
    address = ipaddress.ip_address(event["dst_ip"])
    address = getattr(address, "ipv4_mapped", None) or address
    return (
        (not rule.networks or any(address in ipaddress.ip_network(n) for n in rule.networks))
        and (not rule.ports or any(a <= event["dst_port"] <= b for a, b in rule.ports))
        and (not rule.protocols or event["protocol"] in rule.protocols)
    )


def sensor(plan, event):
    """Verdict of the sensor on an event, ``allow`` where it has no say."""
    found = ["allow"]
    for selector in selectors_of(event):
        for names, speaks in names_of(event):
            matched = [r.action for r in plan.rules if rule_holds(r, selector, names, event)]
            default = plan.defaults.get(selector, "allow") if speaks else "allow"
            found.append(max(matched, key=FIRMNESS.get) if matched else default)
    return max(found, key=FIRMNESS.get)


def selectors_of(event):
    if event["protocol"] == "unix":
        return []
    asked = [schema.INTENT_SELECTORS[i] for i in event["intent"]] if event["on"].startswith("file.") else []
    return {*schema.OPERATION_BY_NAME[event["on"]].selectors, *asked} & set(KERNEL)


def names_of(event):
    if event["on"] == "exec":
        return [([event["path"], event["script"], event["exe"]], True)]
    if event["on"] in ("file.rename", "file.link"):
        return [([event["path"]], True), ([event["path_to"]], True)]
    if event["on"] == "file.symlink":
        return [([event["path_to"]], True), ([event["path"]], False)]
    return [([event["path"]], True)]


# ---------------------------------------------------------------- random policies and events


def some(values, most=3):
    return st.lists(st.sampled_from(values), min_size=1, max_size=most, unique=True).map(tuple)


FILES = {
    "path": some(["/w/**", "/w/a", "**/.env", "**/.ssh/**", "/**", "/w/*.py", "/tmp/{a,b}"]),
    "label": some(["own", "odd"]),
    "exe": some(["/bin/a", "/bin/b", "/bin/*"]),
    "user": some(["u", "c*"]),
    "parent": some(["/bin/b", "/bin/*"]),
}
NETS = {
    "exe": some(["/bin/a", "/bin/*"]),
    "ip": some(["10.0.0.0/8", "10.1.0.0/16", "::/0", "2001:db8::/32", "127.0.0.1/32"]),
    "port": some([(1, 1023), (443, 443), (8000, 9000)]),
    "protocol": some(["tcp", "udp", "unix"]),
    "net": some(["loopback", "private", "external", "unresolved"]),
    "domain": some(["example.com", "*.example.com"]),
    "user": some(["u", "c*"]),
    "path": st.just(("/run/**",)),
}


def match(keys):
    picked = st.lists(st.sampled_from(sorted(keys)), max_size=3, unique=True)
    picked |= st.just(["path"]) if "ip" not in keys else st.just(["port"])
    return picked.flatmap(lambda names: st.builds(Match, **{n: keys[n] for n in names}))


FILE_OPERATIONS = [
    "file.read",
    "file.write",
    "file.write",
    "file.write",
    "exec",
    "file.delete",
    "file.create",
    "file.rename",
    "file.open",
]
NET_OPERATIONS = ["net.connect", "net.send", "network", "net.bind"]


def rule(number):
    def of(operations, keys):
        exception = match(keys).filter(lambda m: m != Match())
        return st.builds(
            Rule,
            id=st.just(f"r{number}"),
            on=some(operations),
            action=st.sampled_from(["allow", "audit", "deny", "deny", "kill", "ask", "freeze", "isolate"]),
            match=match(keys),
            unless=st.none() | st.builds(Match, exe=st.just(("/bin/a",))) | exception,
            mode=st.sampled_from([None, None, None, "audit"]),
        )

    return of(FILE_OPERATIONS, FILES) | of(NET_OPERATIONS, NETS)


@st.composite
def policies(draw, most=2):
    count = draw(st.integers(1, most))
    # Mostly defaults that stop something and few kinds of rules: what goes wrong does so where several meet on one selector.
    strengths = st.sampled_from([*STRENGTH, "deny", "kill", "deny", "kill"])
    defaults = st.dictionaries(st.sampled_from(FILE_OPERATIONS + NET_OPERATIONS), strengths, min_size=1, max_size=4)
    made = []
    for p in range(count):
        rules = tuple(draw(rule(f"{p}{i}")) for i in range(draw(st.sampled_from([0, 1, 2, 2, 3, 4]))))
        made.append(Policy(f"p{p}", "enforce", Scope(), draw(defaults), rules, (), "f", "v", LABELS))
    return made


LABELS = {"own": ("/w/a", "/tmp/**"), "odd": ("/w/*.py", "**/.env")}
PATHS = ["/w", "/w/a", "/w/a.py", "/w/.env", "/home/u/.ssh/id", "/home/u/.ssh", "/tmp/a", "/etc/x", "/"]
EXES = ["/bin/a", "/bin/b", "/bin/c"]
path, exe = st.sampled_from(PATHS), st.sampled_from(EXES)
none = st.none()
others = {
    "user": none | st.sampled_from(["u", "ci", "x"]),
    "parent": none | exe,
    "domain": none | st.sampled_from(["example.com", "a.example.com"]),
}
file_events = st.fixed_dictionaries(
    {
        "on": st.sampled_from([o.name for o in schema.OPERATIONS if o.activity_class == "file"] + ["exec"]),
        "path": path, "path_to": path, "script": none | path, "exe": exe,
        "intent": st.sampled_from([("read",), ("write",), ("read", "write"), ("write", "create")]),
        "dst_ip": none, "dst_port": none, "protocol": none, **others,
    }
)  # fmt: skip
net_events = st.fixed_dictionaries(
    {
        "on": st.sampled_from(["net.connect", "net.send"]),
        "path": none, "path_to": none, "script": none, "exe": exe, "intent": st.just(()),
        "dst_ip": st.sampled_from(["10.1.2.3", "10.9.9.9", "127.0.0.1", "::1", "::", "0.0.0.0", "2001:db8::1", "8.8.8.8", "::ffff:10.1.2.3"]),
        "dst_port": st.sampled_from([0, 80, 443, 8080]),
        "protocol": st.sampled_from(["tcp", "udp"]), **others,
    }
)  # fmt: skip


def consistent(event):
    """An open has only the intents of its operation; other operations have none."""
    if event["on"] == "file.read":
        return event | {"intent": ("read",)}
    if event["on"] not in ("file.write", "file.create"):
        return event | {"intent": ()}
    return event if set(event["intent"]) & {"write", "create"} else event | {"intent": ("write",)}


def judge(program, decider, event):
    """The verdict; what a rule only records stops nothing."""
    written = {k: v for k, v in event.items() if v not in (None, ())}
    found = decider.decide(facts_of(TestEvent(**written), decider, CONTEXT))
    if (found.policy, found.rule) in program.recording:
        return "audit"
    return found.verdict


@settings(max_examples=250, deadline=None)
@given(policies(), st.lists(file_events.map(consistent) | net_events, min_size=1, max_size=12))
def test_the_sensor_never_stops_more_than_the_policy_says(policies, events):
    program = compile_policies(policies, CONTEXT, mode="audit")
    plan, decider = kernel_plan(program), Decider(program)
    for event in events:
        mine, theirs = sensor(plan, event), judge(program, decider, event)
        if mine in STOPPING:
            assert STRENGTH[mine] <= STRENGTH[theirs], (event, plan)
        if not plan.left_out and selectors_of(event) and theirs in STOPPING:
            # Of a deny and a freeze that both match, the sensor's is the deny and the row's the freeze.
            assert mine == inline(theirs) or (mine, theirs) == ("deny", "freeze"), (event, plan)


@settings(max_examples=100, deadline=None)
@given(policies())
def test_plans_are_well_formed_and_reproducible(policies):
    program = compile_policies(policies, CONTEXT, mode="audit")
    plan = kernel_plan(program)
    assert plan == kernel_plan(program)
    assert [r.bit for r in plan.rules] == list(range(len(plan.rules)))
    assert all(r.operations <= set(KERNEL) and r.operations for r in plan.rules)
    assert set(plan.defaults) <= set(KERNEL)
    known = {r.id for p in policies for r in p.rules} | {f"default:{s}" for s in schema.SELECTORS}
    assert {name for name, _ in plan.left_out} <= known


# ---------------------------------------------------------------- by name


def plan_of(defaults, *rules, mode="enforce") -> KernelPlan:
    lines = "\n".join(f"  - {{ id: r{i}, {text} }}" for i, text in enumerate(rules)) or "  []"
    text = f"lictor: 1\nname: p\nmode: {mode}\ndefaults: {{ {defaults} }}\nrules:\n{lines}\n"
    return kernel_plan(compile_policies([load_policy(text, "p")], CONTEXT))


def test_a_rule_is_split_into_what_can_be_said_and_the_rest():
    plan = plan_of(
        "", "on: [file.read, file.delete], match: { path: [/tmp/x/secret, '/etc/*.key', '**/.env'] }, action: deny"
    )
    (rule,) = plan.rules
    assert rule.paths == (PathTarget("exact", "/tmp/x/secret"), PathTarget("name", ".env"))
    assert rule.operations == {"file.read"}
    assert [reason for _, reason in plan.left_out] == [
        "file.delete: decided in user space",
        "path '/etc/*.key' is a pattern; the kernel looks up whole names",
    ]


@pytest.mark.parametrize(
    ("rule", "said"),
    [
        ("on: file.write, match: { path: '/w/*.py' }, action: allow", "rule 'r0' lifts it and cannot be said whole"),
        ("on: file.create, match: { path: /w/a }, action: allow", "rule 'r0' lifts it for file.create"),
        (
            "on: file.write, match: { path: /w/a }, unless: { path: /w/b }, action: audit",
            "'unless' looks at more than exe",
        ),
        ("on: file.write, match: { exe: '/bin/*' }, action: allow", "exe '/bin/*' is a pattern"),
    ],
)
def test_a_default_stays_out_when_a_rule_that_lifts_it_does(rule, said):
    plan = plan_of("file.write: deny", rule)
    assert plan.defaults == {}
    assert [name for name, text in plan.left_out if said in text] == ["default:file.write"]


def test_a_default_goes_in_with_the_rules_that_lift_it():
    plan = plan_of(
        "file.write: deny, network: deny", "on: [file.write, file.delete], match: { path: '/w/**' }, action: allow"
    )
    assert plan.defaults == {"file.write": "deny", "net.connect": "deny", "net.send": "deny"}
    assert [(r.id, r.operations) for r in plan.rules] == [("r0", {"file.write"})]
    assert plan.left_out == ()


@pytest.mark.parametrize(
    "rule", ["on: file.create, match: { path: /w/a }", "on: file.write, match: { path: '/w/*.py' }"]
)
def test_a_deny_is_weaker_than_a_default_of_kill_and_keeps_it_out_too(rule):
    assert plan_of("file.write: kill", f"{rule}, action: deny").defaults == {}


def two_policies(first, second):
    texts = [f"lictor: 1\nname: p{i}\n{text}" for i, text in enumerate((first, second))]
    return kernel_plan(compile_policies([load_policy(text, f"p{i}") for i, text in enumerate(texts)], CONTEXT))


def test_defaults_that_two_policies_lift_each_for_itself_stay_out():
    one = "defaults: { exec: deny }\nrules: [{ id: a, on: exec, match: { path: /a }, action: allow }]"
    plan = two_policies(one, one.replace("/a", "/b"))
    assert plan.defaults == {}
    assert plan.left_out == (
        ("default:exec", "several policies have such a default, and each is lifted by rules of its own"),
    )


def test_a_default_that_no_rule_of_its_policy_lifts_stands_for_both():
    lifted = "defaults: { exec: kill }\nrules: [{ id: a, on: exec, match: { path: /a }, action: allow }]"
    plan = two_policies(lifted, "defaults: { exec: deny }")
    assert (plan.defaults, plan.rules) == ({"exec": "deny"}, ())
    assert [name for name, _ in plan.left_out] == ["default:exec"]


def test_another_policys_allow_is_not_in_the_plan():
    plan = two_policies("defaults: { exec: deny }", "rules: [{ id: a, on: exec, match: { path: /a }, action: allow }]")
    assert (plan.defaults, plan.rules, plan.left_out) == ({"exec": "deny"}, (), ())


def test_a_rule_for_unix_sockets_does_not_keep_the_networks_default_out():
    plan = plan_of("network: deny", "on: net.connect, match: { path: /run/x.sock }, action: allow")
    assert plan.defaults == {"net.connect": "deny", "net.send": "deny"}
    assert plan.rules == ()


def test_an_exception_that_cannot_be_said_keeps_the_deny_out():
    plan = plan_of("", "on: file.read, match: { path: /w/a }, unless: { exe: ['/bin/*'] }, action: deny")
    assert plan.rules == ()
    assert plan.left_out == (("r0", "in 'unless', exe '/bin/*' is a pattern; the kernel compares whole paths"),)


def test_rules_beyond_the_word_are_left_out_and_the_strongest_stay():
    rules = [
        f"on: file.read, match: {{ path: /w/{i} }}, action: {'kill' if i >= 60 else 'deny'}"
        for i in range(MOST_RULES + 6)
    ]
    plan = plan_of("", *rules)
    assert len(plan.rules) == MOST_RULES
    assert {f"r{i}" for i in range(60, 70)} <= {r.id for r in plan.rules}
    assert [name for name, _ in plan.left_out] == [f"r{i}" for i in range(54, 60)]


def test_a_default_whose_lifters_do_not_fit_is_left_out():
    rules = [f"on: file.read, match: {{ path: /w/{i} }}, action: deny" for i in range(MOST_RULES)]
    plan = plan_of("file.write: deny", *rules, "on: file.write, match: { path: /w/a }, action: allow")
    assert plan.defaults == {}
    assert [name for name, _ in plan.left_out] == ["default:file.write"]


def test_audit_mode_enforces_nothing_and_plans_the_same():
    rule = "on: file.read, match: { path: /w/a }, action: deny"
    audit, enforce = plan_of("", rule, mode="audit"), plan_of("", rule)
    assert (audit.enforce, enforce.enforce) == (False, True)
    assert audit.rules == enforce.rules


@pytest.mark.parametrize(
    ("action", "at_once"),
    [("ask", "ask"), ("deny", "deny"), ("freeze", "freeze"), ("quarantine", "deny"), ("isolate", "deny"), ("kill", "kill")],
)  # fmt: skip
def test_what_the_sensor_does_at_once(action, at_once):
    plan = plan_of(f"net.send: {action}", f"on: file.read, match: {{ path: /w/a }}, action: {action}")
    assert [r.action for r in plan.rules] == [at_once]
    assert plan.defaults == {"net.send": at_once}
    assert (inline("audit"), inline("allow")) == ("audit", "allow")


@pytest.mark.parametrize(("first", "second"), [("freeze", "deny"), ("deny", "freeze")])
def test_of_two_defaults_the_kernel_has_the_one_that_is_surer(first, second):
    """The row says freeze, and the run is frozen; but the process dies, since one of them denies."""
    plan = two_policies(f"defaults: {{ exec: {first} }}", f"defaults: {{ exec: {second} }}")
    assert plan.defaults == {"exec": "deny"}
    assert plan.left_out == (
        ("default:exec", "the kernel stops it more surely, and user space follows with the default of another policy"),
    )


def test_a_default_that_only_holds_is_weaker_than_one_that_kills():
    plan = two_policies("defaults: { exec: ask }", "defaults: { exec: kill }")
    assert (plan.defaults, plan.left_out) == ({"exec": "kill"}, ())


def test_what_a_weaker_rule_of_another_policy_does_in_the_kernel_is_told():
    plan = two_policies("defaults: { exec: kill }", "rules: [{ id: a, on: exec, match: { path: /a }, action: freeze }]")
    assert [(r.id, r.action) for r in plan.rules] == [("a", "freeze")]
    assert plan.left_out == (
        (
            "default:exec",
            "where a weaker rule of another policy matches, the kernel does as it says and user space follows with kill",
        ),
    )


def test_a_rule_that_only_records_is_not_in_the_plan_and_lifts_nothing():
    plan = plan_of(
        "file.write: deny",
        "on: file.read, match: { path: /w/a }, action: deny, mode: audit",
        "on: file.write, match: { path: '/w/*.py' }, action: allow, mode: audit",
    )
    assert (plan.rules, plan.left_out) == ((), ())
    assert plan.defaults == {"file.write": "deny"}


def test_a_sequence_is_not_in_the_plan():
    sequence = "sequence: [{ on: file.read, match: { path: /w/a } }, { on: exec }], within: 1s, action: kill"
    assert plan_of("", sequence, "on: exec, match: { rate: 5/s }, action: deny").rules == ()


def test_a_label_is_looked_up_as_its_paths_are():
    plan = plan_of("", "on: file.read, match: { label: guard }, action: deny")
    assert PathTarget("subtree", "/etc/lictor") in plan.rules[0].paths
