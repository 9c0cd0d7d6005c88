"""Personas: in whose voice the bot speaks."""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import asdict, dataclass, field, fields, replace
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from config.errors import ConfigError, PersonaError
from config.nearest import did_you_mean, is_likely, nearest
from config.style import Style, style_of, style_problems
from config.toml_file import absolute, read_toml

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

_SHIPPED = Path(__file__).parent / "personas"
_LANGUAGE = re.compile(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*")
_REQUIRED = ("name", "instructions", "greeting", "no_answer", "apology")
_LONGEST = {
    "name": 64,
    "instructions": 8_000,
    "greeting": 1_000,
    "no_answer": 500,
    "apology": 500,
    "sign_off": 200,
    "thanks": 500,
}
"""Characters. What is said in chat must leave room for an answer: Discord takes 2,000 in a message."""

_SAID = ("greeting", "no_answer", "apology", "thanks")
"""What the words of one more language must have; `sign_off` they may have."""


@dataclass(frozen=True, slots=True)
class Words:
    """What a persona says of itself in one more language, a BCP 47 tag; see Persona."""

    language: str
    greeting: str
    no_answer: str
    apology: str
    thanks: str
    sign_off: str = ""


@dataclass(frozen=True, slots=True)
class Persona:
    """A voice, from a TOML file. It changes the words around the facts, never the facts.

    `tone` are rules such as "short sentences". `no_answer` is said when the articles do not answer: whole
    sentences without placeholders, followed by the closest articles' titles and the offer of a person.
    `apology` is said when something failed, followed by a reference such as "(ref 3f2a)". `greeting` opens a
    chat and answers "hi". `sign_off` may end an answer, and may be empty. `thanks`
    answers "thank you". `language` is their BCP 47 tag, and `words` are the same in other languages. `style` is
    what rules can measure of all this.
    """

    name: str
    instructions: str
    greeting: str
    no_answer: str
    apology: str
    tone: tuple[str, ...] = ()
    sign_off: str = ""
    language: str = "en"
    thanks: str = "You're welcome!"
    style: Style = field(default_factory=Style)
    words: tuple[Words, ...] = ()

    def speaking(self, language: str | None) -> Persona:
        """Give the same voice in that language, a BCP 47 tag; itself for None, or where it has no words for it."""
        if language is None or _primary(language) == _primary(self.language):
            return self
        return _speaking(self, _primary(language))

    @property
    def digest(self) -> str:
        """Changes when anything of the persona changes; part of the answer cache's key."""
        return _digest(self)


def _primary(language: str) -> str:
    return language.replace("_", "-").split("-")[0].lower()


@lru_cache(maxsize=256)
def _speaking(persona: Persona, language: str) -> Persona:
    for words in persona.words:
        if _primary(words.language) == language:
            said = {key.name: getattr(words, key.name) for key in fields(Words)}
            return replace(persona, **said)
    return persona


@lru_cache(maxsize=256)  # every question asks for it
def _digest(persona: Persona) -> str:
    text = json.dumps(asdict(persona), ensure_ascii=False, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def shipped_personas() -> tuple[str, ...]:
    """Name the personas that come with the bot, in alphabetical order."""
    return tuple(sorted(path.stem for path in _SHIPPED.glob("*.toml")))


def is_persona_path(text: str) -> bool:
    """Whether it is the path of a persona's file; else it is the name of a shipped one."""
    return text.endswith(".toml") or "/" in text or "\\" in text


def load_persona(name_or_path: str, base: Path = Path()) -> Persona:
    """Load a shipped persona by its name, or one's own by the path of its file, relative to `base`.

    A path is whatever ends in `.toml` or has a slash in it: pass on what somebody wrote in a chat only after
    `is_persona_path` has said no.

    Raises:
        PersonaError: no shipped persona has that name, or the file is missing or broken.
    """
    if is_persona_path(name_or_path):
        return _read(absolute(name_or_path, base))
    shipped = shipped_personas()
    if name_or_path not in shipped:
        guess = nearest(name_or_path, shipped)
        hint = f" (did you mean {guess}?)" if guess and is_likely(name_or_path, guess) else ""
        raise PersonaError(
            f'there is no persona "{name_or_path}"{hint}; '
            f"write {', '.join(shipped)}, or the path of your own TOML file"
        )
    return _read(_SHIPPED / f"{name_or_path}.toml")


def _read(path: Path) -> Persona:
    try:
        document = read_toml(path)
    except ConfigError as error:
        raise PersonaError(error.problems) from None
    problems = [f"{path}: {problem}" for problem in _problems(document)]
    if problems:
        raise PersonaError(problems)
    texts = {key: value.strip() for key, value in document.items() if key not in {"tone", "style", "words"}}
    words = tuple(
        Words(language, **{key: value.strip() for key, value in said.items()})
        for language, said in document.get("words", {}).items()
    )
    style = style_of(document.get("style", {}))
    return Persona(**texts, tone=tuple(document.get("tone", ())), style=style, words=words)


def _problems(document: dict[str, Any]) -> Iterator[str]:
    known = [each.name for each in fields(Persona)]
    for key in document:
        if key not in known:
            yield f"{key} is not a key of a persona; {did_you_mean(key, known)}"
    for key in _REQUIRED:
        if key not in document:
            yield f'{key} is missing; add {key} = "…"'
    for key, value in document.items():
        if key in _LONGEST or key == "language":
            yield from _text_problems(key, value)
    tone = document.get("tone", [])
    if not isinstance(tone, list) or not all(isinstance(rule, str) and rule.strip() for rule in tone):
        yield 'tone is not a list of rules; write tone = ["short sentences"]'
    yield from style_problems(document.get("style", {}))
    yield from _words_problems(document.get("words", {}))


def _words_problems(words: object) -> Iterator[str]:
    if not isinstance(words, dict) or not all(isinstance(said, dict) for said in words.values()):
        yield "words is not a table a language; write [words.de] and below it greeting, no_answer, apology, thanks"
        return
    for language, said in words.items():
        where = f"words.{language}"
        if not _LANGUAGE.fullmatch(language):
            yield f'[{where}] names no language tag; write one such as "de" or "pt-BR"'
        known = [each.name for each in fields(Words) if each.name != "language"]
        for key in said:
            if key not in known:
                yield f"{where}.{key} is not a key of a persona's words; {did_you_mean(key, known)}"
        for key in _SAID:
            if key not in said:
                yield f'{where}.{key} is missing; add {key} = "…" to [{where}]'
        for key in sorted(set(known) & said.keys()):
            yield from (f"{where}.{problem}" for problem in _text_problems(key, said[key], _SAID))


def _text_problems(key: str, value: object, required: Collection[str] = _REQUIRED) -> Iterator[str]:
    if not isinstance(value, str):
        yield f'{key} is not text; write {key} = "…"'
    elif key == "language":
        if not _LANGUAGE.fullmatch(value):
            yield f'language = {value!r} is no language tag; write one such as "en" or "pt-BR"'
    elif not value.strip() and key in required:
        yield f'{key} is empty; write {key} = "…"'
    elif len(value) > _LONGEST[key]:
        yield f"{key} has {len(value)} characters; {_LONGEST[key]} are the most"
