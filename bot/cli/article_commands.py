"""`helpdesk-bot articles …`: names, options and help."""

from pathlib import Path
from typing import Annotated

import typer

from bot.cli.options import ArticleId, Audience, Json, Readers, labels, leave

articles = typer.Typer(help="List, show, add, edit, remove, restore and try articles.", no_args_is_help=True)


@articles.command("list")
def list_articles(
    context: typer.Context,
    *,
    source: Annotated[
        str | None, typer.Option("--source", metavar="NAME", help="Of this source only.")
    ] = None,
    audience: Audience = None,
    as_json: Json = False,
) -> None:
    """List the articles."""
    from bot.cli.articles import list_all  # noqa: PLC0415

    leave(list_all(context.obj, source=source, audience=labels(audience), as_json=as_json))


@articles.command()
def show(
    context: typer.Context,
    *,
    article_id: ArticleId,
    as_json: Json = False,
) -> None:
    """Show an article with what is known of it."""
    from bot.cli.articles import show_one  # noqa: PLC0415

    leave(show_one(context.obj, article_id, as_json=as_json))


@articles.command()
def add(
    context: typer.Context,
    *,
    what: Annotated[
        str, typer.Argument(metavar="WHAT", help="A file, a folder, a URL, or - for standard input.")
    ],
    title: Annotated[str | None, typer.Option("--title", help="Its title, in place of its own.")] = None,
    audience: Readers = None,
    url: Annotated[
        str | None, typer.Option("--url", help="Where people read it, in place of its own.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Add articles to the bot's own; the same id again replaces the article."""
    from bot.cli.adding import add_what  # noqa: PLC0415

    leave(add_what(context.obj, what, title=title, audience=labels(audience), url=url, as_json=as_json))


@articles.command()
def remove(
    context: typer.Context,
    *,
    article_id: ArticleId,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    as_json: Json = False,
) -> None:
    """Remove an article."""
    from bot.cli.articles import remove_one  # noqa: PLC0415

    leave(remove_one(context.obj, article_id, yes=yes, as_json=as_json))


@articles.command()
def edit(
    context: typer.Context,
    *,
    article_id: ArticleId,
    text: Annotated[
        str | None, typer.Argument(metavar="[FILE]", help="The new text; - for standard input.")
    ] = None,
    file: Annotated[str | None, typer.Option("--file", metavar="FILE", help="The same.")] = None,
    title: Annotated[str | None, typer.Option("--title", help="Another title.")] = None,
    audience: Annotated[
        list[str] | None,
        typer.Option("--audience", metavar="LABEL", help="Who may read it from now on (repeatable)."),
    ] = None,
    url: Annotated[str | None, typer.Option("--url", help="Where people read it; empty for nowhere.")] = None,
    revision: Annotated[
        str | None, typer.Option("--revision", help="Refuse unless this is its revision now.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Edit one of the bot's own articles; with nothing said in your editor."""
    from bot.cli.editing import Wanted, edit_one  # noqa: PLC0415

    if text is not None and file is not None:
        raise typer.BadParameter("say the file once: after the article, or with --file")
    wanted = Wanted(text if file is None else file, title, url, labels(audience), revision)
    leave(edit_one(context.obj, article_id, wanted, as_json=as_json))


@articles.command()
def restore(
    context: typer.Context,
    *,
    article_id: Annotated[
        str | None, typer.Argument(metavar="[ID]", help="Its id, or SOURCE/ID; without, list what can be.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Bring back an article that was removed in the last 30 days."""
    from bot.cli.editing import restore_one  # noqa: PLC0415

    leave(restore_one(context.obj, article_id, as_json=as_json))


@articles.command()
def history(context: typer.Context, *, article_id: ArticleId, as_json: Json = False) -> None:
    """Tell what admins did to an article, the newest first; also to one that was removed."""
    from bot.cli.auditing import history_of  # noqa: PLC0415

    leave(history_of(context.obj, article_id, as_json=as_json))


@articles.command()
def preview(context: typer.Context, *, article_id: ArticleId, as_json: Json = False) -> None:
    """Show how an article is cut into passages."""
    from bot.cli.trying import preview_one  # noqa: PLC0415

    leave(preview_one(context.obj, article_id, as_json=as_json))


@articles.command("try")
def try_draft(
    context: typer.Context,
    *,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The draft.")],
    question: Annotated[list[str], typer.Argument(metavar="QUESTION", help="Words are joined.")],
    audience: Audience = None,
    as_json: Json = False,
) -> None:
    """Answer a question as if a draft were published; nothing of it is kept."""
    from bot.cli.trying import try_file  # noqa: PLC0415

    leave(try_file(context.obj, file, " ".join(question), audience=labels(audience), as_json=as_json))
