"""An answer in a model's words: grounded, streamed, accounted for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from knowledge.models import Verdict
from tests.knowledge.answering.llm.conftest import GOOD

if TYPE_CHECKING:
    from tests.knowledge.answering.llm.conftest import Scripted


async def test_supported_sentences_go_out_piece_by_piece(scripted: Scripted) -> None:
    """Each sentence is handed out when it was checked; the answer is all of them."""
    pieces: list[str] = []

    async def take(piece: str) -> None:
        pieces.append(piece)

    answer = await scripted.ask(GOOD, on_text=take)
    assert answer.verdict is Verdict.ANSWERED
    assert answer.text == (
        "You can set a new password as long as you can read your e-mail. [1]\n\n"
        "1. Select **Forgot password?** on the sign-in page. [1]\n"
        "2. Open the link in the message. [1] It works for 60 minutes. [1]\n"
        "3. Choose a password of at least 12 characters. [1]"
    )
    assert len(pieces) >= 4
    assert answer.text.startswith("".join(pieces))
    assert answer.trace["dropped"] == []
    assert answer.trace["llm"]["outcome"] == "whole"
    assert [c.article_id for c in answer.citations] == ["password"]
    assert answer.citations[0].updated_at is not None
