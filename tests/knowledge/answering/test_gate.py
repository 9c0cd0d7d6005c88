"""The gate's arithmetic, and that its numbers fit the retrieval they were made with."""

from __future__ import annotations

import math
import tomllib
from importlib.resources import files

import pytest
from hypothesis import given
from hypothesis import strategies as st

from knowledge.answering.features import gate_features, is_story
from knowledge.answering.gate import EvidenceGate, GateModel, Logistic, load_gate
from knowledge.answering.gate_words import load_word_vectors
from knowledge.models import ArticleRef, Passage, ScoredPassage, Verdict
from knowledge.stores.fusion import BALANCED, Fusion

WORDS = load_word_vectors()
MODEL = GateModel(
    brief=Logistic(bias=0.5, weight={"x": 2.0}, mean={"x": 1.0}, scale={"x": 4.0}),
    story=Logistic(bias=-1.0, weight={}, mean={}, scale={}),
)


def found(title: str, text: str, dense: float = 0.5, score: float = 0.7) -> ScoredPassage:
    """Give a passage of an article of its own."""
    ref = ArticleRef("s", title)
    passage = Passage(f"{ref}#0", ref, "r", 0, title, (), text, frozenset({"public"}))
    return ScoredPassage(passage, score, dense, 1.0)


def test_the_probability_is_the_logistic_of_the_weighted_sum() -> None:
    """1 / (1 + exp(-(0.5 + 2 * (3 - 1) / 4))), and a feature that is missing counts as 0."""
    assert MODEL.probability({"x": 3.0}) == pytest.approx(1 / (1 + math.exp(-1.5)))
    assert MODEL.probability({}) == pytest.approx(1 / (1 + math.exp(0.0)))
    assert MODEL.probability({"x": 1e9}) <= 1
    assert MODEL.probability({"x": -1e9}) >= 0


def test_a_story_has_numbers_of_its_own_and_a_desk_shifts_both() -> None:
    """Who tells what happened holds more words that are not the topic than who asks in a sentence."""
    assert MODEL.probability({"x": 3.0, "story": 1.0}) == pytest.approx(1 / (1 + math.exp(1.0)))
    assert MODEL.probability({"x": 3.0}, 0.5) == pytest.approx(1 / (1 + math.exp(-2.0)))
    assert is_story("It broke.\n\nYesterday it worked, and then I did this.")
    assert is_story("word " * 21)
    assert not is_story("How do I reset my password?")


def test_the_thresholds_make_the_verdict() -> None:
    """From min_confidence answered, from unsure_confidence unsure, below unanswered."""
    gate = EvidenceGate(MODEL, 0.5, 0.3)
    verdicts = [gate.verdict(confidence) for confidence in (0.5, 0.49, 0.3, 0.29)]
    assert verdicts == [Verdict.ANSWERED, Verdict.UNSURE, Verdict.UNSURE, Verdict.UNANSWERED]
    assert gate.judge("anything", []) == (0.0, Verdict.UNANSWERED, {})


def test_the_shipped_numbers_fit_todays_features_and_fusion() -> None:
    """Each feature of the model is computed; whoever changes the fusion has to run bench/train_gate.py."""
    table = tomllib.loads(files("knowledge.answering").joinpath("gate.toml").read_text(encoding="utf-8"))
    assert Fusion(**table["fusion"]) == BALANCED
    features = gate_features("How do I reset it?", [found("Reset", "Reset it here.")], WORDS)
    assert table["brief"]["features"].keys() | table["story"]["features"].keys() <= features.keys()
    assert load_gate().digest != MODEL.digest


def test_better_evidence_is_never_less_probable() -> None:
    """Nearer in meaning, further ahead of the rest, more of the topic held: none of these lowers the probability."""
    gate = load_gate()
    assert all(gate.brief.weight[name] > 0 for name in ("dense_first", "margin", "topic_held", "topic_whole"))
    assert all(gate.story.weight[name] > 0 for name in ("dense_first", "margin", "lift", "score_first"))


@pytest.mark.parametrize(
    ("question", "title", "text"),
    [
        ("the lift code", "Door code", "The door code is 9022."),
        ("turn two-factor off", "Turn on two-factor", "Turn on two-factor in the settings."),
        ("who deleted a project?", "Delete a project", "Delete a project in the settings."),
    ],
)
def test_another_thing_or_the_opposite_is_never_simply_answered(question: str, title: str, text: str) -> None:
    """However near the passage is: unsure at best, and `/why` shows what it would have been."""
    gate = EvidenceGate(load_gate(), 0.3, 0.1)
    confidence, verdict, features = gate.judge(question, [found(title, text, 0.95, 2.0)])
    assert verdict is not Verdict.ANSWERED
    assert confidence < 0.3 <= features["without_rules"]


def test_a_platform_that_only_others_are_about_is_noticed() -> None:
    """Android asked, Mac and Windows found: missing; with one for Android among them: not."""
    mac, windows = found("VPN on a Mac", "Open it."), found("VPN on Windows", "Open it.")
    android = found("VPN on Android", "Open it.")
    asked = "VPN on my android phone"
    assert gate_features(asked, [mac, windows], WORDS)["missing_platform"] == 1
    assert gate_features(asked, [mac, android], WORDS)["missing_platform"] == 0
    assert gate_features(asked, [found("VPN", "Open it.")], WORDS)["missing_platform"] == 0
    assert gate_features("VPN", [mac, windows], WORDS)["missing_platform"] == 0


@given(st.text(max_size=80), st.text(max_size=80), st.floats(-1, 1), st.floats(-1, 3))
def test_features_are_finite_for_any_text(question: str, text: str, dense: float, score: float) -> None:
    """No question and no passage gives a feature that is not a number."""
    features = gate_features(question, [found("t", text, dense, score), found("u", text, 0.0, 0.0)], WORDS)
    assert all(math.isfinite(value) for value in features.values())
    assert 0 <= load_gate().probability(features) <= 1
