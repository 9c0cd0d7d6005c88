"""The prompt: templates in files, filled with a persona, passages and a question, all of them quoted as data."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from string import Template
from typing import TYPE_CHECKING, Any

from config.style import ADDRESSES
from knowledge.answering.blocks import clean
from knowledge.answering.grounding.hidden import visible
from knowledge.answering.phrases import phrases
from knowledge.models import revision_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from config.persona import Persona
    from config.style import Style
    from knowledge.answering.ground import Unsupported
    from knowledge.models import Passage

PROMPT_VERSION = "2"
"""Moves with the code of this file; the templates' own text is in the digest anyway."""

NO_ANSWER = "NO_ANSWER"
_NAMES = ("answer.system.txt", "answer.user.txt", "complaint.txt")
_SHOWN_COMPLAINTS = 5


@dataclass(frozen=True, slots=True)
class Prompt:
    """What a model is sent."""

    system: str
    user: str

    @property
    def text(self) -> str:
        """All of it, to estimate its length."""
        return self.system + self.user

    def messages(self) -> list[Any]:
        """Give it as Haystack's messages."""
        from haystack.dataclasses import ChatMessage  # noqa: PLC0415 - torch is blocked before Haystack comes in

        return [ChatMessage.from_system(self.system), ChatMessage.from_user(self.user)]


@lru_cache(maxsize=1)
def _templates() -> dict[str, str]:
    folder = files("knowledge.answering.llm").joinpath("prompts")
    return {name: folder.joinpath(name).read_text(encoding="utf-8") for name in _NAMES}


def prompt_digest() -> str:
    """Give what changes with any of the templates; part of the answer cache's key."""
    return revision_of(PROMPT_VERSION, _templates())


def answer_prompt(
    question: str,
    passages: Sequence[Passage],
    persona: Persona,
    *,
    language: str,
    max_characters: int,
    complaints: Sequence[Unsupported] = (),
) -> Prompt:
    """Ask for an answer from `passages`, numbered from 1 in their order.

    The fence is drawn anew each time, so that no text can close it. Hidden characters, comments, images and HTML tags
    are taken out of what is quoted: a reader of the article does not see them either.
    """
    fence = secrets.token_hex(6)
    fill = {
        "instructions": persona.instructions.strip(),
        "tone": "\n".join(f"- {rule}" for rule in (*persona.tone, *_measured(persona.style)))
        or "- plain words",
        "language": phrases("en").languages.get(language.split("-", maxsplit=1)[0].lower(), language),
        "max_characters": str(max_characters),
        "fence": fence,
        "passages": "\n".join(_quoted(n, passage, fence) for n, passage in enumerate(passages, start=1)),
        "question": visible(question),
        "complaint": _complaint(complaints),
    }
    return Prompt(*(Template(_templates()[name]).substitute(fill).strip() for name in _NAMES[:2]))


def _measured(style: Style) -> Iterator[str]:
    """Put into words what the answer's style is measured by."""
    if style.max_sentences:
        yield f"at most {style.max_sentences} sentences beside steps and lists"
    if style.max_sentence_words:
        yield f"at most {style.max_sentence_words} words in a sentence"
    if style.address:
        language = phrases("en").languages[ADDRESSES[style.address]]
        yield f'in {language}, call the reader "{style.address}" and nothing else'
    allowed = {
        "contractions": style.contractions,
        "emoji": style.emoji,
        "exclamation marks": style.exclamation_marks,
    }
    yield from (f"no {name}" for name, may in allowed.items() if not may)
    if style.forbidden:
        yield f"never write: {', '.join(style.forbidden)}"


def _quoted(number: int, passage: Passage, fence: str) -> str:
    date = f", of {passage.updated_at.date().isoformat()}" if passage.updated_at else ""
    place = " > ".join([passage.title, *passage.heading_path])
    text = clean(visible(passage.text))
    return f"<<<{fence} passage [{number}]{date}\n{visible(place)}\n\n{text}"


def _complaint(dropped: Sequence[Unsupported]) -> str:
    if not dropped:
        return ""
    lines = "\n".join(f"- {' '.join(d.text.split())[:200]}: {d.reason}" for d in dropped[:_SHOWN_COMPLAINTS])
    return Template(_templates()["complaint.txt"]).substitute(dropped=lines).rstrip()
