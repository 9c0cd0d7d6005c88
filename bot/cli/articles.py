"""`helpdesk-bot articles list|show|add|remove`."""

import difflib
import sys
from contextlib import aclosing
from pathlib import Path

import typer

from bot.app import App
from bot.cli.adding import STDIN, Wanted, check_wanted, read_articles, read_stdin
from bot.cli.output import note, print_json, print_table, say
from bot.cli.runtime import execute, settings_from, unknown
from bot.errors import CommandError
from knowledge.library import ArticleLibrary
from knowledge.models import Article, ArticleRef, Failed
from knowledge.sync import LOCAL_SOURCE

INTERNAL = frozenset({"internal"})


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


def add_what(
    config: Path | None,
    what: str,
    *,
    title: str | None,
    audience: frozenset[str] | None,
    url: str | None,
    as_json: bool,
) -> int:
    """Add articles to the bot's own source; gives 1 when one could not be read."""
    wanted = Wanted(audience or INTERNAL, title, url)
    settings = settings_from(config)
    check_wanted(what, wanted)
    stdin = read_stdin() if what == STDIN else b""

    async def work(app: App) -> int:
        articles: list[Article] = []
        failed: list[Failed] = []
        async with aclosing(read_articles(what, wanted, stdin)) as found:
            async for item in found:
                (articles if isinstance(item, Article) else failed).append(item)  # type: ignore[arg-type]
        await _store(app, articles)
        if as_json:
            fields = ("id", "source", "title", "revision")
            added = [{name: getattr(article, name) for name in fields} for article in articles]
            reasons = [{"path": failure.article_id, "reason": failure.reason} for failure in failed]
            print_json({"added": added, "failed": reasons})
        else:
            for article in articles:
                say(f"{article.ref}\t{article.title}")
            for failure in failed:
                note(f"not added: {failure.article_id}: {failure.reason}")
        if not articles and not failed:
            raise CommandError(f"{what} has no articles")
        return 1 if failed else 0

    return execute(settings, work)


async def _store(app: App, articles: list[Article]) -> None:
    """Store all and index them in one go; on return they are durable and found."""
    if not articles:
        return
    library, upkeep = await app.library(), await app.upkeep()
    for article in articles[:-1]:
        await library.put(article)
    await upkeep.add(articles[-1])


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
        await (await app.upkeep()).remove(str(article.ref))
        if as_json:
            print_json({"removed": [{"id": article.id, "source": article.source}]})
        else:
            say(f"Removed {article.ref}")
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
