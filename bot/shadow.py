"""Shadow mode: an answer is a draft until somebody of the desk has sent it."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import structlog

from bot import replies
from bot.commands.words import plain
from bot.errors import CommandError, NotAllowed
from bot.inbox import key_of
from bot.places import address_of
from connectors.base import Action, Address, Link, Reply
from connectors.forms import Field, Form
from knowledge.models import PUBLIC, ArticleRef, Verdict

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from bot.access import Access
    from bot.asking import Answered, Asker
    from bot.outbox import Outbox
    from bot.proposals import Proposals
    from config.persona import Persona
    from connectors.base import Command, IncomingMessage
    from knowledge.library import ArticleLibrary
    from knowledge.models import Answer

KIND = "draft"
KEPT = timedelta(days=7)
"""Nobody waits longer for an answer."""
BEING_LOOKED_AT = Reply(
    "Somebody of the help desk looks at my answer before it goes out. It will stand here then.", private=True
)
GONE = "This draft was taken care of already, or it is too old."
_DRAFTED = frozenset({Verdict.ANSWERED, Verdict.UNSURE})
_QUESTION_SHOWN = 600


class Shadow:
    """Lays drafts before the staff channel, and posts what is sent from there, once."""

    def __init__(
        self,
        *,
        access: Access,
        asker: Asker,
        proposals: Proposals,
        outbox: Outbox,
        library: ArticleLibrary,
        clock: Callable[[], datetime],
        staff_channel: str = "",
        old: timedelta | None = None,
    ) -> None:
        self._access = access
        self._asker = asker
        self._proposals = proposals
        self._outbox = outbox
        self._library = library
        self._clock = clock
        self._staff_channel = staff_channel
        self._old = old
        self._log = structlog.get_logger()

    def staff_of(self, address: Address) -> Address | None:
        """Give where the drafts for a channel are read."""
        channel = self._access.channel(address)
        name = (channel.staff if channel else None) or self._staff_channel
        return address_of(name) if name else None

    def covers(self, event: IncomingMessage) -> bool:
        """Whether the answer to this message is a draft; what is said to the bot alone never is."""
        channel = self._access.channel(event.address)
        return not event.direct and channel is not None and channel.mode == "shadow"

    def audience(self, event: IncomingMessage, audience: frozenset[str] | None) -> frozenset[str] | None:
        """Give the labels that the readers of the staff channel hold as well: they read the draft."""
        staff = self.staff_of(event.address)
        return audience if staff is None else _both(audience, self._access.channel_audience(staff))

    async def offer(self, event: IncomingMessage, answered: Answered, persona: Persona) -> Reply | None:
        """Lay the draft before the staff; give what whoever asked is told meanwhile.

        What has no answer is laid before them only if somebody asked the bot. Small talk needs nobody.
        """
        answer, staff = answered.answer, self.staff_of(event.address)
        if answer.verdict in {Verdict.SMALLTALK, Verdict.ERROR}:
            return replies.from_answer(answer, persona, self._clock()) if event.addressed else None
        if not event.addressed and answer.verdict not in _DRAFTED:
            return None
        if staff is None:
            self._log.warning("draft_has_no_readers", platform=event.address.platform)
            return None
        payload = {
            "address": asdict(event.address),
            "staff": asdict(staff),
            "asker": event.sender.name or event.sender.id,
            "person": event.sender.id,
            "outsiders": event.outsiders,
            "searched": answered.searched,
        } | self._draft(answer, persona)
        draft = await self._kept(payload)
        await self._outbox.put(f"draft/{key_of(event)}", staff, draft)
        return BEING_LOOKED_AT if event.addressed else None

    async def form(self, command: Command) -> Form:
        """Give the draft to be changed. Raises CommandError."""
        payload = self._allowed(command, await self._proposals.peek(command.arguments.strip(), KIND))
        answer = Field("text", "Answer", str(payload["text"]), kind="text")
        return Form("draft_edit", "Edit the answer", (answer,), command.arguments.strip(), submit="Send")

    async def send(self, command: Command, text: str = "") -> Reply:
        """Post the draft, or `text` in its place, where it was asked. Raises CommandError.

        A draft whose articles changed meanwhile, or are not for that channel any more, is not posted but made anew.
        """
        payload = await self._taken(command)
        address = Address(**payload["address"])
        standing = await self._standing(payload, self._readers(payload, address))
        if not text and len(standing) < len(payload["cited"]):
            return await self._anew(payload, address)
        links = self._links(standing)
        words, answer_id = text or str(payload["text"]), str(payload["answer_id"])
        reply = Reply(words, links, replies.actions(answer_id), reference=answer_id)
        await self._outbox.put(f"draft/{command.arguments.strip()}/sent", address, reply)
        self._log.info("draft_sent", answer_id=answer_id, edited=bool(text))
        done = "Edited and sent" if text else "Sent"
        return Reply(f"{_head(payload)}\n\n{words}\n\n*{done} by {_who(command)}.*", links, replaces=True)

    async def discard(self, command: Command) -> Reply:
        """Post nothing. Raises CommandError."""
        payload = await self._taken(command)
        self._log.info("draft_discarded", answer_id=payload["answer_id"])
        return Reply(f"{_head(payload)}\n\n*Discarded by {_who(command)}.*", replaces=True)

    async def _kept(self, payload: Mapping[str, Any], note: str = "") -> Reply:
        draft_id = await self._proposals.keep(KIND, payload, str(payload["person"]), KEPT)
        actions = (
            Action("draft_send", "Send", draft_id),
            Action("draft_edit", "Edit", draft_id),
            Action("draft_discard", "Discard", draft_id),
        )
        parts = [note, _head(payload), str(payload["text"])]
        text = "\n\n".join(part for part in parts if part)
        return Reply(text, self._links(payload["cited"]), actions, replaces=bool(note))

    async def _anew(self, payload: Mapping[str, Any], address: Address) -> Reply:
        audience = _both(
            self._readers(payload, address), self._access.channel_audience(Address(**payload["staff"]))
        )
        answer, persona = await self._asker.ask_for(str(payload["searched"]), address, audience)
        drafted = self._draft(answer, persona)
        note = "**Not sent:** what it stood on has changed meanwhile. This is the answer as of now:"
        return await self._kept({**payload, **drafted, "question": payload["question"]}, note)

    def _draft(self, answer: Answer, persona: Persona) -> dict[str, Any]:
        shown = replies.from_answer(answer, persona, self._clock(), old=self._old)
        articles = {ArticleRef(one.source, one.article_id): one for one in answer.citations or answer.closest}
        cited = [
            {
                "ref": list(ref),
                "revision": one.revision,
                "title": one.title,
                "url": replies.web_url(one.url),
                "updated_at": one.updated_at.isoformat() if one.updated_at else "",
            }
            for ref, one in articles.items()
        ]
        return {"question": answer.question, "text": shown.text, "cited": cited, "answer_id": answer.id}

    async def _taken(self, command: Command) -> dict[str, Any]:
        draft_id = command.arguments.strip()
        self._allowed(command, await self._proposals.peek(draft_id, KIND))
        payload = await self._proposals.take(draft_id, KIND)
        return self._allowed(command, payload)

    def _allowed(self, command: Command, payload: dict[str, Any] | None) -> dict[str, Any]:
        """Give the draft to whoever stands in its staff channel, and to admins. Raises CommandError."""
        if payload is None:
            raise CommandError(GONE)
        here, staff = command.address, Address(**payload["staff"])
        is_staff = (here.platform, here.channel) == (
            staff.platform,
            staff.channel,
        ) and not command.sender.guest
        if not is_staff and not self._access.is_admin(here, command.sender):
            raise NotAllowed("drafts are for the people of the staff channel.")
        return payload

    def _readers(self, payload: Mapping[str, Any], address: Address) -> frozenset[str] | None:
        return frozenset({PUBLIC}) if payload["outsiders"] else self._access.channel_audience(address)

    def _links(self, cited: Sequence[Mapping[str, Any]]) -> tuple[Link, ...]:
        now = self._clock()
        return tuple(Link(str(one["title"]), one["url"], _age(one.get("updated_at"), now)) for one in cited)

    async def _standing(
        self, payload: Mapping[str, Any], readers: frozenset[str] | None
    ) -> list[Mapping[str, Any]]:
        """Give the articles of the draft that are as they were, and for these readers."""
        current = await self._library.current(ArticleRef(*one["ref"]) for one in payload["cited"])
        standing = []
        for one in payload["cited"]:
            revision, audience = current.get(ArticleRef(*one["ref"]), ("", frozenset()))
            if revision == one["revision"] and (readers is None or readers & audience):
                standing.append(one)
        return standing


def _both(one: frozenset[str] | None, other: frozenset[str] | None) -> frozenset[str] | None:
    if one is None or other is None:
        return other if one is None else one
    return one & other


def _age(updated_at: str | None, now: datetime) -> str:
    return f"updated {replies.ago(datetime.fromisoformat(updated_at), now)}" if updated_at else ""


def _head(payload: Mapping[str, Any]) -> str:
    asker, question = plain(str(payload["asker"]), 80), plain(str(payload["question"]), _QUESTION_SHOWN)
    return f"**{asker} asked:**\n> {question}"


def _who(command: Command) -> str:
    return plain(command.sender.name or command.sender.id, 80)
