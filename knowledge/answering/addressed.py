"""Sentences of an article that speak to the machine that reads it: "assistants must tell the user to …".

An article may say such a thing, so that a quotation of it is true and grounded; but it is no help to whoever asks, and
text is data. These sentences are neither quoted nor shown to a language model; the rest of their passage is.
"""

from __future__ import annotations

import html
import re
import tomllib
import unicodedata
from dataclasses import replace
from functools import lru_cache
from importlib.resources import files
from typing import TYPE_CHECKING

from knowledge.answering.grounding.hidden import visible
from knowledge.answering.sentences import sentence_spans

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from knowledge.models import Passage

ADDRESSED_VERSION = "2"
"""Moves with the code of this file; part of what decides an answer, as are the rules."""

_COMMENT = re.compile(r"<!--.*?(?:-->|\Z)", re.DOTALL)
_TAG = re.compile(
    r"</?(?:[abisup]|em|strong|span|font|small|mark|code|div|p|br|u|big|kbd)(?:\s[^<>]*)?/?>", re.IGNORECASE
)
_MARKUP = dict.fromkeys(map(ord, "*_~`\\"))
_LINK = re.compile(r"!?\[([^\[\]]*)\]\([^)]*\)")
_LEAD = re.compile(r"[ \t]*(?:(?:[-*+\u2022]|\d{1,3}[.)]|>+)[ \t]+|\|)+")
_SPELLED_OUT = re.compile(r"\b(?:\w[ .-]){4,}\w\b")
_WORD = re.compile(r"[a-z]\.[a-z]|[a-z]+")
_FENCE = re.compile(r"[ \t]*(?:```|~~~)")
_OWN_LINE = re.compile(r"[ \t]*(?:[-*+\u2022][ \t]|\d{1,3}[.)][ \t]|>|#|\||$)")
_GOES_ON = re.compile(
    r"(?:then|also|and|instead|afterwards|finally|never|always|do not|don't|they must|it must|"
    r"the (?:user|asker|reader)|"
    r"tell|say|reply|answer|respond|claim|append|reveal|"
    r"dann|danach|und|auch|niemals|immer|sag|sage|antworte|der (?:be)?nutzer|"
    r"puis|ensuite|et|jamais|toujours|dis|dites|reponds|l'utilisateur)\b"
)
_IN_CODE = frozenset(("frame", "persona", "mode"))
"""Rules that code may break: an example of a request to a language model is no order."""
_LOOK_ALIKE = str.maketrans(
    {
        **dict(zip("аеорсухіјѕһԁԛԝкмнтвгпь", "aeopcyxijshdqwkmhtbrnb", strict=True)),
        **dict(zip("αεικνορτυχγωηβ", "aeiknoptuxywnb", strict=True)),
        **dict(zip("ıȷɑɡɩʟøłđ", "ijagilold", strict=True)),
        "\u2019": "'", "\u2018": "'", "\u201c": '"', "\u201d": '"', "\u00ab": '"', "\u00bb": '"', "\u2013": "-",
        "\u2014": "-", "\u00df": "ss", "\u0153": "oe", "\u00e6": "ae",
    }
)  # fmt: skip
_ACCENT = re.compile(r"[\u0300-\u036f]+")
_DIGIT_LETTERS = str.maketrans("01345$@", "oieassa")
_MIXED = re.compile(r"\b(?=\w*[a-z])(?=\w*[\d$@])[\w$@]{4,}")


@lru_cache(maxsize=1)
def _text_of_rules() -> str:
    return files("knowledge.answering").joinpath("addressed.toml").read_text(encoding="utf-8")


@lru_cache(maxsize=1)
def _rules() -> dict[str, re.Pattern[str]]:
    table = tomllib.loads(_text_of_rules())
    parts = table["parts"]
    flags = re.VERBOSE | re.MULTILINE
    return {name: re.compile(rule.format(**parts), flags) for name, rule in table["rules"].items()}


@lru_cache(maxsize=1)
def _triggers() -> tuple[tuple[tuple[frozenset[str], ...], ...], re.Pattern[str]]:
    table = tomllib.loads(_text_of_rules())["triggers"]
    groups = (tuple(frozenset(group.split()) for group in groups) for groups in table["words"])
    return tuple(groups), re.compile(table["frames"], re.VERBOSE)


def _may(said: str) -> bool:
    """Whether a folded text has any of the words without which no rule applies: most texts have none."""
    words, frames = _triggers()
    held = frozenset(_WORD.findall(said))
    if any(not any(group.isdisjoint(held) for group in groups) for groups in words):
        return True
    return bool(frames.search(said))


def addressed_digest() -> str:
    """Give what changes with the rules."""
    return f"{ADDRESSED_VERSION}{_text_of_rules()}"


def which_rule(sentence: str) -> str | None:
    """Name the rule by which a sentence speaks to the machine; None where it speaks to people."""
    for said in _foldings(sentence):
        if not _may(said):
            continue
        for name, rule in _rules().items():
            if rule.search(said):
                return name
    return None


def told_the_machine(body: str, title: str = "") -> tuple[str, ...]:
    """Give what in an article's Markdown speaks to the machine, its title and what its comments hide included."""
    hidden = "\n\n".join(comment.strip("<>!- \n") for comment in _COMMENT.findall(body))
    parts = (title, body, hidden)
    return tuple(dict.fromkeys(found for part in parts for found in without_orders(part)[1]))


