"""The statements in plain words that a kernel can check, as data: how they begin, and what they amount to.

Each pattern is held against what a prohibition or question is about ("never **force-push to main**", "ask before
**installing dependencies**"), from its first word on, so verbs stand in both forms. What has code or
paths in backticks is read by ``spans.py``; these are for sentences without.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipeline.policy.draft.command_patterns import COMMAND_PATTERNS
from pipeline.policy.draft.file_patterns import FILE_PATTERNS

if TYPE_CHECKING:
    from pipeline.policy.draft.pattern import Pattern

PATTERNS: tuple[Pattern, ...] = COMMAND_PATTERNS + FILE_PATTERNS
"""In order: of several that fit, the first counts."""
