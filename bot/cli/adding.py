"""`helpdesk-bot articles add`."""

from contextlib import aclosing
from pathlib import Path

from bot.app import App
from bot.cli.actor import operator
from bot.cli.output import note, print_json, say
from bot.cli.reading import STDIN, Wanted, check_wanted, read_articles, read_stdin
from bot.cli.runtime import execute, settings_from
from bot.errors import CommandError
from bot.local_articles import INTERNAL
from knowledge.models import Article, Failed


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
        replaced = await _store(app, articles)
        if as_json:
            fields = ("id", "source", "title", "revision")
            added = [
                {name: getattr(article, name) for name in fields} | {"replaced": was is not None}
                for article, was in zip(articles, replaced, strict=True)
            ]
            reasons = [{"path": failure.article_id, "reason": failure.reason} for failure in failed]
            print_json({"added": added, "failed": reasons})
        else:
            for article, was in zip(articles, replaced, strict=True):
                say(f"{article.ref}\t{article.title}")
                if was is not None:
                    note(f"Replaced {article.ref} (was: {was.title})")
            for failure in failed:
                note(f"not added: {failure.article_id}: {failure.reason}")
        if not articles and not failed:
            raise CommandError(f"{what} has no articles")
        return 1 if failed else 0

    return execute(settings, work)


async def _store(app: App, articles: list[Article]) -> list[Article | None]:
    """Store all and index them in one go; on return they are durable and found.

    Gives for each the article of other content that had its id until then, if there was one.
    """
    if not articles:
        return []
    changes, by = await app.changes(), operator()
    replaced: list[Article | None] = []
    for article in articles:
        was = await changes.store(article, by)
        replaced.append(was if was is not None and _content(was) != _content(article) else None)
    await changes.publish()
    return replaced


def _content(article: Article) -> tuple[object, ...]:
    return article.title, article.body, article.audience, article.url, article.labels
