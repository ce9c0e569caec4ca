"""Host patterns of OpenShell: label by label, ``*`` within a label, ``**`` for one label or more, case does not count.

Which two patterns may match the same host is told as OpenShell tells it, since policies are refused over it.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Callable

_LETTERS = re.compile(r"[a-z0-9_-]{1,63}")


def wildcard_problem(host: str) -> str | None:
    """Why OpenShell refuses a host with wildcards; ``None`` where it does not."""
    if "*" not in host:
        return None
    first, *rest = host.split(".")
    wrong = {
        "matches every host: write *.example.com for the names below one": host in ("*", "**"),
        "'**' must be the whole first label": "**" in first and first != "**",
        "'**' may only be the first label": any("**" in label for label in rest),
        "a wildcard behind the first label must be the whole label": any("*" in x and x != "*" for x in rest),
        "covers a whole top-level domain: write *.example.com": len(rest) < 2,
    }
    found = next((why for why, here in wrong.items() if here), None)
    return f"host '{host}': {found}" if found else None


def pattern_problem(pattern: str) -> str | None:
    """Why a host pattern of a middleware is none."""
    if not pattern or any(c.isspace() for c in pattern):
        return "is empty" if not pattern else "has white space"
    if "{" in pattern or "}" in pattern:
        return "has braces: list the hosts one by one"
    labels = pattern.split(".")
    if "" in labels:
        return "has an empty label"
    if any(label != "**" and not _label_holds(label) for label in labels):
        return "is no pattern that could be matched"
    return None


def tcp_host_problem(host: str) -> str | None:
    """Why a host cannot stand for a name that OpenShell's own DNS would answer."""
    if host.strip() != host:
        return "has white space around it"
    if host.endswith("."):
        return "ends in a dot"
    problem = pattern_problem(host)
    if problem:
        return problem
    labels = ["x" if label == "**" else label.replace("*", "x").lower() for label in host.split(".")]
    if sum(len(label) + 1 for label in labels) > 254 or not all(_LETTERS.fullmatch(label) for label in labels):
        return "is no DNS name"
    return None


def _label_holds(label: str) -> bool:
    """Whether the glob library of OpenShell takes a label: sets must close, at most two stars in a row, those alone."""
    try:
        _label_regex(label)
    except ValueError:
        return False
    return True


def _label_regex(label: str) -> re.Pattern[str]:
    regex, at = "", 0
    while at < len(label):
        found = re.match(r"\[(!?)([^]][^]]*|\][^]]*)\]", label[at:])
        if label[at] == "*" and label.startswith("**", at):
            raise ValueError(label)
        if label[at] == "[":
            if not found:
                raise ValueError(label)
            regex += _set(found[2], negated=bool(found[1]))
            at += found.end()
            continue
        regex += {"*": ".*", "?": "."}.get(label[at], re.escape(label[at]))
        at += 1
    return re.compile(regex, re.DOTALL)


def _set(members: str, *, negated: bool) -> str:
    spans = [(m[0], m[-1]) for m in re.findall(r"(?s).-.|.", members)]
    inner = "".join(f"{re.escape(low)}-{re.escape(high)}" for low, high in spans if low <= high)
    if not inner:
        return "." if negated else "(?!)"
    return f"[{'^' if negated else ''}{inner}]"


def glob_regex(pattern: str) -> re.Pattern[str] | None:
    """A pattern without ``**`` in which a star crosses anything; ``None`` where it is none."""
    try:
        return _label_regex(pattern)
    except ValueError:
        return None


def labels_overlap(left: str, right: str) -> bool:
    """Whether two labels may be the same; of two with wildcards that is assumed."""
    wild = [any(c in label for c in "*?[") for label in (left, right)]
    if all(wild):
        return True
    if not any(wild):
        return left == right
    pattern, word = (left, right) if wild[0] else (right, left)
    return bool(_label_regex(pattern).fullmatch(word))


def patterns_overlap(left: str, right: str) -> bool:
    """Whether two valid host patterns may match the same host; each ``**`` takes at least one label."""
    return _meet(left.lower().split("."), right.lower().split("."), _label_steps)


def _label_steps(left: str, right: str) -> list[tuple[int, int]]:
    if left == right == "**":
        return [(1, 1), (0, 1), (1, 0)]
    if left == "**":
        return [(1, 1), (0, 1)]
    if right == "**":
        return [(1, 1), (1, 0)]
    return [(1, 1)] if labels_overlap(left, right) else []


def _meet(left: list[str], right: list[str], steps: Callable[[str, str], list[tuple[int, int]]]) -> bool:
    pending, seen = deque([(0, 0)]), set()
    while pending:
        at = pending.popleft()
        if at in seen:
            continue
        seen.add(at)
        if at == (len(left), len(right)):
            return True
        if at[0] < len(left) and at[1] < len(right):
            pending += [(at[0] + a, at[1] + b) for a, b in steps(left[at[0]], right[at[1]])]
    return False


def is_literal(pattern: str) -> bool:
    """Whether a pattern is one name."""
    return not any(c in pattern for c in "*?[")


def matches(pattern: str, host: str) -> bool:
    """Whether a valid pattern matches a name."""
    labels = host.lower().split(".")
    return "" not in labels and _meet(pattern.lower().split("."), labels, _host_steps)


def _host_steps(pattern: str, label: str) -> list[tuple[int, int]]:
    if pattern == "**":
        return [(1, 1), (0, 1)]
    return [(1, 1)] if _label_regex(pattern).fullmatch(label) else []


def selector_may_match(include: list[str], exclude: list[str], host: str) -> bool:
    """Whether a middleware may see the traffic of an endpoint; an exclusion counts where it surely covers that."""
    return any(patterns_overlap(i, host) and not _excluded(i, exclude, host) for i in include)


def _excluded(include: str, exclude: list[str], host: str) -> bool:
    name = host if is_literal(host) else include if is_literal(include) else None
    if name is not None:
        return any(matches(pattern, name) for pattern in exclude)
    return any(pattern == "**" or pattern.lower() in (include.lower(), host.lower()) for pattern in exclude)
