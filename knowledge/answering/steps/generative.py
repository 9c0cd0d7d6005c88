"""The answering step with a language model: writes and grounds at once, quotes where the model fails."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import structlog
from haystack import component

from config.grounding import GroundingSettings
from knowledge.answering.compose import Composed, cite, conflict_text
from knowledge.answering.conflict import find_conflicts
from knowledge.answering.ground import Unsupported, neutralise
from knowledge.answering.grounding.grounder import Grounder, Judge
from knowledge.answering.language import detect_language, same_language
from knowledge.answering.llm.draft import Draft
from knowledge.answering.llm.prompt import answer_prompt
from knowledge.answering.llm.writer import Account, LlmWriter
from knowledge.answering.phrases import phrases, unsure_words
from knowledge.answering.stated import nearest_statement
from knowledge.answering.steps.extractive import ExtractiveAnswerer
from knowledge.answering.steps.payload import Given, Made
from knowledge.answering.style import check_style
from knowledge.embedding.engine import Embedding
from knowledge.models import Citation, Passage, Verdict

if TYPE_CHECKING:
    from numpy import float32
    from numpy.typing import NDArray


@component
class GroundedWriter:
    """One component, so that no word leaves before it was checked against the passages that it cites.

    An answer of which nothing is left, or that never came, is the extract's.
    """

    def __init__(
        self,
        writer: LlmWriter,
        extract: ExtractiveAnswerer,
        embedding: Embedding,
        max_characters: int,
        *,
        grounding: GroundingSettings,
        judge: Judge | None = None,
    ) -> None:
        self._writer = writer
        self._extract = extract
        self._embedding = embedding
        self._max_characters = max_characters
        self._grounding = grounding
        self._judge = judge
        self._vectors: dict[str, NDArray[float32]] = {}

    @component.output_types(made=Made)
    def run(self, given: Given) -> dict[str, Made]:
        """Refuse: models are reached by `run_async` only."""
        raise NotImplementedError("run the pipeline with run_async")

    @component.output_types(made=Made)
    async def run_async(self, given: Given) -> dict[str, Made]:
        """Give what was `made`, by the model or of the articles' own words."""
        passages = canonical(given)
        language = _language(passages, given)
        grounder = Grounder(
            self._embedding,
            given.evidence.question.text,
            vectors=self._vectors,
            judge=self._judge,
            least=self._grounding.nli_least,
        )
        draft = Draft(
            passages,
            grounder,
            language=language,
            max_characters=self._max_characters,
            opening=_opening(given),
            on_text=given.on_text,
            style=given.persona.style,
        )

        def prompt(complaints: Sequence[Unsupported]) -> Any:
            return answer_prompt(
                given.asked or given.evidence.question.text,
                passages,
                given.persona,
                language=language,
                max_characters=self._max_characters,
                complaints=complaints,
            )

        account = await self._writer.write(prompt, draft, complaints=self._grounding.complaints)
        trace: dict[str, Any] = {"llm": account.as_trace(), "dropped": _dropped(draft)}
        if account.outcome in {"cut", "failed", "over_budget"}:
            trace["passing"] = True  # in an hour the same question may get a better answer: not for the cache
        if draft.left_out:
            trace["left_out"] = [text[:200] for text in draft.left_out]
        if draft.toned:
            trace["toned"] = True
        if draft.sent:
            return {"made": self._written(given, draft, passages, trace)}
        return {"made": await self._extracted(given, account, trace)}

    def _written(
        self, given: Given, draft: Draft, passages: Sequence[Passage], trace: dict[str, Any]
    ) -> Made:
        said = phrases(given.persona.language)
        cited = list(dict.fromkeys(passage.id for _, passage in draft.stated))
        conflicts = find_conflicts(_quoted(draft), given.evidence.passages)
        text = draft.text.rstrip()
        broken = check_style(given.persona, text).violations
        if broken:
            trace["style"] = {violation.rule: violation.found for violation in broken}
        citations = _citations(draft)
        if conflicts:
            text = f"{text}\n\n{neutralise(conflict_text(conflicts, said))}"
        known = {(c.source, c.article_id) for c in citations}
        for conflict in conflicts:
            ref = conflict.passage.article
            if (ref.source, ref.id) not in known:
                citations = (*citations, cite(conflict.passage, conflict.other))
                known.add((ref.source, ref.id))
        trace |= {
            "quoted": [{"article": str(p.article), "passages": [p.id]} for p in passages if p.id in cited]
        }
        return Made(Composed(text, citations, tuple(draft.dropped)), trace, opened=bool(_opening(given)))

    async def _extracted(self, given: Given, account: Account, trace: dict[str, Any]) -> Made:
        """Quote instead; a model that read the passages and says they do not answer makes it doubtful."""
        output = await self._extract.run_async(given=given)
        made = output["made"]
        dropped = [*trace["dropped"], *made.trace.get("dropped", ())]
        structlog.get_logger().info("llm_answer_not_used", outcome=account.outcome, model=account.model)
        whole = made.trace | trace | {"dropped": dropped, "extract_instead_of": account.outcome}
        return Made(made.composed, whole, doubtful=account.outcome == "declined")


def canonical(given: Given) -> list[Passage]:
    """Give the passages in an order that does not depend on their ranks: the same evidence, the same prompt."""
    found = {scored.passage.id: scored.passage for scored in given.evidence.passages}
    return sorted(found.values(), key=lambda p: (p.article, p.position))


def _language(passages: Sequence[Passage], given: Given) -> str:
    """Give the language to write in: that of the best passage, for only that can be held against it."""
    best = given.evidence.passages[0].passage
    asked = given.evidence.question.language or detect_language(given.asked or given.evidence.question.text)
    written = best.language or detect_language(best.text) or "en"
    if asked and any(same_language(asked, p.language or detect_language(p.text)) for p in passages):
        return asked
    return written


def _opening(given: Given) -> str:
    if given.evidence.verdict is not Verdict.UNSURE:
        return ""
    return f"{unsure_words(given.persona, given.evidence.missing)}\n\n"


def _quoted(draft: Draft) -> Iterator[tuple[str, Passage]]:
    """Give what the passages say where the model says it in its own words: only the articles' words compare."""
    for sentence, passage in draft.stated:
        if (quote := nearest_statement(sentence, passage)) is not None:
            yield quote, passage


def _citations(draft: Draft) -> tuple[Citation, ...]:
    found: dict[tuple[str, str], Citation] = {}
    for sentence, passage in draft.stated:
        found.setdefault(
            (passage.article.source, passage.article.id), cite(passage, nearest_quote(sentence, passage))
        )
    return tuple(found.values())


def nearest_quote(sentence: str, passage: Passage) -> str:
    """Give the passage's own sentence, step or row that shares most words with what was written."""
    wanted = set(sentence.casefold().split())
    lines = [line.strip() for line in passage.text.split("\n") if line.strip()]
    return max(lines, key=lambda line: len(wanted & set(line.casefold().split())), default=passage.title)


def _dropped(draft: Draft) -> list[dict[str, str]]:
    return [{"text": fault.text[:200], "reason": fault.reason} for fault in draft.dropped]
