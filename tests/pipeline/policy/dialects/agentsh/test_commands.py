"""Command rules of agentsh as rules of Lictor."""

from __future__ import annotations

from pipeline.policy.dialects.agentsh.commands import command, translate


def rule(decision, *names, args=(), context=None):
    return {"commands": list(names), "args_patterns": list(args), "decision": decision, "context": context}


def shown(*rules):
    made = translate(rules)
    return made.default, [(w.action, w.match, w.unless) for w in made.written]


def test_names_and_paths():
    assert shown(rule("allow", "ls", "/bin/sh", "/usr/*/x", "go*", "./a")) == (
        "deny",
        [("allow", {"path": ["**/ls", "/bin/sh", "/usr/*/x", "**/go*"]}, None)],
    )
    assert shown(rule("deny", "./a"))[1] == [("deny", {"path": ["**/a"]}, None)]


def test_a_rule_for_all_commands_is_the_default():
    made = translate([rule("deny", "rm"), rule("approve", "*"), rule("allow", "x")])
    assert (made.default, made.owner, made.unreached) == ("ask", 1, {2})


def test_other_spellings_matter_where_the_default_lets_them_through():
    assert shown(rule("deny", "rm"), rule("allow", "*"))[1][0][1]["path"] == [
        "**/[rR][mM]",
        "**/[rR][mM].[rR][eE][aA][lL]",
    ]
    assert shown(rule("deny", "rm"), rule("allow", "ls"))[1][0][1]["path"] == ["**/rm"]
    assert shown(rule("deny", "rm"), rule("allow", "/tmp/*"))[1][0][1]["path"][0] == "**/[rR][mM]"
    assert shown(rule("deny", "sh"), rule("allow", "sh.real"))[1][0][1]["path"] == ["**/sh", "**/sh.real"]


def test_arguments():
    assert shown(rule("deny", "rm", args=[".*-rf.*"]))[1] == [("deny", {"path": ["**/rm"], "argv": ["*-rf*"]}, None)]
    assert shown(rule("allow", "git", args=["status.*", "x.*y"]))[1] == [
        ("allow", {"path": ["**/git"], "argv": ["* *status*"]}, None)
    ]
    assert shown(rule("allow", "git", args=["a.*b"]))[1] == []


def test_what_an_earlier_rule_lets_through_is_spared():
    made = shown(rule("allow", "git", args=["status"]), rule("allow", "ls"), rule("deny", "git", "ls", "nc"))
    assert made[1][2:] == [
        ("deny", {"path": ["**/git"]}, {"argv": ["* *status*"]}),
        ("deny", {"path": ["**/nc"]}, None),
    ]


def test_an_approval_lifts_the_default_only_where_its_arguments_are_sure():
    assert shown(rule("approve", "apt", args=["install"]))[1][0][:2] == (
        "ask",
        {"path": ["**/apt"], "argv": ["* *install*"]},
    )
    assert shown(rule("approve", "apt", args=["(a|b)c"]))[1][0][0] == "deny"
    assert shown(rule("approve", "npm", args=["(a|b)c"]), rule("allow", "npm"))[1][0][:2] == (
        "ask",
        {"path": ["**/npm"], "argv": ["*ac*", "*bc*"]},
    )


def test_depths():
    nested = {"min_depth": 1, "max_depth": -1}
    assert not command(0, rule("allow", "ls", context=nested)).every_depth
    assert command(0, rule("allow", "ls", context={"min_depth": 0})).every_depth
    assert shown(rule("allow", "ls", context=nested), rule("deny", "rm", context=nested)) == (
        "deny",
        [("deny", {"path": ["**/rm"]}, None)],
    )


def test_a_strict_rule_for_all_commands_spares_what_was_let_through():
    found = shown(rule("allow", "ls"), rule("deny", "*", args=["secret"]))
    assert found[1][1] == ("deny", {"argv": ["*secret*"]}, {"path": ["**/ls"]})
