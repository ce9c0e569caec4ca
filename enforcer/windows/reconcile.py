"""The vault after a crash or a start of Windows: every record that was left between two states is brought to one of rest.

Only what lies on disk decides. A file that had reached the vault stays there, closed and with its hash; one that had not is left as it is,
since its finding is on record and comes again with the next event. A restore whose file lies at its target whole is finished, any
other is undone. What Windows was asked to take at its next start is looked at once it is not on its list any more.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from enforcer.vault.record import OPEN, How, Record, VaultError
from enforcer.windows import moving, security
from enforcer.windows.give_back import finish_purge, finish_restore
from enforcer.windows.vault import WindowsVault


def reconcile(vault: WindowsVault) -> Iterator[tuple[Record, Record]]:
    """Each record that was settled, as it was and as it is now.

    One that cannot be settled now (a drive that is not there, say) stays as it is, for the next start. Raises ``VaultError`` when a record
    cannot be read.
    """
    with vault.locked():
        vault.clear()
        for record in vault.records():
            with suppress(OSError, VaultError):
                now = _settled(vault, record)
                if now != record:
                    yield record, now


def unsettled(vault: WindowsVault) -> list[Record]:
    """Records that are still between two states."""
    return [record for record in vault.records() if record.state in OPEN]


def is_delayed(record: Record) -> bool:
    """Whether Windows was asked to take the file at its next start."""
    return record.state == "intended" and record.how is not None


def _settled(vault: WindowsVault, record: Record) -> Record:
    if record.state == "intended":
        return _intended(vault, record)
    if record.state == "restoring":
        return _restoring(vault, record)
    if record.state == "purging":
        return finish_purge(vault, record)
    if record.state == "taken":
        _close(vault.place(record))
    return record


def _intended(vault: WindowsVault, record: Record) -> Record:
    there, original = _number(vault.place(record)), _number(record.path) == record.inode
    if there is None and is_delayed(record) and moving.waits_for_start(record.path):
        return record
    if there is None:
        return vault.undo(record, _left(record, original=original))
    if there != record.inode and there[0] == record.inode[0]:  # within a volume it is renamed: another file was caught
        moving.move(vault.place(record), record.path, replace=False)
        return vault.undo(record, f"not quarantined: another file had been put at {record.path}, and is there again")
    if there != record.inode and original:  # a copy to another volume was under way
        Path(vault.place(record)).unlink()
        return vault.undo(record, _left(record, original=True))
    return _take(vault, record, "moved" if there == record.inode else "copied")


def _left(record: Record, *, original: bool) -> str:
    why = "Windows did not take it at its start" if is_delayed(record) else "interrupted"
    return f"not quarantined: {why}, {'it stays at' if original else 'and gone from'} {record.path}"


def _take(vault: WindowsVault, record: Record, how: How) -> Record:
    """It lies in the vault: moved as that very file, or copied whole, since the original goes last."""
    place = vault.place(record)
    _close(place)
    size = Path(place).stat().st_size
    part = "" if size == record.size else f"{'; ' if record.note else ''}{size} of {record.size} bytes"
    return vault.write(record.now("taken", how=how, sha256=moving.sha256(place), note=record.note + part))


def _restoring(vault: WindowsVault, record: Record) -> Record:
    place, target = Path(vault.place(record)), Path(record.to or record.path)
    whole = target.is_file() and moving.sha256(str(target)) == record.sha256
    if whole:
        place.unlink(missing_ok=True)
        return finish_restore(vault, record)
    if not place.exists():
        raise VaultError(f"{record.id}: neither in the vault nor whole at {target}")
    _close(str(place))
    return vault.write(
        record.now("taken", to=None, note=f"not restored: interrupted, see whether a part lies at {target}")
    )


def _number(path: str) -> tuple[int, int] | None:
    """Volume and number of a file; ``None`` where there is none."""
    try:
        found = Path(path).lstat()
    except (FileNotFoundError, NotADirectoryError):
        return None
    return found.st_dev, found.st_ino


def _close(place: str) -> None:
    """Only SYSTEM and Administrators may open it."""
    if not security.is_sealed(security.describe(place)):
        security.seal(place)
