"""`helpdesk-bot eval`."""

import asyncio
from pathlib import Path
from typing import Any

from typer import BadParameter

from bot.app import App
from bot.cli.output import note, print_json, print_table, progress_bars
from bot.cli.runtime import execute, settings_from, sync_new_sources
from bot.errors import BotError
from knowledge.evaluation.question_set import QuestionSetError, read_question_set
from knowledge.evaluation.report import html_report
from knowledge.evaluation.run import evaluate


def evaluate_set(
    config: Path | None,
    questions: Path,
    *,
    report: Path | None,
    audience: frozenset[str] | None,
    as_json: bool,
) -> int:
    """Measure a question set over today's articles."""
    settings = settings_from(config)
    try:
        rows = read_question_set(questions)
    except QuestionSetError as error:
        raise BadParameter(str(error)) from error
    if report is not None:
        _check_report(report)

    async def work(app: App) -> int:
        await sync_new_sources(app)
        evidence = await app.evidence()
        with progress_bars() as progress:
            measured = await evaluate(
                rows,
                evidence,
                audience=audience,
                progress=lambda done, total: progress("asking", done, total),
            )
        if report is not None:
            await asyncio.to_thread(_write, report, html_report(measured, questions.name))
        if as_json:
            print_json(measured.to_json())
        else:
            print_table(("measure", "value"), list(_rows(measured.to_json())))
        return 0

    return execute(settings, work)


def _check_report(path: Path) -> None:
    """Refuse, before minutes are spent, a report that cannot be written. Raises BadParameter."""
    is_new = not path.exists()
    try:
        path.open("ab").close()
        if is_new:
            path.unlink()
    except OSError as error:
        raise BadParameter(
            f"the report {path} cannot be written ({error.strerror}); name a file in a folder that is there"
        ) from error


def _write(path: Path, text: str) -> None:
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise BotError(f"the report {path} cannot be written: {error.strerror}") from error
    note(f"The report is in {path}.")


def _rows(measures: dict[str, Any], prefix: str = "") -> list[tuple[str, str]]:
    rows: list[tuple[str, str]] = []
    for name, value in measures.items():
        if isinstance(value, dict):
            rows += _rows(value, f"{name} ")
        else:
            rows.append((prefix + name, f"{value:g}"))
    return rows
