"""What the answer cache keeps of an answer, under which key, and how it is written: a line of ASCII and a zstd frame.

The line holds what the server's scripts read (see `Head`), the frame the rest as JSON. Whatever cannot be read, was
cut short or was written by another version is no entry.
"""

from __future__ import annotations

import hashlib
import json
import sys
import unicodedata
from collections import OrderedDict
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote, unquote

from knowledge.answering.serialise import answer_from_cache, answer_to_cache
from knowledge.models import ArticleRef, CorpusVersion, Verdict
from knowledge.quick_json import dump_json

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

if TYPE_CHECKING:
    from collections.abc import Mapping

    from config.persona import Persona
    from knowledge.models import Answer, Question

FORMAT: Final = "3"
"""Moves when an older version could not read what this one writes; part of each key."""
LARGEST: Final = 256 * 1024
"""Bytes of a value; what is larger is not kept. No answer comes near it."""
_LARGEST_JSON: Final = 16 * LARGEST
_SKEW_MILLISECONDS: Final = 60_000
_DICTIONARY: Final = zstd.ZstdDict(
    b'{"answer":{"answer_id":"","verdict":"unanswered","verdict":"unsure","text":"","citations":[],"closest":[],'
    b'"confidence":0.0,"cache":"off","persona":"friendly","closest":[],"language":"de","question":"How do I ?",'
    b'"trace":{"repaired":{},"missing":{"thing":"","anywhere":false},"llm":{"outcome":"written","model":"",'
    b'"tokens_in":,"tokens_out":,"cost":0.0},"left_out":[],"dropped":[{"text":"","reason":"number"}],"extract_instead_of":'
    b'"declined","doubted":true,"conflict":null,"features":{"story":0.0,"desk_offset":0.1,"missing_thing":1.0,'
    b'"without_rules":0.0,"dense":0.,"dense_gap":0.,"keyword":,"coverage":0.,"topic_words":0.,"topic_worst":0.0,'
    b'"topic_lead":0.,"topic_whole":1.0,"title_held":0.,"asks_who_did":0.0,"opposite":0.0,"stale":0.0},"quoted":'
    b'[{"article":"","passages":[""],"units":[{"kind":"sentence","dense":0.0},{"kind":"steps","dense":0.0}]}],'
    b'"dropped":[],"passages":[{"id":"#0","title":"","heading":" > ","score":0.0,"dense":0.,"keyword":0.0},'
    b'{"id":"#1","title":"How to ","heading":"","score":0.,"dense":0.,"keyword":}]},"verdict":"answered","language":'
    b'"en","citations":[{"article_id":"","source":"","title":"","url":"https://","revision":"","updated_at":'
    b'"2026-01-01T00:00:00+00:00","quote":""}]},"articles":[["","","",["public"]],["","","",["internal"]]],'
    b'"asked":"","prints":[["#0",""]]}',
    is_raw=True,
)
"""What entries have in common. Another text here is another format."""
_COMPRESSION: Final[Mapping[int, int]] = {
    zstd.CompressionParameter.compression_level: 6,
    zstd.CompressionParameter.checksum_flag: 1,
}

Holder = tuple[ArticleRef, str, frozenset[str]]
"""An article that an answer stands on, with the revision and the audience it had."""


@dataclass(frozen=True, slots=True)
class CachedAnswer:
    """What is kept: `version` was read before the retrieval that `fingerprint` is of.

    `asked` are the question's words as they were written; other spellings share the key. `prints`
    are the passages of the evidence with their digests, best first, as `knowledge.fingerprint.prints` gives them.
    """

    answer: Answer
    fingerprint: str
    version: CorpusVersion
    articles: tuple[Holder, ...] = ()
    asked: str = ""
    prints: tuple[tuple[str, str], ...] = ()

    @property
    def is_negative(self) -> bool:
        """Whether it says that the articles do not answer: kept briefly, and never past a change of the articles."""
        return self.answer.verdict is Verdict.UNANSWERED


@dataclass(frozen=True, slots=True)
class Head:
    """The line before the frame, fields parted by spaces, in this order after the format.

    `kind` is `n` for a negative answer, else `a`; `generation` is percent-encoded; `made` and `ends` are milliseconds
    since 1970 by the clock of the process that wrote it.
    """

    kind: str
    fingerprint: str
    generation: str
    counter: int
    confidence: float
    made: int
    ends: int

    def line(self) -> bytes:
        """Give the line with its end."""
        fields = (self.kind, self.fingerprint, self.generation, self.counter, self.confidence)
        return " ".join(map(str, (FORMAT, *fields, self.made, self.ends))).encode("ascii") + b"\n"

    @classmethod
    def read(cls, value: bytes) -> Head:
        """Read it from the beginning of a value. Raises ValueError for anything else."""
        line, _, _ = value[:512].partition(b"\n")
        found, kind, fingerprint, generation, counter, confidence, made, ends = line.decode("ascii").split(
            " "
        )
        if found != FORMAT:
            raise ValueError(f"format {found[:20]!r}, not {FORMAT}")
        return cls(kind, fingerprint, generation, int(counter), float(confidence), int(made), int(ends))

    def is_alive(self, now: datetime) -> bool:
        """Whether its age is between nothing and the most; what a clock that runs ahead wrote is not trusted."""
        return self.made - _SKEW_MILLISECONDS <= milliseconds(now) < self.ends


