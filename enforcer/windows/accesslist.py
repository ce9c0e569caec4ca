"""Who has what right by a security descriptor, read off its SDDL text: what owners and entries mean, without asking a Windows.

Whoever owns a file may change its list, so an owner counts as one who may write. Where a descriptor cannot be understood,
everybody counts as one who may: what is read wrongly must close a door, never open one. Format: learn.microsoft.com, "ACE strings".
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

EVERYBODY = "WD"
TRUSTED = ("SY", "BA", "S-1-5-18", "S-1-5-32-544", "S-1-5-80-956008885-3418522649-1831038044-1853292631-2271478464")
"""SYSTEM and Administrators, by both names, and TrustedInstaller: whoever is one of them may do all anyway."""

CHANGE = 0x2 | 0x4 | 0x10 | 0x40 | 0x100 | 0x10000 | 0x40000 | 0x80000 | 0x10000000 | 0x40000000
"""Any right that changes a file or folder: its data, its attributes, what is below, its list, its owner; GENERIC_ALL and _WRITE."""
REPLACE = 0x40 | 0x40000 | 0x80000 | 0x10000000
"""Rights on a folder that suffice to put something else in the place of what lies in it: FILE_DELETE_CHILD, WRITE_DAC, WRITE_OWNER, GENERIC_ALL."""
ANY = 0xFFFFFFFF

_RIGHTS = {
    "GA": 0x10000000, "GW": 0x40000000, "GR": 0x80000000, "GX": 0x20000000,
    "FA": 0x1F01FF, "FR": 0x120089, "FW": 0x120116, "FX": 0x1200A0,
    "RC": 0x20000, "SD": 0x10000, "WD": 0x40000, "WO": 0x80000,
    "CC": 0x1, "DC": 0x2, "LC": 0x4, "SW": 0x8, "RP": 0x10, "WP": 0x20, "DT": 0x40, "LO": 0x80, "CR": 0x100,
}  # fmt: skip
_PARTS = re.compile(r"(?:O:(?P<owner>.*?))?(?:G:.*?)?(?:D:(?P<dacl>.*?))?(?:S:.*)?", re.DOTALL)


class Entry(NamedTuple):
    """One line of an access list: does it allow, whom, and what (an access mask); ``inherits_only`` is for what lies below.

    ``inherited``: it came from the folder above.
    """

    allows: bool
    whom: str
    mask: int
    inherits_only: bool
    inherited: bool = False


def owner(sddl: str) -> str:
    """Who owns it, as SDDL writes a SID; empty where the text names nobody."""
    return _part(sddl, "owner")


def may(sddl: str, rights: int) -> tuple[str, ...]:
    """Who besides the trusted owns it or is allowed any of ``rights``; ``("WD",)``, everybody, where that cannot be read."""
    allowed = (e.whom for e in entries(sddl) if e.allows and not e.inherits_only and e.mask & rights)
    return tuple(dict.fromkeys(who for who in (owner(sddl) or EVERYBODY, *allowed) if who not in TRUSTED))


def entries(sddl: str) -> Iterator[Entry]:
    """The lines of the list; one that allows everybody all where there is no list (which is what Windows makes of that)."""
    dacl = _part(sddl, "dacl")
    if "(" not in dacl and ("NO_ACCESS_CONTROL" in dacl or not dacl):
        yield Entry(allows=True, whom=EVERYBODY, mask=ANY, inherits_only=False)
    for text in dacl.split("(")[1:]:
        yield _entry(text.rstrip(")").split(";"))


def explicit(sddl: str) -> list[Entry]:
    """The lines that are a file's own."""
    return [entry for entry in entries(sddl) if not entry.inherited]


def is_protected(sddl: str) -> bool:
    """Whether nothing is handed down to it from above."""
    return "P" in _part(sddl, "dacl").partition("(")[0].replace("NO_ACCESS_CONTROL", "")


def mask_of(rights: str) -> int:
    """The access mask of a text of rights, hexadecimal or letters; every right where it is not understood."""
    if rights.lower().startswith("0x"):
        return int(rights, 16)
    pairs = [rights[i : i + 2] for i in range(0, len(rights), 2)]
    mask = 0
    for pair in pairs:
        mask |= _RIGHTS.get(pair, ANY)
    return mask


def _entry(fields: list[str]) -> Entry:
    if len(fields) < 6:
        return Entry(allows=True, whom=EVERYBODY, mask=ANY, inherits_only=False)
    kind, flags, rights, whom = fields[0], fields[1], fields[2], fields[5]
    marks = {flags[i : i + 2] for i in range(0, len(flags), 2)}
    allows = kind not in {"D", "OD", "XD"}
    return Entry(allows, whom, mask_of(rights), inherits_only="IO" in marks, inherited="ID" in marks)


def _part(sddl: str, name: str) -> str:
    found = _PARTS.fullmatch(sddl)
    return (found and found.group(name)) or ""
