"""Files that take in others; the files are a dictionary here, so that only the merging is asked."""

from __future__ import annotations

import hashlib
import posixpath

import pytest

from pipeline.policy.combine import place_of
from pipeline.policy.includes import MOST_FILES
from pipeline.policy.load import PolicyError, load_policy

RULE = "{{ id: {}, on: exec, action: {}{} }}"


SEQUENCE = (
    "{ id: s, sequence: [{ on: exec }, { on: exit, match: { user: u } }], within: 1m, attack: [T1059], action: kill }"
)


def replaced(rule):
    """Everything of a rule but its mode."""
    return {key: value for key, value in vars(rule).items() if key != "mode"}


def text(rest="", name="p", rules=()):
    lines = "".join(f"  - {r if r.startswith('{') else RULE.format(r, 'deny', '')}\n" for r in rules)
    return f"lictor: 1\nname: {name}\n{rest}\n" + (f"rules:\n{lines}" if rules else "")


def load(files, top="top.yaml"):
    """A policy of files given as texts; a name means the file beside the one that includes it."""

    def fetch(name, including):
        path = posixpath.normpath(posixpath.join(posixpath.dirname(including), name))
        if path not in files:
            raise FileNotFoundError(2, "No such file or directory")
        return files[path], path

    return load_policy(files[top], top, fetch)


def refused(files, top="top.yaml"):
    with pytest.raises(PolicyError) as caught:
        load(files, top)
    return str(caught.value)


def test_rules_labels_and_defaults_are_merged_and_the_including_file_wins():
    files = {
        "top.yaml": text(
            "include: [base.yaml]\ndefaults: { exec: kill, exit: audit }\nlabels: { mine: /m }", rules=["own"]
        ),
        "base.yaml": text(
            "mode: enforce\ndefaults: { exec: allow, network: deny }\nlabels: { theirs: /t }",
            "base",
            rules=["one", "two"],
        ),
    }
    policy = load(files)
    assert [r.id for r in policy.rules] == ["one", "two", "own"]
    assert policy.defaults == {"exec": "kill", "network": "deny", "exit": "audit"}
    assert policy.labels == {"mine": ("/m",), "theirs": ("/t",)}
    assert (policy.name, policy.mode, policy.source_path) == ("p", "enforce", "top.yaml")
    assert policy.texts == {"top.yaml": files["top.yaml"], "base.yaml": files["base.yaml"]}


def test_names_are_taken_from_the_folder_of_the_file_that_includes():
    files = {
        "a/top.yaml": text("include: sub/base.yaml", rules=["own"]),
        "a/sub/base.yaml": text("include: ../other.yaml", rules=["base"]),
        "a/other.yaml": text(rules=["other"]),
    }
    assert [r.id for r in load(files, "a/top.yaml").rules] == ["other", "base", "own"]


def test_two_files_may_share_a_third():
    files = {
        "top.yaml": text("include: [left.yaml, right.yaml]"),
        "left.yaml": text("include: shared.yaml", rules=["left"]),
        "right.yaml": text("include: shared.yaml", rules=["right"]),
        "shared.yaml": text("labels: { own: /o }", rules=["shared"]),
    }
    assert [r.id for r in load(files).rules] == ["shared", "left", "right"]


@pytest.mark.parametrize("inner", ["top.yaml", "./top.yaml", "x/../top.yaml"])
def test_a_cycle_is_refused_with_its_way(inner):
    files = {"top.yaml": text("include: [a.yaml]"), "a.yaml": text(f"include: {inner}")}
    assert refused(files) == "a.yaml:3:10: includes itself: top.yaml -> a.yaml -> top.yaml"


def test_a_file_that_includes_itself():
    assert refused({"top.yaml": text("include: top.yaml")}) == "top.yaml:3:10: includes itself: top.yaml -> top.yaml"


def test_more_files_than_anybody_needs_are_refused():
    files = {f"{i}.yaml": text(f"include: {i + 1}.yaml") for i in range(MOST_FILES + 5)}
    assert refused(files, "0.yaml") == f"{MOST_FILES - 1}.yaml:3:10: more than {MOST_FILES} files are included"


def test_a_rule_given_again_takes_the_place_of_the_included_one():
    again = RULE.format("x", "audit", "")
    policy = load({"top.yaml": text("include: base.yaml", rules=[again]), "base.yaml": text(rules=["x", "y"])})
    assert [(r.id, r.action) for r in policy.rules] == [("x", "audit"), ("y", "deny")]
    assert str(place_of(policy, ("rules", 0))) == "top.yaml:5:5"
    assert str(place_of(policy, ("rules", 1, "action"))) == "base.yaml:6:32"


