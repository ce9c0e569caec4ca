"""Whether a writer's logs were removed before a follower read them.

A writer numbers its logs, and each names the chain of the one before. A number may be missing because a log could not
be made (a full disk): then the chain goes on from the last log that there was.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipeline.lake import commits, feed_logs, frames
from pipeline.lake.errors import LakeError
from pipeline.lake.feed_state import split

if TYPE_CHECKING:
    from collections.abc import Collection
    from pathlib import Path

    from pipeline.lake.commits import Commit
    from pipeline.lake.feed_state import State


def missing(root: Path, state: State, stem: str, existing: Collection[str], commit: Commit | None) -> str | None:
    """What was removed unread before a log that is read for the first time, for a person; ``None``: nothing."""
    writer, number = split(stem)
    if number <= 1 or f"{writer}-{number - 1}" in existing:
        return None
    last = state.last_done(writer, number)
    if last == number - 1:
        return None
    before = commit.header.get("previous") if commit else feed_logs.previous(feed_logs.kept(state.folder, stem))
    if before in {None, frames.START.hex()} or (last and _chain(root, f"{writer}-{last}") == before):
        return None
    return f"logs {last + 1} to {number - 1} of writer {writer} were removed before they were read"


def _chain(root: Path, stem: str) -> str | None:
    try:
        commit = commits.read(root, stem)
    except LakeError:
        return None
    return commit.chain if commit else None
