"""Whatever a language model does, one honest answer comes of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from config.grounding import GroundingSettings
from knowledge.models import Verdict
from tests.fakes.llm_server import LlmServer, Turn
from tests.knowledge.answering.conftest import PERSONA
from tests.knowledge.answering.llm.conftest import GOOD, RESET

if TYPE_CHECKING:
    from knowledge.models import Answer
    from tests.knowledge.answering.llm.conftest import Scripted

QUICK = {"first_word_seconds": 0.4, "total_seconds": 1.5, "retries": 1}
FAILURES = {
    "slow": Turn(GOOD, silent=True),
    "429": Turn(status=429),
    "500": Turn(status=500),
    "401": Turn(status=401),
    "cut before the first sentence": Turn(GOOD, cut_after=1),
    "garbage on the wire": Turn(raw=b"data: {not json\n\n"),
    "no event stream at all": Turn(raw=b"<html>Bad gateway</html>"),
    "garbage as words": Turn("q8#z blorp fnord xx 77 [1]. zzz wibble qux [2]! {}{}{}"),
    "empty": Turn(""),
    "refuses": Turn("I'm sorry, but I can't help with that."),
    "says that the passages do not answer": Turn("NO_ANSWER"),
    "endless nonsense": Turn("and so on and on ", endless=True, piece=400),
    "cites 99": Turn("Choose a password of at least 12 characters [99]."),
    "wrong language": Turn(
        "Wählen Sie ein Passwort, das mindestens zwölf Zeichen lang ist und das Sie kennen [{n}]."
    ),
    "invents": Turn("Call the support line at 555-0199 and ask Bob for the master password [{n}]."),
    "a changed number": Turn("Choose a password of at least 14 characters [{n}]."),
}


async def extract(scripted: Scripted) -> Answer:
    """Answer without a model."""
    evidence = await scripted.evidence()
    return await scripted.desk.answers.run(evidence.question, evidence, PERSONA)


@pytest.mark.parametrize("name", FAILURES)
async def test_a_failure_ends_in_the_extract(scripted: Scripted, name: str) -> None:
    """Nothing of it goes out; the articles' own words do, and the trace says why."""
    scripted.settings = dict(QUICK)
    pieces: list[str] = []

    async def take(piece: str) -> None:
        pieces.append(piece)

    answer = await scripted.ask(FAILURES[name], on_text=take)
    expected = await extract(scripted)
    assert pieces == []
    assert answer.text.endswith(expected.text)
    assert answer.citations == expected.citations
    assert answer.trace["extract_instead_of"] == answer.trace["llm"]["outcome"]
    assert answer.trace["llm"]["failures"] or answer.trace["dropped"] or answer.verdict is Verdict.UNSURE


async def test_a_wrong_citation_ends_in_the_extract(scripted: Scripted) -> None:
    """What one article says is not said by another that the model names for it; nothing of it goes out."""
    other = await scripted.number("invoices")
    pieces: list[str] = []

    async def take(piece: str) -> None:
        pieces.append(piece)

    answer = await scripted.ask(f"Choose a password of at least 12 characters [{other}].", on_text=take)
    expected = await extract(scripted)
    assert pieces == []
    assert answer.text.endswith(expected.text)
    assert answer.citations == expected.citations
    assert answer.trace["extract_instead_of"] == "unsupported"


@pytest.mark.parametrize(
    "turn", [Turn(GOOD, cut_after=16), Turn(GOOD, stall_after=16), Turn(GOOD[:190], finish="length")]
)
async def test_what_was_sent_stays_and_ends_as_a_whole_message(scripted: Scripted, turn: Turn) -> None:
    """Cut, stalled or out of tokens after some sentences: these are the answer, and nothing half is added."""
    scripted.settings = QUICK | {"first_word_seconds": 3.0, "total_seconds": 6.0}
    pieces: list[str] = []

    async def take(piece: str) -> None:
        pieces.append(piece)

    answer = await scripted.ask(turn, on_text=take)
    assert len(pieces) >= 1
    assert answer.text == "".join(pieces).rstrip()
    assert answer.text.endswith("]") or answer.text.endswith("].")
    assert answer.trace["llm"]["outcome"] == "cut"
    assert answer.trace["passing"]
    assert len(scripted.server.requests) == 1  # what was sent cannot be taken back: no retry


