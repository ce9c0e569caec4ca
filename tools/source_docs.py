"""Renders docs/sources.md from the list of sources, so that what each is said to see is what its rows can be."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from collectors.sources import SOURCES
from pipeline import schema
from tools import generated
from tools.schema_docs import table

if TYPE_CHECKING:
    from collections.abc import Iterator

    from collectors.interface import Source

INTRODUCTION = """# Sources: who sees what an agent does

`lictor run`, `lictor watch` and `lictor policy explain` take `--source NAME`; without it (`auto`) the first source of this list that can be
used on the machine is chosen. `lictor doctor` tries each and says why one was chosen. Every row has its `source`, every source its rows of
`coverage`, and a run begins with one line about what its source does not see.

Only a source that decides in the kernel prevents: under any other one a verdict follows the act. `lictor policy explain --source NAME`
tells that rule by rule.
"""

BCC = """## How the bcc source knows what it tells

Its programs are compiled on the machine when Lictor starts, in a process and a mount namespace of their own: the headers need not be those of the
running kernel, and nothing of the machine is touched. They are attached to tracepoints only and read no structure of the kernel, so they need no BTF.

- **Processes** are known by their pid. Fork copies the run's number, exit takes it away when the last thread has gone. The time of a fork is that of its tracepoint,
  put right from `/proc` where a tick of 10 ms lies in between; a process that is gone by then may have a key one tick off.
- **Programs**: arguments, marks and the path that was asked for are read from the new program's stack when its exec returns, before its first instruction.
  Which file that is comes from `/proc` while it runs (`from_proc`); of one that has ended, or has started another program since, it is found by its path (`claimed`).
- **Paths** are those that programs gave, read when the call returns (`claimed`), and joined to the folder that they start from, which is followed through `chdir`, opens and `dup`. Of opens that
  worked, links are followed by a look at the file system a moment later, but not on FUSE and network file systems, nor inside another root or mount namespace. A folder whose descriptor
  was inherited or received is not known: such a path stays relative (`unresolved`).
- **Rows have no inode** but those of execs. `uid` is the real one. Whether an open made its file is certain only where it had to (`O_EXCL`); else it is a `file.write` that asked to create.
- **Connections** have the address that the program gave; their protocol comes from `socket`, and they have no local address.
- **How a process ended** is told by `exit` and by signals: one sent to a thread other than the first may show as signal 9.
"""

REST = """## How the portable source knows what it tells

- **Processes** are found by looks at the process table, 20 ms to 0.5 s apart: as often as a third of a percent of a processor permits, rarer while nothing changes.
  A process belongs to a run when its parent does at the time of the look; when the parent has ended by then, what the environment says counts
  (`parent_unknown`, `inferred`). Programs, arguments and folders are read afterwards (`from_proc`). No exit status is known but that of the command itself.
- **Connections** are looked at every 0.2 to 1 s. One that was taken in is told from one that was asked for by the run's own listening ports.
- **Files** come from the system's notices (inotify, FSEvents) below the workspace, and elsewhere of what a rule of the policy names and nothing beside it.
  Nobody tells who touched a file: where a process of the run has it open for writing at that moment, the row names it; else it names the run alone, since a person may work in the same folder.
  All of these rows say `inferred`, and `initiator_evidence` says from what. Where several runs share a place, a row without a process names none of them.
- A named folder that is a link is watched where it leads, under its own name. A named file that is a link is watched as the link alone: who writes to its target under
  another name is not seen. `/dev`, `/proc` and `/sys` are not watched.
- A verdict on a row that names no process is never carried out: it becomes a failed action, and an alarm. A policy file that is changed while a run
  goes on counts from the next start: nobody can tell whether a person wrote it.
- **What it could not watch** is said, and a row of `coverage` in every interval: `watch_limit` (inotify's watches are used up), `unreadable`, `place_too_large`,
  `inotify_overflow`, `queue_full`, `watching_ended`, `connections_unread`. What it can never see is there as well, without a number: `polled`, `places_only`, `reads_unseen`.
- In a folder that was made a moment ago, what comes and goes again before it is watched is not seen.
- A file that is moved in from elsewhere is a `file.create`, one that is moved out a `file.delete`, half a second later. A hard link is a `file.create` too.
- Signals and control groups are those that this user may use. Without a cgroup of its own a run is held by a SIGSTOP to each of its processes, and the keeper
  knows them should Lictor die. Any other process of the same user could let them go on, and only the time limit decides: nobody decides for its own user.

On macOS the collector uses FSEvents and what psutil may see; `lictor run` itself starts and stops processes by Linux's means so far.
"""


def render() -> str:
    """The document."""
    names = [source.name for source in SOURCES]
    rows = ((f"`{o.name}`", *("yes" if o.name in s.operations else "" for s in SOURCES)) for o in schema.OPERATIONS)
    sections = "\n".join(part for source in SOURCES for part in _section(source))
    which = "\n".join(table(("operation", *names), rows))
    page = f"{INTRODUCTION}\n{sections}\n## Rows by source\n\n{which}\n\n{BCC}\n{REST}"
    return generated.notice("tools.source_docs") + page


def _section(source: Source) -> Iterator[str]:
    yield f"## {source.name}: {source.title}\n"
    facts = {
        "needs": source.needs, "sees": source.sees, "misses": source.misses, "costs": source.costs,
        "verdicts are carried out": source.acts,
        "losses": "counted" if source.counts else "counted as far as they are known; the rest is named, without a number",
    }  # fmt: skip
    yield from (f"- **{name}**: {text}" for name, text in facts.items())
    yield ""


if __name__ == "__main__":
    sys.exit(generated.main("docs/sources.md", render()))
