"""Many askers at once: how many questions a second each side takes. A peer retrieves, ours answers whole, uncached."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from field import Context, Field
    from workers import Worker

ASKERS = (1, 10, 100)
LEAST = 20
"""Questions a turn, where there are fewer askers."""


def at_once(field_: Field, context: Context) -> dict[str, dict[str, list[float]]]:
    """Give the seconds a question by number of askers and side, one of each round."""
    found: dict[str, dict[str, list[float]]] = {}
    for number in ASKERS:
        here = found[str(number)] = {}
        count = max(LEAST, number)
        for turn, name in field_.turns(context.rounds):
            asked = context.unseen(1_000 * number + turn * count, count)
            took = field_.attempt(name, partial(_ask, number=number, asked=asked))
            if took is not None:
                here.setdefault(name, []).append(took / count)
    return found


def _ask(worker: Worker, number: int, asked: list[str]) -> float:
    return worker.call("askers", number, asked)[0]
