"""`helpdesk-bot cache …`: names, options and help."""

from typing import Annotated

import typer

from bot.cli.options import Audience, Json, labels, leave

cache = typer.Typer(
    help="Tell what the answer cache holds and why it serves what it does; clear it.", no_args_is_help=True
)


@cache.command()
def stats(context: typer.Context, *, as_json: Json = False) -> None:
    """Count the answers kept, and what the cache did for the questions of the last seven days."""
    from bot.cli.caching import tell_stats  # noqa: PLC0415

    leave(tell_stats(context.obj, as_json=as_json))


@cache.command()
def clear(
    context: typer.Context,
    *,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    as_json: Json = False,
) -> None:
    """Forget all cached answers; they are made afresh when they are asked for."""
    from bot.cli.caching import clear_all  # noqa: PLC0415

    leave(clear_all(context.obj, yes=yes, as_json=as_json))


@cache.command()
def explain(
    context: typer.Context,
    *,
    question: Annotated[
        list[str], typer.Argument(metavar="QUESTION", help="The question; words are joined.")
    ],
    as_json: Json = False,
    persona: Annotated[
        str | None, typer.Option("--persona", metavar="NAME", help="A shipped persona, or the path of one.")
    ] = None,
    audience: Audience = None,
    source: Annotated[
        list[str] | None,
        typer.Option("--source", metavar="NAME", help="As in a channel of these sources only (repeatable)."),
    ] = None,
) -> None:
    """Tell whether a question would be served from the cache now, revalidated or answered afresh, and why."""
    from bot.cli.caching import Asked, explain_one  # noqa: PLC0415

    asked = Asked(" ".join(question), labels(audience), labels(source), persona)
    leave(explain_one(context.obj, asked, as_json=as_json))
