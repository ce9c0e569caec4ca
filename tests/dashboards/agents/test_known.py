"""What counts as approved, bypassed or settings is what the hunts say."""

from __future__ import annotations

import re

from dashboards.agents import known
from queries.hunting import find


def test_they_are_the_hunts_own():
    assert known.bypass_flags() in {p.default for p in find("approvals_bypassed").parameters}
    assert re.search(known.bypass_flags(), "claude --dangerously-skip-permissions -p x")
    assert not re.search(known.bypass_flags(), "claude -p 'tell me'")
    assert "claude-code" in known.approved()
    assert any(".claude/" in glob for glob in known.settings_files())
    assert any("mcp" in glob for glob in known.settings_files())
