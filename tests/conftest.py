"""Ends every run with the skipped tests counted by reason: a skip is a piece of the promise that was not checked."""

from __future__ import annotations

from collections import Counter


def reasons(reports):
    """How many tests were skipped for each reason, most first."""
    counted = Counter(reason_of(report) for report in reports)
    return counted.most_common()


def reason_of(report):
    """The reason as its author wrote it; pytest puts (file, line, reason) into a skipped report."""
    place = report.longrepr
    text = place[2] if isinstance(place, tuple) else str(place)
    return text.removeprefix("Skipped: ").strip() or "no reason given"


def pytest_terminal_summary(terminalreporter):
    skipped = terminalreporter.stats.get("skipped", [])
    terminalreporter.section(f"skipped: {len(skipped)}")
    for reason, count in reasons(skipped):
        terminalreporter.write_line(f"{count:5d}  {reason}")
