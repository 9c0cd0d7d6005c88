"""Whether a question is worth a second search, word by word in the language of the articles."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from knowledge.answering.glossary import in_other_words
from knowledge.answering.language import detect_language
from knowledge.answering.words import content_stems
from knowledge.models import Verdict

if TYPE_CHECKING:
    from collections.abc import Iterator

    from knowledge.models import Evidence, Missing, Question

_LONGEST = 200
"""Characters: who tells a story has given words enough, and word by word a story is none."""
_FOREIGN = ("de", "fr")

Words = tuple[tuple[str, str], ...]
"""Which words were put as which."""


def in_their_words(question: Question, found: Evidence) -> Iterator[tuple[str, str, Words]]:
    """Give the question in the languages of the found passages that are not its own, each with its tag and words.

    None where a passage in the asker's language answers, and none for most questions: those in the articles' language.
    """
    if len(question.text) > _LONGEST:
        return
    asked = question.language or detect_language(question.text)
    languages = [_language(scored.passage.language, scored.passage.text) for scored in found.passages]
    if found.verdict is Verdict.ANSWERED and languages and asked in {None, languages[0]}:
        return
    for own in (_primary(asked),) if asked else _FOREIGN:
        for written in dict.fromkeys(languages):
            said = in_other_words(question.text, own, written) if written else None
            if said is not None:
                yield said[0], written, said[1]


def theirs(missing: Missing | None, words: Words) -> Missing | None:
    """Name what is missing as the asker did."""
    if missing is None:
        return None
    back = {put.casefold(): written for written, put in words}
    return replace(missing, thing=back.get(missing.thing.casefold(), missing.thing))


def lacks(found: Evidence, words: Words, written: str) -> bool:
    """Whether no found passage has one of the words that the question was put in.

    The gate forgives a word that an article says otherwise; of a question put word by word it has little else.
    """
    texts = (f"{s.passage.title} {' '.join(s.passage.heading_path)} {s.passage.text}" for s in found.passages)
    held = {one for text in texts for one in content_stems(text, written)}
    put = (set(content_stems(said, written)) for _, said in words)
    return any(stems and stems.isdisjoint(held) for stems in put)


def _language(tag: str | None, text: str) -> str:
    return _primary(tag or detect_language(text) or "")


def _primary(tag: str) -> str:
    return tag.replace("_", "-").split("-")[0].lower()
