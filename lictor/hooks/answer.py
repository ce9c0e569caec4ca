"""From acts and policies to an answer: the strongest verdict over all acts, with the rule's reason.

A host that is known by name only has no address yet, so it is judged as each kind of address and what is said is the
weakest of that: nothing is denied here that the kernel would let through. Rules that need a memory are the kernel
side's; so are acts that cannot be told before.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path

from lictor.hooks.interface import Act, Acts, Answer, Kind
from pipeline import schema
from pipeline.policy.compile import Program
from pipeline.policy.decide import Decider, Decision, Facts

ADDRESSES = ("127.0.0.1", "10.0.0.1", "8.8.8.8", "::1", "fd00::1", "2600::1")
"""One of each kind: loopback, private and external, of both families."""

_RANK = {verdict: i for i, verdict in enumerate(schema.VERDICTS)}
_LARGEST = 64 << 20
"""Bytes of a program that is hashed before the agent may go on."""


class Policies:
    """A program, asked about acts."""

    def __init__(self, program: Program, user: str) -> None:
        self._program = program
        self._decider = Decider(program)
        self._user = user
        self._rules = {(rule.policy, rule.id): rule for rule in program.rules}

    def answer(self, acts: Acts, *, may_allow: bool) -> Answer:
        """What to say of a call. ``allow`` only where that was asked for, all is known and a rule or default says so."""
        if self._program.mode == "audit":
            return Answer()
        found = [(act, self.decide(act)) for act in acts.acts]
        stopped = [(act, d) for act, d in found if self._kind(d) in ("ask", "deny")]
        if stopped:
            act, decision = max(stopped, key=lambda pair: _rank(pair[1]))
            return Answer(self._kind(decision), self._reason(act, decision))
        if may_allow and acts.complete and found and all(d.rule is not None for _, d in found):
            return Answer("allow", self._reason(*found[0]))
        return Answer()

    def decide(self, act: Act) -> Decision:
        """The verdict on one act."""
        facts = self._facts(act)
        if act.domain is None or act.ip is not None:
            return self._decider.decide(facts)
        possible = [replace(facts, ip=self._decider.ip(address)) for address in self._addresses()]
        return min(map(self._decider.decide, possible), key=self._strength)

    def _addresses(self) -> Iterable[str]:
        """An address of each kind, and one of each network that a rule names."""
        matches = (m for rule in self._program.rules for m in (rule.match, rule.unless) if m is not None)
        named = (network.partition("/")[0] for match in matches for network in match.networks)
        return dict.fromkeys((*ADDRESSES, *named))

    def _strength(self, decision: Decision) -> tuple[int, int]:
        return ("none", "allow", "ask", "deny").index(self._kind(decision)), _rank(decision)

    def _kind(self, decision: Decision) -> Kind:
        """What a verdict means before the act: whatever stops more than the act denies it."""
        if decision.verdict is None:
            return "none"
        records = (decision.policy, decision.rule) in self._program.recording
        if records or _rank(decision) < _RANK["ask"]:
            return "allow"
        return "ask" if decision.verdict == "ask" else "deny"

    def _reason(self, act: Act, decision: Decision) -> str:
        """One line: what, by which rule, why, and what to do instead."""
        rule = self._rules.get((decision.policy or "", decision.rule or ""))
        said = f"Lictor: {decision.verdict} {_shown(act)} ({decision.rule} of {decision.policy})."
        if rule is not None:
            said = " ".join([said, *(text for text in (rule.because or rule.title, _instead(rule.instead)) if text)])
        return said

    def _facts(self, act: Act) -> Facts:
        decider = self._decider
        path, path_to, script, exe = map(_readable, (act.path, act.path_to, act.script, act.exe))
        return Facts(
            operation=act.on,
            intents=frozenset(act.intent),
            path=decider.path(path) if path else 0,
            path_to=decider.path(path_to) if path_to else 0,
            script=decider.path(script) if script else 0,
            exe=decider.exe(exe) if exe else 0,
            exe_path=decider.path(exe) if exe else 0,
            ip=decider.ip(act.ip) if act.ip else 0,
            port=decider.port(act.port) if act.port is not None else 0,
            protocol=decider.protocol("tcp") if act.on == "net.connect" else 0,
            argv=self._text("argv", act.argv),
            parent=self._text("parent", act.parent),
            user=self._text("user", self._user),
            domain=self._text("domain", act.domain),
            exe_hash=self._text("exe_hash", self._hash(act)),
        )

    def _text(self, key: str, value: str | None) -> int:
        value = _readable(value)
        return self._decider.text(key, value) if value else 0

    def _hash(self, act: Act) -> str | None:
        """SHA-256 of a program about to start, where a rule looks at it."""
        if act.on != "exec" or act.exe is None or "exe_hash" not in self._decider.used:
            return None
        import hashlib  # noqa: PLC0415 - few policies name programs by content, and every hook would load OpenSSL

        try:
            with Path(act.exe).open("rb") as file:
                return hashlib.file_digest(file, "sha256").hexdigest() if _fits(file.fileno()) else None
        except OSError:
            return None


def _fits(descriptor: int) -> bool:
    return os.fstat(descriptor).st_size <= _LARGEST


def _rank(decision: Decision) -> int:
    return _RANK[decision.verdict or "allow"]


def _readable(value: str | None) -> str | None:
    """Text as UTF-8 can have it: a name on disk may be none."""
    return None if value is None else os.fsencode(value).decode(errors="replace")


def _shown(act: Act) -> str:
    """The act in few words."""
    target: Sequence[str | None] = (act.argv, act.path, act.domain, act.ip)
    words = next((t for t in target if t), "")
    port = f":{act.port}" if act.port is not None else ""
    return f"{act.on} {words[:_SHOWN]}{'…' if len(words) > _SHOWN else ''}{port}"


_SHOWN = 200


def _instead(text: str | None) -> str:
    return f"Instead: {text}" if text else ""
