"""Forms as Discord's modals, and back. Pure.

A modal holds five components, a text input 4,000 characters. A longer text is cut over several inputs, each named
by its place and by what stood at the cut: Discord may take blanks off both ends of an input.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import discord

from connectors.discord.format import length, shortened

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from connectors.forms import Field, Form

FORM_PREFIX = "helpdesk-form"
"""Every form's custom id is `helpdesk-form:COMMAND:ARGUMENTS`."""
COMPONENTS = 5
"""discord.com/developers/docs/components/reference: of a modal, and the limits below."""
TITLE_LIMIT = 45
LABEL_LIMIT = 45
HINT_LIMIT = 100
TEXT_LIMIT = 4_000
OPTIONS = 25
OPTION_LIMIT = 100
FORM_SECONDS = 900
NEARLY_FULL = 3_000

_SEPARATORS = {"p": "\n\n", "l": "\n", "s": " ", "n": ""}
_PART = re.compile(r"(?P<name>.+)~(?P<place>\d)(?P<separator>[plsn])")


@dataclass(frozen=True, slots=True)
class Submitted:
    """A form that came back: the command, what stood for its arguments, and what was filled in."""

    command: str
    arguments: str
    fields: dict[str, str]


def to_modal(form: Form, arguments: str) -> discord.ui.Modal | None:
    """Give the form as a modal, `arguments` in its custom id; None when it does not fit into one.

    Where it does not, fields that are empty and may stay so are left out, the last first.
    """
    fields = list(form.fields)
    cuts = {field.name: cut(field.value) for field in fields if field.kind == "text"}
    room = COMPONENTS - len(fields) - sum(len(pieces) - 1 for pieces in cuts.values())
    for field in reversed(form.fields):
        if room < 0 and not field.required and not field.value:
            fields.remove(field)
            cuts.pop(field.name, None)
            room += 1
    if room < 0 or any(field.kind == "line" and length(field.value) > TEXT_LIMIT for field in fields):
        return None
    for pieces in cuts.values():
        if room and length(pieces[-1][0]) > NEARLY_FULL:
            pieces[-1] = (pieces[-1][0], "p")
            pieces.append(("", "n"))
            room -= 1
    modal = discord.ui.Modal(
        title=shortened(form.title, TITLE_LIMIT),
        timeout=FORM_SECONDS,
        custom_id=f"{FORM_PREFIX}:{form.command}:{arguments}",
    )
    for field in fields:
        for label in _labels(field, cuts.get(field.name, ())):
            modal.add_item(label)
    return modal


def to_files(form: Form) -> dict[str, str]:
    """Give the texts of a form that fits into no modal as files, each under the heading that its title is."""
    title = next((" ".join(field.value.split()) for field in form.fields if field.name == "title"), "")
    return {
        f"{field.name}.md": f"# {title}\n\n{field.value}" if title else field.value
        for field in form.fields
        if field.kind == "text" and field.value
    }


def submitted(data: Mapping[str, Any]) -> Submitted | None:
    """Read a form that was sent; None for what is no form of ours.

    It is read from what Discord sent, not from a form in memory: another process may have shown it.
    """
    prefix, _, rest = str(data.get("custom_id", "")).partition(":")
    if prefix != FORM_PREFIX:
        return None
    command, _, arguments = rest.partition(":")
    return Submitted(command, arguments, joined(_values(data.get("components", ()))))


def cut(text: str) -> list[tuple[str, str]]:
    """Cut a text into pieces that an input takes, each with the letter of the blank that was left out after it."""
    pieces = []
    while length(text) > TEXT_LIMIT:
        window = text[:TEXT_LIMIT]
        while length(window) > TEXT_LIMIT:
            window = window[: len(window) - (length(window) - TEXT_LIMIT + 1) // 2]
        letter, place = _border(window)
        pieces.append((text[:place], letter))
        text = text[place + len(_SEPARATORS[letter]) :]
    return [*pieces, (text, "n")]


def joined(values: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Put the pieces of texts together again; the rest is as it came."""
    fields: dict[str, str] = {}
    waiting: dict[str, str] = {}
    for identity, value in values:
        found = _PART.fullmatch(identity)
        if found is None:
            fields[identity] = value
            continue
        name = found["name"]
        before = fields.setdefault(name, "")
        if value:
            fields[name] = f"{before}{waiting.get(name, '') if before else ''}{value}"
        if value or name not in waiting:
            waiting[name] = _SEPARATORS[found["separator"]]
    return fields


def _border(window: str) -> tuple[str, int]:
    for letter, separator in _SEPARATORS.items():
        place = window.rfind(separator, len(window) // 2)
        if place > 0:
            return letter, place
    return "n", len(window)


def _labels(field: Field, pieces: Sequence[tuple[str, str]]) -> Iterator[discord.ui.Label[Any]]:
    """Give the components of a field, each under its name."""
    hint = shortened(field.hint, HINT_LIMIT) or None
    if field.kind == "choice" and field.options:
        yield discord.ui.Label(
            text=shortened(field.label, LABEL_LIMIT), description=hint, component=_select(field)
        )
        return
    if field.kind != "text":
        pieces = [(field.value, "n")]
    style = discord.TextStyle.paragraph if field.kind == "text" else discord.TextStyle.short
    for place, (value, letter) in enumerate(pieces):
        numbered = f" ({place + 1} of {len(pieces)})" if len(pieces) > 1 else ""
        component: discord.ui.TextInput[Any] = discord.ui.TextInput(
            custom_id=field.name if len(pieces) == 1 else f"{field.name}~{place}{letter}",
            style=style,
            default=value or None,
            required=field.required and place == 0,
            max_length=TEXT_LIMIT,
        )
        words = f"{shortened(field.label, LABEL_LIMIT - len(numbered))}{numbered}"
        yield discord.ui.Label(text=words, description=hint if place == 0 else None, component=component)


def _select(field: Field) -> discord.ui.Select[Any]:
    known = {
        option.value: option for option in reversed(field.options) if 0 < length(option.value) <= OPTION_LIMIT
    }
    chosen = [known[field.value]] if field.value in known else []
    options = [*chosen, *(option for option in reversed(known.values()) if option not in chosen)]
    return discord.ui.Select(
        custom_id=field.name,
        required=field.required,
        min_values=1 if field.required else 0,
        options=[
            discord.SelectOption(
                label=shortened(option.label, OPTION_LIMIT) or option.value,
                value=option.value,
                default=option in chosen,
            )
            for option in options[:OPTIONS]
        ],
    )


def _values(components: Iterable[Mapping[str, Any]]) -> Iterator[tuple[str, str]]:
    for component in components:
        if "value" in component:
            yield component["custom_id"], component["value"]
        elif component.get("values"):
            yield component["custom_id"], component["values"][0]
        inner = component.get("components") or ([component["component"]] if "component" in component else [])
        yield from _values(inner)
