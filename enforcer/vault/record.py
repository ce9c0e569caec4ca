"""What the vault knows of one file: a record, its states, and its form on disk.

The record is written before the file is touched and outlives the file. Restoring, purging and
the clean-up after a crash read nothing else. Pure: data in, data out.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Literal, get_args

State = Literal["intended", "copied", "taken", "restoring", "restored", "purging", "purged", "undone"]
"""intended → (copied →) taken → restoring → restored, or taken → purging → purged; ``undone``: the file was left as it was.

``copied`` is the state between a verified copy in the vault and the end of the original.
"""

How = Literal["moved", "copied", "sealed"]
"""``moved`` within a file system, ``copied`` from another one, ``sealed``: left in its place without owner and mode."""

HELD = ("taken", "restoring", "purging")
OPEN = ("intended", "copied", "restoring", "purging")
"""States that only a crash leaves behind."""


class VaultError(Exception):
    """Something the vault will not or cannot do; the text is one line and says what stands now."""


@dataclass(frozen=True)
class Traits:
    """What belongs to a file beside its content; xattrs (ACLs and capabilities are such) in Base64."""

    mode: int
    uid: int
    gid: int
    atime_ns: int
    mtime_ns: int
    flags: int = 0
    xattrs: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Record:
    """One file in the vault; ``inode`` is (device, number) of the original, ``to`` the place of a restore under way."""

    id: str
    state: State
    path: str
    inode: tuple[int, int]
    size: int
    links: int
    traits: Traits
    time_ns: int
    finding: dict[str, Any]
    how: How | None = None
    sha256: str | None = None
    to: str | None = None
    to_inode: tuple[int, int] | None = None
    deed: str | None = None
    """Id of the action that is under way, or was the last: whoever settles it after a crash owes that one a result."""
    note: str = ""

    def now(self, state: State, **changes: Any) -> Record:
        """The same item in its next state."""
        return replace(self, state=state, **changes)


def to_json(record: Record) -> bytes:
    """The record as it lies on disk; a path that is no UTF-8 keeps its bytes as surrogates."""
    return (json.dumps({"vault": 1} | asdict(record), indent=1, sort_keys=True) + "\n").encode("ascii")


def from_json(data: bytes) -> Record:
    """The record again; raises ``VaultError`` when it is none."""
    try:
        fields = json.loads(data)
        if fields.pop("vault") != 1 or fields["state"] not in get_args(State):
            raise VaultError("a record of another version of Lictor")
        fields["traits"] = Traits(**fields["traits"])
        for name in ("inode", "to_inode"):
            fields[name] = tuple(fields[name]) if fields[name] else None
        return Record(**fields)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise VaultError(f"a record that cannot be read ({error})") from error
