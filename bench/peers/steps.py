"""The measures. Each gives raw figures by side; a side that fails is named with the reason, and the others go on."""

from __future__ import annotations

import math
import shutil
import time
from typing import TYPE_CHECKING, Any

from askers import at_once
from desk import RESULTS
from desks import change_articles, make_desk, share_models
from field import LOAD_SECONDS, OURS, START_SECONDS, SYNC_PASSAGES, Context, field_of
from retrieving import large, retrieval
from workers import PeerFailed, Worker

if TYPE_CHECKING:
    from pathlib import Path

    from desks import Desk
    from workers import Side

INBOX = f"{OURS}, inbox and bookkeeping included"


async def first_index(context: Context) -> dict[str, Any]:
    """Index real articles from nothing; then ask their questions."""
    result: dict[str, Any] = {
        "passages": context.real.count,
        "set": context.real.name,
        "seconds": {},
        "ndcg": {},
    }
    sides = [side for side in context.sides if "faiss" not in side.adapter]
    questions = [row["question"] for row in context.real.questions]
    with field_of(context, sides, result) as field_:
        for name in field_.names:
            where = context.real.articles.parent if name == OURS else context.real.passages
            field_.attempt(name, lambda worker, where=where: worker.call("load", str(where)))
        for _, name in field_.turns(context.rounds):
            if name == OURS:
                field_.attempt(name, lambda worker: worker.call("fresh"))
            took = field_.attempt(name, lambda worker: worker.call("index", timeout=LOAD_SECONDS))
            if took is not None:
                result["seconds"].setdefault(name, []).append(took[0])
        for name in field_.names:
            ways = {name: "retrieve"} | ({f"{OURS}, by meaning alone": "by_meaning"} if name == OURS else {})
            for called, way in ways.items():
                found = field_.attempt(name, lambda worker, way=way: worker.each(way, questions))
                if found is not None:
                    result["ndcg"][called] = _ndcg(context.real.questions, found[1])
        result["askers"] = at_once(field_, context)
    result["questions"] = len(questions)
    return result


async def resync(context: Context) -> dict[str, Any]:
    """Sync what is unchanged, then with one article in a hundred changed."""
    desk = await make_desk(context.work / f"desk{SYNC_PASSAGES}", SYNC_PASSAGES, context.models, exact=True)
    desk = _copy(desk, context.work / "resync", context.models)
    result: dict[str, Any] = {"passages": desk.count, "unchanged": {}, "changed": {}}
    with field_of(context, [side for side in context.sides if "faiss" not in side.adapter], result) as field_:
        for name in field_.names:
            field_.attempt(name, lambda worker, name=name: _begin_sync(worker, name, desk))
        for _, name in field_.turns(context.rounds):
            _note(result["unchanged"], name, field_.attempt(name, lambda worker: worker.call("resync")))
        for turn in range(context.rounds):
            result["changed_articles"] = await change_articles(desk, 0.01, turn)
            for name in field_.names:
                if name != OURS:
                    field_.attempt(name, lambda worker: worker.call("load", str(desk.passages)))
                _note(result["changed"], name, field_.attempt(name, lambda worker: worker.call("resync")))
    return result


def _begin_sync(worker: Worker, name: str, desk: Desk) -> None:
    if name == OURS:
        worker.call("load", str(desk.folder))
        worker.call("open")
        worker.call("resync")
        return
    worker.call("load", str(desk.passages), str(desk.vectors))
    worker.call("begin_sync", timeout=LOAD_SECONDS)


async def cold_start(context: Context) -> dict[str, Any]:
    """Start a process over a desk of 3,000 passages that is there, up to its first answer (a peer: first retrieval)."""
    desk = await make_desk(context.work / f"desk{SYNC_PASSAGES}", SYNC_PASSAGES, context.models, exact=True)
    result: dict[str, Any] = {"seconds": {}, "failed": {}}
    question = context.questions[0]
    for _ in range(context.rounds):
        for side in context.sides:
            if side.name in result["failed"]:
                continue
            ways = ("answer", "get") if side.name == OURS else ("retrieve",)
            for way in ways:
                name = f"{OURS}, cached" if way == "get" else side.name
                try:
                    seconds = _cold(context, side, desk, way, question)
                except (PeerFailed, OSError) as error:
                    result["failed"][side.name] = str(error)
                    break
                result["seconds"].setdefault(name, []).append(seconds)
    return result


def _cold(context: Context, side: Side, desk: Desk, way: str, question: str) -> float:
    with Worker(side, context.folder(side), context.model) as worker:
        worker.wait_ready(START_SECONDS)
        if side.name == OURS:
            worker.call("load", str(desk.folder))
        worker.call("start" if side.name == OURS else "open")
        worker.each(way, [question])
        seconds = time.perf_counter() - worker.started
        if way == "answer":
            worker.each("put", [question])
        return seconds


