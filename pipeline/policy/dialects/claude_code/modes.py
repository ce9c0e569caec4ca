"""What Claude Code does where no rule speaks: the mode of permissions, and what the sandbox changes in it.

Without the sandbox every command, every edit and every page is asked about. In the sandbox commands run without
asking, may write the working folder, and reach no host that is not listed; where a command may be tried again
outside (``allowUnsandboxedCommands``) the user is asked, else it is denied.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pipeline.policy.dialects.claude_code.commands import FOLDERS, READ_ONLY
from pipeline.policy.dialects.srt.files import WRITING
from pipeline.policy.dialects.srt.items import Sheet, rule
from pipeline.policy.dialects.srt.paths import WORKSPACE

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from pipeline.policy.dialects.interface import Item
    from pipeline.policy.dialects.json_places import Path

MODES = ("acceptEdits", "auto", "bypassPermissions", "default", "dontAsk", "plan", "manual")

PROTECTED = [
    "**/{.git,.claude,.vscode,.idea,.husky}/**",
    "**/{.gitconfig,.gitmodules,.bashrc,.bash_profile,.zshrc,.zprofile,.profile,.ripgreprc,.mcp.json,.claude.json}",
]
"""What is asked about in every mode but the one that asks nothing."""

GIT = ["/usr/bin/git", "/usr/lib/git-core/**", "/usr/libexec/git-core/**", "/usr/local/bin/git"]

_WHY = {
    "plan": "the user may leave plan mode; here writing stays denied",
    "auto": "in auto mode a model decides; here the user is asked",
}


@dataclass(frozen=True)
class Stance:
    """What holds where no rule speaks: for programs, for writing outside the working folders, for the network."""

    exec: str
    write: str
    network: str

    def defaults(self, *, sandboxed: bool) -> dict[str, str]:
        """The defaults of the policy."""
        writing = {"file.write": self.write, "file.delete": self.write, "file.chmod": self.write}
        ports = {"net.bind": self.network, "net.listen": self.network} if sandboxed else {}
        return {"exec": self.exec, "file.read": "allow", **writing, "network": self.network, **ports}


def stance(permissions: Mapping[str, Any], sandbox: Mapping[str, Any]) -> Stance:
    """What holds where no rule speaks."""
    mode = permissions.get("defaultMode")
    ask = "deny" if mode == "dontAsk" else "ask"
    write = "deny" if mode == "plan" else ask
    if not sandbox.get("enabled"):
        return Stance(ask, write, ask)
    inside = "allow" if sandbox.get("autoAllowBashIfSandboxed", True) and mode != "plan" else ask
    strict = sandbox.get("allowUnsandboxedCommands") is False
    network = sandbox.get("network") or {}
    fixed = strict or network.get("allowManagedDomainsOnly") or network.get("strictAllowlist")
    return Stance(inside, "deny" if strict else write, "deny" if fixed else ask)


def mode_item(sheet: Sheet, path: Path, permissions: Mapping[str, Any]) -> Item:
    """The item of ``defaultMode``."""
    mode = permissions["defaultMode"]
    if mode == "bypassPermissions":
        if permissions.get("disableBypassPermissionsMode") == "disable":
            return sheet.item(path, "narrower", why="the mode is disabled in the same file")
        everything = [rule(("exec", *WRITING), {}, "allow"), rule(("network",), {}, "allow")]
        why = "it asks about nothing, and Claude Code takes it from some files only; here everything is asked about"
        return sheet.item(path, "wider", accepted=everything, why=why)
    if mode == "acceptEdits":
        return sheet.item(path, "exact", [rule(("file.write",), {"path": f"{WORKSPACE}/**"}, "allow")])
    return sheet.item(path, "narrower" if mode in _WHY else "exact", why=_WHY.get(mode, ""))


def built_in_items(sheet: Sheet, stands: Stance, *, sandboxed: bool) -> Iterator[Item]:
    """What Claude Code itself adds: commands that only read, and files that are never written without asking."""
    if stands.exec != "allow":
        made = [rule(("exec",), {"path": f"{FOLDERS}/{READ_ONLY}"}, "allow")]
        why = "of the commands that Claude Code runs without asking, those that only read whatever they are told"
        yield sheet.item((), "narrower", made, why=why, name=f"{sheet.prefix}-read-only-commands")
    if not sandboxed:
        action = "deny" if stands.write == "deny" else "ask"
        kept = [rule(WRITING, {"path": PROTECTED}, action, unless={"exe": GIT})]
        yield sheet.item((), "exact", kept, name=f"{sheet.prefix}-protected-files")
