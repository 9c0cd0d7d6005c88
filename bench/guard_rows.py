"""The rows that the paraphrase guard is trained and measured on: pairs of questions, with their features.

A data folder holds `pairs_banking77/pairs.jsonl` and `clinc_oos/`. Of clinc_oos pairs are made as those of banking77
were: to a question the nearest by BM25 of the same intent, and the nearest of another. Intents whose questions differ
by what they are filled with ("how do I say X in Y") give near misses only.
"""

from __future__ import annotations

import json
import math
import random
import re
from collections import Counter, defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from guard_made import made

from knowledge.paraphrase.comparison import features
from knowledge.paraphrase.differences import differences
from knowledge.paraphrase.wording import wording

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from grounding_vectors import Vectors

FOLDS = 5
_OF_AN_INTENT = 20
_UNFILLED = frozenset(  # by their names in clinc_oos
    """
    credit_score find_phone improve_credit_score lost_luggage meaning_of_life oil_change_how oil_change_when payday
    rollover_401k what_are_your_hobbies where_are_you_from who_made_you user_name pto_balance pto_used
    pto_request_status flip_coin roll_dice next_song repeat order_status insurance last_maintenance what_can_i_ask_you
    do_you_have_pets whisper_mode change_speed tire_pressure tire_change jump_start schedule_maintenance gas_type
    are_you_a_bot how_old_are_you what_is_your_name who_do_you_work_for current_location todo_list income routing
    credit_limit greeting goodbye thank_you yes no maybe
    """.split()  # noqa: SIM905 - a list of fifty names would be fifty lines
)
"""Intents whose questions all ask the same."""
_WORD = re.compile(r"[a-z0-9']+")


@dataclass(frozen=True, slots=True)
class Row:
    """A pair with what it is known to be; `intents` keep folds apart, `kind` groups it in reports."""

    first: str
    second: str
    same: bool
    intents: tuple[str, str]
    kind: str = ""


@dataclass(frozen=True, slots=True)
class Table:
    """Rows as numbers: `values` (rows, names), `same`, and whether a rule sees a difference."""

    rows: list[Row]
    names: tuple[str, ...]
    values: np.ndarray
    same: np.ndarray
    ruled_out: np.ndarray


def banking(data: Path) -> list[Row]:
    """Read the pairs of banking77."""
    listed = (data / "pairs_banking77" / "pairs.jsonl").read_text(encoding="utf-8").splitlines()
    return [
        Row(r["question_1"], r["question_2"], bool(r["label"]), tuple(r["intents"]), r["type"])
        for r in map(json.loads, listed)
    ]


def clinc(data: Path) -> list[Row]:
    """Make pairs of clinc_oos."""
    by_intent: dict[str, list[str]] = defaultdict(list)
    for line in (data / "clinc_oos" / "queries.jsonl").read_text(encoding="utf-8").splitlines():
        row: dict[str, Any] = json.loads(line)
        if row["gold_article_ids"]:
            by_intent[row["gold_article_ids"][0]].append(row["question"])
    asked = [(question, intent) for intent, listed in by_intent.items() for question in dict.fromkeys(listed)]
    return list(_nearest([question for question, _ in asked], [intent for _, intent in asked]))


def _nearest(questions: Sequence[str], intents: Sequence[str]) -> Iterator[Row]:
    chance, scores = random.Random(0), _Bm25(questions)
    of_intent: dict[str, list[int]] = defaultdict(list)
    for number, intent in enumerate(intents):
        of_intent[intent].append(number)
    own = np.array(intents)
    for intent, numbers in of_intent.items():
        for number in chance.sample(numbers, min(_OF_AN_INTENT, len(numbers))):
            score = scores.of(number)
            nearest = int(np.where(own == intent, score, -1).argmax())
            missed = int(np.where(own != intent, score, -1).argmax())
            if intent in _UNFILLED and score[nearest] > 0:
                yield Row(questions[number], questions[nearest], True, (intent, intent), "clinc")
            if score[missed] > 0:
                yield Row(questions[number], questions[missed], False, (intent, intents[missed]), "clinc")


class _Bm25:
    """Okapi BM25 (k1 1.2, b 0.75) of short texts among each other."""

    def __init__(self, texts: Sequence[str]) -> None:
        self._words = [_WORD.findall(text.lower()) for text in texts]
        mean = sum(map(len, self._words)) / len(texts)
        self._postings: dict[str, list[tuple[int, float]]] = defaultdict(list)
        for number, words in enumerate(self._words):
            for word, count in Counter(words).items():
                norm = count * 2.2 / (count + 1.2 * (0.25 + 0.75 * len(words) / mean))
                self._postings[word].append((number, norm))

    def of(self, number: int) -> np.ndarray:
        """Score all texts for one of them, which gets -1."""
        scores = np.zeros(len(self._words))
        for word in set(self._words[number]):
            held = self._postings[word]
            idf = math.log(1 + (len(self._words) - len(held) + 0.5) / (len(held) + 0.5))
            for other, norm in held:
                scores[other] += idf * norm
        scores[number] = -1
        return scores


def templates(number: int, seed: int = 7) -> list[Row]:
    """Give the pairs that templates make."""
    return [Row(p.first, p.second, p.same, (p.kind, p.kind), p.kind) for p in made(number, seed)]


async def tabled(rows: Sequence[Row], vectors: Vectors) -> Table:
    """Embed the questions and compute the features."""
    texts = sorted({text for row in rows for text in (row.first, row.second)})
    vector = await vectors.of(texts)
    taken = {text: wording(text) for text in texts}
    counted = [
        features(taken[r.first], taken[r.second], float(vector[r.first] @ vector[r.second])) for r in rows
    ]
    ruled = [bool(differences(r.first, r.second, taken[r.first], taken[r.second])) for r in rows]
    names = tuple(counted[0])
    return Table(
        list(rows),
        names,
        np.array([[row[name] for name in names] for row in counted]),
        np.array([row.same for row in rows]),
        np.array(ruled),
    )


def folds(rows: Sequence[Row]) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Give five (train, test): no question and no pair of intents of a test row is in its training rows."""
    intents = sorted({row.intents[0] for row in rows})
    order = np.random.default_rng(3).permutation(len(intents))
    fold_of = {intents[place]: number % FOLDS for number, place in enumerate(order)}
    own = np.array([fold_of[row.intents[0]] for row in rows])
    for fold in range(FOLDS):
        test = np.flatnonzero(own == fold)
        questions = {text for i in test.tolist() for text in (rows[i].first, rows[i].second)}
        pairs = {frozenset(rows[i].intents) for i in test.tolist()}
        train = [
            i
            for i in np.flatnonzero(own != fold).tolist()
            if not {rows[i].first, rows[i].second} & questions and frozenset(rows[i].intents) not in pairs
        ]
        yield np.array(train), test
