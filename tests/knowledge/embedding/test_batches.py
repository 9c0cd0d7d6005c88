"""Which texts share a batch."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from knowledge.embedding.batches import padded, token_budget_batches

lengths_of_texts = st.lists(st.integers(min_value=0, max_value=300), max_size=200)


@given(lengths_of_texts, st.integers(min_value=1, max_value=4000), st.integers(min_value=1, max_value=100))
def test_every_text_is_in_exactly_one_batch_within_the_budget(
    lengths: list[int], budget: int, stretch: int
) -> None:
    """No text is lost or embedded twice, and only a lone text may take more than the budget."""
    batches = list(token_budget_batches(lengths, budget, stretch))
    assert sorted(index for batch in batches for index in batch) == list(range(len(lengths)))
    for batch in batches:
        assert len(batch) == 1 or len(batch) * max(lengths[index] for index in batch) <= budget


@given(lengths_of_texts, st.integers(min_value=1, max_value=50))
def test_a_stretch_is_done_before_the_next_begins(lengths: list[int], stretch: int) -> None:
    """Texts come out roughly in order: none overtakes one of an earlier stretch."""
    order = [
        int(index) // stretch for batch in token_budget_batches(lengths, 512, stretch) for index in batch
    ]
    assert order == sorted(order)


def test_short_rows_are_padded_and_masked() -> None:
    """The mask says which of the ids are tokens."""
    ids, mask = padded([[5, 6, 7], [8]])
    assert ids.tolist() == [[5, 6, 7], [8, 0, 0]]
    assert mask.tolist() == [[1, 1, 1], [1, 0, 0]]
