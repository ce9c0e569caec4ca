"""Makes Python itself the Python of a virtual environment, then hosts the service: ``python -I -S boot.py ENVIRONMENT'S_PYTHON host ...``.

An environment's own ``python.exe`` is a launcher, which starts Python as a second process: the service manager would wait for, watch and end the
wrong one of the two. So it starts Python, and this file does what the launcher is for. It runs before anything of Lictor can be found.
"""

from __future__ import annotations

import site
import sys
from collections.abc import Sequence


def enter(executable: str) -> None:
    """Take on the environment that ``executable`` belongs to (its ``pyvenv.cfg``); needs ``-S``, so that no other packages were taken on before."""
    sys.executable = executable
    site.main()


def main(words: Sequence[str]) -> int:
    """The exit status of the service's host."""
    enter(words[0])
    from lictor.winservice.__main__ import main as entry  # noqa: PLC0415 - only now can it be found

    return entry(words[1:])


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
