"""Personas: the shipped ones and one's own."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from config.errors import ConfigError, PersonaError
from config.persona import Persona, is_persona_path, load_persona, shipped_personas
from config.style import Style

if TYPE_CHECKING:
    from pathlib import Path

OWN = """
name = "pirate"
instructions = "Speak like a pirate."
greeting = "Ahoy!"
no_answer = "That be not in our charts."
apology = "The ship has sprung a leak."
"""


@pytest.mark.parametrize("name", shipped_personas())
def test_a_shipped_persona_is_whole(name: str) -> None:
    """It loads by its file's name, and its sentences can be followed by more: they are whole and plain."""
    persona = load_persona(name)
    assert persona.name == name
    assert persona.tone
    for text in (persona.greeting, persona.no_answer, persona.apology):
        assert text.endswith((".", "!"))
        assert not set("{}[]<>*_`@") & set(text)


@pytest.mark.parametrize("name", shipped_personas())
def test_a_shipped_persona_speaks_the_languages_it_has_words_for(name: str) -> None:
    """Its words are whole sentences in each; name, tone and style stay. The cache tells the languages apart."""
    persona = load_persona(name)
    assert persona.words
    digests = {persona.digest, *(persona.speaking(said.language).digest for said in persona.words)}
    assert len(digests) == 1 + len(persona.words)
    for said in persona.words:
        spoken = persona.speaking(f"{said.language}-XX")
        assert (spoken.language, spoken.name, spoken.tone) == (said.language, persona.name, persona.tone)
        for text in (spoken.greeting, spoken.no_answer, spoken.apology, spoken.thanks):
            assert text.endswith((".", "!"))
            assert not set("{}[]<>*_`@") & set(text)
        assert bool(spoken.sign_off) == bool(persona.sign_off)


def test_a_persona_without_words_for_a_language_stays_as_it_is() -> None:
    """It is never half in one language."""
    persona = load_persona("friendly")
    assert persona.speaking("ja") == persona
    assert persona.speaking(None) == persona
    assert persona.speaking("en-GB") == persona


def test_friendly_concise_formal_and_another_language_are_shipped() -> None:
    """At least the three that the README names, and one that does not speak English."""
    assert {"friendly", "concise", "formal"} <= set(shipped_personas())
    assert {load_persona(name).language for name in shipped_personas()} > {"en"}


def test_personas_differ_in_their_digest() -> None:
    """The digest is part of the cache's key: two voices never share an answer."""
    digests = {load_persona(name).digest for name in shipped_personas()}
    assert len(digests) == len(shipped_personas())


def test_ones_own_is_found_by_its_path(tmp_path: Path) -> None:
    """Relative to the base; what is not said has its default."""
    (tmp_path / "own.toml").write_text(OWN)
    persona = load_persona("own.toml", tmp_path)
    assert persona == load_persona(str(tmp_path / "own.toml"))
    assert persona == Persona(
        "pirate", "Speak like a pirate.", "Ahoy!", "That be not in our charts.", "The ship has sprung a leak."
    )


def test_a_style_is_read_and_moves_the_digest(tmp_path: Path) -> None:
    """An answer kept for one style is not served in another."""
    (tmp_path / "own.toml").write_text(OWN)
    (tmp_path / "short.toml").write_text(f'{OWN}\n[style]\nmax_sentences = 2\nforbidden = ["arr"]\n')
    own, short = (load_persona(name, tmp_path) for name in ("own.toml", "short.toml"))
    assert (own.style, short.style) == (Style(), Style(max_sentences=2, forbidden=("arr",)))
    assert own.digest != short.digest


def test_an_unknown_persona_names_the_nearest_and_the_list() -> None:
    """The message helps whoever mistyped."""
    with pytest.raises(PersonaError) as caught:
        load_persona("freindly")
    write = "write concise, formal, friendly, german, german-formal, or the path of your own TOML file"
    assert str(caught.value) == f'there is no persona "freindly" (did you mean friendly?); {write}'
    assert isinstance(caught.value, ConfigError)
    with pytest.raises(PersonaError) as caught:
        load_persona("nope")
    assert str(caught.value) == f'there is no persona "nope"; {write}'


@pytest.mark.parametrize(
    ("change", "part"),
    [
        (("greeting = ", "greting = "), "greting is not a key of a persona; did you mean greeting?"),
        (('greeting = "Ahoy!"', ""), "greeting is missing"),
        (('"Ahoy!"', '""'), "greeting is empty"),
        (('"Ahoy!"', "3"), "greeting is not text"),
        (('"Ahoy!"', f'"{"a" * 1001}"'), "greeting has 1001 characters; 1000 are the most"),
        (('name = "pirate"', 'name = "pirate"\ntone = "salty"'), "tone is not a list of rules"),
        (('name = "pirate"', 'name = "pirate"\nlanguage = "Pirate speech"'), "no language tag"),
        (('"pirate"', '"pirate'), "is not valid TOML"),
        (('name = "pirate"', 'name = "pirate"\nstyle = "salty"'), "style is not a table"),
        *(
            (('sprung a leak."', f'sprung a leak."\n[style]\n{line}'), part)
            for line, part in (
                ("emojis = false", "style.emojis is not a key of a style; did you mean emoji?"),
                ("max_sentences = true", "style.max_sentences = True is not a whole number"),
                ("max_sentences = -1", "style.max_sentences = -1 is not from 0 (any) to 10,000"),
                ("emoji = 0", "style.emoji = 0 is not true or false"),
                ('forbidden = "arr"', "style.forbidden is not a list of at most 100 phrases"),
                ('forbidden = [""]', "style.forbidden is not a list of at most 100 phrases"),
                ('address = "thou"', "style.address = 'thou' is none of du, Sie,"),
            )
        ),
        *(
            (('sprung a leak."', f'sprung a leak."\n{lines}'), part)
            for lines, part in (
                ('[words]\nde = "Ahoi"', "words is not a table a language; write [words.de]"),
                ('[words."Pirate speech"]', "[words.Pirate speech] names no language tag"),
                ('[words.de]\ngreting = "Ahoi!"', "words.de.greting is not a key of a persona's words"),
                (
                    '[words.de]\ngreeting = "Ahoi!"',
                    'words.de.thanks is missing; add thanks = "…" to [words.de]',
                ),
                ('[words.de]\nthanks = ""', "words.de.thanks is empty"),
                ("[words.de]\nthanks = 3", "words.de.thanks is not text"),
            )
        ),
    ],
)
def test_a_broken_persona_names_file_and_key(tmp_path: Path, change: tuple[str, str], part: str) -> None:
    """Each fault is one line that begins with the file."""
    path = tmp_path / "own.toml"
    path.write_text(OWN.replace(*change))
    with pytest.raises(PersonaError) as caught:
        load_persona(str(path))
    assert all(problem.startswith(f"{path}: ") for problem in caught.value.problems)
    assert part in str(caught.value)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    """The line names the path that was tried."""
    with pytest.raises(PersonaError, match=r"gone\.toml: there is no such file"):
        load_persona("gone.toml", tmp_path)


@pytest.mark.parametrize(
    ("text", "is_path"),
    [
        ("friendly", False),
        ("own.toml", True),
        ("/etc/passwd", True),
        ("../x", True),
        ("a\\b", True),
        ("..", False),
    ],
)
def test_paths_are_told_from_names(text: str, is_path: bool) -> None:  # noqa: FBT001
    """The router can refuse a path that somebody writes in a chat."""
    assert is_persona_path(text) is is_path