def test_an_included_rule_is_switched_off():
    policy = load({"top.yaml": text("include: base.yaml\ndisable: [x]"), "base.yaml": text(rules=["x", "y"])})
    assert [r.id for r in policy.rules] == ["y"]


@pytest.mark.parametrize(
    ("rest", "rules", "said"),
    [
        ("disable: [x]", [], "top.yaml:4:11: rule 'x' of base.yaml is locked"),
        ("", ["x"], "top.yaml:6:11: rule 'x' of base.yaml is locked"),
        ("disable: [yy]", [], "top.yaml:4:11: no included file has a rule 'yy'"),
        ("disable: [creds]", [], "top.yaml:4:11: no included file has a rule 'creds'; did you mean 'cred'?"),
    ],
)
def test_what_may_not_be_switched_off_or_replaced(rest, rules, said):
    base = text(rules=[RULE.format("x", "deny", ", locked: true"), "cred"])
    assert refused({"top.yaml": text(f"include: base.yaml\n{rest}", rules=rules), "base.yaml": base}) == said


def test_a_rule_of_this_file_is_not_disabled_but_left_out():
    assert (
        refused({"top.yaml": text("disable: [own]", rules=["own"])})
        == "top.yaml:3:11: no included file has a rule 'own'"
    )


def test_a_locked_rule_binds_every_file_above_it():
    files = {
        "top.yaml": text("include: middle.yaml\ndisable: [x]"),
        "middle.yaml": text("include: base.yaml"),
        "base.yaml": text(rules=[RULE.format("x", "deny", ", locked: true")]),
    }
    assert refused(files) == "top.yaml:4:11: rule 'x' of base.yaml is locked"


def test_one_id_in_two_included_files_is_refused():
    files = {
        "top.yaml": text("include: [a.yaml, b.yaml]"),
        "a.yaml": text(rules=["x"]),
        "b.yaml": text(rules=["y", "x"]),
    }
    assert refused(files) == "b.yaml:6:11: rule id 'x' also stands in a.yaml"


@pytest.mark.parametrize(
    ("top", "base", "said"),
    [
        ("labels: { own: /a }", "labels: { own: /b }", "top.yaml:4:16: label 'own' is defined in a file that is included: give yours another name"),
        ("labels: { guard: /a }", "", "top.yaml:4:18: label 'guard' is built in: give yours another name"),
        ("", "labels: { credential: /a }", "base.yaml:3:23: label 'credential' is built in: give yours another name"),
        ("", "scope: { users: [root] }", "base.yaml:3:8: an included file has no scope; that of top.yaml holds"),
    ],
)  # fmt: skip
def test_what_files_may_not_both_say(top, base, said):
    assert refused({"top.yaml": text(f"include: base.yaml\n{top}"), "base.yaml": text(base)}) == said


@pytest.mark.parametrize(
    ("rule", "said"),
    [
        ("{ id: r, on: file.read, match: { label: credentail }, action: deny }", ":5:45: unknown label 'credentail'; did you mean 'credential'?"),
        ("{ id: r, on: exec, match: { taint: [guard, nope] }, action: deny }", ":5:48: unknown label 'nope'"),
        ("{ id: r, on: exec, unless: { label: nope }, action: deny }", ":5:41: unknown label 'nope'"),
        ("{ id: r, sequence: [{ on: exec, count: 2, match: { label: nope } }], within: 1s, action: deny }", ":5:63: unknown label 'nope'"),
    ],
)  # fmt: skip
def test_an_unknown_label_is_told_where_it_stands_in_whichever_file(rule, said):
    assert refused({"top.yaml": text("", rules=[rule])}) == "top.yaml" + said
    assert refused({"top.yaml": text("include: b.yaml"), "b.yaml": text("", rules=[rule])}) == "b.yaml" + said


def test_a_label_of_any_of_the_files_may_be_used_in_any():
    rule = "{ id: r, on: file.read, match: { label: own }, action: deny }"
    files = {"top.yaml": text("include: b.yaml\nlabels: { own: /o }"), "b.yaml": text(rules=[rule])}
    assert load(files).rules[0].match.label == ("own",)


