"""What may be done to a run in its present state: buttons in the order of the ladder, each with what it will do in words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

from dashboards.parts.deeds import Deed, on_run
from pipeline.escape import visible

Colour = Literal["gray", "orange", "violet", "green"]


def possible(run: str, live: Mapping[str, Any] | None, held: Sequence[Mapping[str, Any]]) -> list[Deed]:
    """Deeds that fit; none for a run that no service here has. ``live`` is its row of ``Deeds.live``, ``held`` its open questions."""
    if live is None:
        return []
    deeds = []
    if held:
        asks = any(question.get("operation") for question in held)
        deeds.append(
            on_run("release", "Release", ":material/play_arrow:", run, f"Let run {run} go on with {_wanted(held)}.")
        )
        if asks:
            deeds.append(
                on_run(
                    "deny",
                    "Deny",
                    ":material/block:",
                    run,
                    f"End the process that asked for {_wanted(held)}; the rest of run {run} goes on.",
                )
            )
    else:
        deeds.append(
            on_run(
                "freeze",
                "Freeze",
                ":material/pause:",
                run,
                f"Stop every process of run {run} where it stands, until it is released.",
            )
        )
    if live.get("isolated"):
        if not held:
            deeds.append(
                on_run("release", "Give network back", ":material/lan:", run, f"Give run {run} its network back.")
            )
    else:
        deeds.append(
            on_run(
                "isolate",
                "Isolate",
                ":material/wifi_off:",
                run,
                f"Take the network away from run {run}, and from nobody else.",
            )
        )
    deeds.append(
        on_run(
            "kill",
            "Kill",
            ":material/dangerous:",
            run,
            f"End every process of run {run}. This cannot be undone.",
            reason=True,
        )
    )
    return deeds  # fmt: skip


def state(
    row: Mapping[str, Any], live: Mapping[str, Any] | None, held: Sequence[Mapping[str, Any]]
) -> tuple[str, Colour]:
    """How a run stands in a word, and the colour of its badge."""
    if row["state"] == "ended":
        return "ended", "gray"
    if live is None:
        return "went on when last seen", "gray"
    if held:
        return "held", "orange"
    return ("isolated", "violet") if live.get("isolated") else ("running", "green")


def _wanted(held: Sequence[Mapping[str, Any]]) -> str:
    named = [f"{q.get('operation')} {visible(str(q.get('object')))}" for q in held if q.get("operation")]
    return "; ".join(named) or "what it was doing"
