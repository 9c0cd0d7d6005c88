"""Anthropic's own client and Haystack's component, against a server that speaks its protocol."""

from __future__ import annotations

from importlib.util import find_spec
from typing import TYPE_CHECKING

import pytest

from tests.fakes.anthropic_server import INPUT_TOKENS, KEY, AnthropicServer, Turn
from tests.knowledge.answering.conftest import PERSONA
from tests.knowledge.answering.llm.conftest import GOOD

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from knowledge.models import Answer
    from tests.knowledge.answering.llm.conftest import Scripted

pytestmark = [
    pytest.mark.counterpart("anthropic"),
    pytest.mark.skipif(
        find_spec("anthropic") is None,
        reason="no Anthropic client; run: .venv/bin/pip install -c constraints.txt anthropic-haystack",
    ),
    # Anthropic's client leaves a torn stream's response to be closed by the garbage collector
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]


@pytest.fixture
async def claude(scripted: Scripted) -> AsyncIterator[AnthropicServer]:
    """Anthropic's endpoint in place of OpenAI's, with prices."""
    async with AnthropicServer() as server:
        scripted.settings = {
            "provider": "anthropic",
            "api_base_url": server.url,
            "api_key": KEY,
            "model": "claude-test",
            "price_in": 3.0,
            "price_out": 15.0,
            "retries": 1,
            "first_word_seconds": 14.0,
        }
        yield server


async def ask(scripted: Scripted, claude: AnthropicServer, *turns: Turn) -> tuple[Answer, list[str]]:
    """Answer the question about passwords, and give what was sent while it was written."""
    claude.turns = list(turns)
    pieces: list[str] = []

    async def take(piece: str) -> None:
        pieces.append(piece)

    evidence = await scripted.evidence()
    answer = await scripted.pipeline().run(evidence.question, evidence, PERSONA, on_text=take)
    return answer, pieces


async def test_an_answer_is_streamed_grounded_and_paid_for(
    scripted: Scripted, claude: AnthropicServer
) -> None:
    """Sentences go out as they are checked; tokens are the endpoint's, the cost is theirs by the prices."""
    text = GOOD.replace("{n}", str(await scripted.number()))
    answer, pieces = await ask(scripted, claude, Turn(f"{text} Call 555-0199 [1]."))
    assert len(pieces) > 1
    assert "12 characters" in answer.text
    assert "555" not in answer.text
    told = answer.trace["llm"]
    assert (told["model"], told["outcome"], told["tokens_read"]) == ("claude-test", "whole", INPUT_TOKENS)
    assert told["cost"] == pytest.approx((INPUT_TOKENS * 3 + told["tokens_written"] * 15) / 1_000_000)
    assert claude.requests[0]["system"]
    assert [message["role"] for message in claude.requests[0]["messages"]] == ["user"]


@pytest.mark.parametrize(
    ("turn", "kind"),
    [
        (Turn(status=529), "http_529"),
        (Turn(status=500), "http_500"),
        (Turn(GOOD, error_after=0), "broken"),
        (Turn(GOOD, cut_after=1), "unreachable"),
        (Turn(""), "empty"),
        (Turn("I'm sorry, I can't help with that."), ""),
    ],
)
async def test_its_failures_end_in_the_extract(
    scripted: Scripted, claude: AnthropicServer, turn: Turn, kind: str
) -> None:
    """Overloaded, broken, torn, without a word or refusing: the articles' own words go out, once."""
    answer, pieces = await ask(scripted, claude, turn)
    evidence = await scripted.evidence()
    extract = await scripted.desk.answers.run(evidence.question, evidence, PERSONA)
    assert pieces == []
    assert answer.text.endswith(extract.text)
    assert answer.trace["extract_instead_of"]
    if kind:
        assert [failure["kind"] for failure in answer.trace["llm"]["failures"]] == [kind] * 2


async def test_a_wrong_key_is_not_tried_twice(scripted: Scripted, claude: AnthropicServer) -> None:
    """What will be refused again is not sent again."""
    scripted.settings["api_key"] = "wrong"
    answer, _ = await ask(scripted, claude, Turn(GOOD))
    assert [failure["kind"] for failure in answer.trace["llm"]["failures"]] == ["http_401"]
    assert len(claude.requests) == 1


async def test_an_answer_cut_by_its_length_ends_at_a_sentence(
    scripted: Scripted, claude: AnthropicServer
) -> None:
    """`max_tokens` is told as the stop reason; what was sent stays."""
    text = GOOD.replace("{n}", str(await scripted.number()))[:190]
    answer, pieces = await ask(scripted, claude, Turn(text, stop="max_tokens"))
    assert answer.text == "".join(pieces).rstrip()
    assert answer.trace["llm"]["outcome"] == "cut"