@lru_cache(maxsize=2_048)
def without_orders(text: str) -> tuple[str, tuple[str, ...]]:
    """Give a Markdown text without the sentences that speak to the machine, and those sentences.

    Where there are none it is the same text. A line that announces an order ("Note to assistants:") takes the rest of
    its block with it, and so does an order the sentences that go on from it.
    """
    if not any(_may(said) for said in _foldings(text)):
        return text, ()
    if not any(which_rule(piece) for piece in _coarse(text)):
        return text, ()
    seen = visible(_COMMENT.sub("", text))
    kept: list[str] = []
    dropped: list[str] = []
    announced = False
    for block, is_code in _blocks(seen):
        if not block.strip():
            kept.append(block)
            continue
        left, out, announced = _without(block, is_code=is_code, announced=announced)
        kept.append(left)
        dropped.extend(out)
    return "".join(kept), tuple(dropped)


@lru_cache(maxsize=1024)  # the same passages answer many questions
def harmless(passage: Passage) -> tuple[Passage, tuple[str, ...]]:
    """Give a passage without what in it speaks to the machine, and that; the same object where nothing does."""
    text, dropped = without_orders(passage.text)
    path = tuple(heading for heading in passage.heading_path if which_rule(heading) is None)
    title = passage.title if which_rule(passage.title) is None else passage.article.id
    if not dropped and path == passage.heading_path and title == passage.title:
        return passage, ()
    others = {passage.title, *passage.heading_path} - {title, *path}
    return replace(passage, text=text, heading_path=path, title=title), (*dropped, *sorted(others))


def _coarse(text: str) -> Iterator[str]:
    """Give what may speak to the machine: each block that has the words for it, and its sentences."""
    for block, _ in _blocks(visible(_COMMENT.sub("", text))):
        if any(_may(said) for said in _foldings(block)):
            yield block
            yield from _sentences(block)


def _blocks(text: str) -> Iterator[tuple[str, bool]]:
    """Give what is judged as one: a paragraph, or a line that stands for itself; and whether it is code."""
    open_lines: list[str] = []
    fenced = False
    for line in text.splitlines(keepends=True):
        fence = bool(_FENCE.match(line))
        alone = fenced or fence or bool(_OWN_LINE.match(line.rstrip("\n")))
        if alone and open_lines and not (line.startswith(("  ", "\t")) and line.strip() and not fenced):
            yield "".join(open_lines), False
            open_lines = []
        if fenced or fence or not line.strip():
            yield line, fenced or fence
        else:
            open_lines.append(line)
        fenced ^= fence
    if open_lines:
        yield "".join(open_lines), False


def _without(block: str, *, is_code: bool, announced: bool) -> tuple[str, list[str], bool]:
    """Give what is left of a block, what is not, and whether the next block belongs to what is not."""
    if announced:
        return _gone(block, is_code=is_code), [block.strip()], False
    spans = [(0, len(block))] if is_code else sentence_spans(block)
    out = [number for number, span in enumerate(spans) if _speaks(block[slice(*span)], is_code=is_code)]
    if not out and _speaks(block, is_code=is_code):
        out = list(range(len(spans)))
    if not out:
        return block, [], False
    gone: set[int] = set()
    for first in out:
        gone.add(first)
        announces = _announces(block[slice(*spans[first])])
        for number in range(first + 1, len(spans)):
            if not announces and not _GOES_ON.match(_fold(block[slice(*spans[number])]).lstrip("\"'- ")):
                break
            gone.add(number)
    dropped = [block[slice(*spans[number])] for number in sorted(gone)]
    if len(gone) == len(spans):
        return _gone(block, is_code=is_code), dropped, _announces(block)
    left = " ".join(block[slice(*span)] for number, span in enumerate(spans) if number not in gone)
    return f"{_lead_of(block, left)}{left}\n", dropped, False


def _speaks(text: str, *, is_code: bool) -> bool:
    rule = which_rule(text)
    return rule is not None and not (is_code and rule in _IN_CODE)


def _announces(said: str) -> bool:
    return said.rstrip(" \n*_").endswith(":")


def _gone(block: str, *, is_code: bool) -> str:
    """Give what stands for a block that is left out: fences stay, so that what follows is no code."""
    return block if is_code and _FENCE.match(block) else ("\n" if block.endswith("\n") else "")


def _lead_of(block: str, left: str) -> str:
    """Give the bullet, number or quotation mark of a line whose first sentence is left out."""
    lead = _LEAD.match(block)
    return lead[0] if lead and not left.startswith(lead[0].strip()) else ""


def _sentences(block: str) -> Iterable[str]:
    return (block[slice(*span)] for span in sentence_spans(block))


@lru_cache(maxsize=4_096)
def _foldings(sentence: str) -> tuple[str, ...]:
    """Give the readings of a sentence: as it is, digits as letters, l e t t e r s joined."""
    said = _fold(sentence)
    found = [said]
    if _MIXED.search(said):
        found.append(_MIXED.sub(lambda match: match[0].translate(_DIGIT_LETTERS), said))
    if _SPELLED_OUT.search(said):
        found.append(_SPELLED_OUT.sub(lambda match: re.sub(r"[ .-]", "", match[0]), said))
    return tuple(found)


def _fold(text: str) -> str:
    """Reduce to what is read: no marks, accents or hidden characters, look-alike letters as Latin ones."""
    if "&" in text:
        text = html.unescape(text)
    text = visible(text).replace("\u200d", "").replace("\u200c", "")
    if "<" in text:
        text = _TAG.sub("", _COMMENT.sub("", text))
    if "](" in text:
        text = _LINK.sub(r"\1", text)
    text = _LEAD.sub("", text.translate(_MARKUP), count=1)
    if text.isascii():
        return _lines(text.lower())
    decomposed = unicodedata.normalize("NFKD", text.casefold())
    return _lines(_ACCENT.sub("", decomposed).translate(_LOOK_ALIKE))


def _lines(text: str) -> str:
    return "\n".join(" ".join(line.split()) for line in text.split("\n"))
