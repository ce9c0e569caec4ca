"""The command line: which commands there are, and how any of them ends.

Each group of commands has a file of its own and imports its libraries when it runs. An
expected error is its own text on standard error and exit status 2; a defect keeps its traceback.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from importlib.metadata import version
from typing import Annotated, NoReturn

import typer
from typer.main import get_command

from lictor.cli import (
    dashboard,
    detect,
    diff,
    doctor,
    draft,
    export,
    held,
    history,
    hook,
    hunt,
    imports,
    judge,
    pause,
    policy,
    quarantine,
    query,
    replay,
    run,
    sigma,
    translate,
    views,
    watch,
)
from lictor.errors import BAD_INPUT, BROKEN_PIPE, DONE, INTERRUPTED, exit_status
from pipeline.escape import visible

app = typer.Typer(
    name="lictor",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)


def _version(wanted: bool) -> None:
    if wanted:
        print(f"lictor {version('lictor')}")
        raise typer.Exit(DONE)


@app.callback()
def _options(
    _: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version and exit.")
    ] = False,
) -> None:
    """Records what AI agents really do, judges it against policy, and stops what must not happen.

    Exit status: 0 done, 1 a finding or a failed check, 2 bad usage or input.
    """


# Options behind the agent's command belong to the agent.
app.command("run", context_settings={"allow_interspersed_args": False})(run.run)
app.command("watch")(watch.watch)
app.command("replay")(replay.replay)
app.command("import")(imports.import_files)
app.command("sql")(query.sql)
app.command("views")(views.views)
app.command("runs")(query.runs)
app.command("hunt")(hunt.hunt)
app.command("detect")(detect.detect)
app.command("show")(query.show)
app.command("hook")(hook.hook)
app.command("held")(held.held)
app.command("release")(held.release)
app.command("deny")(held.deny)
app.command("kill")(held.kill)
app.command("freeze")(held.freeze)
app.command("isolate")(held.isolate)
app.command("pause")(pause.pause)
app.command("resume")(pause.resume)
app.command("dashboard")(dashboard.dashboard)
app.command("doctor")(doctor.doctor)
policy.app.command("explain")(judge.explain)
policy.app.command("lint")(judge.lint)
policy.app.command("diff")(diff.diff)
policy.app.command("backtest")(history.backtest)
policy.app.command("suggest")(history.suggest)
policy.app.command("import")(translate.import_policy)
policy.app.command("export")(translate.export_policy)
policy.app.command("draft")(draft.draft)
app.add_typer(policy.app, name="policy")
app.add_typer(quarantine.app, name="quarantine")
app.add_typer(export.app, name="export")
app.add_typer(sigma.app, name="sigma")
app.add_typer(dashboard.accounts_app, name="dashboard-account")


def main() -> NoReturn:
    """Entry point of the ``lictor`` script."""
    for stream in (sys.stdout, sys.stderr):
        # A terminal in another encoding shows escapes rather than ending the command.
        stream.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]  # both are text files here
    sys.exit(invoke(sys.argv[1:]))


def invoke(arguments: Sequence[str]) -> int:
    """Run one command line; returns its exit status and prints expected errors to standard error."""
    command = get_command(app)
    try:
        # Not app(): typer would turn a reader that went away into exit status 1, which means a finding.
        with command.make_context("lictor", list(arguments)) as context:
            command.invoke(context)
        sys.stdout.flush()
    except typer.Exit as ended:
        return ended.exit_code
    except typer.Abort:
        return INTERRUPTED
    except typer.TyperException as error:
        _tell(_usage(error))
        return BAD_INPUT
    except BaseException as error:
        status = exit_status(error)
        if status is None:
            raise
        if status == BROKEN_PIPE:
            _silence()
        elif status == BAD_INPUT:
            _tell(str(error))
        return status
    return DONE


def _usage(error: typer.TyperException) -> str:
    """What is wrong with the command line, in one line (the whole help where nothing was given)."""
    context = getattr(error, "ctx", None)
    message = error.format_message()
    if "\n" in message or context is None:
        return message
    return f"{context.command_path}: {message.rstrip('.')}; see {context.command_path} --help"


def _tell(text: str) -> None:
    for line in text.splitlines():
        print(visible(line), file=sys.stderr)


def _silence() -> None:
    """Nobody reads standard output any more: let the interpreter's last flush go nowhere."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


if __name__ == "__main__":
    main()
