"""The patch format of ``apply_patch``: which files it adds, changes, moves and deletes."""

from __future__ import annotations

from lictor.hooks import files
from lictor.hooks.interface import Act
from lictor.hooks.surroundings import Surroundings

_ADD, _UPDATE, _DELETE, _MOVE = "*** Add File: ", "*** Update File: ", "*** Delete File: ", "*** Move to: "


def patch_acts(patch: str, cwd: str, around: Surroundings, exe: str | None) -> list[Act]:
    """Acts of each file that the patch names."""
    found: list[Act] = []
    changed = ""
    for line in patch.splitlines():
        # Inside of an update a space begins a line of context; elsewhere Codex takes heads with spaces before them.
        head = line.rstrip() if changed else line.strip()
        if head.startswith(_ADD):
            changed = ""
            found += files.write(head.removeprefix(_ADD), cwd, around, exe)
        elif head.startswith(_UPDATE):
            changed = head.removeprefix(_UPDATE)
            found += files.change(changed, cwd, around, exe)
        elif head.startswith(_DELETE):
            changed = ""
            found += files.delete(head.removeprefix(_DELETE), cwd, around, exe)
        elif head.startswith(_MOVE) and changed:
            # Written anew, then the old name is deleted.
            found += files.write(head.removeprefix(_MOVE), cwd, around, exe)
            found += files.delete(changed, cwd, around, exe)
    return found
