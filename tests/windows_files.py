"""Files as Windows has them, on another system: renames that replace nothing, owners and access lists, the vault's lock; made up for tests of the vault."""

from __future__ import annotations

from contextlib import nullcontext
from pathlib import Path

import pytest

from enforcer.windows import moving, security, vault

THEIRS = "O:S-1-5-21-7-7-7-1001G:BAD:P(A;;FA;;;BU)"
"""What a file has that nobody sealed."""
SEALED = security.OWNER + security.SEALED


class WindowsFiles:
    """``lists``: path → its descriptor, where that is another than ``THEIRS``; ``waiting``: paths that go at the next start; ``note`` of a restore."""

    def __init__(self):
        self.lists, self.waiting, self.note = {}, set(), ""

    def describe(self, path):
        return self.lists.get(path, THEIRS)

    def move(self, source, target, *, replace=True):
        if not replace and Path(target).exists():
            raise FileExistsError(target)
        Path(source).replace(target)
        if source in self.lists:
            self.lists[target] = self.lists.pop(source)
        return False

    def seal(self, path):
        self.lists[path] = SEALED

    def give_back(self, path, sddl):
        self.lists[path] = sddl
        return self.note


@pytest.fixture
def windows_files(monkeypatch):
    made = WindowsFiles()
    monkeypatch.setattr(moving, "move", made.move)
    monkeypatch.setattr(moving, "at_next_start", lambda source, _target: made.waiting.add(source))
    monkeypatch.setattr(moving, "waits_for_start", lambda source: source in made.waiting)
    for name in ("describe", "seal", "give_back"):
        monkeypatch.setattr(security, name, getattr(made, name))
    monkeypatch.setattr(vault, "alone", lambda _path, _patience: nullcontext())
    return made
