"""`helpdesk-bot eval`."""

import asyncio
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from typer import BadParameter

from bot.app import App
from bot.cli.output import NO_ARTICLES, note, print_json, print_table, progress_bars
from bot.cli.runtime import execute, settings_from, sync_new_sources
from bot.errors import BotError
from bot.follow_ups import standalone
from config.persona import Persona, load_persona, shipped_personas
from knowledge.answering.grounding.grounder import Grounder
from knowledge.evaluation.answers import AnswerJudge
from knowledge.evaluation.baseline import BaselineError, is_measure, read_baseline, regressions
from knowledge.evaluation.outcomes import Expected
from knowledge.evaluation.question_set import (
    ConversationRow,
    QuestionRow,
    QuestionSetError,
    read_conversations,
    read_question_set,
)
from knowledge.evaluation.report import html_report
from knowledge.evaluation.run import Extras, evaluate
from knowledge.models import revision_of

REGRESSED = 1
_SHOWN = 5


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the command line asks of an evaluation."""

    questions: Path
    report: Path | None = None
    conversations: Path | None = None
    baseline: Path | None = None
    save: Path | None = None
    tolerances: tuple[str, ...] = ()
    answers: bool = True
    audience: frozenset[str] | None = None
    as_json: bool = False


@dataclass(frozen=True, slots=True)
class _Read:
    """What was read before the first question is asked, so that a bad file costs no minutes."""

    rows: list[QuestionRow]
    talks: list[ConversationRow]
    before: dict[str, Any] | None
    tolerances: dict[str, float]


def evaluate_set(config: Path | None, wanted: Wanted) -> int:
    """Measure a question set over today's articles; 1 where it is worse than the baseline."""
    settings = settings_from(config)
    try:
        read = _read(wanted)
    except (QuestionSetError, BaselineError) as error:
        raise BadParameter(str(error)) from error
    for path, what in ((wanted.report, "report"), (wanted.save, "baseline")):
        if path is not None:
            _check_writable(path, what)

    async def work(app: App) -> int:
        await sync_new_sources(app)
        extras = await _extras(app, wanted, read)
        evidence = await app.evidence()
        await (
            evidence.warm()
        )  # with the gate's measure of the desk from the first question on, as in a bot that runs
        with progress_bars() as progress:
            measured = await evaluate(
                read.rows,
                evidence,
                audience=wanted.audience,
                progress=lambda done, total: progress("asking", done, total),
                extras=extras,
            )
        if wanted.report is not None:
            page = html_report(measured, f"Evaluation of {wanted.questions.name}")
            await asyncio.to_thread(_write, wanted.report, page, "report")
        found = measured.to_json() | _digests(read)
        if wanted.save is not None:
            await asyncio.to_thread(_write, wanted.save, json.dumps(found, indent=2) + "\n", "baseline")
        if wanted.as_json:
            print_json(found)
        else:
            print_table(("measure", "value"), list(_rows(found)))
        return _compared(read, found, wanted.baseline)

    return execute(settings, work)


def _read(wanted: Wanted) -> _Read:
    rows = read_question_set(wanted.questions)
    talks = read_conversations(wanted.questions)
    if wanted.conversations is not None:
        talks += read_conversations(wanted.conversations)
        if not talks:
            raise QuestionSetError(f'{wanted.conversations} holds no conversations: lines with "turns"')
    before = None if wanted.baseline is None else read_baseline(wanted.baseline)
    return _Read(rows, talks, before, dict(_tolerance(text) for text in wanted.tolerances))


def _tolerance(text: str) -> tuple[str, float]:
    name, _, value = text.rpartition("=")
    try:
        found = float(value)
    except ValueError:
        found = -1.0
    if found < 0:
        raise BadParameter(f"--tolerance {text}: write a number from 0, or NAME=number")
    if name and not is_measure(name):
        raise BadParameter(
            f"--tolerance {text}: {name} is not compared; names are those of --json, a.b for nested"
        )
    return name, found


