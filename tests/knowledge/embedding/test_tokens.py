"""Counting and cutting by the model's own tokens."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from knowledge.embedding.model import EmbeddingModel, resolve_model
from knowledge.embedding.questions import windows
from knowledge.embedding.tokens import ModelTokenizer

from .conftest import write_tiny_model

if TYPE_CHECKING:
    from pathlib import Path

TOKENIZER = ModelTokenizer(resolve_model(""))


def test_a_count_includes_the_special_tokens() -> None:
    """A text fits the window if its count is at most the model's max_tokens."""
    assert TOKENIZER.count("") == 2
    assert TOKENIZER.count("reset password") == 4


def test_a_count_is_not_cut_at_the_window(model: EmbeddingModel) -> None:
    """Whoever cuts passages has to see how long they are."""
    assert TOKENIZER.count("word " * 1000) == 1002
    assert TOKENIZER.passage_window == model.max_tokens - 2


def test_ids_are_cut_at_the_window_with_the_last_special_token_kept(model: EmbeddingModel) -> None:
    """A long text becomes [CLS] + as many tokens as fit + [SEP]."""
    (ids,) = TOKENIZER.encode(["word " * 1000])
    assert len(ids) == model.max_tokens
    assert (ids[0], ids[-1]) == (101, 102)


def test_offsets_point_into_the_text() -> None:
    """Offsets are of characters, beyond the basic plane too."""
    text = "Réinitialiser 🎉 日本"
    assert [text[start:end] for start, end in TOKENIZER.offsets(text)][-2:] == ["日", "本"]


@given(st.text(max_size=200))
def test_any_text_has_a_count_and_offsets_within_it(text: str) -> None:
    """Emoji, control characters, lone surrogates: nothing that a person may paste breaks the tokenizer."""
    offsets = TOKENIZER.offsets(text)
    assert TOKENIZER.count(text) == len(offsets) + 2
    assert all(0 <= start <= end <= len(text) for start, end in offsets)


def test_a_lone_surrogate_is_a_token_like_another() -> None:
    """What JSON may hold and Unicode may not is no error."""
    assert TOKENIZER.count("a\ud800b") > 2


def test_a_prompt_takes_its_part_of_the_window(tmp_path: Path) -> None:
    """With "passage: " before it, a passage has two tokens less room, and its count says so."""
    prompts = {"query": "query: ", "document": "passage: "}
    tokenizer = ModelTokenizer(resolve_model(str(write_tiny_model(tmp_path / "m", prompts=prompts))))
    assert tokenizer.passage_window == 48 - 2 - 2
    assert tokenizer.count("open settings") == 6
    (with_prompt,) = tokenizer.encode(["open settings"], "passage: ")
    assert len(with_prompt) == 6


@pytest.mark.parametrize(("words", "pieces"), [(0, 1), (10, 1), (254, 1), (255, 2), (5000, 8)])
def test_a_long_question_becomes_windows(words: int, pieces: int) -> None:
    """Each window fits the model, together they are the question, and there are eight at most."""
    cut = windows("word " * words, TOKENIZER)
    assert len(cut) == pieces
    assert all(TOKENIZER.count(window) <= 256 for window in cut)
    assert sum(window.count("word") for window in cut) == min(words, 8 * 254)
