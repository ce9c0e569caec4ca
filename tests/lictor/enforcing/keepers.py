"""A keeper that writes down what it is told, and an ear for alarms: for tests of whoever tells a keeper something."""

from __future__ import annotations

from typing import ClassVar

from enforcer.interface import KeeperError


class Alarms(list):
    def raise_(self, name, _title, severity):
        self.append((name, severity))


class Keeper:
    """Fails while ``broken``; ``started`` are all of them."""

    started: ClassVar = []

    def __init__(self):
        self.told, self.broken = [], False
        Keeper.started.append(self)

    @classmethod
    def start(cls, _log=None):
        return cls()

    def __getattr__(self, name):
        def tell(*arguments):
            if self.broken:
                raise KeeperError("it is gone")
            self.told.append((name, *arguments))

        return tell
