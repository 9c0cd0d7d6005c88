"""`helpdesk-bot gaps`."""

from pathlib import Path

from bot.app import App
from bot.cli.output import note, print_json, say
from bot.cli.runtime import execute, settings_from


def list_gaps(config: Path | None, *, as_json: bool) -> int:
    """Print what the articles do not answer, the most asked first; only what was asked in public is quoted."""

    async def work(app: App) -> int:
        report = await (await app.gaps()).find(None)
        if as_json:
            print_json(report)
            return 0
        for gap in report.gaps:
            people = "1 person" if gap.people == 1 else f"{gap.people} people"
            say(f"{gap.asked:4}  {gap.label}  ({people}, last {gap.newest:%Y-%m-%d})")
            for quote in gap.quotes:
                say(f"      {quote}")
        note(f"{len(report.gaps)} gaps; {report.in_private} more questions were asked in private")
        return 0

    return execute(settings_from(config), work)
