r"""The home is closed to everybody but SYSTEM and Administrators, and what strangers put there first is not taken for our own.

Every user may make folders in ``%ProgramData%``, also one that is named as ours, with policies in it. So: a home that a stranger owns is moved aside whole
and a new one made, closed from its first moment; a stranger's policy in a home of ours, and anything that leads elsewhere (links, junctions), stops the
installation; whatever else lies there gets the system's owner and list. All of that is read back.
"""

from __future__ import annotations

import os
import secrets
import time
from collections.abc import Iterator
from pathlib import Path

from enforcer.windows import security
from enforcer.windows.accesslist import ANY, CHANGE, TRUSTED, is_protected, may, owner
from enforcer.windows.privileges import enable_ownership
from lictor.winservice import tree
from lictor.winservice.names import LAKE, LOG, POLICIES
from lictor.winservice.steps import Step, one_line


def seal(home: Path) -> list[Step]:
    """Make or close the home; the steps, the last of which says what was read back. Never raises."""
    enable_ownership()
    try:
        kept = keeps_lists(home.parent)
        steps = _set_aside(home, kept=kept)
        trouble = _trouble(home, kept=kept)
        if not trouble:
            _close(home)
        return [*steps, Step("home", "failed", trouble) if trouble else look(home, kept=kept)]
    except OSError as error:
        return [Step("home", "failed", one_line(error))]


def _trouble(home: Path, *, kept: bool) -> str:
    """Close the home and its folders, and say why what is in it cannot be believed; empty where it can."""
    if os.path.lexists(home) and (found := tree.links(home)):
        return f"{found[0]} leads elsewhere: remove it, then install again"
    _prepare(home)
    if found := tree.links(home):  # again: until the home was closed, somebody could put one in
        return f"{found[0]} leads elsewhere: remove it, then install again"
    if kept and (strange := next(_strangers(home), "")):
        return f"{strange}: not believed; look at it, remove it, then install again"
    return ""


def look(home: Path, *, kept: bool | None = None) -> Step:
    """Whether home and all in it are open to SYSTEM and Administrators alone; ``kept``: whether lists are kept there at all. Never raises."""
    try:
        if not home.is_dir():
            return Step("home", "failed", f"{home} is not there")
        count, wrong = 0, ""
        for path in tree.of_home(home):
            count += 1
            wrong = wrong or ("" if _is_closed(path, top=path == home) else str(path))
        if not wrong:
            return Step(
                "home", "confirmed", f"{home}: {count} files and folders, open to SYSTEM and Administrators alone"
            )
        if not (keeps_lists(home.parent) if kept is None else kept):
            return Step(
                "home",
                "unverified",
                f"{home}: this file system keeps no access lists, so who may write there is unknown",
            )
        who = ", ".join(security.name_of(sid) for sid in may(security.describe_itself(wrong), ANY))
        return Step("home", "failed", f"{wrong} is open to {who or 'whoever the folder above says'}")
    except PermissionError as error:  # an ordinary user asks, which is what it is closed for
        return Step("home", "unverified", one_line(error))
    except OSError as error:
        return Step("home", "failed", one_line(error))


def keeps_lists(folder: Path) -> bool:
    """Whether the file system of a folder keeps owners and access lists: tried with a folder that is removed again. Raises ``OSError``."""
    scratch = folder / f".lictor-{secrets.token_hex(6)}"
    folder.mkdir(parents=True, exist_ok=True)
    security.make_folder(str(scratch), security.OWNER + security.SEALED_FOLDER)
    try:
        return _is_closed(scratch, top=True)
    finally:
        scratch.rmdir()


def _set_aside(home: Path, *, kept: bool) -> list[Step]:
    """A home that a stranger owns is not ours, whatever it holds, and if it is a link. It is renamed, and never looked into."""
    if not (kept and os.path.lexists(home)):
        return []
    who = owner(security.describe_itself(str(home)))
    if who in TRUSTED:
        return []
    aside = home.with_name(f"{home.name}.foreign-{time.strftime('%Y%m%dT%H%M%SZ', time.gmtime())}")
    home.rename(aside)
    return [
        Step(
            "set aside", "confirmed", f"{home} was owned by {security.name_of(who)}: now {aside}, nothing of it is used"
        )
    ]


def _prepare(home: Path) -> None:
    """Every folder is made closed; one that is there is closed before anything in it is looked at."""
    for folder in (home, *(home / name for name in (POLICIES, LAKE, LOG))):
        try:
            security.make_folder(str(folder), security.OWNER + security.SEALED_FOLDER)
        except OSError:
            if not folder.is_dir():
                raise
        if folder == home:
            security.take_over(str(home), security.OWNER + security.SEALED_FOLDER)


def _strangers(home: Path) -> Iterator[str]:
    """What a stranger owns where only our own word may stand: the folders of the home, and everything among the policies.

    A policy's file counts also where a stranger may write it; a folder does not, since all that a stranger can do there is to add what he then owns.
    """
    for path in tree.of_home(home):
        inside = path.relative_to(home).parts
        if len(inside) != 1 and inside[:1] != (POLICIES,):
            continue
        found = security.describe_itself(str(path))
        who = owner(found)
        if who not in TRUSTED:
            yield f"{path} is owned by {security.name_of(who)}"
        elif path.is_file() and (others := may(found, CHANGE)):
            yield f"{path} may have been written by {', '.join(map(security.name_of, others))}"


def _close(home: Path) -> None:
    for path in tree.of_home(home):
        if not _is_closed(path, top=path == home):
            wanted = security.SEALED_FOLDER if path.is_dir() else security.SEALED
            security.take_over(str(path), security.OWNER + wanted)


def _is_closed(path: Path, *, top: bool) -> bool:
    """Open to nobody else; the top one also inherits nothing, what lies below may inherit that."""
    found = security.describe_itself(str(path))
    return not may(found, ANY) and (is_protected(found) or not top)
