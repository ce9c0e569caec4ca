"""The pages there are: one definition for the navigation, links between pages, tests and screenshots."""

from __future__ import annotations

from dataclasses import dataclass

from dashboards.interface import Role


@dataclass(frozen=True)
class PageInfo:
    """One page: ``name`` is its file and its address, ``role`` the least that sees it."""

    name: str
    title: str
    icon: str
    group: str
    role: Role = Role.viewer


PAGES: tuple[PageInfo, ...] = (
    PageInfo("overview", "Overview", ":material/dashboard:", "Watch"),
    PageInfo("agents", "Agents", ":material/smart_toy:", "Watch"),
    PageInfo("run", "Run", ":material/timeline:", "Watch"),
    PageInfo("audit", "Audit search", ":material/manage_search:", "Investigate"),
    PageInfo("explorer", "Activity explorer", ":material/query_stats:", "Investigate"),
    PageInfo("hunting", "Hunting", ":material/travel_explore:", "Investigate", Role.analyst),
    PageInfo("findings", "Findings", ":material/flag:", "Decide"),
    PageInfo("held", "Held and quarantine", ":material/front_hand:", "Decide"),
    PageInfo("policies", "Policies", ":material/policy:", "Govern"),
    PageInfo("health", "Health and integrity", ":material/monitor_heart:", "Govern"),
)

BY_NAME = {p.name: p for p in PAGES}
