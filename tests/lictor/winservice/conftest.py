"""A Windows in memory: services, registry values and access lists, as far as the service's installation asks for them."""

# ruff: noqa: N802 - the names are those of pywin32

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import pytest

from enforcer.windows import security
from lictor.winservice import configuring, manager

CLOSED = "O:BAG:SY"
USER = "S-1-5-21-1-2-3-1001"


class ServiceError(Exception):
    """As pywin32's: number, function, text."""

    def __init__(self, winerror, text="refused"):
        super().__init__(winerror, "Function", text)
        self.winerror = winerror


class Services:
    """What ``win32service`` is asked; ``ends`` says what becomes of a service that is started or stopped."""

    error = ServiceError

    def __init__(self):
        self.known, self.ends, self.refuses, self.called = {}, {"start": 4, "stop": 1}, {}, []

    def OpenSCManager(self, *_):
        return "manager"

    def CloseServiceHandle(self, _):
        pass

    def OpenService(self, _, name, _access):
        if name not in self.known:
            raise ServiceError(manager.NOT_THERE)
        return self.known[name]

    def CreateService(self, _, name, title, _access, *basics):
        self._refuse("create")
        made = SimpleNamespace(name=name, state=1, second={})
        self.known[name] = made
        self._set(made, *basics, title)
        return made

    def ChangeServiceConfig(self, service, *basics):
        self._set(service, *basics)

    def _set(self, service, kind, start, error, command, _group, _tag, _needs, account, _password, title):
        service.config = (kind, start, error, command, None, 0, None, account, title)

    def ChangeServiceConfig2(self, service, what, to):
        self._refuse(what)
        service.second[what] = to

    def QueryServiceConfig2(self, service, what):
        self._refuse(f"query {what}")
        return service.second.get(what)

    def QueryServiceConfig(self, service):
        return service.config

    def QueryServiceStatus(self, service):
        return (0x10, service.state, 0, 0 if service.state == 4 else 1066, 7, 0, 0)

    def StartService(self, service, _):
        self.called.append("start")
        service.state = self.ends["start"]

    def ControlService(self, service, _):
        self.called.append("stop")
        service.state = self.ends["stop"]

    def DeleteService(self, service):
        self.called.append("delete")
        if not self.refuses.get("delete"):
            del self.known[service.name]

    def _refuse(self, what):
        if what in self.refuses:
            raise ServiceError(5, "Access is denied.")


@pytest.fixture
def services(monkeypatch):
    """The service manager; waits end at once."""
    made = Services()
    monkeypatch.setattr(manager, "pywin32", lambda: made)
    monkeypatch.setattr(configuring, "pywin32", lambda: made)
    monkeypatch.setattr(manager, "LOOK_S", 0.001)
    return made


class Lists:
    """Owner and access list of paths: what is not in ``of`` has ``usual``. ``keeps`` false: nothing that is set is kept, as under Wine."""

    def __init__(self):
        self.of, self.usual, self.keeps, self.taken = {}, f"{CLOSED}D:AI(A;ID;FA;;;SY)(A;ID;FA;;;BA)", True, []

    def describe_itself(self, path):
        return self.of.get(Path(path), self.usual)

    def take_over(self, path, sddl):
        self.taken.append(Path(path))
        self._keep(path, sddl)

    def make_folder(self, path, sddl):
        Path(path).mkdir()
        self._keep(path, sddl)

    def _keep(self, path, sddl):
        if self.keeps:
            self.of[Path(path)] = sddl.replace("D:", "G:SYD:", 1)


@pytest.fixture
def lists(monkeypatch):
    """Access lists of everything; what nothing was said of is closed by what it inherits."""
    made = Lists()
    for name in ("describe_itself", "take_over", "make_folder"):
        monkeypatch.setattr(security, name, getattr(made, name))
    return made
