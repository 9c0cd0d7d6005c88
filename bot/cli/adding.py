"""`helpdesk-bot articles add`."""

from contextlib import aclosing
from pathlib import Path

from bot.app import App
from bot.cli.output import note, print_json, say
from bot.cli.reading import STDIN, Wanted, check_wanted, read_articles, read_stdin
from bot.cli.runtime import execute, settings_from
from bot.errors import CommandError
from knowledge.models import Article, Failed

INTERNAL = frozenset({"internal"})


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