def cache_key(question: Question, persona: Persona, pipeline_digest: str) -> str:
    """Hash all that decides an answer; white space, case and a closing question mark of the question do not.

    `pipeline_digest` stands for retrieval, gate, prompts, model and answer settings. Readers of different
    audiences never share a key.
    """
    parts = [
        FORMAT,
        same_words(question.text),
        None if question.audience is None else sorted(question.audience),
        None if question.sources is None else sorted(question.sources),
        sorted(question.exclude),
        question.language,
        persona.digest,
        pipeline_digest,
    ]
    written = json.dumps(parts, ensure_ascii=False)
    return hashlib.sha256(written.encode("utf-8", "surrogatepass")).hexdigest()[:40]


def same_words(question: str) -> str:
    """Give what all questions have in common that share an entry: no case, single spaces, no mark at the end."""
    return " ".join(unicodedata.normalize("NFKC", question).casefold().split()).rstrip("?!. ")


def as_asked(question: str) -> str:
    """Give the words as the pipelines see them: retrieval and gate mind case, marks and the ends of lines."""
    return question.strip()


def written(entry: CachedAnswer, made: datetime, ends: datetime) -> bytes:
    """Give the value that is kept."""
    head = Head(
        kind="n" if entry.is_negative else "a",
        fingerprint=entry.fingerprint,
        generation=plain(entry.version.generation),
        counter=entry.version.counter,
        confidence=entry.answer.confidence,
        made=milliseconds(made),
        ends=milliseconds(ends),
    )
    table = {
        "answer": answer_to_cache(entry.answer),
        "articles": [[*ref, revision, sorted(audience)] for ref, revision, audience in entry.articles],
        "asked": entry.asked,
        "prints": entry.prints,
    }
    frame = zstd.compress(dump_json(table).encode(), options=_COMPRESSION, zstd_dict=_DICTIONARY)
    return head.line() + frame


class Reader:
    """Reads values; one that came before, byte for byte, is not taken apart again."""

    def __init__(self, most: int = 256) -> None:
        self._most = most
        self._taken_apart: OrderedDict[bytes, tuple[Head, CachedAnswer]] = OrderedDict()

    def read(self, value: bytes, now: datetime) -> CachedAnswer | None:
        """Read what `written` gave; None for what is too old. Raises UnreadableError."""
        known = self._taken_apart.get(value)
        if known is not None:
            self._taken_apart.move_to_end(value)
            head, entry = known
            return entry if head.is_alive(now) else None
        try:
            head = Head.read(value)
            if not head.is_alive(now):
                return None
            entry = _entry(head, value)
        except (
            ValueError,
            KeyError,
            TypeError,
            IndexError,
            AttributeError,
            EOFError,
            OverflowError,
            RecursionError,
            zstd.ZstdError,
        ) as error:
            raise UnreadableError(f"{type(error).__name__}: {error}"[:200]) from error
        self._taken_apart[value] = head, entry
        if len(self._taken_apart) > self._most:
            self._taken_apart.popitem(last=False)
        return entry


class UnreadableError(Exception):
    """A value that this version did not write, or not all of it."""


def _entry(head: Head, value: bytes) -> CachedAnswer:
    data: Mapping[str, Any] = json.loads(_unpacked(value[value.index(b"\n") + 1 :]))
    articles = tuple(
        (ArticleRef(source, article_id), revision, frozenset(audience))
        for source, article_id, revision, audience in data["articles"]
    )
    return CachedAnswer(
        answer=replace(answer_from_cache(data["answer"]), confidence=head.confidence),
        fingerprint=head.fingerprint,
        version=CorpusVersion(unquote(head.generation), head.counter),
        articles=articles,
        asked=data["asked"],
        prints=tuple((passage, digest) for passage, digest in data["prints"]),
    )


def _unpacked(frame: bytes) -> bytes:
    decompressor = zstd.ZstdDecompressor(_DICTIONARY)
    text = decompressor.decompress(frame, _LARGEST_JSON)
    if not decompressor.eof or decompressor.unused_data:
        raise ValueError("cut short, or too long")
    return text


def plain(generation: str) -> str:
    """Give a generation's name as it stands in the line: without spaces."""
    return quote(generation, safe="") or "-"


def milliseconds(moment: datetime) -> int:
    """Give the milliseconds since 1970."""
    return int(moment.astimezone(UTC).timestamp() * 1000)
