"""Export of a Lictor policy as an OpenShell policy, with a report rule by rule.

What OpenShell would allow beyond the policy is left out until the rule's id is accepted. Three habits of OpenShell
decide how it is written: without any listed path it limits no files at all, so one is always listed; where there are
network policies it adds paths of its own, so those must be allowed too; and only ``hard_requirement`` keeps it
from going on without Landlock.
"""

from __future__ import annotations

from typing import Any

import yaml

from pipeline.policy.dialects.interface import Exported
from pipeline.policy.dialects.openshell.cuts import WORKSPACE, Cut, cut_of_host, cuts
from pipeline.policy.dialects.openshell.export_files import READ, WRITE, Listing, listing
from pipeline.policy.dialects.openshell.export_network import Drawn, draw
from pipeline.policy.dialects.openshell.export_report import Report
from pipeline.policy.dialects.openshell.files import BASELINE_READ, BASELINE_WRITE
from pipeline.policy.dialects.openshell.overlaps import Endpoint, conflicts, endpoints
from pipeline.policy.model import Policy, Rule

NOWHERE = "/nonexistent"
"""Listed where nothing else is: by convention it is not there, so that the sandbox does not start."""


class Writer:
    """The exporter."""

    name = "openshell"

    def write(self, policy: Policy, accepted: frozenset[str]) -> Exported:
        """Translate; what would allow more is left out unless accepted by the rule's id."""
        found = cuts(policy, accepted)
        files = listing(policy, found, accepted)
        report = Report(policy, files, accepted)
        networks = _networks(policy, found, accepted, report)
        text = yaml.safe_dump(_document(files, networks), sort_keys=False, allow_unicode=True, width=120)
        return Exported(text, tuple(report.items()))


def _document(files: Listing, networks: dict[str, Any]) -> dict[str, Any]:
    read_write = [path for path in files.read_write if path != WORKSPACE]
    read_only = list(files.read_only)
    if networks:  # listed as it is, OpenShell does not add it to write
        read_only += [p for p in BASELINE_WRITE if p not in read_only and p not in read_write]
    workdir = WORKSPACE in files.read_write
    if not workdir and not read_only and not read_write:
        read_only = [NOWHERE]
    section = {"include_workdir": workdir, "read_only": read_only, "read_write": read_write}
    return {
        "version": 1,
        "filesystem_policy": {k: v for k, v in section.items() if v != []},
        "landlock": {"compatibility": "hard_requirement"},
        **({"network_policies": networks} if networks else {}),
    }


def _networks(policy: Policy, found: list[Cut], accepted: frozenset[str], report: Report) -> dict[str, Any]:
    added = _added(report.files)
    made: dict[str, Any] = {}
    for rule in policy.rules:
        if rule.action not in ("allow", "audit") or not set(rule.on or ()) & {"net.connect", "network"}:
            continue
        drawn = draw(rule)
        drawn.more += [f"OpenShell adds {added} to a policy with networks, which is not allowed here"] if added else []
        cut = cut_of_host(found, rule.match)
        if cut is not None:
            drawn.nothing = drawn.nothing or f"rule '{cut.id}' stops some of it, and OpenShell cannot take away"
            report.lost.setdefault(cut.id, []).append(rule.id)
        if not drawn.nothing and (not drawn.more or rule.id in accepted):
            _add(made, rule, drawn)
        report.networks[rule.id] = drawn
    return made


def _added(files: Listing) -> str:
    """Paths that OpenShell would add and that are not listed to the same extent."""
    missing = [path for path in BASELINE_READ if files.level(path) not in (READ, WRITE)]
    missing += [path for path in BASELINE_WRITE if files.level(path) not in (READ, WRITE)]
    return ", ".join(missing)


def _add(made: dict[str, Any], rule: Rule, drawn: Drawn) -> None:
    """Add a rule's endpoints, without those that OpenShell would refuse beside the ones before."""
    kept: list[dict[str, Any]] = []
    entry: dict[str, Any] = {**({"name": rule.title} if rule.title else {}), "endpoints": kept}
    entry["binaries"] = [{"path": path} for path in drawn.binaries]
    for endpoint in drawn.endpoints:
        before: list[Endpoint] = endpoints({"network_policies": {**made, rule.id: {**entry, "endpoints": kept}}})
        own = Endpoint(rule.id, (), endpoint)
        if any(own in pair[:2] for pair in conflicts([*before, own])):
            drawn.less.append(f"OpenShell refuses {endpoint.get('host', 'addresses')} beside what other rules allow")
        else:
            kept.append(endpoint)
    if kept:
        made[rule.id] = entry
    else:
        drawn.nothing = "OpenShell refuses it beside what other rules allow"


EXPORTER = Writer()
