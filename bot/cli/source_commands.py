"""`helpdesk-bot sources …`: names, options and help."""

from typing import Annotated

import typer

from bot.cli.options import Json, SourceName, leave

sources = typer.Typer(
    help="List, pause and resume sources; confirm removals that wait.", no_args_is_help=True
)


@sources.command("list")
def list_sources(context: typer.Context, *, as_json: Json = False) -> None:
    """Tell how fresh each source is, whether it is paused, and what waits."""
    from bot.cli.sources import list_all  # noqa: PLC0415

    leave(list_all(context.obj, as_json=as_json))


@sources.command()
def pause(context: typer.Context, *, source: SourceName, as_json: Json = False) -> None:
    """Keep a source from being synced by schedule, webhook or `sync` without a name."""
    from bot.cli.sources import pause_one  # noqa: PLC0415

    leave(pause_one(context.obj, source, as_json=as_json))


@sources.command()
def resume(context: typer.Context, *, source: SourceName, as_json: Json = False) -> None:
    """Let a paused source be synced again."""
    from bot.cli.sources import resume_one  # noqa: PLC0415

    leave(resume_one(context.obj, source, as_json=as_json))


@sources.command()
def confirm(
    context: typer.Context,
    *,
    source: SourceName,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    as_json: Json = False,
) -> None:
    """Let a removal happen that was held because it is so much of the source."""
    from bot.cli.sources import confirm_one  # noqa: PLC0415

    leave(confirm_one(context.obj, source, yes=yes, as_json=as_json))
