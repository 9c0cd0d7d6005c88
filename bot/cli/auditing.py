"""`helpdesk-bot audit` and `helpdesk-bot articles history`."""

from collections.abc import Sequence
from pathlib import Path

from bot.app import App
from bot.audit import AuditEntry
from bot.cli.output import note, print_json, print_table
from bot.cli.runtime import execute, settings_from
from bot.errors import CommandError

_MANY = 200


def audit_log(config: Path | None, what: str | None, limit: int, *, as_json: bool) -> int:
    """Print the log, the newest first."""

    async def work(app: App) -> int:
        entries = await (await app.audit()).entries(what, limit)
        if not entries and what is not None:
            entries = await _entries_of(app, what, limit)
        _print(entries, as_json=as_json)
        return 0

    return execute(settings_from(config), work)


def history_of(config: Path | None, name: str, *, as_json: bool) -> int:
    """Print what was done to one article, also to one that is gone."""

    async def work(app: App) -> int:
        entries = await (await app.audit()).entries(name, _MANY) or await _entries_of(app, name, _MANY)
        _print(entries, as_json=as_json)
        return 0

    return execute(settings_from(config), work)


async def _entries_of(app: App, name: str, limit: int) -> Sequence[AuditEntry]:
    """Give the entries of the article called so. Raises CommandError when there is none, or several."""
    library = await app.library()
    refs = {article.ref for article in await library.find(name)}
    refs |= {removal.article.ref for removal in await library.removed(name)}
    if len(refs) != 1:
        several = f"; say which one: {', '.join(map(str, sorted(refs)))}" if refs else ""
        raise CommandError(f'there is {"more than one" if refs else "no"} article "{name}"{several}')
    return await (await app.audit()).entries(str(refs.pop()), limit)


def _print(entries: Sequence[AuditEntry], *, as_json: bool) -> None:
    if as_json:
        print_json(list(entries))
        return
    rows = [
        (
            f"{entry.at:%Y-%m-%d %H:%M:%S}",
            entry.person,
            entry.place,
            entry.action,
            entry.object,
            entry.title,
            " → ".join(revision[:8] for revision in (entry.before, entry.after) if revision),
            entry.note,
        )
        for entry in entries
    ]
    print_table(("when (UTC)", "who", "from", "did", "to", "title", "revision", "note"), rows)
    note(f"{len(rows):,} entries")
