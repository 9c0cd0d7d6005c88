"""The command line: names, options and help. What the commands do is imported when they are run."""

from pathlib import Path
from typing import Annotated

import typer

cli = typer.Typer(
    name="helpdesk-bot",
    help="A chat bot for helpdesks: answers from your own articles, cited, fresh, and only to those who may "
    "read them.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)
articles = typer.Typer(help="List, show, add and remove articles.", no_args_is_help=True)
cli.add_typer(articles, name="articles")

Json = Annotated[bool, typer.Option("--json", help="Print one JSON value and nothing else.")]
Audience = Annotated[
    list[str] | None,
    typer.Option(
        "--audience", metavar="LABEL", help="See only what holders of this label may read (repeatable)."
    ),
]
Persona = Annotated[
    str | None, typer.Option("--persona", metavar="NAME", help="A shipped persona, or the path of one.")
]


def _version(wanted: bool) -> None:  # noqa: FBT001 - Typer's signature
    if wanted:
        from importlib.metadata import version  # noqa: PLC0415

        typer.echo(f"helpdesk-bot {version('helpdesk-bot')}")
        raise typer.Exit


@cli.callback()
def _global(
    context: typer.Context,
    *,
    config: Annotated[
        Path | None,
        typer.Option(
            "--config",
            metavar="FILE",
            help="The config file; else HELPDESK_BOT_CONFIG, else ./helpdesk-bot.toml if there is one.",
        ),
    ] = None,
    version: Annotated[  # noqa: ARG001 - done by its callback
        bool, typer.Option("--version", help="Print the version.", callback=_version, is_eager=True)
    ] = False,
) -> None:
    context.obj = config


@cli.command()
def run(context: typer.Context) -> None:
    """Answer in Slack and Discord, sync the sources when they are due, serve the web port."""
    from bot.cli.running import run_bot  # noqa: PLC0415

    _exit(run_bot(context.obj))


@cli.command()
def chat(
    context: typer.Context,
    *,
    articles: Annotated[
        Path | None,
        typer.Option(
            "--articles", metavar="PATH", help="Chat over this folder, .jsonl file or document, nothing else."
        ),
    ] = None,
    persona: Persona = None,
    audience: Audience = None,
) -> None:
    """Chat in the terminal; without a terminal, answer standard input line by line."""
    from bot.cli.chatting import chat_here  # noqa: PLC0415

    _exit(chat_here(context.obj, path=articles, persona=persona, audience=_labels(audience)))


@cli.command()
def ask(
    context: typer.Context,
    *,
    question: Annotated[
        list[str], typer.Argument(metavar="QUESTION", help="The question; words are joined.")
    ],
    as_json: Json = False,
    persona: Persona = None,
    audience: Audience = None,
    no_cache: Annotated[
        bool, typer.Option("--no-cache", help="Answer afresh, and keep nothing of it.")
    ] = False,
) -> None:
    """Answer one question."""
    from bot.cli.asking import ask_once  # noqa: PLC0415

    text = " ".join(question)
    _exit(
        ask_once(
            context.obj,
            text,
            as_json=as_json,
            persona=persona,
            audience=_labels(audience),
            use_cache=not no_cache,
        )
    )


@cli.command()
def sync(
    context: typer.Context,
    *,
    sources: Annotated[
        list[str] | None, typer.Argument(metavar="[SOURCE]...", help="All, unless named.")
    ] = None,
    full: Annotated[bool, typer.Option("--full", help="Read every article again.")] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Change nothing, say what would change.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Bring the articles to what the sources have now."""
    from bot.cli.syncing import sync_sources  # noqa: PLC0415

    _exit(sync_sources(context.obj, sources or [], full=full, dry_run=dry_run, as_json=as_json))


@cli.command()
def reindex(context: typer.Context, *, as_json: Json = False) -> None:
    """Make the search index anew from the stored articles; the old one answers meanwhile."""
    from bot.cli.syncing import reindex_all  # noqa: PLC0415

    _exit(reindex_all(context.obj, as_json=as_json))


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

    _exit(list_all(context.obj, source=source, audience=_labels(audience), as_json=as_json))


@articles.command()
def show(
    context: typer.Context,
    *,
    article_id: Annotated[str, typer.Argument(metavar="ID", help="The article's id, or SOURCE/ID.")],
    as_json: Json = False,
) -> None:
    """Show an article with what is known of it."""
    from bot.cli.articles import show_one  # noqa: PLC0415

    _exit(show_one(context.obj, article_id, as_json=as_json))


@articles.command()
def add(
    context: typer.Context,
    *,
    what: Annotated[
        str, typer.Argument(metavar="WHAT", help="A file, a folder, a URL, or - for standard input.")
    ],
    title: Annotated[str | None, typer.Option("--title", help="Its title, in place of its own.")] = None,
    audience: Annotated[
        list[str] | None,
        typer.Option(
            "--audience", metavar="LABEL", help="Who may read it (repeatable); internal unless said."
        ),
    ] = None,
    url: Annotated[
        str | None, typer.Option("--url", help="Where people read it, in place of its own.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Add articles to the bot's own; the same id again replaces the article."""
    from bot.cli.adding import add_what  # noqa: PLC0415

    _exit(add_what(context.obj, what, title=title, audience=_labels(audience), url=url, as_json=as_json))


@articles.command()
def remove(
    context: typer.Context,
    *,
    article_id: Annotated[str, typer.Argument(metavar="ID", help="The article's id, or SOURCE/ID.")],
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    as_json: Json = False,
) -> None:
    """Remove an article."""
    from bot.cli.articles import remove_one  # noqa: PLC0415

    _exit(remove_one(context.obj, article_id, yes=yes, as_json=as_json))


@cli.command("eval")
def evaluate(
    context: typer.Context,
    *,
    questions: Annotated[
        Path, typer.Argument(metavar="QUESTIONS.jsonl", help="Questions with gold articles.")
    ],
    as_json: Json = False,
    report: Annotated[
        Path | None, typer.Option("--report", metavar="FILE.html", help="Write each question's outcome.")
    ] = None,
    audience: Audience = None,
) -> None:
    """Measure retrieval and abstention on a set of questions."""
    from bot.cli.evaluating import evaluate_set  # noqa: PLC0415

    _exit(evaluate_set(context.obj, questions, report=report, audience=_labels(audience), as_json=as_json))


@cli.command()
def check(context: typer.Context, *, as_json: Json = False) -> None:
    """Check the config, the model, the database, Redis, every source and every chat token."""
    from bot.cli.running import check_all  # noqa: PLC0415

    _exit(check_all(context.obj, as_json=as_json))


def _labels(given: list[str] | None) -> frozenset[str] | None:
    return frozenset(given) if given else None


def _exit(code: int) -> None:
    raise typer.Exit(code)
