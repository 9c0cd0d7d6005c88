"""Rules tell whether a text keeps to a persona's style."""

from __future__ import annotations

from typing import Any

import pytest

from config.persona import Persona, load_persona, shipped_personas
from config.style import Style
from knowledge.answering.abridge import Told, is_over, kept, toned
from knowledge.answering.style import adherence, check_style, prose_sentences
from knowledge.answering.style_words import calmed, may_be_left_out


def persona(**style: Any) -> Persona:
    """Give a persona of which only the style matters."""
    return Persona("p", "", "Hello.", "No.", "Sorry.", style=Style(**style))


def broken(text: str, language: str | None = None, **style: Any) -> set[str]:
    """Give the rules that a text breaks."""
    return {found.rule for found in check_style(persona(**style), text, language=language).violations}


@pytest.mark.parametrize(
    ("style", "keeps", "breaks", "rule"),
    [
        ({"max_characters": 20}, "It is short.", "It is somewhat longer than that.", "characters"),
        ({"max_sentences": 1}, "One.\n\n1. Two.\n2. Three.", "One. Two, which is more.", "sentences"),
        ({"max_sentences": 1}, "One.\n\n```\nA b. C d.\n```", "One. Two is more. [1]", "sentences"),
        ({"max_sentence_words": 4}, "It is so. It is.", "It is so or it is not.", "sentence length"),
        ({"contractions": False}, "It is Ana's, and cannot go.", "It can\u2019t go.", "contractions"),
        ({"contractions": False}, "Run `don't`.", "It's done.", "contractions"),
        ({"emoji": False}, "Press ⚙ or ☰ → **Save** ✓ (note: x)", "Done \U0001f389", "emoji"),
        ({"emoji": False}, "See https://a.example/:)x and `:)`.", "Done :)", "emoji"),
        ({"exclamation_marks": False}, "Press **Go!** and run `a != b!`.", "Press it now!", "exclamation marks"),
        ({"forbidden": ("gotta",)}, "The gottaland.", "You Gotta go.", "forbidden words"),
        ({"required": ("support@a.example",)}, "Write to support@a.example.", "Write.", "required words"),
        ({"forbidden_openings": ("sure",)}, "Surely it is.", "**Sure!** It is.", "opening"),
        ({"forbidden_closings": ("let me know",)}, "Let me know. It ended.", "It is. Let me know!", "closing"),
        ({"address": "du"}, "Öffne das Menü. Sie ist dort nicht.", "Öffnen Sie das Menü nicht.", "address"),
        ({"address": "du"}, "1. Ihr Name ist nicht da.", "1. Das ist nicht für Ihre Kollegen.", "address"),
        ({"address": "Sie"}, "Öffnen Sie das Menü nicht.", "Du öffnest das Menü nicht.", "address"),
        ({"address": "vous"}, "Vous ouvrez votre menu dans la page.", "Tu ouvres ton menu dans la page.", "address"),
        ({"address": "tu"}, "Tu ouvres ton menu dans la page.", "Ouvrez le menu de votre page.", "address"),
        ({"address": "usted"}, "Usted lo ve en la página que está.", "Tu menú está en la página.", "address"),
        ({"address": "Sie"}, "You see du in the menu of the shell.", "Das ist nicht für dich.", "address"),
    ],
)  # fmt: skip
def test_a_rule_is_told_from_its_break(style: dict[str, Any], keeps: str, breaks: str, rule: str) -> None:
    """Each rule finds what breaks it, and not what only looks like it."""
    assert rule not in broken(keeps, **style)
    assert rule in broken(breaks, **style)


def test_the_language_is_the_askers_or_the_articles_with_a_note() -> None:
    """A text in another language breaks the rule, unless it says that its article is in that language."""
    german = "Öffne die Einstellungen, und wähle dort dein Konto aus, das du nicht mehr brauchst."
    assert broken(german, "en") == {"language"}
    assert broken(german, "de") == broken(german) == set()
    assert broken(f"{german}\n\n(The article is in German.)", "en") == set()


def test_a_style_that_says_nothing_allows_everything() -> None:
    """No rule applies, so every text keeps to it whole."""
    checked = check_style(persona(), "Whatever! \U0001f389")
    assert (checked.rules, checked.violations, checked.share) == ((), (), 1.0)


def test_adherence_counts_by_text_and_by_rule() -> None:
    """The share is the mean over texts of the rules kept, however often one of them is broken."""
    found = adherence(
        persona(emoji=False, max_sentences=1), ["Good.", "Bad \U0001f389\U0001f389 :).", "It is. It was."]
    )
    assert (found.texts, found.clean) == (3, 1 / 3)
    assert found.share == pytest.approx((1 + 0.5 + 0.5) / 3)
    assert found.by_rule == {"sentences": (2, 3), "emoji": (2, 3)}
    assert adherence(persona(), []).share == 1.0


