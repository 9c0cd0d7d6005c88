"""What a language model took is counted, failed requests included."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.fakes.llm_server import Turn

if TYPE_CHECKING:
    from tests.knowledge.answering.llm.conftest import Scripted


async def test_each_request_counts_once_and_a_failure_by_its_kind(scripted: Scripted) -> None:
    """One is refused, the next is answered: two requests, one failure, the tokens that were told."""
    scripted.settings = {"price_in": 1.0, "price_out": 2.0, "retries": 1, "first_word_seconds": 14}
    await scripted.ask(Turn(status=503), "Choose a password of at least 12 characters [{n}].")
    spent = scripted.writers[-1]._budget.spent_here
    assert spent.requests == 2
    assert dict(spent.failures) == {"http_503": 1}
    assert spent.usage.read > 1000
    assert spent.usage.written > 0
    assert spent.usage.cost > 0
