"""The words of this package: what an article, a passage, a citation and an answer are."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping
    from datetime import datetime

    OnText = Callable[[str], Awaitable[None]]
    """Takes the next piece of an answer that is being written: CommonMark, only ever appended, already grounded.

    An answer that does not stream never calls it. Once it was called, `Answer.text` begins with all the pieces.
    """

PUBLIC = "public"
"""The audience label that everyone holds."""


class ArticleRef(NamedTuple):
    """What identifies an article: two sources may use the same id."""

    source: str
    id: str

    def __str__(self) -> str:
        return f"{self.source}/{self.id}"


def revision_of(*parts: object) -> str:
    """Give an opaque revision that changes when any of `parts` (JSON-serialisable, or sets) changes."""
    plain = [sorted(part) if isinstance(part, frozenset | set) else part for part in parts]
    text = json.dumps(plain, ensure_ascii=False, sort_keys=True, default=str)
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:20]


@dataclass(frozen=True, slots=True)
class Article:
    """What a helpdesk publishes.

    `id` is the source's own id, unique within `source`. `body` is CommonMark. `revision` is opaque and
    changes whenever the article or who may see it changes. `audience` is never empty; an article is visible
    to whoever shares one label with it. `updated_at` is aware (UTC). `language` is a BCP 47 tag.
    """

    source: str
    id: str
    title: str
    body: str
    revision: str
    audience: frozenset[str]
    url: str | None = None
    updated_at: datetime | None = None
    language: str | None = None
    labels: tuple[str, ...] = ()

    @property
    def ref(self) -> ArticleRef:
        """The identity of the article across sources."""
        return ArticleRef(self.source, self.id)


@dataclass(frozen=True, slots=True)
class Passage:
    """A piece of one article, small enough for the embedding model's window.

    `id` is stable for the same article and position (`source/article#position`). `heading_path` goes from
    the outermost heading to the innermost, without the title. `text` is CommonMark as it stands in the article,
    without its headings. `position` counts passages from 0 in reading order.
    """

    id: str
    article: ArticleRef
    revision: str
    position: int
    title: str
    heading_path: tuple[str, ...]
    text: str
    audience: frozenset[str]
    url: str | None = None
    updated_at: datetime | None = None
    language: str | None = None


@dataclass(frozen=True, slots=True)
class ScoredPassage:
    """A passage that retrieval found; `score` is the fused one that ranks, higher is better.

    `dense` is the cosine of question and passage, `keyword` its BM25 score; 0.0 where that search did not find it.
    """

    passage: Passage
    score: float
    dense: float = 0.0
    keyword: float = 0.0


class Verdict(StrEnum):
    """What became of a question."""

    ANSWERED = "answered"
    UNSURE = "unsure"
    UNANSWERED = "unanswered"
    SMALLTALK = "smalltalk"
    ERROR = "error"


class CacheStatus(StrEnum):
    """How the answer cache took part."""

    MISS = "miss"
    HIT = "hit"
    REVALIDATED = "revalidated"
    PARAPHRASE = "paraphrase"
    OFF = "off"


class CorpusVersion(NamedTuple):
    """Moves with every change of the passages, in the same transaction."""

    generation: str
    counter: int


@dataclass(frozen=True, slots=True)
class Question:
    """A standalone question with all that decides its answer.

    `audience` are the labels that the reader holds, None means every audience (an operator's tools).
    `sources` None means all of them. `exclude` are article ids that retrieval must not see (evaluation).
    """

    text: str
    audience: frozenset[str] | None
    sources: frozenset[str] | None = None
    language: str | None = None
    exclude: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Missing:
    """A thing that a question names and the articles do not: letters, digits, `-` and `_`, at most 40 characters.

    `anywhere`: it stands in no passage that the reader may see; else only in none about the rest of the question.
    """

    thing: str
    anywhere: bool = True


@dataclass(frozen=True, slots=True)
class Evidence:
    """What retrieval found for a question and what the gate thinks of it, best first.

    `confidence` is the gate's calibrated probability (0-1) that `passages` answer the question. `version` was
    read before the retrieval. `features` are the gate's inputs, for `/why`. `missing` is what the question names and
    the articles do not. `repaired` are words that were put right, as (written, meant); `question` has them right.
    `reworded` is the language that `question` was put in word by word, since the articles are in that one.
    """

    question: Question
    passages: tuple[ScoredPassage, ...]
    confidence: float
    verdict: Verdict
    version: CorpusVersion
    features: Mapping[str, float] = field(default_factory=dict)
    missing: Missing | None = None
    repaired: tuple[tuple[str, str], ...] = ()
    reworded: str = ""


@dataclass(frozen=True, slots=True)
class Citation:
    """An article that an answer stands on, with the words it was taken from."""

    article_id: str
    source: str
    title: str
    url: str | None
    revision: str
    updated_at: datetime | None
    quote: str


@dataclass(frozen=True, slots=True)
class Answer:
    """What the knowledge has to say to a question; words for a chat are made of it in `bot.replies`.

    `text` is CommonMark, and holds what the articles say only: for `unanswered` it is the persona's refusal.
    `closest` are the nearest articles of an `unanswered` or `unsure` question. `trace` is JSON-serialisable.
    """

    id: str
    question: str
    text: str
    verdict: Verdict
    confidence: float
    citations: tuple[Citation, ...] = ()
    closest: tuple[Citation, ...] = ()
    persona: str = ""
    cache: CacheStatus = CacheStatus.OFF
    language: str | None = None
    timings_ms: Mapping[str, float] = field(default_factory=dict)
    trace: Mapping[str, Any] = field(default_factory=dict)


# What a source yields while it lists its articles -----------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Unchanged:
    """The source still has this article in the revision that the bot holds; it was not fetched again."""

    article_id: str


@dataclass(frozen=True, slots=True)
class Removed:
    """Positive evidence that the article is gone (a 410, a tombstone in a delta)."""

    article_id: str


@dataclass(frozen=True, slots=True)
class Failed:
    """This article could not be read; the bot keeps the last good revision."""

    article_id: str
    reason: str


@dataclass(frozen=True, slots=True)
class ListingComplete:
    """The last item of a full listing: only after it may what was not listed be removed."""


Found = Article | Unchanged | Removed | Failed | ListingComplete


@dataclass(frozen=True, slots=True)
class SyncPlan:
    """What a sync of one source changes; made by `plan_sync`, applied by ArticleLibrary and ArticleIndex.

    `held` are the ids whose removal waits for an admin: together they are too much of the source.
    """

    source: str
    added: tuple[Article, ...] = ()
    updated: tuple[Article, ...] = ()
    removed: tuple[str, ...] = ()
    unchanged: int = 0
    failed: tuple[Failed, ...] = ()
    held: tuple[str, ...] = ()

    @property
    def is_empty(self) -> bool:
        """Whether applying it would change nothing."""
        return not (self.added or self.updated or self.removed)


@dataclass(frozen=True, slots=True)
class SyncReport:
    """What a sync did. `error` says why a listing did not reach its end; then nothing was removed by absence.

    `held` are the ids of articles that the source no longer has and that were kept, because removing that
    many waits for an admin. `addressed` are the ids of new and changed articles with text that speaks to the bot
    instead of to people; it is never used. `cursor` is where the source's next sync goes on, opaque; None: at the
    beginning.
    """

    source: str
    added: int = 0
    updated: int = 0
    removed: int = 0
    unchanged: int = 0
    failed: tuple[Failed, ...] = ()
    embedded_passages: int = 0
    seconds: float = 0.0
    error: str | None = None
    dry_run: bool = False
    held: tuple[str, ...] = ()
    addressed: tuple[str, ...] = ()
    cursor: str | None = None