def test_errors_of_an_included_file_have_its_places():
    files = {"top.yaml": text("include: b.yaml"), "b.yaml": "lictor: 1\nname: b\nrulez: []\nmode: x\n"}
    assert refused(files).splitlines() == [
        "b.yaml:3:1: unknown key 'rulez'; did you mean 'rules'?",
        "b.yaml:4:7: unknown mode 'x'; supported: enforce, audit",
    ]


def test_a_file_that_cannot_be_had():
    assert (
        refused({"top.yaml": text("include: [no.yaml]")})
        == "top.yaml:3:11: 'no.yaml' cannot be read: No such file or directory"
    )
    with pytest.raises(PolicyError, match="this policy was not read from a file"):
        load_policy(text("include: a.yaml"), "f")


@pytest.mark.parametrize(
    ("error", "said"),
    [(OSError("odd"), "odd"), (ValueError("embedded null byte"), "embedded null byte"), (UnicodeDecodeError("utf-8", b"\xff", 0, 1, ""), "not UTF-8")],
)  # fmt: skip
def test_any_failure_to_read_is_told_at_the_include(error, said):
    def fetch(_name, _including):
        raise error

    with pytest.raises(PolicyError) as caught:
        load_policy(text("include: a.yaml"), "f", fetch)
    assert str(caught.value) == f"f:3:10: 'a.yaml' cannot be read: {said}"


def test_rules_of_a_file_in_audit_mode_only_record_wherever_they_are_taken_in():
    files = {
        "top.yaml": text("include: b.yaml", rules=["own"]),
        "b.yaml": text("mode: audit\ninclude: c.yaml", rules=["b", SEQUENCE]),
        "c.yaml": text(rules=["c"]),
    }
    assert [(r.id, r.mode) for r in load(files).rules] == [("c", None), ("b", "audit"), ("s", "audit"), ("own", None)]
    assert replaced(load(files).rules[2]) == replaced(load_policy(text(rules=[SEQUENCE]), "f").rules[0])
    assert [r.mode for r in load_policy(text("mode: audit", rules=["x"]), "f").rules] == [None]


def test_a_test_may_name_a_rule_of_any_file_and_no_other():
    test = "tests: [{{ event: {{ on: exec }}, expect: deny, rule: {} }}]"
    base = text(rules=["x"])
    assert load({"top.yaml": text(f"include: b.yaml\n{test.format('x')}"), "b.yaml": base}).tests[0].rule == "x"
    assert (
        refused({"top.yaml": text(f"include: b.yaml\n{test.format('y')}"), "b.yaml": base})
        == "top.yaml:4:52: the policy has no rule 'y'"
    )


def test_tests_of_an_included_file_stay_with_it():
    files = {"top.yaml": text("include: b.yaml"), "b.yaml": text("tests: [{ event: { on: exec }, expect: allow }]")}
    assert load(files).tests == ()


def test_the_version_is_that_of_all_files():
    one = text(rules=["x"])
    assert load({"top.yaml": one}).version == hashlib.sha256(one.encode()).hexdigest()
    files = {"top.yaml": text("include: b.yaml"), "b.yaml": one}
    changed = files | {"b.yaml": one + "# a comment\n"}
    hashes = [hashlib.sha256(files[name].encode()).hexdigest() for name in ("top.yaml", "b.yaml")]
    assert load(files).version == hashlib.sha256("".join(hashes).encode()).hexdigest()
    assert load(changed).version != load(files).version


def test_a_file_in_audit_mode_that_is_taken_in_has_no_defaults():
    files = {"top.yaml": text("include: b.yaml"), "b.yaml": text("mode: audit\ndefaults: { exec: deny }")}
    with pytest.raises(PolicyError, match=r"^b\.yaml:4:11: an included file in mode audit has no defaults"):
        load(files)


def test_limits_are_taken_in_key_by_key_and_the_including_file_wins():
    files = {
        "top.yaml": text("include: [a.yaml, b.yaml]\nholds: { ask: kill }"),
        "a.yaml": text("holds: { limit: 1m, ask: release, freeze: deny }\non_failure: open"),
        "b.yaml": text("holds: { limit: 2m }"),
    }
    policy = load(files)
    assert (policy.holds.limit, policy.holds.ask, policy.holds.freeze) == (120 * 10**9, "kill", "deny")
    assert policy.on_failure == "open"
    files["top.yaml"] += "on_failure: closed\n"
    assert load(files).on_failure == "closed"
    assert load({"top.yaml": text()}).on_failure is None
