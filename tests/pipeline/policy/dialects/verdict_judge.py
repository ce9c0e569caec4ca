"""Verdicts of imported policies about concrete events, for the tests of srt, Claude Code and Codex."""

from __future__ import annotations

from pipeline.policy.combine import STOPPING
from pipeline.policy.compile import RunContext, compile_policies
from pipeline.policy.decide import Decider
from pipeline.policy.load import load_policy
from pipeline.policy.model import TestEvent
from pipeline.policy.testing import facts_of
from pipeline.policy.text import to_yaml

WORKSPACE, HOME = "/home/u/w", "/home/u"
CONTEXT = RunContext(WORKSPACE, HOME, {}, "u", "h", "a")


class Judge:
    """The decider of an imported policy, or of a document."""

    def __init__(self, imported, accepted=frozenset()):
        document = imported if isinstance(imported, dict) else imported.document(accepted)
        self.policy = load_policy(to_yaml(document), "p.yaml")
        self._decider = Decider(compile_policies([self.policy], CONTEXT, mode="audit"))

    def __call__(self, on, path=None, **event):
        given = TestEvent(on=on, path=path, **event)
        return self._decider.decide(facts_of(given, self._decider, CONTEXT)).verdict

    def stops(self, on, path=None, **event):
        return self(on, path, **event) in STOPPING

    def connect(self, domain=None, ip="93.184.216.34", port=443):
        return self("net.connect", dst_ip=ip, dst_port=port, domain=domain)


def outcomes(imported):
    return {item.name: item.outcome for item in imported.items}
