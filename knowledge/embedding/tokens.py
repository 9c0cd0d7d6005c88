"""The model's tokenizer without transformers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tokenizers import Tokenizer

if TYPE_CHECKING:
    from collections.abc import Sequence

    from knowledge.embedding.model import EmbeddingModel


class ModelTokenizer:
    """Cuts texts into the model's tokens; thread-safe."""

    def __init__(self, model: EmbeddingModel) -> None:
        """Load the tokenizer of `model` (some 30 ms)."""
        self._model = model
        self._tokenizer = Tokenizer.from_file(str(model.tokenizer_path))
        self._tokenizer.no_truncation()
        self._tokenizer.no_padding()
        self._special = self._tokenizer.num_special_tokens_to_add(is_pair=False)
        self._passage_overhead = self._special + len(self._own(model.passage_prompt))
        self._question_overhead = self._special + len(self._own(model.question_prompt))

    @property
    def passage_window(self) -> int:
        """How many of a passage's own tokens fit the model's window."""
        return self._model.max_tokens - self._passage_overhead

    @property
    def question_window(self) -> int:
        """How many of a question's own tokens fit the model's window."""
        return self._model.max_tokens - self._question_overhead

    def count(self, text: str) -> int:
        """Count the tokens of the window that `text` takes as a passage, special ones and prompt too."""
        return len(self._own(text)) + self._passage_overhead

    def offsets(self, text: str) -> list[tuple[int, int]]:
        """Give the character range (start, end) in `text` of each of its own tokens."""
        encoding = self._tokenizer.encode(self._folded(text), add_special_tokens=False)
        return [(int(start), int(end)) for start, end in encoding.offsets]

    def encode(self, texts: Sequence[str], prompt: str = "") -> list[list[int]]:
        """Give each text's token ids as the model wants them: with prompt and special tokens, cut to fit."""
        room = self._model.max_tokens - self._special
        encoded: list[list[int]] = []
        batch = [self._folded(prompt + text) for text in texts]
        for encoding in self._tokenizer.encode_batch_fast(batch, add_special_tokens=False):
            encoding.truncate(room)
            encoded.append(self._tokenizer.post_process(encoding).ids)
        return encoded

    def _own(self, text: str) -> list[int]:
        if not text:
            return []
        ids: list[int] = self._tokenizer.encode(self._folded(text), add_special_tokens=False).ids
        return ids

    def _folded(self, text: str) -> str:
        # A lone surrogate is no Unicode text and the tokenizer refuses it: "?" stands for it, one for one.
        text = text if text.isascii() else text.encode("utf-8", "replace").decode("utf-8")
        # str.lower() can change the length ("İ"), and offsets would drift: such characters stay as they are.
        if not self._model.lowercase:
            return text
        lowered = text.lower()
        return lowered if len(lowered) == len(text) else "".join(_lower(char) for char in text)


def _lower(char: str) -> str:
    lowered = char.lower()
    return lowered if len(lowered) == 1 else char
