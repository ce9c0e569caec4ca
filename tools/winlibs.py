"""Two libraries that a Windows has and the Python assembled for Wine has not, each a few lines for mingw-w64.

``python3.dll`` hands the stable interface on to ``python311.dll``; psutil's module asks for it, and no wheel carries it.
``bcryptprimitives.dll`` has one function, the random numbers of everything written in Rust (pydantic); Wine has it since version 10.
"""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

COMPILER, OBJDUMP = "x86_64-w64-mingw32-gcc", "x86_64-w64-mingw32-objdump"

RANDOM = r"""
#include <windows.h>
BOOLEAN NTAPI SystemFunction036(PVOID, ULONG);  /* RtlGenRandom of advapi32 */
__declspec(dllexport) BOOL WINAPI ProcessPrng(PBYTE data, SIZE_T size) {
    while (size) {
        ULONG piece = size > 0x10000000 ? 0x10000000 : (ULONG)size;
        if (!SystemFunction036(data, piece)) return FALSE;
        data += piece;
        size -= piece;
    }
    return TRUE;
}
"""

_NAME = re.compile(r"\[ *\d+\].* (_?Py\w+)$")


def build(folder: Path, scratch: Path) -> None:
    """Make both beside ``python311.dll`` in ``folder``; raises ``subprocess.CalledProcessError``."""
    said = subprocess.run([OBJDUMP, "-p", str(folder / "python311.dll")], capture_output=True, text=True, check=True)
    forwards = scratch / "python3.def"
    forwards.write_text("\n".join(("LIBRARY python3.dll", "EXPORTS", *forwarded(said.stdout), "")))
    _link(folder / "python3.dll", forwards, "-nostdlib", "-Wl,--entry=0")
    source = scratch / "random.c"
    source.write_text(RANDOM)
    _link(folder / "bcryptprimitives.dll", source, "-ladvapi32")


def forwarded(table: str) -> Iterator[str]:
    """A line of a module definition for each public name in what objdump tells of ``python311.dll``."""
    _, _, names = table.partition("[Ordinal/Name Pointer] Table")
    for line in names.splitlines():
        if found := _NAME.search(line.strip()):
            yield f"{found[1]} = python311.{found[1]}"


def _link(target: Path, source: Path, *options: str) -> None:
    subprocess.run([COMPILER, "-shared", "-O2", "-s", "-o", str(target), str(source), *options], check=True)
