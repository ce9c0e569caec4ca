"""``lictor dashboard`` and ``lictor dashboard-account``: audit views in a browser, and who may sign in to them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from types import ModuleType
from typing import Annotated

import typer

from lictor.cli.options import FormatOption, LakeOption, OutputOption
from lictor.errors import LictorError

accounts_app = typer.Typer(
    help="Adds, removes and lists accounts of the dashboard.", no_args_is_help=True, rich_markup_mode=None
)


class RoleName(StrEnum):
    """What an account may do."""

    viewer = "viewer"
    analyst = "analyst"
    responder = "responder"
    admin = "admin"


AccountsOption = Annotated[
    Path, typer.Option("--accounts", metavar="FILE", help="The file of accounts; only you may read it.")
]
NameArgument = Annotated[str, typer.Argument(metavar="NAME", help="The account's name.")]


def dashboard(
    lake: LakeOption = None,
    host: Annotated[str, typer.Option("--host", metavar="ADDRESS", help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[
        int, typer.Option("--port", metavar="N", min=0, max=65535, help="Port; 0 takes a free one.")
    ] = 8501,
    accounts: Annotated[
        Path | None,
        typer.Option(
            "--accounts",
            metavar="FILE",
            help="People sign in with a name and a password of this file (lictor dashboard-account add).",
            show_default=False,
        ),
    ] = None,
    provider: Annotated[
        Path | None,
        typer.Option(
            "--provider",
            metavar="FILE",
            help="People sign in at an OpenID provider (Entra ID and others), which this file describes.",
            show_default=False,
        ),
    ] = None,
    names: Annotated[
        list[str] | None,
        typer.Option(
            "--public-name",
            metavar="NAME",
            help="Another name that it is reached by; may be repeated.",
            show_default=False,
        ),
    ] = None,
    certificate: Annotated[
        Path | None, typer.Option("--tls-cert", metavar="FILE", help="Certificate chain, PEM.", show_default=False)
    ] = None,
    key: Annotated[
        Path | None, typer.Option("--tls-key", metavar="FILE", help="Its private key, PEM.", show_default=False)
    ] = None,
    behind_proxy: Annotated[
        bool, typer.Option("--behind-proxy", help="A proxy on this machine does TLS and tells who connects.")
    ] = False,
) -> None:
    """Shows the lake in a browser: overview, audit search, agents, runs live, findings, held runs, policies, hunting, health.

    Without --accounts or --provider it is for this machine only, and a link that is good once lets in. Every view of content
    and every act is a row of the table console. docs/dashboard.md tells roles and ways in.

    Example: lictor dashboard --port 8501
    """
    try:
        from lictor.dashboard.options import Options  # noqa: PLC0415 - only when asked, as in all commands
        from lictor.dashboard.serving import serve  # noqa: PLC0415
    except ImportError as error:
        raise LictorError(_missing(error)) from error
    from lictor.settings import lake_path  # noqa: PLC0415 - see above

    known_as = tuple(name.lower() for name in names or ())
    serve(Options(lake_path(lake), host, port, accounts, provider, known_as, certificate, key, behind_proxy))


@accounts_app.command("add")
def add(
    name: NameArgument,
    accounts: AccountsOption,
    role: Annotated[RoleName, typer.Option("--role", help="What the account may do.")] = RoleName.viewer,
) -> None:
    """Adds an account, or changes its role and password; sessions that it has end then.

    The password is asked for on the terminal, or is the first line of standard input.

    Example: lictor dashboard-account add ann --role analyst --accounts accounts.json
    """
    file = _file()
    from dashboards.interface import Role  # noqa: PLC0415 - see above

    with _told():
        known = file.read(accounts) if accounts.exists() else {}
        file.write(accounts, {**known, name: file.entry(name, Role[role.value], _password())})
    print(f"{name}: {role.value}")


@accounts_app.command("remove")
def remove(name: NameArgument, accounts: AccountsOption) -> None:
    """Removes an account; sessions that it has end then.

    Example: lictor dashboard-account remove ann --accounts accounts.json
    """
    file = _file()
    with _told():
        known = file.read(accounts)
        if name not in known:
            raise LictorError(f"{accounts}: there is no account {name!a}")
        file.write(accounts, {n: e for n, e in known.items() if n != name})
    print(f"{name}: removed")


@accounts_app.command("list")
def list_(accounts: AccountsOption, fmt: FormatOption = None, output: OutputOption = None) -> None:
    """Lists the accounts and their roles.

    Example: lictor dashboard-account list --accounts accounts.json
    """
    import pyarrow as pa  # noqa: PLC0415 - see above

    from lictor.formats import chosen  # noqa: PLC0415 - see above
    from lictor.render import emit  # noqa: PLC0415 - see above

    file = _file()
    with _told():
        known = sorted(file.read(accounts).items())
    table = pa.table({"name": [n for n, _ in known], "role": [e.role.name for _, e in known]})
    emit(table, chosen(fmt, output), output)


def _file() -> ModuleType:
    """What reads and writes files of accounts. Raises ``LictorError`` where its packages are missing."""
    try:
        from dashboards.auth import accounts  # noqa: PLC0415 - see above
    except ImportError as error:
        raise LictorError(_missing(error)) from error
    return accounts


@contextmanager
def _told() -> Iterator[None]:
    """What stands in the way, as the command line tells it."""
    from dashboards.interface import DashboardError  # noqa: PLC0415 - see above

    try:
        yield
    except DashboardError as error:
        raise LictorError(str(error)) from error


def _missing(error: ImportError) -> str:
    return f"the dashboard's packages are missing ({error.name}): pip install 'lictor[dashboard]'"


def _password() -> str:
    """Twice from the terminal, which does not show it; one line where standard input is none."""
    import getpass  # noqa: PLC0415 - see above
    import sys  # noqa: PLC0415 - see above

    if not sys.stdin.isatty():
        return sys.stdin.readline().rstrip("\n")
    first = getpass.getpass("Password: ")
    if getpass.getpass("Again: ") != first:
        raise LictorError("the two are not the same")
    return first
