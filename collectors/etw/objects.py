"""What else is decoded: loaded images, names asked for, registry keys and values, scripts, handles on other processes."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from collectors.etw.decode import Part
from collectors.etw.lastknown import LastKnown, Statements
from collectors.etw.ntpaths import NtPaths, registry_path, unresolved
from collectors.etw.pool import Codes, Pool
from collectors.etw.rows import Rows, choice, constant, filled, rows_of
from collectors.etw.status import outcomes
from collectors.etw.values import registry_values

MOST_KEYS = 200_000
DEEPEST = 16
"""Keys below keys of one chunk that are followed."""
_REGISTRY = {3: "registry.delete", 5: "registry.set", 6: "registry.delete"}
_AUDIT = {2: "process.kill", 5: "process.access", 6: "process.access"}
_CREATED_NEW = 1  # REG_CREATED_NEW_KEY


def images(part: Part, paths: NtPaths) -> Rows:
    """Images that were mapped; the process stands in the payload (not in the oldest version)."""
    path = paths.plain(part.text("ImageName"))
    columns = _named(part, "process", "image.load") | {"path": path, "quality": unresolved(path)}
    return rows_of(part, columns, pid=part.number("ProcessID") if part.has("ProcessID") else None)


def names_asked(part: Part) -> Rows:
    """Answers of the resolver to a program. 3018 and newer name the client; 3008 is logged by the caller itself."""
    status = part.number("Status")
    columns = _named(part, "dns", "dns.query") | {
        "outcome": choice(("success", "failure"), (status != 0).astype(np.int64)),
        "dst_name": pc.utf8_rtrim(part.text("QueryName"), "."), "content": filled(part.text("Results")),
    }  # fmt: skip
    return rows_of(part, columns, pid=part.number("ClientPID") if part.has("ClientPID") else None)


def amsi(part: Part) -> Rows:
    """Content that an interpreter had scanned: ``path`` is its name where that is one, ``content`` its text.

    AMSI_RESULT of 32768 and above means that it is malware; from 16384 on an administrator's policy blocked it.
    """
    columns = _named(part, "process", "script.run") | {
        "outcome": choice(("success", "denied"), (part.number("scanResult") >= 0x4000).astype(np.int64)),
        "path": filled(part.text("contentname")), "content": filled(part.text("content")),
    }  # fmt: skip
    return rows_of(part, columns)


def scripts(part: Part) -> Rows:
    """Blocks of PowerShell; a long one comes in parts, a row each."""
    columns = _named(part, "process", "script.run") | {
        "outcome": constant("success", len(part)), "path": filled(part.text("Path")), "content": filled(part.text("Text")),
    }  # fmt: skip
    return rows_of(part, columns)


def audited(part: Part) -> Rows:
    """Handles on other processes and threads, and ends of other processes."""
    columns = _named(part, "process", _AUDIT[part.event.id]) | {
        "outcome": outcomes(part.number("ReturnCode")), "child_pid": pa.array(part.number("Target")),
    }  # fmt: skip
    if part.has("DesiredAccess"):
        columns["content"] = pa.array(
            [f"{a:#x}" for a in np.unique(part.number("DesiredAccess")).tolist()], pa.string()
        ).take(pa.array(np.unique(part.number("DesiredAccess"), return_inverse=True)[1]))
    return rows_of(part, columns)


class Registry:
    """Knows which object is which key, from chunk to chunk: an event often has the object alone."""

    def __init__(self) -> None:
        self._pool = Pool()
        self._keys = LastKnown(MOST_KEYS)

    def rows(self, parts: Sequence[Part]) -> list[Rows]:
        """Rows of keys that were made, and of values and keys that were written or removed."""
        opened = [p for p in parts if p.event.role == "key" and len(p)]
        told = self._told(opened)
        paths = dict(zip(map(id, opened), np.split(told[2], np.cumsum([len(p) for p in opened])), strict=False))
        known = self._keys.told(*told)
        made = [self._created(p, paths[id(p)]) for p in opened if p.event.id == 1]
        made += [self._changed(p, known) for p in parts if p.event.role == "registry" and len(p)]
        self._keys.remember(*told)
        if len(self._pool) > 2 * MOST_KEYS:
            self._keys.renumber(self._pool.keep(self._keys.values))
        return made

    def _told(self, opened: Sequence[Part]) -> tuple[npt.NDArray[np.uint64], Codes, Codes]:
        """Objects, moments and paths of the keys that were opened.

        A key may be opened below one that was opened in the same chunk, and that below another: so paths are put
        together again as long as that changes any.
        """
        keys = np.concatenate([np.zeros(0, np.uint64), *(p.key("KeyObject") for p in opened)])
        at = np.concatenate([np.zeros(0, np.int64), *(p.order for p in opened)])
        paths = np.full(len(keys), -1)
        for _ in range(DEEPEST):
            known = self._keys.told(keys, at, paths)
            now = np.concatenate([np.zeros(0, np.int64), *(self._opened(p, known) for p in opened)])
            if (now == paths).all():
                break
            paths = now
        return keys, at, paths

    def _opened(self, part: Part, known: Statements) -> Codes:
        """Number of the path of each key: base and relative name, the base by its object where it has no name."""
        relative, base = part.text("RelativeName"), part.text("BaseName")
        by_object = self._pool.texts(known.asked(part.key("BaseObject"), part.order - 1))
        base = pc.if_else(pc.equal(base, ""), by_object, base)
        joined = pc.if_else(pc.equal(relative, ""), base, pc.binary_join_element_wise(base, relative, "\\"))
        joined = pc.if_else(pc.starts_with(relative, "\\"), relative, pc.coalesce(joined, relative))
        return self._pool.codes(_registry(joined))

    def _created(self, part: Part, path: Codes) -> Rows:
        columns = _named(part, "registry", "registry.create") | {
            "outcome": outcomes(part.number("Status")), "path": self._pool.texts(path),
        }  # fmt: skip
        new = (part.number("Disposition") == _CREATED_NEW) | (part.number("Status") != 0)
        return rows_of(part, columns, keep=new)

    def _changed(self, part: Part, known: Statements) -> Rows:
        own = _registry(part.text("KeyName"))
        by_object = self._pool.texts(known.asked(part.key("KeyObject"), part.order))
        key = pc.coalesce(own, by_object)
        missing = pc.is_null(key)
        if part.has("ValueName"):
            key = pc.binary_join_element_wise(pc.fill_null(key, "?"), part.text("ValueName"), "\\")
        columns = _named(part, "registry", _REGISTRY[part.event.id]) | {
            "outcome": outcomes(part.number("Status")), "path": key,
            "quality": pc.if_else(missing, "unresolved", pa.scalar(None, pa.string())),
        }  # fmt: skip
        if part.has("Data"):
            columns["content"] = registry_values(part.bytes("Data"), part.number("Type"))
        return rows_of(part, columns)


def _registry(paths: pa.StringArray) -> pa.StringArray:
    encoded = paths.dictionary_encode()
    made = pa.array([registry_path(p) if p else None for p in encoded.dictionary.to_pylist()], pa.string())
    return made.take(encoded.indices)


def _named(part: Part, class_: str, operation: str) -> dict[str, pa.Array]:
    return {
        "class": constant(class_, len(part)),
        "operation": constant(operation, len(part)),
        "outcome": constant("success", len(part)),
    }
