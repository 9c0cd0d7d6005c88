"""`helpdesk-bot ask`."""

import sys
from pathlib import Path
from typing import Any

from bot import replies
from bot.app import App
from bot.cli.output import NO_ARTICLES, note, print_json, say
from bot.cli.runtime import execute, settings_from, sync_new_sources
from bot.personas import spoken_language
from config.persona import load_persona
from connectors.base import Reply
from connectors.console_view import MAX_WIDTH, to_plain, to_renderable
from knowledge.models import Answer, Verdict


def ask_once(
    config: Path | None,
    question: str,
    *,
    as_json: bool,
    persona: str | None,
    audience: frozenset[str] | None,
    use_cache: bool,
) -> int:
    """Answer one question; gives 1 when it could not be answered because something failed."""
    settings = settings_from(config)
    speaking = load_persona(persona or settings.persona.default).speaking(spoken_language(question))

    async def work(app: App) -> int:
        await sync_new_sources(app)
        if not await (await app.library()).count():
            note(NO_ARTICLES)
        helpdesk = await app.helpdesk()
        answer = await helpdesk.answer(question, audience=audience, persona=speaking, use_cache=use_cache)
        if as_json:
            print_json(answer_json(answer))
        else:
            show(replies.from_answer(answer, speaking, app.clock(), old=settings.answer.old))
        return 1 if answer.verdict is Verdict.ERROR else 0

    return execute(settings, work)


def answer_json(answer: Answer) -> dict[str, Any]:
    """Give an answer as scripts read it."""
    return {
        "answer_id": answer.id,
        "verdict": answer.verdict.value,
        "text": answer.text,
        "citations": [
            {
                "article_id": citation.article_id,
                "title": citation.title,
                "url": citation.url,
                "revision": citation.revision,
                "updated_at": citation.updated_at,
                "quote": citation.quote,
            }
            for citation in answer.citations
        ],
        "confidence": round(answer.confidence, 4),
        "cache": answer.cache.value,
        "persona": answer.persona,
        "timings_ms": dict(answer.timings_ms),
    }


def show(reply: Reply) -> None:
    """Write a reply: rendered on a terminal, as plain text otherwise."""
    if not sys.stdout.isatty():
        say(to_plain(reply))
        return
    from rich.console import Console  # noqa: PLC0415 - a pipe does not need it

    console = Console(highlight=False)
    view = to_renderable(reply, shows_links=console.color_system is not None)
    console.print(view, width=min(console.width, MAX_WIDTH))
