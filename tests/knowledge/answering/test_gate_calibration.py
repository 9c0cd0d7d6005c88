"""The gate's measure of a desk: what it asks, how far it shifts, and when it measures again."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from structlog.testing import capture_logs

from knowledge.answering.evidence import EvidencePipeline
from knowledge.answering.gate import EvidenceGate, load_gate
from knowledge.answering.gate_calibration import (
    FEWEST,
    WORTH_MEASURING,
    DeskCalibration,
    Separation,
    offset_of,
)
from knowledge.models import Question
from tests.knowledge.answering.conftest import PUBLIC, article

if TYPE_CHECKING:
    from pathlib import Path

    from tests.knowledge.answering.conftest import Desk

from config.settings import RetrievalSettings

THINGS = (
    *("printer", "scanner", "badge", "locker", "projector", "whiteboard", "headset", "monitor", "keyboard"),
    *("charger", "parking", "canteen", "shuttle", "bicycle", "lounge", "elevator", "garage", "mailroom"),
    *("archive", "laboratory", "balcony", "fountain", "cloakroom", "safe", "kiosk", "turnstile"),
)


async def filled(desk: Desk) -> Desk:
    """Give the desk enough articles to be measured."""
    await desk.put(
        *(
            article(
                f"a{n}",
                f"Reserve the {thing} room",
                f"Open the portal and choose the {thing}. It is free at noon.",
            )
            for n, thing in enumerate(THINGS)
        )
    )
    return desk


def test_few_questions_shift_little_and_none_far() -> None:
    """The middle moves to where it usually is, a little below, by as much as the number of questions is worth."""
    low = Separation((0.0,) * 60, (-2.0,) * 60)
    assert low.middle == -1.0
    assert offset_of(low, 0.0) == 0.5
    assert offset_of(Separation((0.0,) * 6, (-2.0,) * 6), 0.0) == 0.2
    assert offset_of(low, -0.65) == 0.0
    assert offset_of(low, 9.0) == -offset_of(low, -9.0) == 1.0
    assert offset_of(Separation((), ()), 3.0) == 0.0


async def test_a_small_desk_keeps_the_shipped_numbers(desk: Desk, tmp_path: Path) -> None:
    """Six articles say nothing of what is usual."""
    calibration = DeskCalibration(desk.index, desk.embedding, tmp_path / "gate.json")
    assert len(desk.index.known()) < FEWEST
    assert not await calibration.refresh(load_gate())
    assert calibration.offset == 0.0


async def test_a_desk_is_measured_once_until_its_articles_change(desk: Desk, tmp_path: Path) -> None:
    """A restart reads what was kept; a new article is a reason to measure again."""
    await filled(desk)
    path = tmp_path / "gate.json"
    with capture_logs() as logs:
        first = DeskCalibration(desk.index, desk.embedding, path)
        await first.refresh(load_gate())
        await first.refresh(load_gate())
        again = DeskCalibration(desk.index, desk.embedding, path)
        await again.refresh(load_gate())
        assert again.offset == first.offset
        assert [entry["event"] for entry in logs].count("gate.calibrated") == 1
        await desk.put(article("new", "Reserve the sauna", "Open the portal and choose the sauna."))
        await again.refresh(load_gate())
        assert [entry["event"] for entry in logs].count("gate.calibrated") == 2


async def test_one_article_among_many_is_no_reason_to_measure_again(desk: Desk, tmp_path: Path) -> None:
    """What a desk is measured by are 120 headings: a move of one article must not cost that. Several add up."""
    things = [(thing, n) for thing in THINGS for n in (1, 2)]
    await desk.put(*(article(f"b{t}{n}", f"The {t} on floor {n}", f"Ask for the {t}.") for t, n in things))
    calibration = DeskCalibration(desk.index, desk.embedding, tmp_path / "gate.json")
    with capture_logs() as logs:
        await calibration.refresh(load_gate())
        first = desk.index.version()
        await desk.put(article("new1", "The sauna", "Ask for the sauna."))
        assert 0 < desk.index.share_changed(first) < WORTH_MEASURING
        await calibration.refresh(load_gate())
        assert calibration.measured == desk.index.version() != first
        assert [entry["event"] for entry in logs].count("gate.calibrated") == 1
        await desk.put(article("new2", "The pool", "Ask for the pool."))
        assert desk.index.share_changed(first) >= WORTH_MEASURING


@pytest.mark.parametrize("damage", ["", "[]", '{"key": 1}', "\x00"])
async def test_a_damaged_file_is_measured_anew(desk: Desk, tmp_path: Path, damage: str) -> None:
    """What cannot be read is written again."""
    path = tmp_path / "gate.json"
    path.write_text(damage, encoding="utf-8")
    await DeskCalibration(desk.index, desk.embedding, path).refresh(load_gate())
    assert '"offset": 0.0' in path.read_text(encoding="utf-8")


async def test_the_measure_is_part_of_what_is_judged_and_of_the_caches_key(
    desk: Desk, tmp_path: Path
) -> None:
    """Another offset gives another confidence, is named for `/why`, and moves the digest."""
    calibration = DeskCalibration(desk.index, desk.embedding, tmp_path / "gate.json")
    gate = EvidenceGate(load_gate(), 0.5, 0.3)
    pipeline = EvidencePipeline(
        desk.index, desk.embedding, desk.library, gate, RetrievalSettings(), calibration=calibration
    )
    await pipeline.warm()
    question = Question("How do I reset my password?", PUBLIC)
    before, digest = await pipeline.run(question), pipeline.desk_digest()
    calibration.offset = -0.5
    after = await pipeline.run(question)
    assert after.confidence < before.confidence
    assert after.features["desk_offset"] == -0.5
    assert pipeline.desk_digest() != digest
    await pipeline.close()


async def test_a_question_after_a_change_starts_the_measure_beside_it(desk: Desk, tmp_path: Path) -> None:
    """Nobody waits for it, and closing ends it."""
    calibration = DeskCalibration(desk.index, desk.embedding, tmp_path / "gate.json")
    gate = EvidenceGate(load_gate(), 0.5, 0.3)
    pipeline = EvidencePipeline(
        desk.index, desk.embedding, desk.library, gate, RetrievalSettings(), calibration=calibration
    )
    await filled(desk)
    assert calibration.measured is None
    await pipeline.run(Question("How do I reset my password?", PUBLIC))
    await pipeline.close()
    assert calibration.measured == desk.index.version()


async def test_another_process_takes_up_what_was_measured_last(desk: Desk, tmp_path: Path) -> None:
    """Before it measures anything it judges, and keys its cache, as the process that has run on does."""
    path = tmp_path / "gate.json"
    running = DeskCalibration(desk.index, desk.embedding, path)
    await running.refresh(load_gate())
    path.write_text(
        path.read_text(encoding="utf-8").replace('"offset": 0.0', '"offset": -0.3'), encoding="utf-8"
    )
    started = DeskCalibration(desk.index, desk.embedding, path)
    await started.recall(load_gate())
    assert (started.offset, started.measured) == (-0.3, desk.index.version())
    await desk.put(article("new", "Reserve the sauna", "Open the portal and choose the sauna."))
    later = DeskCalibration(desk.index, desk.embedding, path)
    await later.recall(load_gate())
    assert (later.offset, later.measured) == (-0.3, None)
    nothing = DeskCalibration(desk.index, desk.embedding, tmp_path / "none.json")
    await nothing.recall(load_gate())
    assert nothing.offset == 0.0
