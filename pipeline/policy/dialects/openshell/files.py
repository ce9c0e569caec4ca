"""Files: the paths that OpenShell's Landlock rules allow become rules, and the defaults deny the rest.

Landlock allows what lies below a listed path: to read and to run for ``read_only``, anything for ``read_write``. It
looks at the folder when a name is made, removed or replaced, so a listed path itself can be written to but not
removed, renamed or made, unless a folder above it is listed as well. A program is judged by the file that is run,
hence by ``exe``: a link in a listed folder to a program outside does not run.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pipeline.policy.dialects.interface import Item
from pipeline.policy.dialects.openshell.checks import plain
from pipeline.policy.dialects.openshell.items import Maker, below
from pipeline.policy.globs import LONGEST, quoted
from pipeline.policy.source import Location

DEFAULTS = {"file.read": "deny", "file.write": "deny", "file.delete": "deny", "exec": "deny"}
"""``file.write`` covers names that are made and replaced. Neither Landlock nor these speak of permission bits."""

BASELINE_READ = ("/usr", "/lib", "/etc", "/app", "/var/log", "/proc", "/dev/urandom")
BASELINE_WRITE = ("/tmp",)  # noqa: S108 - a path in a policy, nothing is written
"""What OpenShell adds to a policy with networking, where the path is there and not listed."""

NAMES = ("file.create", "file.rename", "file.link", "file.symlink", "file.mkdir")
_TOP: Location = ("filesystem_policy",)


def file_items(data: dict[str, Any], maker: Maker) -> Iterator[Item]:
    """Items of the section, of what is added to it, and of Landlock."""
    files = data.get("filesystem_policy")
    written = [plain(path) for path in (files or {}).get("read_write", [])]
    if data.get("network_policies"):
        written += [path for path in BASELINE_WRITE if path not in (files or {}).get("read_only", [])]
    for key in ("read_only", "read_write"):
        for i, path in enumerate((files or {}).get(key, [])):
            yield _listed(maker, key, (*_TOP, key, i), path, written)
    # a policy without the section has the working folder all the same
    if files is None or files.get("include_workdir"):
        name = maker.name("include_workdir")
        here: Location = (*_TOP, "include_workdir")
        text = "include_workdir: true" if files is not None else "no filesystem_policy: the working folder is added"
        yield maker.item(name, here, text, "exact", safe=_rules(maker, name, here, "${workspace}", write=True))
    if data.get("network_policies"):
        yield from _baseline(maker, files or {})
    yield from _landlock(data, maker)


def _listed(maker: Maker, key: str, here: Location, text: str, written: list[str]) -> Item:
    name, path = maker.name(f"{key}-{here[-1]}"), plain(text)
    if len(quoted(path)) + len("/**/*") > LONGEST:
        return maker.item(name, here, text, "narrower", why="The path is too long for a pattern and is left out.")
    covered = any(path != top and path.startswith(top.rstrip("/") + "/") for top in written)
    rules = _rules(maker, name, here, path, write=key == "read_write", whole=covered)
    return maker.item(name, here, f"{key}: {text}", "exact", safe=rules)


def _rules(
    maker: Maker, name: str, here: Location, path: str, *, write: bool, whole: bool = False
) -> tuple[dict[str, Any], ...]:
    """The rules of a listed path; ``whole`` where a folder above it is writable too."""
    own = path if path.startswith("$") else quoted(path)
    tree = f"{path}/**" if path.startswith("$") else below(path)
    rules = [
        maker.rule(name, here, on=["file.read"], match={"path": [tree]}, action="allow"),
        maker.rule(f"{name}-run", here, on=["exec"], match={"exe": [tree]}, action="allow"),
    ]
    if not write:
        return tuple(rules)
    rules[0]["on"] = ["file.read", "file.write"]
    inside = {} if whole else {"path": [own]}
    rules.append(
        maker.rule(f"{name}-delete", here, on=["file.delete"], match={"path": [tree]}, unless=inside, action="allow")
    )
    if not whole:
        because = "OpenShell lets a listed path be written to, not be made, removed or renamed itself."
        rules.append(
            maker.rule(f"{name}-itself", here, on=list(NAMES), match={"path": [own]}, action="deny", because=because)
        )
    return tuple(rules)


def _baseline(maker: Maker, files: dict[str, Any]) -> Iterator[Item]:
    listed = {path for key in ("read_only", "read_write") for path in files.get(key, [])}
    for path in (*BASELINE_READ, *BASELINE_WRITE):
        if path in listed:
            continue  # what is listed stays as it is listed, also where that is less
        name = maker.name("added-" + path.strip("/").replace("/", "-"))
        rules = _rules(maker, name, _TOP, path, write=path in BASELINE_WRITE)
        yield maker.item(name, _TOP, f"{path}, which OpenShell adds itself", "exact", safe=rules)


def _landlock(data: dict[str, Any], maker: Maker) -> Iterator[Item]:
    found = (data.get("landlock") or {}).get("compatibility", "")
    if not found:
        return
    here: Location = ("landlock", "compatibility")
    hard = "Without Landlock OpenShell does not start; here the rules hold or the run is refused in mode enforce."
    soft = "Without Landlock OpenShell goes on without file rules; here they hold in any case."
    why = hard if found == "hard_requirement" else soft
    yield maker.item(maker.name("landlock"), here, f"compatibility: {found}", "setting", why=why)