async def cache(context: Context) -> dict[str, Any]:
    """Answer from a cache that holds the questions; ours from message to reply."""
    result: dict[str, Any] = {"milliseconds": {}, "memory": {}, "hits": {}}
    questions = [row["question"] for row in context.real.questions][:60]
    with field_of(context, [context.sides[0], *context.caches], result) as field_:
        if OURS in field_.names:
            field_.attempt(OURS, lambda worker: _ready_real(worker, context))
        for name in field_.names:
            field_.attempt(name, lambda worker: worker.each("put", questions, timeout=LOAD_SECONDS))
        if OURS in field_.names:
            served = field_.attempt(OURS, lambda worker: worker.each("served", questions))
            questions = [
                text for text, how in zip(questions, (served or ((), ()))[1], strict=False) if how == "hit"
            ]
        result["questions"] = len(questions)
        for _, name in field_.turns(context.rounds):
            ways = {name: "routed", INBOX: "get"} if name == OURS else {name: "get"}
            for called, way in ways.items():
                found = field_.attempt(name, lambda worker, way=way: worker.each(way, questions, seconds=15))
                if found is not None:
                    result["milliseconds"].setdefault(called, []).append(found[0])
                    result["hits"][called] = sum(map(bool, found[1])) / len(found[1])
        for name in field_.names:
            result["memory"][name] = field_.attempt(name, lambda worker: worker.memory())
    return result


def _ready_real(worker: Worker, context: Context) -> None:
    """Open the bot over the real articles; what the first step indexed is found unchanged."""
    worker.call("load", str(context.real.articles.parent))
    worker.call("open")
    worker.call("resync", timeout=LOAD_SECONDS)


async def pairs(context: Context) -> dict[str, Any]:
    """Hold each cache at its defaults against pairs that mean the same, and near misses."""
    result: dict[str, Any] = {"served": {}, "failed": {}}
    if not context.pairs:
        result["failed"]["pairs_banking77"] = "not there: --data FOLDER names the question sets"
        return result
    asked = [[row["question_1"], row["question_2"]] for row in context.pairs]
    labels = [row["label"] for row in context.pairs]
    texts = list(dict.fromkeys(text for pair in asked for text in pair))
    judges = [context.sides[0], *context.caches]
    with field_of(context, judges, result) as field_:
        for name in field_.names:
            if name == OURS:
                field_.attempt(name, lambda worker: _ready_real(worker, context))
                found = field_.attempt(
                    name, lambda worker: worker.call("judge_pairs", asked, timeout=LOAD_SECONDS)
                )
                for way, served in (found[1] if found else {}).items():
                    result["served"][way] = _shares(served, labels)
                continue
            field_.attempt(name, lambda worker: worker.call("know", texts, timeout=LOAD_SECONDS))
            found = field_.attempt(
                name, lambda worker: worker.each("judge", asked, seconds=40, timeout=LOAD_SECONDS)
            )
            if found:
                result["served"][name] = _shares(found[1], labels)
    try:
        result["served"][f"{OURS}'s guard, cross-validated"] = await _guard(context)
    except (ImportError, OSError) as error:
        result["failed"]["the guard"] = str(error)
    return result


async def _guard(context: Context) -> dict[str, float]:
    """Give what the guard serves of pairs whose questions and intents it was not trained on; it is trained here."""
    from grounding_vectors import Vectors
    from train_guard import ALLOWED, cross_validated, passed, tables_of, threshold

    assert context.data is not None
    async with Vectors(RESULTS / "work" / "guard") as vectors:
        tables = await tables_of(context.data, vectors)
    found = cross_validated(tables)
    useful, traps = passed(found, tables[0].same, threshold(found, tables[0].same, ALLOWED))
    return {"pairs": len(found), "useful": useful, "traps": traps}


def _shares(served: list[bool], labels: list[int]) -> dict[str, float]:
    useful = [one for one, label in zip(served, labels, strict=False) if label]
    traps = [one for one, label in zip(served, labels, strict=False) if not label]
    return {"pairs": len(served), "useful": sum(useful) / len(useful), "traps": sum(traps) / len(traps)}


def _ndcg(questions: list[dict[str, Any]], found: list[list[str]]) -> float:
    scores = []
    for row, passages in zip(questions, found, strict=True):
        gold = set(row["gold"])
        ranked = list(dict.fromkeys(passages))
        gain = sum(1 / math.log2(rank + 2) for rank, article in enumerate(ranked) if article in gold)
        scores.append(gain / sum(1 / math.log2(rank + 2) for rank in range(min(10, len(gold)))))
    return sum(scores) / len(scores)


def _note(into: dict[str, list[float]], name: str, took: Any) -> None:
    if took is not None:
        into.setdefault(name, []).append(took[0])


def _copy(desk: Desk, to: Path, models: Path) -> Desk:
    """Copy a desk, so that the edits of one run are not found by the next."""
    shutil.rmtree(to, ignore_errors=True)
    shutil.copytree(
        desk.folder, to, ignore=shutil.ignore_patterns("models", "valkey", "*.sock"), symlinks=True
    )
    share_models(models, to)
    return type(desk)(to, to / desk.passages.name, to / desk.vectors.name, desk.count)


STEPS = {
    "index": first_index,
    "resync": resync,
    "retrieval": retrieval,
    "cold": cold_start,
    "cache": cache,
    "pairs": pairs,
    "large": large,
}
ABOUT = {
    "index": "real articles from nothing, then their questions, then 1, 10 and 100 askers",
    "resync": "3,000 passages unchanged, then with one article in a hundred changed",
    "retrieval": "questions at 3,000 and 50,000 passages, memory",
    "cold": "process starts over 3,000 passages",
    "cache": "answers that are kept, memory",
    "pairs": "paraphrases and near misses",
    "large": "questions at 200,000 passages, memory",
}
