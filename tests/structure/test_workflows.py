"""The workflows of .github as far as they can be looked at from here: their form, and that all they name is there."""

from __future__ import annotations

import re

import pytest
import yaml

NAMED = re.compile(r"\b(?:tests|deploy|tools|collectors|policies)/[\w./-]+")
MODULE = re.compile(r"-m (tools\.\w+|lictor\.\w+)")


@pytest.fixture(scope="session")
def workflow(tree):
    return yaml.safe_load(tree.text(".github/workflows/windows.yml"))


@pytest.fixture(scope="session")
def steps(workflow):
    return [step for job in workflow["jobs"].values() for step in job["steps"]]


def missing(text, tree):
    """What a command line names and the tree does not have."""
    files = {name for name in NAMED.findall(text) if not (tree.root / name).exists()}
    modules = {m for m in MODULE.findall(text) if not _is_module(m.replace(".", "/"), tree)}
    scripts = {s for s in re.findall(r"\w+\.ps1", text) if not (tree.root / "deploy" / "windows" / s).exists()}
    return files | modules | scripts


def _is_module(path, tree):
    return (tree.root / f"{path}.py").exists() or (tree.root / path / "__main__.py").exists()


def test_it_says_that_it_was_never_run(tree):
    head = tree.text(".github/workflows/windows.yml").partition("name:")[0]
    assert "never been run" in head


def test_each_job_has_a_limit_and_each_step_does_one_thing(workflow, steps):
    assert all(job["runs-on"] == "windows-latest" and job["timeout-minutes"] for job in workflow["jobs"].values())
    assert all(("run" in step) != ("uses" in step) for step in steps)
    assert workflow["permissions"] == {"contents": "read"}
    assert set(workflow[True]) == {"push", "pull_request", "workflow_dispatch"}  # YAML 1.1 reads "on" as true


def test_actions_are_pinned(steps):
    used = [step["uses"] for step in steps if "uses" in step]
    assert used
    assert all(re.fullmatch(r"actions/[a-z-]+@(v\d+|[0-9a-f]{40})", name) for name in used)


def test_everything_that_it_names_is_there(tree, steps):
    commands = "\n".join(step.get("run", "") for step in steps)
    assert missing(commands, tree) == set()
    assert {"tests/windows", "tests/windows/tree.c"} <= set(NAMED.findall(commands))
    assert set(MODULE.findall(commands)) == {"tools.windows_package", "lictor.winservice"}


def test_what_is_not_there_is_noticed(tree):
    assert missing("python -m tools.nothing tests/none/a.c & remove.ps1", tree) == {
        "tools.nothing",
        "tests/none/a.c",
        "remove.ps1",
    }


def test_all_three_scripts_and_a_live_session_are_tried(steps):
    commands = "\n".join(step.get("run", "") for step in steps)
    assert {"install.ps1", "detect.ps1", "uninstall.ps1"} <= set(re.findall(r"\w+\.ps1", commands))
    assert "run --source etw" in commands