async def test_a_model_that_comes_back_is_asked_again(scripted: Scripted) -> None:
    """A busy model gets a second try, because nothing was sent yet."""
    answer = await scripted.ask(Turn(status=503), Turn(GOOD))
    assert answer.trace["llm"]["outcome"] == "whole"
    assert [f["kind"] for f in answer.trace["llm"]["failures"]] == ["http_503"]


async def test_a_refused_key_is_not_tried_twice(scripted: Scripted) -> None:
    """What will fail again is not repeated."""
    await scripted.ask(Turn(status=401))
    assert len(scripted.server.requests) == 1


async def test_the_second_model_writes_when_the_first_fails(scripted: Scripted) -> None:
    """The fallback has an address, a name and a price of its own."""
    async with LlmServer() as second:
        second.turns = [Turn(GOOD.replace("{n}", str(await scripted.number())))]
        scripted.settings = {
            "fallback_model": "second",
            "fallback_api_base_url": second.url,
            "fallback_price_in": 1000.0,
            "retries": 0,
        }
        answer = await scripted.ask(Turn(status=500))
        assert second.requests[0]["model"] == "second"
    assert answer.trace["llm"]["model"] == "second"
    assert answer.trace["llm"]["outcome"] == "whole"
    assert answer.trace["llm"]["cost"] == pytest.approx(1.0)


async def test_an_unsupported_answer_is_complained_about_once(scripted: Scripted) -> None:
    """The second request tells which sentences were not in the passages; its answer counts."""
    answer = await scripted.ask("Choose a password of at least 14 characters [{n}].", GOOD)
    assert answer.trace["llm"]["outcome"] == "whole"
    assert "14 characters" in scripted.server.prompts[1]
    assert "number not in the cited passages: 14" in scripted.server.prompts[1]
    assert "14" not in answer.text
    assert answer.trace["llm"]["complaints"] == 1
    assert [entry["reason"] for entry in answer.trace["dropped"]] == ["number not in the cited passages: 14"]


async def test_a_complaint_may_be_switched_off(scripted: Scripted) -> None:
    """With `complaints` 0 one request is made, and what is left of it is the extract."""
    scripted.grounding = GroundingSettings(complaints=0)
    answer = await scripted.ask("Choose a password of at least 14 characters [{n}].", GOOD)
    assert len(scripted.server.requests) == 1
    assert answer.trace["llm"]["complaints"] == 0
    assert answer.trace["extract_instead_of"] == "unsupported"


async def test_an_unsupported_sentence_is_left_out_of_a_good_answer(scripted: Scripted) -> None:
    """The others go out, and the trace names it."""
    answer = await scripted.ask(f"{GOOD}\n\nYou can also call 555-0199 [{{n}}].")
    assert "555" not in answer.text
    assert "12 characters" in answer.text
    assert "555-0199" in answer.trace["dropped"][0]["text"]


async def test_a_broken_listener_does_not_break_the_answer(scripted: Scripted) -> None:
    """Whoever shows the pieces may fail: the whole answer still comes."""

    async def fail(_: str) -> None:
        raise OSError("the chat is gone")

    answer = await scripted.ask(GOOD, on_text=fail)
    assert "12 characters" in answer.text


async def test_endless_repetition_is_stopped(scripted: Scripted) -> None:
    """A model that says one true sentence for ever: it goes out once, and the connection is closed."""
    answer = await scripted.ask(Turn("Choose a password of at least 12 characters [{n}]. ", endless=True))
    assert answer.text.count("12 characters") == 1
    await scripted.server.gone.wait()


async def test_unsure_says_so_before_the_first_piece(scripted: Scripted) -> None:
    """The warning is part of what is streamed, once."""
    pieces: list[str] = []

    async def take(piece: str) -> None:
        pieces.append(piece)

    answer = await scripted.ask(GOOD, on_text=take, verdict=Verdict.UNSURE)
    assert pieces[0].startswith("I am not sure")
    assert answer.text.count("I am not sure") == 1
    assert answer.text.startswith("".join(pieces))


async def test_a_model_that_sees_no_answer_makes_the_extract_unsure(scripted: Scripted) -> None:
    """It read the passages: its doubt is passed on."""
    answer = await scripted.ask("NO_ANSWER", text=RESET)
    assert answer.verdict is Verdict.UNSURE
    assert answer.text.startswith("I am not sure")
