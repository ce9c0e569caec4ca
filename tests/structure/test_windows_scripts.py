"""The scripts of deploy/windows as far as they can be looked at without a Windows: their grammar, and what they ask of Lictor and of each other.

The grammar is tree-sitter's, not Microsoft's: it knows what is no PowerShell, and not what Windows PowerShell 5.1 does with the rest.
"""

from __future__ import annotations

import re

import pytest
import tree_sitter
import tree_sitter_powershell

from lictor.winservice.__main__ import parser

SCRIPTS = ("install", "uninstall", "detect")
NEWER = {"??": "7.0", "?.": "7.1", "&&": "7.0", "||": "7.0", "-Parallel": "7.0", "-AsHashtable": "6.0"}
"""What Windows PowerShell 5.1 does not know → since when there is such a thing."""


def tree_of(text):
    grammar = tree_sitter.Language(tree_sitter_powershell.language())
    return tree_sitter.Parser(grammar).parse(text.encode()).root_node


def wrong(node):
    """Places that are no PowerShell, as (line, text)."""
    if node.type == "ERROR" or node.is_missing:
        yield node.start_point[0] + 1, node.text.decode()[:80]
    for child in node.children:
        yield from wrong(child)


def kinds(node, kind):
    if node.type == kind:
        yield node.text.decode()
    for child in node.children:
        yield from kinds(child, kind)


def code(text):
    """Without comments and texts in quotes."""
    text = re.sub(r"<#.*?#>", "", text, flags=re.DOTALL)
    return re.sub(r"'[^'\n]*'|\"[^\"\n]*\"", "''", re.sub(r"(?m)(^|\s)#.*$", "", text))


@pytest.fixture(params=SCRIPTS)
def script(request, tree):
    return tree.text(f"deploy/windows/{request.param}.ps1")


def test_it_is_powershell(script):
    assert list(wrong(tree_of(script))) == []
    assert list(kinds(tree_of(script), "command_name"))


@pytest.mark.parametrize("text", ["if ($x { exit 1 }", "function {", "foreach ($a $b) { }", "$x = @('a'"])
def test_what_is_no_powershell_is_noticed(text):
    assert list(wrong(tree_of(text)))


def test_each_kind_of_damage_to_a_script_is_noticed(tree):
    whole = tree.text("deploy/windows/install.ps1")
    for damage in ("}", "{", ")", "("):
        at = whole.rindex(damage)
        assert list(wrong(tree_of(whole[:at] + whole[at + 1 :]))), damage


def test_it_is_plain_ascii_since_5_1_reads_anything_else_in_the_machines_own_alphabet(script):
    assert script.isascii()


def test_nothing_in_it_is_newer_than_5_1(script):
    assert [word for word in NEWER if word in code(script)] == []


def test_it_stops_at_its_first_error_and_knows_no_unset_variable(script):
    assert "Set-StrictMode -Version 2.0" in script
    assert "$ErrorActionPreference = 'Stop'" in script


def test_what_it_asks_of_the_service_is_what_the_service_understands(script):
    body = script.partition("#>")[2]
    (line,) = (text for text in body.splitlines() if "lictor.winservice" in text)
    verb = re.search(r"lictor\.winservice(?:', ')? ?(\w+)", line)[1]
    flags = re.findall(r"--[a-z]+", line) + re.findall(r"\$words \+= '(--[a-z]+)'", body)
    assert set(flags) <= _options(verb), (verb, flags)


def _options(verb):
    (verbs,) = (a for a in parser()._actions if hasattr(a, "choices") and a.choices)
    return {flag for action in verbs.choices[verb]._actions for flag in action.option_strings}


def test_python_is_always_isolated(script):
    body = script.partition("#>")[2]
    starts = re.findall(r"'-m'|\s-m\s|\s-c\b", body)
    assert len(starts) == len(re.findall(r"'-I', '-m'|-I -m\s|-I -c\b", body)) > 0


def test_return_codes_are_those_that_its_head_and_the_documentation_explain(tree):
    docs = tree.text("docs/windows-deploy.md")
    for name, codes in {"install": {"0", "1", "1603", "1618"}, "uninstall": {"0", "1", "1603", "3010"}}.items():
        text = tree.text(f"deploy/windows/{name}.ps1")
        assert set(re.findall(r"(?:exit|Stop-Installation) (\d+)", text)) == codes
        head = text.partition("#>")[0]
        for number in codes:
            assert re.search(rf"\b{number} ", head), (name, number)
            assert re.search(rf"^\| {number} \|", docs, re.MULTILINE), number


def test_everything_that_documentation_and_workflow_call_is_there(tree):
    for name in SCRIPTS:
        assert f"{name}.ps1" in tree.text("docs/windows-deploy.md")
    assert "@VERSION@" in tree.text("deploy/windows/detect.ps1")


@pytest.mark.parametrize("verb", ["install", "status", "uninstall"])
def test_every_word_of_the_services_command_line_is_documented(tree, verb):
    docs = tree.text("docs/windows-deploy.md")
    (line,) = (text for text in docs.splitlines() if text.startswith(f"python -m lictor.winservice {verb}"))
    assert _options(verb) - {"-h", "--help"} <= set(re.findall(r"--[a-z]+", line))