async def _extras(app: App, wanted: Wanted, read: _Read) -> Extras:
    index, library = await app.index(), await app.library()
    golds = {gold for row in read.rows for gold in row.gold}
    refs = await library.revisions()
    if not refs:
        raise BotError(f"there is nothing to measure. {NO_ARTICLES}")
    named = {name: ref for ref in refs for name in (ref.id, str(ref)) if name in golds}
    _tell_absent(golds - named.keys())
    articles = {article.ref: article for article in await library.load(set(named.values()))}
    found = {name: articles[ref] for name, ref in named.items() if ref in articles}
    judge = None
    if wanted.answers:
        judge = AnswerJudge(
            await app.answering(), lambda question: Grounder(app.embedding, question), index.passages_of
        )
    return Extras(
        judge,
        _voices(app) if wanted.answers else (),
        {name: article.labels[0] if article.labels else article.source for name, article in found.items()},
        {name: Expected(article.title, article.body) for name, article in found.items()},
        tuple(read.talks),
        _rewrite,
    )


def _tell_absent(names: set[str]) -> None:
    """Say which expected articles there are none of: their questions count as not found, whatever retrieval does."""
    if names:
        first = ", ".join(sorted(names)[:_SHOWN]) + (", …" if len(names) > _SHOWN else "")
        note(
            f"{len(names)} of the articles in gold_article_ids are not in the library, so that their questions "
            f"count as not found: {first}"
        )


async def _rewrite(said: str, searched: Sequence[str]) -> str:
    return standalone(said, searched)


def _voices(app: App) -> tuple[Persona, ...]:
    """Give the bot's own persona, and the shipped ones where their answers cost nothing."""
    own = load_persona(app.settings.persona.default)
    if app.settings.llm.model:
        return (own,)
    others = (load_persona(name) for name in shipped_personas())
    return (own, *(persona for persona in others if persona.digest != own.digest))


def _digests(read: _Read) -> dict[str, str]:
    rows = [(row.id, row.text, row.gold, row.answerable, row.exclude) for row in read.rows]
    talks = [
        (t.first, [(turn.said, turn.standalone, sorted(turn.gold)) for turn in t.turns]) for t in read.talks
    ]
    found = {"questions_digest": revision_of(*(part for row in rows for part in row))}
    return found | ({"conversations_digest": revision_of(talks)} if talks else {})


def _compared(read: _Read, found: dict[str, Any], baseline: Path | None) -> int:
    if read.before is None:
        return 0
    try:
        worse = regressions(read.before, found, read.tolerances)
    except BaselineError as error:
        raise BotError(f"{baseline}: {error}") from error
    for regression in worse:
        note(f"worse than {baseline}: {regression}")
    if not worse:
        note(f"Nothing is worse than in {baseline}.")
    return REGRESSED if worse else 0


def _check_writable(path: Path, what: str) -> None:
    """Refuse, before minutes are spent, a file that cannot be written. Raises BadParameter."""
    is_new = not path.exists()
    try:
        path.open("ab").close()
        if is_new:
            path.unlink()
    except OSError as error:
        raise BadParameter(
            f"the {what} {path} cannot be written ({error.strerror}); name a file in a folder that is there"
        ) from error


def _write(path: Path, text: str, what: str) -> None:
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise BotError(f"the {what} {path} cannot be written: {error.strerror}") from error
    note(f"The {what} is in {path}.")


def _rows(measures: dict[str, Any], prefix: str = "") -> list[tuple[str, str]]:
    rows: list[tuple[str, str]] = []
    for name, value in measures.items():
        if isinstance(value, dict):
            rows += _rows(value, f"{prefix}{name} ")
        elif isinstance(value, list):
            rows.append((prefix + name, " to ".join(f"{end:g}" for end in value)))
        elif not isinstance(value, str):
            rows.append((prefix + name, f"{value:g}"))
    return rows
