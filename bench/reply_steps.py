"""CPU milliseconds of a reply by step: made anew of a new question, and checked again after one article moved.

    python bench/reply_steps.py --desk FOLDER [--passages 3000]

`FOLDER` is that of `bench/load.py`: desks are made there, and kept. All work is done in one thread, so that each step's
share can be told; what other threads do (commits) is in the process's time only.
"""

from __future__ import annotations

import argparse
import asyncio
import functools
import time
from collections import defaultdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from desk import quiet_logs
from filled import fill, questions, settings_of, varied
from load import Asked, Chat, move_corpus

from bot.app import App
from knowledge.answering.steps.extractive import ExtractiveAnswerer
from knowledge.answering.steps.judge import JudgeEvidence
from knowledge.embedding.questions import QuestionEmbedder
from knowledge.index import ArticleIndex
from knowledge.stores.store import PassageStore

if TYPE_CHECKING:
    from collections.abc import Callable

ROUNDS, WARMING = 200, 80
STEPS: tuple[tuple[type, str, str], ...] = (
    (QuestionEmbedder, "embed", "model on the question"),
    (PassageStore, "respelled", "spelling"),
    (PassageStore, "refresh", "changed passages taken up"),
    (ArticleIndex, "_search", "search"),
    (PassageStore, "held", "words looked up"),
    (JudgeEvidence, "run", "gate"),
    (ExtractiveAnswerer, "_sections", "extract"),
    (ExtractiveAnswerer, "_made", "extract"),
)


class Spent:
    """CPU seconds of the main thread by step, each without the steps within it."""

    def __init__(self) -> None:
        self.by_step: defaultdict[str, float] = defaultdict(float)
        self._within: list[float] = []
        self.thread = self.process = 0.0

    def timed(self, work: Callable[..., Any], step: str) -> Callable[..., Any]:
        """Give `work` with its time counted to `step`."""

        @functools.wraps(work)  # Haystack reads what a step takes
        def run(*given: Any, **named: Any) -> Any:
            started = time.thread_time()
            self._within.append(0.0)
            try:
                return work(*given, **named)
            finally:
                took = time.thread_time() - started
                self.by_step[step] += took - self._within.pop()
                if self._within:
                    self._within[-1] += took

        return run

    async def ask(self, chat: Chat, question: str) -> None:
        """Ask and count."""
        thread, process = time.thread_time(), time.process_time()
        await chat.ask(question, Asked())
        self.thread += time.thread_time() - thread
        self.process += time.process_time() - process

    def show(self, name: str, rounds: int) -> None:
        """Print milliseconds a reply."""
        print(f"{name}: {self.process * 1000 / rounds:.1f} ms CPU, {self.thread * 1000 / rounds:.1f} here")
        for step, seconds in sorted(self.by_step.items(), key=lambda one: -one[1]):
            print(f"  {step}: {seconds * 1000 / rounds:.2f}")
        print(f"  the rest: {(self.thread - sum(self.by_step.values())) * 1000 / rounds:.2f}")
        self.by_step.clear()
        self.thread = self.process = 0.0


async def measure(app: App, spent: Spent) -> None:
    """Measure one desk."""
    for part in (await app.index(), await app.evidence(), await app.answering()):
        await part.warm()
    await (await app.answer_cache()).clear()
    chat, wordings = Chat(await app.delivery()), varied(WARMING + ROUNDS)
    for text in wordings[:WARMING]:
        await spent.ask(chat, text)
    spent.show("the first ones", WARMING)
    for text in wordings[WARMING:]:
        await spent.ask(chat, text)
    spent.show("made anew", ROUNDS)
    asked = [text for text in questions() if len(text) > 10]
    for text in asked:
        await spent.ask(chat, text)
    spent.show("asked once more", len(asked))
    for number in range(ROUNDS):
        await move_corpus(app)
        await spent.ask(chat, asked[number % len(asked)])
    spent.show("checked again", ROUNDS)


async def main() -> None:
    """Measure."""
    quiet_logs()
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--desk", type=Path, required=True, help="where desks are kept from run to run")
    parser.add_argument("--passages", type=int, default=3_000)
    options = parser.parse_args()
    folder = options.desk / f"d{options.passages}"
    folder.mkdir(parents=True, exist_ok=True)
    is_kept = (folder / "data" / "index").exists()
    settings = settings_of(folder) if is_kept else await fill(folder, options.passages)
    spent = Spent()
    for owner, name, step in STEPS:
        setattr(owner, name, spent.timed(getattr(owner, name), step))

    async def here(work: Callable[..., Any], *given: Any, **named: Any) -> Any:
        return work(*given, **named)

    asyncio.to_thread = here  # type: ignore[assignment]  # in this thread, where its time is counted
    async with App(settings) as app:
        await measure(app, spent)


if __name__ == "__main__":
    asyncio.run(main())
