"""What the bot says, made of what it knows. Pure: the same input gives the same words."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from bot.reply_words import reply_words
from connectors.base import Action, Link, Reply
from knowledge.models import Verdict

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime, timedelta

    from bot.reply_words import ReplyWords
    from config.persona import Persona
    from knowledge.models import Answer, Article, Citation, SyncReport

HUMAN = Action("human", reply_words().human)
_SHOWN_FAILURES = 5
_SHOWN_CLOSEST = 3
_LONGEST_WISH = 1_000


def ago(then: datetime, now: datetime) -> str:
    """Say how long ago `then` was, in English, such as "3 weeks ago"."""
    return reply_words().ago(then, now)


def from_answer(
    answer: Answer,
    persona: Persona,
    now: datetime,
    *,
    share: bool = False,
    wish: bool = False,
    old: timedelta | None = None,
) -> Reply:
    """Show an answer with its articles, their dates, and what can be done next.

    `share`: it is for the asker's eyes, and may be answered afresh for the channel. `wish`: whoever asks can be told
    later. An article that was not updated for longer than `old` is marked.
    """
    match answer.verdict:
        case Verdict.SMALLTALK:
            return Reply(answer.text)
        case Verdict.ERROR:
            return apology(persona, answer.id)
        case Verdict.UNANSWERED:
            return _unanswered(answer, persona, now, wish=wish, old=old)
        case Verdict.ANSWERED | Verdict.UNSURE:
            text = answer.text
    if persona.sign_off and answer.verdict is Verdict.ANSWERED:  # under a guess it would be glib
        text = f"{text}\n\n{persona.sign_off}"
    said = reply_words(persona.language)
    shown = links(answer.citations, now, old, said)
    can = actions(answer.id, share=share, said=said)
    return Reply(text, shown, can, reference=answer.id, heading=said.sources)


def actions(answer_id: str, *, share: bool = False, said: ReplyWords | None = None) -> tuple[Action, ...]:
    """Give what can be done with an answer, in the words `said`; without them in English."""
    said = said or reply_words()
    return (
        Action("helpful", said.helpful, answer_id),
        Action("not_helpful", said.not_helpful, answer_id),
        Action("human", said.human),
        Action("sources", said.sources, answer_id),
        *((Action("share", said.share, answer_id),) if share else ()),
    )


def without_human(reply: Reply) -> Reply:
    """Give the reply without the button for a human, where there is none to pass questions on to."""
    return replace(reply, actions=tuple(each for each in reply.actions if each.name != HUMAN.name))


def apology(persona: Persona, reference: str) -> Reply:
    """Say that something failed; the log tells what, under the same reference."""
    human = Action("human", reply_words(persona.language).human)
    return Reply(f"{persona.apology} (ref {reference})", actions=(human,), reference=reference)


def no_files(persona: Persona) -> Reply:
    """Say that a message of pictures and files alone cannot be read."""
    said = reply_words(persona.language)
    return Reply(said.no_files, actions=(Action("human", said.human),))


def too_many(persona: Persona) -> Reply:
    """Tell one person that they asked more than their share."""
    return Reply(reply_words(persona.language).too_many, private=True)


def busy(persona: Persona) -> Reply:
    """Say that all turns are taken."""
    return Reply(reply_words(persona.language).busy)


def links(
    citations: Iterable[Citation],
    now: datetime,
    old: timedelta | None = None,
    said: ReplyWords | None = None,
) -> tuple[Link, ...]:
    """Give one link an article, in the order of the citations, each with its article's age; past `old` a warning."""
    articles: dict[tuple[str, str], Link] = {}
    for citation in citations:
        link = Link(citation.title, web_url(citation.url), _age(citation.updated_at, now, old, said))
        articles.setdefault((citation.source, citation.article_id), link)
    return tuple(articles.values())


def links_to(articles: Iterable[Article], now: datetime, old: timedelta | None = None) -> tuple[Link, ...]:
    """Give one link to each article, with its age."""
    return tuple(Link(one.title, web_url(one.url), _age(one.updated_at, now, old)) for one in articles)


def web_url(url: str | None) -> str | None:
    """Give the URL if a reader can follow it from a chat, else None."""
    try:
        parts = urlsplit(url or "")
    except ValueError:
        return None
    return url if parts.scheme in {"http", "https"} and parts.netloc else None


def from_sync(reports: Sequence[SyncReport]) -> Reply:
    """Tell what a sync did, a line a source."""
    if not reports:
        return Reply("There is no source to sync.", private=True)
    return Reply("\n".join(line for report in reports for line in _sync_lines(report)), private=True)


def sync_counts(report: SyncReport) -> str:
    """Tell what a sync of one source did, without the zeros."""
    counts = [
        f"{number} {name}"
        for number, name in (
            (report.added, "added"),
            (report.updated, "updated"),
            (report.removed, "removed"),
            (report.unchanged, "unchanged"),
            (len(report.failed), "failed"),
        )
        if number
    ]
    return ", ".join(counts) or "no articles"


def sync_line(report: SyncReport) -> str:
    """Tell in one line what a sync of one source did."""
    would = "would be: " if report.dry_run else ""
    return f"{report.source}: {would}{sync_counts(report)} ({report.seconds:.1f} s)"


def held_words(report: SyncReport) -> str:
    """Tell how many articles wait for an admin's word."""
    number = len(report.held)
    many = "1 article that it has no more is" if number == 1 else f"{number} articles that it has no more are"
    return f"{many} kept until an admin confirms"


def addressed_words(report: SyncReport) -> str:
    """Name the articles that speak to the bot, so that somebody looks at them."""
    named = ", ".join(report.addressed[:_SHOWN_FAILURES])
    more = len(report.addressed) - _SHOWN_FAILURES
    named = f"{named} and {more} more" if more > 0 else named
    has = "article has" if len(report.addressed) == 1 else "articles have"
    return f"{len(report.addressed)} {has} text that speaks to the bot; answers leave it out: {named}"


def _sync_lines(report: SyncReport) -> list[str]:
    lines = [f"- {sync_line(report)}"]
    if report.held:
        lines.append(f"  - {held_words(report)}: `confirm {report.source}` shows them and lets them go")
    if report.error:
        lines.append(f"  - stopped early: {report.error}")
    if report.addressed:
        lines.append(f"  - {addressed_words(report)}")
    lines += [f"  - {failed.article_id}: {failed.reason}" for failed in report.failed[:_SHOWN_FAILURES]]
    hidden = len(report.failed) - _SHOWN_FAILURES
    if hidden > 0:
        lines.append(f"  - and {hidden} more; the log names them")
    return lines


def _unanswered(
    answer: Answer, persona: Persona, now: datetime, *, wish: bool, old: timedelta | None
) -> Reply:
    text = answer.text or persona.no_answer
    said = reply_words(persona.language)
    closest = links(answer.closest, now, old, said)[:_SHOWN_CLOSEST]
    if closest:
        text = f"{text}\n\n{said.closest}"
    wishes = wish and len(answer.question) <= _LONGEST_WISH
    human = Action("human", said.human)
    can = (human, Action("wish", said.wish, answer.id)) if wishes else (human,)
    return Reply(text, closest, can, reference=answer.id, heading="")


def _age(
    updated_at: datetime | None, now: datetime, old: timedelta | None, said: ReplyWords | None = None
) -> str:
    if updated_at is None:
        return ""
    said = said or reply_words()
    age = said.updated.format(ago=said.ago(updated_at, now))
    return f"{age}, {said.outdated}" if old is not None and now - updated_at > old else age