@pytest.mark.parametrize("name", shipped_personas())
def test_a_shipped_persona_keeps_to_its_own_address_and_words(name: str) -> None:
    """What it says itself: no "Sie" of one that says du, nor contractions of a formal one."""
    own = load_persona(name)
    lines = (own.greeting, own.no_answer, own.apology, own.sign_off, own.thanks)
    found = {
        v.rule for line in lines if line for v in check_style(own, line, language=own.language).violations
    }
    assert found <= {"exclamation marks", "opening", "closing"}, (
        "those are said of answers, not of a greeting"
    )


def test_german_is_spoken_in_one_form_each() -> None:
    """Also in instructions and tone rules there is no mixture of du and Sie."""
    for name, wrong in (("german", ("Sie", "Ihnen")), ("german-formal", ("du", "dir", "dein"))):
        own = load_persona(name)
        rules = [rule for rule in own.tone if "nie mit" not in rule]
        said = " ".join(
            [own.instructions, *rules, own.greeting, own.no_answer, own.apology, own.sign_off, own.thanks]
        )
        assert not set(said.replace(",", " ").replace(".", " ").split()) & set(wrong), name


@pytest.mark.parametrize(
    "sentence",
    [
        "It takes 3 days.", "Run `acme`.", "Press **Save**.", "See https://a.example.", "Do this:",
        "Only owners see it.", "It is not undone.", "Restart the app.", "If it fails, it stays.",
        "Wählen Sie das Konto.", "Das geht nur am Abend.", "Ouvrez la page.", "Go to Settings → Profile.",
        "You must be an owner.", "これは安全です。", "Write to a@b.example.", "Choose \u201cYes\u201d.",
        "To free a seat, the owner removes a person.", "It takes up to two days.", "It shows as *Paid*.",
        "The rest is answered by support.", "All scenes are lost.", "This is irreversible.", "Extra fees apply.",
        "Doing so deletes your history permanently.", "Guests are excluded.", "Others are signed out.",
        "Everything is overwritten.", "Beware of the glass.", "Damit ist der Verlauf endgültig weg.",
        "Toutes les données sont perdues.", "Se perderá todo el historial.",
    ],
)  # fmt: skip
def test_what_matters_is_never_left_out(sentence: str) -> None:
    """Numbers, code, labels, addresses, steps, warnings and conditions stay, however short the style."""
    assert not may_be_left_out(sentence)
    prose = [Told("The first sentence says it.", is_prose=True), Told(sentence, is_prose=True)]
    assert kept(prose, Style(max_sentences=1)) == 2


def test_an_image_keeps_its_mark_when_exclamations_are_taken_out() -> None:
    """Without it the image would be a link, and show."""
    assert (
        calmed("Fine! ![x](https://a.example/p.png) Done![1]")
        == "Fine. ![x](https://a.example/p.png) Done.[1]"
    )


def test_the_end_goes_first_and_stops_at_what_must_stay() -> None:
    """Sentences go from the end while the prose is too long; what stands before one that stays, stays too."""
    plain = Told("The team likes this view.", is_prose=True)
    vital = Told("It takes 3 days.", is_prose=True)
    steps = Told("1. Open it.", is_prose=False)
    style = Style(max_sentences=1)
    assert kept([plain, plain, plain], style) == 1
    assert kept([plain, plain, vital, plain], style) == 3
    assert kept([plain, plain, steps], style) == 3
    assert kept([plain, Told(plain.text, is_prose=True, is_first=True)], style) == 2
    assert kept([plain, plain, plain], Style(max_characters=60)) == 2
    assert not is_over([plain, plain], Style())


def test_tone_is_mended_outside_of_code_and_labels() -> None:
    """Emoji that no passage has and exclamation marks go; a button's and a command's stay."""
    style = Style(emoji=False, exclamation_marks=False)
    text = "Press **Go!** \U0001f389 or \U0001f4ce now! Run `a!` at once!! [1]"
    assert (
        toned(text, style, "the \U0001f4ce button")
        == "Press **Go!** or \U0001f4ce now. Run `a!` at once. [1]"
    )
    assert toned(text, Style(), "") == text


def test_prose_is_told_from_lists_and_code() -> None:
    """Lengths are those of sentences."""
    text = "One. Two.\n\n**Head**\n\n- a. b\n\n| a | b |\n\n```\nx. y.\n\nz.\n```\n\nThree."
    assert list(prose_sentences(text)) == ["One.", "Two.", "Three."]
