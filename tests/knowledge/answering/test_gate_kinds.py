"""The kind of answer that is asked for: a price, a size, a time; and whether the article tells any."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from knowledge.answering.gate import EvidenceGate, load_gate
from knowledge.answering.gate_kinds import asked_kind
from knowledge.models import Verdict
from tests.knowledge.answering import test_gate

if TYPE_CHECKING:
    from knowledge.models import ScoredPassage

LOCKER = "A locker costs 6 euros a month. Ask for the key at the front desk."
STEPS = "1. Open **Settings**.\n2. Select **Members**.\n3. Choose **Invite**."


def found(text: str, title: str = "Guide") -> list[ScoredPassage]:
    """Give what is found in a desk of one article with one passage."""
    return [test_gate.found(title, text)]


def kind_lacking(question: str, passages: list[ScoredPassage]) -> str | None:
    """Give the kind that is asked for and not told."""
    kind = asked_kind(question, passages)
    return None if kind is None or kind.told else kind.name


@pytest.mark.parametrize(
    ("question", "text", "kind"),
    [
        ("how big is a locker?", LOCKER, "size"),
        ("how heavy is a locker", LOCKER, "weight"),
        ("what does an invitation cost?", STEPS, "price"),
        ("how long is an invitation valid?", STEPS, "duration"),
        ("when can I invite somebody?", "Open the door.", "time"),
        ("how often is the key changed?", "Ask for the key.", "frequency"),
        ("how many people can I invite?", STEPS, "count"),
        ("who repairs the machine?", "The machine stands next to the stairs.", "person"),
        ("why was my card blocked?", STEPS, "reason"),
        ("what is your phone number?", "Write to us.", "phone number"),
        ("Was kostet ein Ausweis?", "Füllen Sie das Formular aus.", "price"),
        ("Wie lange gilt der Ausweis?", "Füllen Sie das Formular aus.", "duration"),
        ("Combien de temps dure la livraison ?", "Ouvrez le colis.", "duration"),
    ],
)
def test_what_is_asked_for_is_not_told(question: str, text: str, kind: str) -> None:
    """Numbers of steps are no answer to "how many", and a price none to "how big"."""
    assert kind_lacking(question, found(text)) == kind


@pytest.mark.parametrize(
    ("question", "text"),
    [
        ("how much is a locker?", LOCKER),
        ("what do you charge for a locker?", LOCKER),
        ("who gives me the key for my locker", LOCKER),
        ("how big may a file be?", "Files of up to 25 MB can be attached."),
        ("how long may a name be?", "Names have at most 80 characters."),
        ("how long does delivery take?", "Delivery takes two to four days."),
        ("until when can I enrol?", "Confirm before 15 September."),
        ("how often is the backup made?", "A backup is made every night."),
        ("why is my card blocked?", "A card is blocked when a wrong PIN was entered three times."),
        ("Wann öffnet die Kantine?", "Die Kantine öffnet um 11 Uhr."),
        ("how do I rent a locker?", "Ask."),
        ("what happens when I leave?", "Nothing."),
        ("change the price of a plan", "Open **Plans** and select **Edit**."),
        ("set the size of the logo", "Open **Logo** and select **Edit**."),
    ],
)
def test_what_is_asked_for_is_told_or_nothing_of_a_kind_is_asked_for(question: str, text: str) -> None:
    """Whoever asks how a thing is done wants no number."""
    assert kind_lacking(question, found(text)) is None


def test_another_articles_price_is_none() -> None:
    """The kind has to stand in the article that comes first, in whichever of its passages."""
    asked = "what does an invitation cost?"
    (first,), (other,) = found(STEPS), found(LOCKER, "Lockers")
    same = replace(other.passage, article=first.passage.article)
    assert kind_lacking(asked, [first, other]) == "price"
    assert kind_lacking(asked, [first, replace(other, passage=same)]) is None


def test_an_article_without_it_is_unsure_at_best() -> None:
    """All words of "how big is a locker" stand in what tells its price."""
    gate = EvidenceGate(load_gate(), 0.5, 0.3)
    priced, _, _ = gate.judge("how much is a locker?", found(LOCKER, title="Locker rental"))
    confidence, verdict, features = gate.judge("how big is a locker?", found(LOCKER, title="Locker rental"))
    assert confidence < 0.5 < features["without_rules"]
    assert priced > 0.5
    assert verdict is not Verdict.ANSWERED
    assert features["kind_lacking"]


def test_words_that_ask_for_a_kind_are_not_the_topic() -> None:
    """What you charge is not in the article, its price is; of another thing the thing itself is missing."""
    gate = EvidenceGate(load_gate(), 0.5, 0.3)
    locker = found(LOCKER, title="Locker rental")
    _, verdict, features = gate.judge("how much do you charge for a locker?", locker)
    assert features["topic_worst"] > 0.45 > features["topic_worst_else"]
    assert verdict is Verdict.ANSWERED
    _, verdict, features = gate.judge("how much do you charge for a sauna?", locker)
    assert features["topic_worst_else"] > 0.45
    assert verdict is not Verdict.ANSWERED


def test_a_title_that_is_asked_for_wholly_is_answered_in_any_language() -> None:
    """The model knows little German, so its similarity says little; the words of both say all."""
    text = "1. Öffnen Sie **Einstellungen > Sicherheit**.\n2. Wählen Sie **Zwei-Faktor einschalten**."
    gate = EvidenceGate(load_gate(), 0.5, 0.3)
    guide = [test_gate.found("Zwei-Faktor-Anmeldung einschalten", text, dense=0.1, score=0.2)]
    confidence, verdict, features = gate.judge("2FA aktivieren", guide)
    assert features["without_rules"] < 0.3 < confidence
    assert verdict is Verdict.ANSWERED
    assert gate.judge("2FA deaktivieren", guide)[1] is not Verdict.ANSWERED
