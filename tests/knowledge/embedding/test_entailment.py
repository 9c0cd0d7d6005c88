"""An NLI cross-encoder from a folder, run without torch."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper
from tokenizers import Tokenizer
from tokenizers.models import WordLevel
from tokenizers.pre_tokenizers import Whitespace
from tokenizers.processors import TemplateProcessing

from knowledge.answering.grounding.grounder import Grounder
from knowledge.embedding.entailment import EntailmentModel
from knowledge.errors import EmbeddingError
from knowledge.models import ArticleRef, Passage

if TYPE_CHECKING:
    from pathlib import Path

WORDS = (
    "[PAD]",
    "[UNK]",
    "[CLS]",
    "[SEP]",
    "owners",
    "may",
    "delete",
    "sites",
    "erase",
    "pages",
    "nobody",
    ".",
)
LABELS = {"0": "contradiction", "1": "entailment", "2": "neutral"}


def write_model(folder: Path, labels: dict[str, str] | None = None) -> Path:
    """Write a model whose logit of entailment is 6 less 8 for each "nobody" among the tokens; the others are 0."""
    folder.mkdir()
    tokenizer = Tokenizer(WordLevel({word: i for i, word in enumerate(WORDS)}, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = Whitespace()
    tokenizer.post_processor = TemplateProcessing(
        single="[CLS] $A [SEP]",
        pair="[CLS] $A [SEP] $B:1 [SEP]:1",
        special_tokens=[("[CLS]", 2), ("[SEP]", 3)],
    )
    tokenizer.save(str(folder / "tokenizer.json"))
    (folder / "config.json").write_text(
        json.dumps({"id2label": LABELS if labels is None else labels, "max_position_embeddings": 64})
    )
    table = np.zeros((len(WORDS), 3), dtype=np.float32)
    table[WORDS.index("[CLS]"), 1] = 6
    table[WORDS.index("nobody"), 1] = -8
    onnx.save(_graph(table), str(folder / "model.onnx"))
    return folder


def _graph(table: np.ndarray[Any, Any]) -> Any:
    shape = ["pairs", "tokens"]
    nodes = [
        helper.make_node("Gather", ["table", "input_ids"], ["each"]),
        helper.make_node("Cast", ["attention_mask"], ["mask"], to=TensorProto.FLOAT),
        helper.make_node("Unsqueeze", ["mask", "last"], ["wide"]),
        helper.make_node("Mul", ["each", "wide"], ["kept"]),
        helper.make_node("ReduceSum", ["kept", "tokens"], ["logits"], keepdims=0),
    ]
    graph = helper.make_graph(
        nodes,
        "nli",
        [helper.make_tensor_value_info(n, TensorProto.INT64, shape) for n in ("input_ids", "attention_mask")],
        [helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["pairs", 3])],
        [
            numpy_helper.from_array(table, "table"),
            numpy_helper.from_array(np.array([2], dtype=np.int64), "last"),
            numpy_helper.from_array(np.array([1], dtype=np.int64), "tokens"),
        ],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)


def test_the_probability_is_that_of_entailment(tmp_path: Path) -> None:
    """Softmax over the labels, at the place that config.json gives to entailment; padding counts for nothing."""
    model = EntailmentModel(write_model(tmp_path / "nli"), threads=1)

    found = model.probabilities([("owners may delete sites .", "owners"), ("nobody", "may")])

    assert found == pytest.approx([np.e**6 / (np.e**6 + 2), np.e**-2 / (np.e**-2 + 2)], abs=1e-5)


def test_a_long_premise_is_cut_and_the_hypothesis_stays(tmp_path: Path) -> None:
    """Of more tokens than the model takes, the premise's last ones go."""
    model = EntailmentModel(write_model(tmp_path / "nli"), threads=1)

    assert model.probabilities([("owners " * 500, "nobody")])[0] < 0.1
    assert model.probabilities([("owners " * 500 + "nobody", "may")])[0] > 0.9


def test_nothing_asked_is_nothing_run(tmp_path: Path) -> None:
    """No pairs, no probabilities."""
    assert EntailmentModel(write_model(tmp_path / "nli")).probabilities([]).shape == (0,)


async def test_the_judge_decides_where_words_do_not(tmp_path: Path) -> None:
    """A sentence in other words goes out when it follows, and is dropped with its probability when it does not."""
    judge = EntailmentModel(write_model(tmp_path / "nli"), threads=1)
    passages = [
        Passage(
            "p", ArticleRef("a", "1"), "1", 0, "T", (), "owners may delete sites .", frozenset({"public"})
        )
    ]
    denying = [
        Passage(
            "p", ArticleRef("a", "1"), "1", 0, "T", (), "nobody may delete sites .", frozenset({"public"})
        )
    ]
    grounder = Grounder(None, "", judge=judge)  # type: ignore[arg-type]  # with a judge nothing is embedded

    assert await grounder.fault("owners erase pages", passages) is None
    assert "does not follow" in str(await grounder.fault("owners erase pages", denying))


@pytest.mark.parametrize(
    ("labels", "named"),
    [
        ({"0": "LABEL_0"}, "LABEL_0".casefold()),
        ({}, "none"),
        ({"0": "positive", "1": "negative"}, "positive, negative"),
        ({"0": "entailment", "1": "entailment"}, "entailment, entailment"),
    ],
)
def test_a_model_that_is_none_for_entailment_is_named(
    tmp_path: Path, labels: dict[str, str], named: str
) -> None:
    """A reranker or a sentiment model in its place is refused, its labels named, before the first answer."""
    with pytest.raises(EmbeddingError, match=named):
        EntailmentModel(write_model(tmp_path / "nli", labels))


def test_a_graph_with_other_labels_than_its_config_is_named(tmp_path: Path) -> None:
    """Two labels in config.json and three in the graph: an error, no answer by the wrong one."""
    model = EntailmentModel(
        write_model(tmp_path / "nli", {"0": "entailment", "1": "not_entailment"}), threads=1
    )
    with pytest.raises(EmbeddingError, match="2 labels"):
        model.probabilities([("owners", "may")])


@pytest.mark.parametrize("name", ["config.json", "tokenizer.json", "model.onnx"])
def test_what_is_missing_is_named(tmp_path: Path, name: str) -> None:
    """The error names the setting, the folder and the file."""
    folder = write_model(tmp_path / "nli")
    (folder / name).unlink()
    with pytest.raises(EmbeddingError, match=rf"nli_model: .*nli has no {name}"):
        EntailmentModel(str(folder))


def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    """A typo in the path is told with the path."""
    with pytest.raises(EmbeddingError, match=r"there is no folder .*nowhere"):
        EntailmentModel(tmp_path / "nowhere")


def test_a_broken_graph_is_named(tmp_path: Path) -> None:
    """A file that is no ONNX model is an error that names the folder."""
    folder = write_model(tmp_path / "nli")
    (folder / "model.onnx").write_bytes(b"no graph")
    with pytest.raises(EmbeddingError, match="cannot be loaded"):
        EntailmentModel(folder).probabilities([("owners", "may")])
