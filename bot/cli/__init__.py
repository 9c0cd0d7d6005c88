"""The command line: names, options and help. What the commands do is imported when they are run."""

from pathlib import Path
from typing import Annotated

import typer

from bot.cli.article_commands import articles
from bot.cli.cache_commands import cache
from bot.cli.options import Audience, Json, labels, leave
from bot.cli.source_commands import sources

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
cli.add_typer(articles, name="articles")
cli.add_typer(sources, name="sources")
cli.add_typer(cache, name="cache")

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

    leave(run_bot(context.obj))


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

    leave(chat_here(context.obj, path=articles, persona=persona, audience=labels(audience)))


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
    leave(
        ask_once(
            context.obj,
            text,
            as_json=as_json,
            persona=persona,
            audience=labels(audience),
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

    leave(sync_sources(context.obj, sources or [], full=full, dry_run=dry_run, as_json=as_json))


@cli.command()
def reindex(
    context: typer.Context,
    *,
    what: Annotated[
        str | None, typer.Argument(metavar="[ID or SOURCE]", help="Only this; else everything.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Make the search index anew from the stored articles; the old one answers meanwhile."""
    from bot.cli.syncing import reindex_all  # noqa: PLC0415

    leave(reindex_all(context.obj, what or "", as_json=as_json))


@cli.command()
def audit(
    context: typer.Context,
    *,
    what: Annotated[
        str | None, typer.Argument(metavar="[ID or SOURCE]", help="Changes of this only.")
    ] = None,
    limit: Annotated[int, typer.Option("--limit", min=1, help="So many entries at most.")] = 50,
    as_json: Json = False,
) -> None:
    """Tell who changed what, when and from where, the newest first."""
    from bot.cli.auditing import audit_log  # noqa: PLC0415

    leave(audit_log(context.obj, what, limit, as_json=as_json))


@cli.command()
def gaps(context: typer.Context, *, as_json: Json = False) -> None:
    """Tell what the articles do not answer: questions of the last 90 days, by how often they were asked."""
    from bot.cli.gaps import list_gaps  # noqa: PLC0415

    leave(list_gaps(context.obj, as_json=as_json))


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
    conversations: Annotated[
        Path | None,
        typer.Option("--conversations", metavar="FILE.jsonl", help="Follow-ups, if not among the questions."),
    ] = None,
    baseline: Annotated[
        Path | None, typer.Option("--baseline", metavar="FILE.json", help="Fail where this run is worse.")
    ] = None,
    save: Annotated[
        Path | None, typer.Option("--save", metavar="FILE.json", help="Write the measures, as a baseline.")
    ] = None,
    tolerance: Annotated[
        list[str] | None,
        typer.Option(
            "--tolerance", metavar="[NAME=]VALUE", help="How much worse may be; each has its own else."
        ),
    ] = None,
    no_answers: Annotated[
        bool, typer.Option("--no-answers", help="Retrieval and gate alone; asks no language model.")
    ] = False,
    audience: Audience = None,
) -> None:
    """Measure retrieval, the gate, answers, follow-ups and personas on a set of questions."""
    from bot.cli.evaluating import Wanted, evaluate_set  # noqa: PLC0415

    wanted = Wanted(
        questions,
        report=report,
        conversations=conversations,
        baseline=baseline,
        save=save,
        tolerances=tuple(tolerance or ()),
        answers=not no_answers,
        audience=labels(audience),
        as_json=as_json,
    )
    leave(evaluate_set(context.obj, wanted))


@cli.command()
def check(context: typer.Context, *, as_json: Json = False) -> None:
    """Check the config, the model, the database, Redis, every source and every chat token."""
    from bot.cli.running import check_all  # noqa: PLC0415

    leave(check_all(context.obj, as_json=as_json))
