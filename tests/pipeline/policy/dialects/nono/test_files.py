"""Grants and denials of paths as rules."""

from __future__ import annotations

from pipeline.policy.dialects.nono.files import Grant, command_rules, deny_rules, grant_rules


def shown(rules):
    return [(r["action"], r["on"], *r["match"].values()) for r in rules]


def test_reading_a_folder_is_starting_programs_from_it_too():
    one = Grant("/x", read=True, write=False)
    assert shown(grant_rules("a", [one], [one], "o")) == [
        ("allow", ["file.read"], ["/x/**"]),
        ("allow", ["exec"], ["/x/**"]),
    ]


def test_writing_a_folder_is_about_what_is_below_it():
    one = Grant("/x", read=False, write=True)
    kept = ["file.create", "file.rename", "file.link", "file.symlink", "file.mkdir"]
    assert shown(grant_rules("a", [one], [one], "o")) == [
        ("allow", ["file.write"], ["/x/**"]),
        ("allow", ["file.delete"], ["/x/**"]),
        ("deny", kept, ["/x"]),
        ("deny", ["file.delete"], ["/x"]),
    ]
    inside = Grant("/x/y", read=False, write=True, folder=False)
    assert shown(grant_rules("b", [inside], [one, inside], "o")) == [("allow", ["file.write"], ["/x/y"])]
    assert shown(grant_rules("b", [inside], [inside], "o"))[1] == ("deny", kept, ["/x/y"])


def test_nonos_own_state_stays_out_of_reach():
    one = Grant("${HOME}", read=True, write=True)
    assert ("deny", ["file.read", "file.write", "file.delete"], ["${HOME}/.nono/**"]) in shown(
        grant_rules("a", [one], [one], "o")
    )


def test_bypasses():
    assert deny_rules("d", ["/a", "/b/c"], ["/b"], "o")[0]["match"] == {"path": ["/a/**"]}
    assert deny_rules("d", ["/a"], ["/a"], "o") == ()
    (rule,) = deny_rules("d", ["/a"], ["/a/b"], "o")
    assert rule["unless"] == {"path": ["/a/b/**"]}


def test_commands():
    assert shown(command_rules("c", ["rm", "/bin/x", ""], "o")) == [("deny", ["exec"], ["**/rm", "/bin/x"])]
    assert command_rules("c", [], "o") == ()
