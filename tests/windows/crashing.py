"""A Lictor that does nothing but hold a run: it has a keeper, starts a tree in a job, and freezes and thaws it as its standard input says.

usage: crashing.py LOG FAIL TREE PORT SHAPE. Lines: ``freeze SECONDS THEN`` (under a lease), ``thaw``, ``cycle`` (both for ever),
``replace`` (as Lictor does when its keeper is lost); each but ``cycle`` is answered by a line. The first answer is ``PID KEEPER``. FAIL is open,
closed, or gathering: a found run that fails closed, of which nobody is in its job yet.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

from enforcer.windows import process
from enforcer.windows.job import Job
from enforcer.windows.keeper import Keeper, KeeperError
from enforcer.windows.launch import launch

LEASE_S = 3600.0


class Lictor:
    """As ``WindowsMachine`` tells the keeper."""

    def __init__(self, log, fail, command):
        self.log, self.fail = Path(log), fail
        self.keeper = Keeper.start(self.log)
        if fail == "gathering":
            root = subprocess.Popen(command)
            self.keeper.add("r1", None, "closed", [(root.pid, process.key(root.pid))])
            return
        self.job = Job(fail=fail)
        self.root = launch(self.job, command)
        self.add()
        self.job.tell(lambda halt: self.keeper.halt("r1", halt))

    def add(self):
        self.keeper.add("r1", self.job, self.fail, [(self.root.pid, self.root.key)])
        for halt in self.job.halts:
            self.keeper.halt("r1", halt)

    def freeze(self, seconds=LEASE_S, then="release"):
        self.keeper.lease("r1", float(seconds), then)
        return self.job.freeze(5)

    def thaw(self):
        done = self.job.thaw(1)
        self.keeper.clear("r1")
        return done

    def replace(self):
        try:
            self.keeper.look()
        except KeeperError as error:
            self.keeper = Keeper.start(self.log)
            self.add()
            self.keeper.lease("r1", LEASE_S, "release")
            return f"{self.keeper.pid} {error}"
        return "it is there"

    def cycle(self):
        while self.freeze() and self.thaw():
            pass
        return "failed"


def main(log, fail, *command):
    lictor = Lictor(log, fail, command)
    while lictor.keeper._pipe.unread():  # it has not begun yet
        time.sleep(0.01)
    print(os.getpid(), lictor.keeper.pid, flush=True)
    for line in sys.stdin:
        word, *rest = line.split()
        print(getattr(lictor, word)(*rest), flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
