"""The same fact in another form is held, another fact in the same form is not: by kind."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from knowledge.answering.grounding.facts import missing_fact
from knowledge.answering.grounding.meaning import opposed
from knowledge.answering.grounding.support import SupportModel, nearness, stretches, word_features

if TYPE_CHECKING:
    from numpy.typing import NDArray

SOURCE = """\
Plans
The Team plan holds 1,000 projects, 5 GB of files and two owners. Invoices are kept for 90 minutes, then for 14 days.
The sale ends on 5 January 2025 at 5 pm; support answers within 6 to 7 hours, on weekdays in half an hour.
The European Patent Office lists 1.5 million names. Customers in Greece pay 20 % VAT.
You can move a project from Berlin to Hamburg. Sign in with two-factor authentication. Only owners can delete a site.
If the invoice is older than a year, write to support. The export does not include deleted items.
The new editor makes lists more compact. Files are scanned before they are stored.
"""


@pytest.mark.parametrize(
    "sentence",
    [
        "It holds 1000 projects.",
        "It has 2 owners.",
        "There are five gigabytes of files.",
        "They are kept for 1.5 hours.",
        "They are kept for two weeks.",
        "The sale ends on Jan 5, 2025.",
        "The sale ends on January 5th.",
        "The sale ends on 2025-01-05 at 17:00.",
        "Support answers within 6-7 hours.",
        "On weekdays it takes 30 minutes.",
        "The EPO lists 1,500,000 names.",
        "The European Patent Office (EPO) lists names.",
        "Greek customers pay 20 percent VAT.",
        "You sign in with 2FA.",
    ],
)
def test_another_form_is_held(sentence: str) -> None:
    """Digits and words, units, dates, ranges, abbreviations, lands and known other names."""
    assert missing_fact(sentence, SOURCE) is None


@pytest.mark.parametrize(
    ("sentence", "what"),
    [
        ("It holds 1001 projects.", "number"),
        ("It has three owners.", "number"),
        ("There are 5 MB of files.", "unit"),
        ("There are 14 GB of files.", "unit"),
        ("They are kept for two hours.", "unit"),
        ("The sale ends on January 6th.", "number"),
        ("The sale ends at 18:00.", "number"),
        ("Support answers within 6-8 hours.", "number"),
        ("The EPO lists 2.5 million names.", "number"),
        ("Customers in Italy pay VAT.", "name"),
        ("Photoshop lists names.", "name"),
        ("The Salesforce Patent Office lists names.", "name"),
        ("Open Billing > Refunds to see it.", "label or menu"),
    ],
)
def test_another_fact_is_not(sentence: str, what: str) -> None:
    """The reason begins with the kind of fact."""
    assert (missing_fact(sentence, SOURCE) or "passed").startswith(what)


@pytest.mark.parametrize(
    "sentence",
    [
        "You can move a project from Berlin to Hamburg.",
        "Deleted items are not in the export.",
        "The export doesn't include deleted items.",
        "Only owners can delete sites.",
        "If an invoice is older than a year, write to support.",
        "Lists are more compact in the new editor.",
        "Files are scanned before they are stored.",
    ],
)
def test_the_same_meaning_passes(sentence: str) -> None:
    """Contractions, another order of words, conditions and limits that are repeated."""
    assert opposed(sentence, SOURCE) is None


@pytest.mark.parametrize(
    "sentence",
    [
        "You can move a project from Hamburg to Berlin.",
        "You can no longer move a project from Berlin to Hamburg.",
        "You can't move a project from Berlin to Hamburg.",
        "Users are unable to move a project from Berlin to Hamburg.",
        "The export includes deleted items.",
        "The export does include deleted items.",
        "Owners can delete a site.",
        "Customers in Greece never pay VAT.",
        "Write to support.\nThe invoice is not older than a year.",
        "The new editor makes lists less compact.",
        "Files are scanned after they are stored.",
        "Files are stored without being scanned.",
    ],
)
def test_another_meaning_is_seen(sentence: str) -> None:
    """Roles, negations in several words, lost negations, limits and opposites."""
    assert opposed(sentence, SOURCE)


def test_a_long_source_is_cut_between_sentences() -> None:
    """Stretches hold whole sentences in their order, none longer than the model reads."""
    text = " ".join(f"Sentence number {n} says this and that." for n in range(100))
    parts = stretches(text)
    assert " ".join(parts) == text
    assert all(len(part) <= 900 and part.endswith(".") for part in parts)


def test_a_feature_that_is_not_known_is_an_average_one() -> None:
    """Without a question its cosines weigh nothing."""
    model = SupportModel(
        0.5, {"said": 2.0, "asked": 3.0}, {"said": 0.5, "asked": 0.5}, {"said": 0.1, "asked": 0.1}, 0.4
    )
    assert model.probability({"said": 0.6}) == model.probability({"said": 0.6, "asked": 0.5})
    assert model.probability({"said": 0.7}) > model.probability({"said": 0.6})
    assert set(nearness(_unit(0), [_unit(0)])) == {"said"}


def test_a_sentence_of_the_source_is_covered_whole() -> None:
    """All shares are 1 for the source's own words in their order."""
    features = word_features("The export does not include deleted items.", SOURCE)
    assert [features[name] for name in ("covered", "window", "pairs", "run")] == [1.0, 1.0, 1.0, 1.0]
    assert word_features("Penguins dive deep.", SOURCE)["covered"] == 0.0


def _unit(axis: int) -> NDArray[np.float32]:
    return np.asarray(np.eye(3)[axis], dtype=np.float32)


FORBIDS = (
    "Reset\nDo not interrupt the reset, or the lamp is sent in. Never share the recovery key while it is new."
)


@pytest.mark.parametrize(
    "sentence",
    [
        "You can interrupt the reset at any time.",
        "It is safe to interrupt the reset.",
        "You may share the recovery key.",
    ],
)
def test_what_is_forbidden_is_not_permitted(sentence: str) -> None:
    """However much is said beside it: nothing but the verb and its object has to be the passage's."""
    assert opposed(sentence, FORBIDS)


@pytest.mark.parametrize(
    "sentence",
    [
        "You must not interrupt the reset.",
        "You can share the recovery key once it is no longer new.",
        "The reset can be started again.",
    ],
)
def test_what_is_forbidden_may_be_told(sentence: str) -> None:
    """A prohibition in other words, its limits, and another act are no permission."""
    assert not (opposed(sentence, FORBIDS) or "").startswith("it permits")


def test_what_is_forbidden_to_some_and_allowed_to_others_is_left_to_the_other_rules() -> None:
    """Where the passage affirms the act, too, its permission stands there."""
    both = f"{FORBIDS} On a Pro lamp you can interrupt the reset."
    assert opposed("You can interrupt the reset on a Pro lamp.", both) is None
