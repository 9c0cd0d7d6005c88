"""`helpdesk-bot cache stats|clear|explain`."""

import sys
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import typer
from typer import BadParameter

from bot.app import App
from bot.cli.output import note, print_json, say
from bot.cli.runtime import execute, settings_from
from bot.errors import CommandError
from bot.helpdesk import clean, standalone, without_articles
from bot.personas import spoken_language
from config.persona import load_persona
from knowledge.answering.cached import CacheExplanation
from knowledge.models import CorpusVersion

COUNTED = timedelta(days=7)
_GONE = (
    "the cache is off ([cache] enabled = false), or Redis cannot be reached; `helpdesk-bot check` says which"
)


@dataclass(frozen=True, slots=True)
class Asked:
    """A question with what decides its key."""

    text: str
    audience: frozenset[str] | None
    sources: frozenset[str] | None
    persona: str | None


def tell_stats(config: Path | None, *, as_json: bool) -> int:
    """Print how much is kept, and how the questions of the last days were answered."""

    async def work(app: App) -> int:
        found = await (await app.answer_cache()).survey()
        if found is None:
            raise CommandError(_GONE)
        questions = await (await app.questions()).cached(app.clock() - COUNTED)
        if as_json:
            print_json(
                {
                    "entries": found.entries,
                    "bytes": found.size,
                    "oldest": found.oldest,
                    "max_entries": app.settings.cache.max_entries,
                    "questions": questions,
                }
            )
            return 0
        say(f"answers kept: {found.entries:,} of at most {app.settings.cache.max_entries:,}")
        say(f"size: {found.size:,} bytes")
        say(f"oldest: {found.oldest:%Y-%m-%d %H:%M:%S} UTC" if found.oldest else "oldest: none")
        asked = sum(questions.values())
        say(f"questions from chats in the last {COUNTED.days} days: {asked:,}")
        for outcome, number in sorted(questions.items(), key=lambda pair: -pair[1]):
            say(f"  {outcome}: {number:,} ({number / asked:.0%})")
        return 0

    return execute(settings_from(config), work)


def clear_all(config: Path | None, *, yes: bool, as_json: bool) -> int:
    """Forget all answers after asking; gives 1 when nothing was forgotten because nobody agreed."""
    settings = settings_from(config)
    if not yes and not sys.stdin.isatty():
        raise BadParameter("nobody is here to ask: say --yes to clear the cache")

    async def work(app: App) -> int:
        if not yes and not typer.confirm("Forget all cached answers?", err=True):
            note("Nothing was forgotten.")
            return 1
        cleared = await (await app.answer_cache()).clear()
        if cleared is None:
            raise CommandError(_GONE)
        if as_json:
            print_json({"cleared": cleared})
        else:
            say(f"Forgot {cleared:,} cached answers.")
        return 0

    return execute(settings, work)


def explain_one(config: Path | None, asked: Asked, *, as_json: bool) -> int:
    """Print what the cache would do for a question."""
    settings = settings_from(config)
    persona = load_persona(asked.persona or settings.persona.default).speaking(spoken_language(asked.text))

    async def work(app: App) -> int:
        text = clean(asked.text)
        if without_articles(text, persona) is not None:
            raise CommandError("that is small talk, or too long: it is answered without articles or cache")
        await (await app.evidence()).warm()  # what the gate measured of this desk is part of the key
        answers = await app.cached_answers()
        explanation = await answers.explain(standalone(text, asked.audience, asked.sources), persona)
        table = _table(explanation, asked, persona.name)
        if as_json:
            print_json(table)
            return 0
        for name, value in table.items():
            say(f"{name}: {_words(value)}")
        return 0

    return execute(settings, work)


def _table(explanation: CacheExplanation, asked: Asked, persona: str) -> dict[str, Any]:
    held = explanation.held
    return {
        "outcome": explanation.outcome,
        "why": explanation.why,
        "key": explanation.key,
        "question": explanation.words,
        "audience": "every audience" if asked.audience is None else asked.audience,
        "sources": "all" if asked.sources is None else asked.sources,
        "persona": f"{persona} ({explanation.persona[:12]})",
        "pipeline": explanation.pipeline,
        "entry": held is not None,
        "verdict": None if held is None else held.verdict.value,
        "stamp": _version(explanation.stamp),
        "today": _version(explanation.today),
    }


def _version(version: CorpusVersion | None) -> str | None:
    return None if version is None else f"{version.generation}/{version.counter}"


def _words(value: Any) -> str:
    if isinstance(value, frozenset):
        return ", ".join(sorted(value))
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "-" if value is None else str(value)
