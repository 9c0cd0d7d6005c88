"""What a widget and the bot say to each other, as JSON; docs/web-chat.md describes it. Pure."""

from __future__ import annotations

import hashlib
from dataclasses import asdict
from typing import TYPE_CHECKING, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from connectors.base import Address, Command, IncomingMessage
from connectors.forms import Form
from connectors.once import id_of
from connectors.web.visitors import WEB

if TYPE_CHECKING:
    from datetime import datetime

    from connectors.base import Event, Person, Reply


class Hello(BaseModel):
    """The first frame: which conversation this is, and who speaks. The conversation's id is a secret of the page."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    conversation: str = Field(pattern=r"^[A-Za-z0-9_-]{20,64}$")
    token: str = Field(default="", max_length=8_000)


class Frame(BaseModel):
    """A later frame. `id` is made by the page and the same when it sends the frame again."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    type: Literal["message", "click", "submit"] = "message"
    id: str = Field(pattern=r"^[A-Za-z0-9_-]{8,64}$")
    text: str = Field(default="", max_length=50_000)
    name: str = Field(default="", max_length=80)
    value: str = Field(default="", max_length=8_000)
    fields: dict[str, str] = Field(default_factory=dict, max_length=20)


class Asked(Hello, Frame):
    """Both in one, for a page that speaks HTTP."""


def place(site: str, person: Person, hello: Hello) -> Address:
    """Give the conversation's address: nobody else can name it, not even with its id."""
    own = hashlib.sha256(f"{person.id} {hello.conversation}".encode()).hexdigest()[:32]
    return Address(WEB, f"{site}.{own}", None, site)


def to_event(frame: Frame, address: Address, person: Person, now: datetime) -> Event:
    """Give what a frame says: a question, or a click on a button."""
    if frame.type == "message":
        return IncomingMessage(frame.id, address, person, frame.text, now, direct=True)
    return Command(frame.id, address, person, frame.name, frame.value, now, fields=frame.fields)


def from_outcome(event: Event, outcome: Reply | Form | None) -> dict[str, Any]:
    """Give what came of an event as a frame: a reply, a form that is to be filled in, or silence."""
    if outcome is None:
        return {"type": "silence", "id": id_of(event)}
    return (
        from_form(id_of(event), outcome) if isinstance(outcome, Form) else from_reply(id_of(event), outcome)
    )


def from_reply(event: str, reply: Reply) -> dict[str, Any]:
    """Give a reply as a frame: CommonMark, its sources, its buttons."""
    shown = {"text": reply.text, "links": [asdict(link) for link in reply.links]}
    actions = [asdict(action) for action in reply.actions]
    return {"type": "reply", "id": event, **shown, "actions": actions, "reference": reply.reference}


def from_form(event: str, form: Form) -> dict[str, Any]:
    """Give a form as a frame; it comes back as `submit` with `name`, `value` and `fields`."""
    return {
        "type": "form",
        "id": event,
        "name": form.command,
        "value": form.arguments,
        "title": form.title,
        "submit": form.submit,
        "fields": [asdict(field) for field in form.fields],
    }


def error(event: Event | None, reason: str) -> dict[str, Any]:
    """Say why something was not done."""
    return {"type": "error", "id": id_of(event) if event else "", "reason": reason}


def reason_of(failure: BaseException) -> str:
    """Say what is wrong with what came, without repeating it."""
    if isinstance(failure, ValidationError):
        first = failure.errors(include_input=False, include_url=False)[0]
        return f"{'.'.join(map(str, first['loc'])) or 'the frame'}: {first['msg']}"
    return str(failure) or "nothing came in time"
