"""Where articles disagree, both sides are shown, whichever of them a model picks."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.knowledge.answering.llm.conftest import Scripted

REFUND = "Within how many days can a paid invoice be refunded?"
NEWER = "- A paid invoice can be refunded within 30 days after the payment. (Invoices and prices, 2025-02-03)"
OLDER = "- A paid invoice can be refunded within 14 days after the payment. (Refund policy, 2023-05-06)"


@pytest.mark.parametrize(
    ("picks", "said"),
    [
        ("invoices", "You can have a paid invoice refunded within 30 days after the payment [{n}]."),
        ("refunds", "A paid invoice can be refunded within 14 days after the payment [{n}]."),
    ],
)
async def test_a_model_that_picks_one_side_is_sent_with_both(
    scripted: Scripted, picks: str, said: str
) -> None:
    """In the articles' own words, with their dates, the newest first; both are cited."""
    streamed: list[str] = []

    async def hear(piece: str) -> None:
        streamed.append(piece)

    answer = await scripted.ask(said, text=REFUND, about=picks, on_text=hear)
    assert answer.text.endswith(f"**Two articles differ here:**\n\n{NEWER}\n{OLDER}")
    assert {citation.article_id for citation in answer.citations} == {"invoices", "refunds"}
    assert answer.citations[0].article_id == picks
    assert answer.text.startswith("".join(streamed))


async def test_a_model_that_says_nothing_of_it_is_left_alone(scripted: Scripted) -> None:
    """What the answer does not speak of is not set against anything."""
    said = "Invoices are sent on the first day of each month [{n}]."
    answer = await scripted.ask(said, text="When are invoices sent?", about="invoices")
    assert "differ" not in answer.text
    assert "first day of each month" in answer.text
