"""`helpdesk-bot articles list|show|remove`."""

import difflib
import sys
from pathlib import Path

import typer

from bot.app import App
from bot.changes import RESTORABLE_DAYS
from bot.cli.actor import operator
from bot.cli.output import note, print_json, print_table, say
from bot.cli.runtime import execute, settings_from, unknown
from bot.errors import CommandError
from knowledge.library import ArticleLibrary
from knowledge.models import Article, ArticleRef
from knowledge.sync import LOCAL_SOURCE


def list_all(
    config: Path | None, *, source: str | None, audience: frozenset[str] | None, as_json: bool
) -> int:
    """List the articles by source and id."""
    settings = settings_from(config)

    async def work(app: App) -> int:
        summaries = await (await app.library()).summaries(source, audience)
        known = {LOCAL_SOURCE, *(configured.name for configured in settings.sources)}
        if source is not None and not summaries and source not in known:
            raise typer.BadParameter(unknown(source, "source", known))
        if as_json:
            fields = ("id", "source", "title", "url", "revision", "updated_at", "audience")
            print_json([{name: getattr(summary, name) for name in fields} for summary in summaries])
            return 0
        rows = [
            (
                str(summary.ref),
                summary.title,
                ", ".join(sorted(summary.audience)),
                f"{summary.updated_at:%Y-%m-%d}" if summary.updated_at else "",
            )
            for summary in summaries
        ]
        print_table(("article", "title", "audience", "updated"), rows)
        note(f"{len(rows):,} articles")
        return 0

    return execute(settings, work)


def show_one(config: Path | None, name: str, *, as_json: bool) -> int:
    """Show one article whole."""

    async def work(app: App) -> int:
        article = await _the_one(await app.library(), name)
        if as_json:
            print_json(article)
            return 0
        facts = {
            "article": str(article.ref),
            "url": article.url,
            "updated": article.updated_at and article.updated_at.isoformat(timespec="minutes"),
            "audience": ", ".join(sorted(article.audience)),
            "language": article.language,
            "labels": ", ".join(article.labels),
            "revision": article.revision,
        }
        say(article.title)
        for label, value in facts.items():
            if value:
                say(f"  {label + ':':10} {value}")
        say(f"\n{article.body.strip()}")
        return 0

    return execute(settings_from(config), work)


def remove_one(config: Path | None, name: str, *, yes: bool, as_json: bool) -> int:
    """Remove one article, after asking at a terminal."""
    settings = settings_from(config)
    if not yes and not sys.stdin.isatty():
        raise typer.BadParameter("nobody is here to ask: say --yes to remove it")

    async def work(app: App) -> int:
        article = await _the_one(await app.library(), name)
        if not yes and not typer.confirm(f"Remove {article.ref} “{article.title}”?", err=True):
            note("Nothing was removed.")
            return 1
        await (await app.changes()).remove(str(article.ref), operator())
        if as_json:
            print_json({"removed": [{"id": article.id, "source": article.source}]})
        else:
            say(f"Removed {article.ref}")
            note(
                f"`helpdesk-bot articles restore {article.ref}` brings it back within {RESTORABLE_DAYS} days."
            )
        if article.source in {source.name for source in settings.sources}:
            note(f"The source {article.source} still has it: its next sync brings it back.")
        return 0

    return execute(settings, work)


async def _the_one(library: ArticleLibrary, name: str) -> Article:
    """Give the article of this id. Raises CommandError when there is none, or several."""
    found = await library.find(name)
    if len(found) == 1:
        return found[0]
    if found:
        several = ", ".join(str(article.ref) for article in found)
        raise CommandError(f'"{name}" is the id of several articles; say which one: {several}')
    refs = [summary.ref for summary in await library.summaries()]
    nearest = _nearest(name, refs)
    hint = f"did you mean {', '.join(nearest)}?" if nearest else "`helpdesk-bot articles list` shows them"
    raise CommandError(f'there is no article "{name}"; {hint}')


def _nearest(name: str, refs: list[ArticleRef]) -> list[str]:
    """Give up to three articles with an id like `name`, the likeliest first."""
    by_name = {str(ref): ref for ref in refs} | {ref.id: ref for ref in refs}
    close = difflib.get_close_matches(name, by_name, n=6, cutoff=0.5)
    return list(dict.fromkeys(str(by_name[match]) for match in close))[:3]
