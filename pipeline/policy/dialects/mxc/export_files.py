"""The three path lists of an exported MXC configuration.

For each folder that any rule names it is worked out what Lictor allows there, operation by operation. MXC knows
three steps (nothing, reading with execution, everything), so a folder gets a step only where Lictor allows all that
is in it. As the most specific entry counts in MXC, an entry is written where the step changes.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from pipeline.policy.dialects.mxc.export_regions import ROOT, Region, lies_in

READ = ("exec", "file.open", "file.read", "unix")
WRITE = ("file.write", "file.create", "file.delete", "file.rename", "file.link", "file.symlink", "file.chmod", "file.mkdir",
         "file.truncate", "unix.bind")  # fmt: skip
"""Operations of the two steps; ``unix`` and ``unix.bind`` stand for connections to sockets and for new sockets."""

NOTHING, READING, EVERYTHING = range(3)
TOPS = tuple(
    f"/{name}"
    for name in ("bin", "etc", "home", "lib", "lib64", "media", "mnt", "opt", "root", "sbin", "srv", "usr", "var")
)
"""What stands for the whole file system, which a container cannot mount over its own."""


@dataclass
class Files:
    """What the rules say of each operation: where it is open, and where it is closed whatever else is said."""

    opened: dict[str, list[str]] = field(default_factory=lambda: {op: [] for op in (*READ, *WRITE)})
    closed: dict[str, list[Region]] = field(default_factory=lambda: {op: [] for op in (*READ, *WRITE)})

    def step(self, folder: str, *, denies: bool = True) -> int:
        """What is allowed in a folder, apart from what is named below it."""
        if not all(self._open(op, folder, denies=denies) for op in READ):
            return NOTHING
        return EVERYTHING if all(self._open(op, folder, denies=denies) for op in WRITE) else READING

    def lists(self) -> dict[str, list[str]]:
        """The lists of the configuration; those that would be empty are left out."""
        names = {NOTHING: "deniedPaths", READING: "readonlyPaths", EVERYTHING: "readwritePaths"}
        found: dict[str, list[str]] = {name: [] for name in ("readwritePaths", "readonlyPaths", "deniedPaths")}
        steps: dict[str, int] = {}
        for folder in self._folders():
            above = max((f for f in steps if lies_in(folder, f)), key=len, default=None)
            before = NOTHING if above is None else steps[above]
            steps[folder] = self.step(folder)
            if steps[folder] != before:
                found[names[steps[folder]]].append(folder)
        return {name: folders for name, folders in found.items() if folders}

    def _open(self, op: str, folder: str, *, denies: bool) -> bool:
        if not any(lies_in(folder, opened) for opened in self.opened[op]):
            return False
        return not denies or not any(_covers(region, folder) for region in self.closed[op])

    def _folders(self) -> list[str]:
        """Every folder that is named, outer ones first; the usual ones on top stand for the root."""
        named = {folder for opened in self.opened.values() for folder in opened}
        for regions in self.closed.values():
            named |= {folder for region in regions for folder in (*region.folders, *region.spared)}
        if ROOT in named:
            named = (named - {ROOT}) | set(TOPS)
        return sorted(named, key=lambda folder: (folder.count("/"), folder))


def _covers(region: Region, folder: str) -> bool:
    if any(lies_in(folder, spared) for spared in region.spared):
        return False
    return any(lies_in(folder, covered) for covered in region.folders)
