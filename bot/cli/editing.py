"""`helpdesk-bot articles edit|restore`."""

import asyncio
import os
import shlex
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from typer import BadParameter

from bot.app import App
from bot.changes import ArticleChanges
from bot.cli.actor import operator
from bot.cli.output import note, print_json, print_table, say
from bot.cli.reading import STDIN, read_stdin
from bot.cli.runtime import execute, settings_from
from bot.diffs import difference
from bot.errors import CommandError
from bot.local_articles import edited
from knowledge.errors import RevisionConflict
from knowledge.models import Article
from knowledge.sources.documents import MAX_BYTES, read_bytes
from knowledge.sources.text import decode_text


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is to become of an article; None leaves it as it is."""

    file: str | None
    title: str | None
    url: str | None
    audience: frozenset[str] | None
    revision: str | None

    @property
    def is_nothing(self) -> bool:
        """Whether no change was named."""
        return self.file is None and self.title is None and self.url is None and self.audience is None


def edit_one(config: Path | None, name: str, wanted: Wanted, *, as_json: bool) -> int:
    """Edit one article; gives 1 when nothing was changed. What is refused is kept in a file."""
    settings = settings_from(config)
    if wanted.is_nothing and not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise BadParameter(
            "nobody is here to edit: say a file or - for standard input, --title, --url or --audience"
        )
    given = read_stdin() if wanted.file == STDIN else b""

    async def work(app: App) -> int:
        changes = await app.changes()
        article = await changes.editable(name, None)
        body = await _body(article, wanted, given)
        after = edited(
            article,
            title=wanted.title if wanted.title is not None else article.title,
            body=body,
            url=wanted.url if wanted.url is not None else article.url or "",
            audience=wanted.audience or article.audience,
            now=app.clock(),
        )
        if after is article:
            note("Nothing was changed.")
            return 1
        await _store(changes, after, wanted.revision or article.revision, app.settings.data_dir)
        if as_json:
            fields = ("id", "source", "title", "revision")
            print_json({name: getattr(after, name) for name in fields} | {"replaced": article.revision})
        else:
            say(f"{after.ref}\t{after.title}")
            note(difference(article, after))
        return 0

    return execute(settings, work)


async def _body(article: Article, wanted: Wanted, stdin: bytes) -> str:
    if wanted.is_nothing:
        return await asyncio.to_thread(_edited_by_hand, article.body)
    if wanted.file is None:
        return article.body
    if wanted.file == STDIN:
        return decode_text("standard input", stdin)
    path = Path(wanted.file)
    data, _ = await asyncio.to_thread(read_bytes, path, path.name, MAX_BYTES)
    return decode_text(path.name, data)


def _edited_by_hand(text: str) -> str:
    """Open the text in the person's editor and give what it is afterwards."""
    command = os.environ.get("VISUAL") or os.environ.get("EDITOR") or "vi"
    with tempfile.TemporaryDirectory(prefix="helpdesk-bot-") as folder:
        path = Path(folder) / "article.md"
        path.write_text(text, encoding="utf-8")
        try:
            done = subprocess.run([*shlex.split(command), path], check=False)  # noqa: S603 - the person's own editor
        except OSError as error:
            raise CommandError(
                f"the editor {command} cannot be started ({error.strerror}); set EDITOR"
            ) from error
        if done.returncode != 0:
            raise CommandError(f"the editor ended with code {done.returncode}; nothing was changed")
        return path.read_text(encoding="utf-8")


async def _store(changes: ArticleChanges, after: Article, revision: str, data_dir: Path) -> None:
    try:
        await changes.store(after, operator(), revision)
    except RevisionConflict as error:
        kept = await asyncio.to_thread(_keep, after, data_dir)
        there = (await changes.held([after.ref])).get(after.ref)
        if there is not None:
            note(difference(there, after, ("stored now", "yours")))
        raise CommandError(f"{error}. Nothing was stored; your text is in {kept}") from error
    await changes.publish()


def _keep(article: Article, data_dir: Path) -> Path:
    """Write a refused text to a file of its own."""
    with tempfile.NamedTemporaryFile(
        "w", dir=data_dir, prefix="refused-edit-", suffix=".md", delete=False, encoding="utf-8"
    ) as file:
        file.write(article.body)
        return Path(file.name)


def restore_one(config: Path | None, name: str | None, *, as_json: bool) -> int:
    """Restore one article, or list those that can be."""
    settings = settings_from(config)

    async def work(app: App) -> int:
        if name is None:
            return await _list_removed(app, as_json=as_json)
        restored = await (await app.changes()).restore(name, operator())
        article, copy_of = restored.article, restored.copy_of
        if as_json:
            of = None if copy_of is None else {"id": copy_of.id, "source": copy_of.source}
            fields = ("id", "source", "title", "revision")
            print_json({name: getattr(article, name) for name in fields} | {"copy_of": of})
        else:
            say(f"Restored {article.ref}\t{article.title}")
            if copy_of is not None:
                note(
                    f"{copy_of.source} has {copy_of} no more: this is a copy of the bot's own, for internal."
                )
        return 0

    return execute(settings, work)


async def _list_removed(app: App, *, as_json: bool) -> int:
    removals = await (await app.upkeep()).removed(None)
    if as_json:
        fields = ("id", "source", "title", "revision")
        rows = [
            {name: getattr(r.article, name) for name in fields} | {"removed_at": r.removed_at}
            for r in removals
        ]
        print_json(rows)
        return 0
    print_table(
        ("article", "title", "removed"),
        [(str(r.article.ref), r.article.title, f"{r.removed_at:%Y-%m-%d %H:%M}") for r in removals],
    )
    return 0
