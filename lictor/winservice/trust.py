r"""Who besides the system and its administrators could make the service do something else: by its home, or by its program.

Users may make folders in ``%ProgramData%``, so one of them may have been there first; and a Python in a user's profile is that user's to change. Each
finding is one line that says who. Only the system's own answers count: owner and access list of every place.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

from enforcer.windows import security
from enforcer.windows.accesslist import CHANGE, REPLACE, may
from lictor.winservice import tree
from lictor.winservice.names import POLICIES

VARIABLES = ("PYTHONPATH", "PYTHONHOME", "PYTHONSTARTUP")
"""Of the whole machine; the service ignores them, people's own ``lictor`` does not."""

_MACHINE = r"SYSTEM\CurrentControlSet\Control\Session Manager\Environment"


def home_problems(home: Path) -> list[str]:
    """Why the policies of a home may not be believed; empty where only SYSTEM and Administrators may write there."""
    policies = home / POLICIES
    here = [path for path in (home, policies) if path.exists() or path.is_symlink()]
    below = tree.entries(policies) if policies in here and not any(map(tree.is_link, here)) else ()
    return [*_replaceable(home.parents), *_changeable([*here, *below])]


def program_problems(places: Iterable[Path] | None = None) -> list[str]:
    """Who may change the Python that the service runs, or its packages; ``places`` are the folders of both, else this Python's."""
    folders = list(dict.fromkeys(_own_places() if places is None else places))
    around = dict.fromkeys(parent for folder in folders for parent in folder.parents)
    return [*_replaceable(around), *_changeable(folders)]


def machine_variables() -> list[str]:
    """Variables of Python that are set for the whole machine, by name; none elsewhere than on Windows."""
    if sys.platform != "win32":
        return []
    import winreg  # noqa: PLC0415 - only Windows has it

    with winreg.OpenKey(winreg.HKEY_LOCAL_MACHINE, _MACHINE) as key:
        return [name for name in VARIABLES if _has(winreg, key, name)]


def _has(winreg: object, key: object, name: str) -> bool:
    try:
        winreg.QueryValueEx(key, name)  # type: ignore[attr-defined]  # a module
    except FileNotFoundError:
        return False
    return True


def _own_places() -> Iterator[Path]:
    for top in (Path(sys.prefix), Path(sys.base_prefix)):
        for place in (top, top / "Scripts", top / "DLLs", top / "Lib", top / "Lib" / "site-packages"):
            if place.is_dir():
                yield place


def _changeable(paths: Iterable[Path]) -> Iterator[str]:
    for path in paths:
        if tree.is_link(path):
            yield f"{path} is a link or junction"
        elif who := _who(path, CHANGE):
            yield f"{path} may be changed by {who}"


def _replaceable(folders: Iterable[Path]) -> Iterator[str]:
    for folder in folders:
        if who := _who(folder, REPLACE):
            yield f"what lies in {folder} may be replaced by {who}"


def _who(path: Path, rights: int) -> str:
    """Who has one of these rights, in one text; empty where nobody has."""
    try:
        found = may(security.describe_itself(str(path)), rights)
    except OSError as error:
        return f"nobody knows whom ({error})"
    return ", ".join(security.name_of(sid) for sid in found)
