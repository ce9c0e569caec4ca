r"""Which activity rows are events of which Sigma category, and where a category's fields lie in a row.

Names of categories and fields: https://github.com/SigmaHQ/sigma-specification (appendix taxonomy), which follow Sysmon's
events. Paths stay as the system writes them: a Linux rule says ``/``, a Windows rule ``\\``.

A field that no column of a row gives is looked for in ``extra``, a column that rows may have (a map from field name to
text); nothing of Lictor fills it yet, so such fields are blind: a comparison with them is false.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

PRODUCTS = ("linux", "windows", "macos")

PRODUCT_OF_SOURCE = {
    "ebpf": "linux", "fanotify": "linux", "replay": "linux", "audit": "linux",
    "etw": "windows", "sysmon": "windows", "evtx": "windows", "eslogger": "macos",
}  # fmt: skip
"""The operating system that a collector sees; a row of another one goes by the form of its program's path."""


@dataclass(frozen=True)
class Category:
    """``operations``: of the rows that are its events, none where nothing records it yet. ``fields``: field → SQL.

    In the SQL ``a`` is the row, ``p`` the program that its parent ran then, ``g`` that one's parent. ``outcomes`` are
    those that count: what was stopped (``denied``) was tried, and a rule is about the deed. ``where`` narrows the rows.
    """

    operations: tuple[str, ...] = ()
    fields: Mapping[str, str] = field(default_factory=dict)
    outcomes: tuple[str, ...] = ("success", "denied")
    where: str = "true"


PROCESS = {
    "Image": "a.exe", "CommandLine": "a.cmdline", "CurrentDirectory": "a.cwd", "User": 'a."user"',
    "ProcessId": "a.pid", "ParentImage": "coalesce(a.parent_exe, p.exe)", "ParentCommandLine": "p.cmdline",
    "ParentUser": "p.owner", "ParentProcessId": "p.pid", "GrandParentImage": "g.exe", "Computer": "a.host",
}  # fmt: skip
"""What every row tells of the process that acts."""

_INWARD = "a.operation = 'net.accept'"

_FILE = PROCESS | {"TargetFilename": "coalesce(a.path_to, a.path)", "FileName": "a.path"}

CATEGORIES: dict[str, Category] = {
    "process_creation": Category(
        # Of an exec that failed the row has the program before: it would be taken for one that ran.
        ("exec",), PROCESS | {"Hashes": "'SHA256=' || upper(a.exe_sha256)", "sha256": "a.exe_sha256"}, ("success",),
    ),
    # Sysmon says it of a file that is created or overwritten; an editor that moves a new one into place does the same.
    "file_event": Category(("file.create", "file.write", "file.rename", "file.link", "file.symlink"), _FILE),
    "file_change": Category((), _FILE),
    "file_access": Category(("file.open", "file.read", "file.write", "file.create"), _FILE),
    "file_delete": Category(("file.delete",), _FILE),
    "file_rename": Category(("file.rename",), _FILE | {"SourceFilename": "a.path"}),
    "network_connection": Category(
        ("net.connect", "net.accept", "net.send"),
        PROCESS | {
            "Initiated": f"CASE WHEN {_INWARD} THEN 'false' ELSE 'true' END", "Protocol": "a.protocol",
            "SourceIp": f"CASE WHEN {_INWARD} THEN a.dst_ip ELSE a.src_ip END",
            "SourcePort": f"CASE WHEN {_INWARD} THEN a.dst_port ELSE a.src_port END",
            "SourceIsIpv6": f"contains(CASE WHEN {_INWARD} THEN a.dst_ip ELSE a.src_ip END, ':')",
            "DestinationIp": f"CASE WHEN {_INWARD} THEN a.src_ip ELSE a.dst_ip END",
            "DestinationPort": f"CASE WHEN {_INWARD} THEN a.src_port ELSE a.dst_port END",
            "DestinationIsIpv6": f"contains(CASE WHEN {_INWARD} THEN a.src_ip ELSE a.dst_ip END, ':')",
            "DestinationHostname": f"CASE WHEN NOT {_INWARD} THEN a.dst_name END",
        },
        ("success", "denied", "failure"),  # a call home that nobody answers yet is one
        "a.dst_ip IS NOT NULL",  # a socket of the file system leads nowhere
    ),
    **{
        name: Category((), PROCESS)
        for name in (
            "create_remote_thread", "dns_query", "driver_load", "image_load", "pipe_created", "process_access",
            "process_tampering", "registry_add", "registry_delete", "registry_event", "registry_set",
        )
    },
}  # fmt: skip
"""Categories of endpoint telemetry; a rule for anything else is left out by name."""

FINE = frozenset({
    "CommandLine", "ParentCommandLine", "CurrentDirectory", "ProcessId", "ParentProcessId", "TargetFilename", "FileName",
    "SourceFilename", "SourceIp", "SourcePort", "DestinationIp", "DestinationPort", "DestinationHostname", "QueryName",
    "TargetObject", "Details", "CallTrace", "SourceCommandLine", "StartAddress", "PipeName", "*",
})  # fmt: skip
"""Fields with many values. The others have few, so a rule is asked of their combinations first (``expr.weakened``)."""

_SPELLED = {name.casefold(): name for c in CATEGORIES.values() for name in c.fields}
_SPELLED |= {name.casefold(): name for name in FINE}


def spelled(name: str) -> str:
    """A field as the taxonomy spells it; SQL does not tell ``commandline`` from ``CommandLine`` anyway."""
    return _SPELLED.get(name.casefold(), name)


def blind(category: str, fields: frozenset[str]) -> tuple[str, ...]:
    """Those of a rule's fields that no row of the category ever has, sorted."""
    known = CATEGORIES[category].fields
    return tuple(sorted(f for f in fields if f not in known and f != "*"))
