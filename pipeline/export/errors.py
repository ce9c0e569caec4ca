"""What can go wrong with an export before an event leaves, each said in one line with the next step.

Stands alone so that the command line can catch it without importing a sink.
"""

from __future__ import annotations


class ExportError(Exception):
    """An export cannot begin or go on; the text is one line, names the next step, and never holds a secret."""


def missing_library(library: str, extra: str, what: str) -> ExportError:
    """The error for an optional library that is not installed."""
    return ExportError(f"{what} needs {library}, which is not installed: pip install 'lictor[{extra}]'")
