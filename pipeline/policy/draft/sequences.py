"""Sentences about order: run the tests before committing, never push without a build, format after every change.

All of them come to one shape, the only one that events can show: something in the project was written, then
committed or pushed, and what should have run in between did not.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from pipeline.policy.draft.commands import argv_of, is_command, words_of
from pipeline.policy.draft.pattern import MADE, argv

if TYPE_CHECKING:
    from collections.abc import Iterable

WITHIN = "8h"
"""A working day: what was changed longer ago than that is no longer held against a commit."""

_TARGETS = (
    (
        "commit",
        re.compile(
            r"(?:(?:every|each|any|you|making|the|a|all|creating|your)\s+)*(?:git\s+)?commit(?:s|ting)?\b",
            re.IGNORECASE,
        ),
        ("git commit",),
    ),
    (
        "push",
        re.compile(r"(?:(?:every|each|any|you|the|a)\s+)*(?:git\s+)?push(?:es|ing)?\b|`git\s+push`", re.IGNORECASE),
        ("git push",),
    ),
    (
        "submission",
        re.compile(r"(?:submit(?:ting)?|submission)\s*(?:$|[,.:])", re.IGNORECASE),
        ("gh pr create", "git push"),
    ),
    (
        "pull request",
        re.compile(
            r"(?:(?:every|each|any|you|the|a|new|open(?:ing)?|creat(?:e|ing)|submit(?:ting)?|rais(?:e|ing)|merg(?:e|ing))\s+)*(?:prs?|pull\s+requests?)\b",
            re.IGNORECASE,
        ),
        ("gh pr create", "git push"),
    ),
)
_BEFORE = re.compile(r"\b(?:before|prior\s+to)\s+", re.IGNORECASE)
_WITHOUT = re.compile(
    r"^(?:commit|push|open|submit|creat|merge)\w*\b(?P<what>[^`]{0,60}?)\bwithout\s+(?:first\s+)?(?P<need>(?:run|pass|execut|build|lint|format|test|typecheck|type-check|green)\w*\b.*)",
    re.IGNORECASE,
)
_AFTER = re.compile(
    r"\bafter\s+(?:(?:you|every|each|any|all|making|making\s+any|code|finishing|completing|modifying|editing|have|finished|are\s+done)\s+)*(?:\w+\s+){0,3}?(?:chang|edit|modif|code\b)",
    re.IGNORECASE,
)
_CONDITION = re.compile(r"(?:if|when|whenever|for|in|on|unless)\b[^,`]*(?:`[^`]*`[^,`]*)*,", re.IGNORECASE)
_RUNS = re.compile(
    r"\b(?:re-?run|run|runs|execute|pass(?:es)?|format|lint|test|build|check|verify|validate|typecheck|type-check|ensure|make\s+sure|use|green)\b",
    re.IGNORECASE,
)
_FORBIDS = re.compile(r"\b(?:never|not|n['’]t|avoid|no|skip)\b", re.IGNORECASE)
_OPTIONAL = re.compile(r"\b(?:consider|may|optional(?:ly)?|can|could)\b", re.IGNORECASE)
_KINDS = (
    (
        "tests",
        r"\b(?:tests?|test\s+suite)\b",
        (
            "pytest",
            "tox",
            "npm test",
            "npm run test",
            "pnpm test",
            "pnpm run test",
            "yarn test",
            "bun test",
            "bun run test",
            "vitest",
            "jest",
            "cargo test",
            "cargo nextest",
            "go test",
            "make test",
            "make check",
            "just test",
            "mvn test",
            "gradle test",
            "rspec",
            "phpunit",
            "dotnet test",
            "deno test",
            "ctest",
            "*vitest run",
            "uv run pytest",
        ),
    ),
    (
        "linters",
        r"\b(?:lint(?:ers?|ing)?|linter)\b",
        (
            "eslint",
            "biome check",
            "ruff check",
            "npm run lint",
            "pnpm lint",
            "pnpm run lint",
            "yarn lint",
            "bun run lint",
            "cargo clippy",
            "golangci-lint",
            "make lint",
            "flake8",
            "pylint",
            "oxlint",
            "rubocop",
            "pre-commit run",
        ),
    ),
    (
        "formatters",
        r"\bformat(?:ter|ters|ting)?\b",
        (
            "prettier",
            "biome format",
            "ruff format",
            "black",
            "cargo fmt",
            "rustfmt",
            "gofmt",
            "go fmt",
            "make format",
            "make fmt",
            "npm run format",
            "pnpm format",
            "pnpm run format",
            "bun run format",
            "swiftformat",
            "oxfmt",
        ),
    ),
    (
        "type checks",
        r"\btype[\s-]?checks?(?:ing|ers?)?\b",
        (
            "tsc",
            "mypy",
            "pyright",
            "npm run typecheck",
            "pnpm typecheck",
            "pnpm run typecheck",
            "yarn typecheck",
            "bun run typecheck",
            "bun typecheck",
            "cargo check",
            "go vet",
        ),
    ),
    (
        "builds",
        r"\bbuilds?\b",
        (
            "npm run build",
            "pnpm build",
            "pnpm run build",
            "yarn build",
            "bun run build",
            "cargo build",
            "go build",
            "make build",
            "make",
            "mvn package",
            "gradle build",
            "dotnet build",
        ),
    ),
)


def sequence_in(clause: str, known: frozenset[str] = frozenset()) -> tuple[str, str, dict[str, Any]] | None:
    """Name, title and sequence of a sentence about order, or ``None``."""
    if _CONDITION.match(clause):
        return None
    goal, need = _goal_and_need(clause)
    if goal is None or need is None:
        return None
    name, commands = goal
    what, patterns = _needed(need, known)
    if not patterns:
        return None
    return (
        f"{name}-without-{what}",
        f"{name.capitalize()}s of changes without {what} in between",
        _sequence(patterns, commands),
    )


def _goal_and_need(clause: str) -> tuple[tuple[str, tuple[str, ...]] | None, str | None]:
    without = re.match(r"(?:\w+\s+){0,2}?(?:never|do\s+not|don['’]t|no)\s+(?P<rest>.*)", clause, re.IGNORECASE)
    said = _WITHOUT.match(without["rest"]) if without else None
    if said and without:
        return _target(without["rest"]), said["need"]
    before = _BEFORE.search(clause)
    if before:
        goal = _target(clause[before.end() :])
        left, right = clause[: before.start()], clause[before.end() :]
        need = left if _asks_to_run(left) else right.partition(",")[2]
        return goal, need if _asks_to_run(need) else None
    after = _AFTER.search(clause)
    if after:
        rest = clause[: after.start()] + " " + clause[after.end() :]
        return ("commit", ("git commit",)), rest if _asks_to_run(rest) and "`" in rest else None
    return None, None


def _asks_to_run(text: str) -> bool:
    prose = re.sub(r"`[^`]*`|\([^)]*\)", "``", text)
    return bool(_RUNS.search(prose) and not _FORBIDS.search(prose) and not _OPTIONAL.search(prose))


def _target(text: str) -> tuple[str, tuple[str, ...]] | None:
    return next(((name, commands) for name, pattern, commands in _TARGETS if pattern.match(text)), None)


def _needed(text: str, known: frozenset[str]) -> tuple[str, list[str]]:
    """What must have run, in a word, and the patterns of its command lines."""
    spans = [
        s for s in re.findall(r"`([^`]+)`", text) if is_command(s, ran=True, known=known) and not s.startswith("git ")
    ]
    if spans:
        return " ".join(words_of(spans[0])), [p for s in spans for p in argv_of(s)]
    if "`" in text:
        return "", []
    kinds = [(word, commands) for word, pattern, commands in _KINDS if re.search(pattern, text, re.IGNORECASE)]
    return " or ".join(w for w, _ in kinds), argv(*(c for _, commands in kinds for c in commands))["argv"]


def _sequence(needed: Iterable[str], commands: Iterable[str]) -> dict[str, Any]:
    return {
        "sequence": [
            {"on": ["file.write"], "match": {"path": ["${workspace}/**"]}, "unless": {"path": list(MADE)}},
            {"not": True, "on": ["exec"], "match": {"argv": list(dict.fromkeys(needed))}},
            {"on": ["exec"], "match": {"argv": [p for c in commands for p in argv_of(c)]}},
        ],
        "within": WITHIN,
        "by": "agent_run",
    }
