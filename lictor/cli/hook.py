"""``lictor hook``: an agent's hook that answers from the policy before a tool runs, and tells why after it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def hook(
    policy: Annotated[
        list[Path] | None,
        typer.Option("--policy", metavar="FILE", help="A policy; may be given more than once, each narrows."),
    ] = None,
    protocol: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="claude-code, codex or gemini; otherwise told by the JSON."),
    ] = None,
    workspace: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="The project's folder; otherwise as the agent tells it, else its folder."),
    ] = None,
    fail_closed: Annotated[
        bool, typer.Option("--fail-closed", help="Block the tool where the hook itself fails; else it runs.")
    ] = False,
    may_allow: Annotated[
        bool,
        typer.Option("--may-allow", help="Answer allow where the policy does, which skips the agent's own question."),
    ] = False,
) -> None:
    """Answers an agent's hook: the tool call as JSON on standard input, the decision on standard output.

    Before a tool it says deny or ask with the rule's reason, and nothing where the policy permits or cannot tell before
    the act; the kernel checks what really happens. After a tool it tells what was stopped meanwhile, and why. Exit
    status: 0 answered, 1 the hook failed and the tool runs, 2 blocked.

    Example: lictor hook --policy policies/claude-code.yaml < call.json
    """
    from lictor.hooks.quick import serve  # noqa: PLC0415 - other commands do without
    from lictor.hooks.respond import Options  # noqa: PLC0415 - see above

    options = Options(policy or [], protocol, workspace, fail_closed=fail_closed, may_allow=may_allow)
    raise typer.Exit(serve(options))
