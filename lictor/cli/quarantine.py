"""``lictor quarantine``: what was taken away from agents, and the two ways out of the vault."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from lictor.cli.options import FormatOption, LakeOption, OutputOption
from lictor.formats import chosen

if TYPE_CHECKING:
    from enforcer.vault.store import Vault
    from lictor.quarantining import Write

app = typer.Typer(name="quarantine", no_args_is_help=True, help="Looks into the quarantine vault and empties it.")

ItemArgument = Annotated[str, typer.Argument(metavar="ID", help="The file's id, or its beginning.")]


@app.command("list")
def list_(
    lake: LakeOption = None,
    fmt: FormatOption = None,
    output: OutputOption = None,
    everything: Annotated[
        bool, typer.Option("--all", help="Also what was restored, purged or could not be taken.")
    ] = False,
) -> None:
    """Lists the files in quarantine, oldest first.

    Example: lictor quarantine list --format json
    """
    from lictor.quarantining import listed, vault_of  # noqa: PLC0415 - only when asked, as in all commands
    from lictor.render import emit  # noqa: PLC0415
    from lictor.settings import lake_path  # noqa: PLC0415

    emit(listed(vault_of(lake_path(lake)), everything=everything), chosen(fmt, output), output)


@app.command()
def take(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The file; no part of its path may be a symbolic link.")],
    lake: LakeOption = None,
) -> None:
    """Takes a file away: into the vault, with its hash, its traits and where it was.

    Exit status 1 where that failed or could not be proven.

    Example: lictor quarantine take /tmp/dropper
    """
    from lictor import quarantining  # noqa: PLC0415
    from lictor.errors import FINDING  # noqa: PLC0415

    with _opened(lake, new=True) as (vault, write):
        found = quarantining.by_hand(vault, str(file.absolute()), write)
    _say(f"{found.enforcement}: {found.evidence}")
    if not found.confirmed:
        raise typer.Exit(FINDING)


@app.command()
def restore(
    item: ItemArgument,
    lake: LakeOption = None,
    to: Annotated[
        Path | None,
        typer.Option("--to", metavar="PATH", help="Another place than the one it came from.", show_default=False),
    ] = None,
    even_if_changed: Annotated[
        bool, typer.Option("--even-if-changed", help="Also when a process that held it open wrote to it meanwhile.")
    ] = False,
) -> None:
    """Puts a file back exactly as it was; never over another file.

    Example: lictor quarantine restore q-7k3m9xq2
    """
    from lictor import quarantining  # noqa: PLC0415

    with _opened(lake) as (vault, write):
        record = quarantining.restore(vault, item, write, to, even_if_changed=even_if_changed)
        _say(f"{record.id}: restored to {quarantining.shown(record.to or record.path)}")


@app.command()
def purge(item: ItemArgument, lake: LakeOption = None) -> None:
    """Deletes a file in quarantine for good; the record of it stays.

    Example: lictor quarantine purge q-7k3m9xq2
    """
    from lictor import quarantining  # noqa: PLC0415

    with _opened(lake) as (vault, write):
        record = quarantining.purge(vault, item, write)
        _say(f"{record.id}: purged ({quarantining.shown(record.path)})")


@contextlib.contextmanager
def _opened(lake: Path | None, *, new: bool = False) -> Iterator[tuple[Vault, Write]]:
    """The vault, and where rows about it go; what a crash left behind is settled first."""
    from lictor.errors import LictorError  # noqa: PLC0415
    from lictor.lake import open_writer  # noqa: PLC0415
    from lictor.quarantining import settle, vault_of  # noqa: PLC0415
    from lictor.render import say  # noqa: PLC0415
    from lictor.settings import lake_path  # noqa: PLC0415

    folder = lake_path(lake)
    vault = vault_of(folder)
    if not new and not vault.root.is_dir():
        raise LictorError(f"{folder}: nothing was ever quarantined in this lake; --lake DIR names another")
    with open_writer(folder) as writer:

        def write(rows: object) -> None:
            writer.append("actions", rows)
            writer.sync()

        for line in settle(vault, write):
            say(line)
        yield vault, write


def _say(line: str) -> None:
    from pipeline.escape import visible  # noqa: PLC0415

    print(visible(line))
