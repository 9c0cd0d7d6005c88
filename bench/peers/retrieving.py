"""Retrieval at each size: how long a question takes, and what memory a side has then."""

from __future__ import annotations

import sys
import time
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TYPE_CHECKING, Any

from desks import make_desk
from field import LOAD_SECONDS, OURS, SYNC_PASSAGES, field_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from desks import Desk
    from field import Context, Field
    from workers import Side, Worker

LARGE = 100_000
"""From here on three stores of Python floats at once would need more than 20 GB: the sides come in two shifts."""
SECOND_SHIFT = frozenset({"LlamaIndex", "Haystack"})
WHOLE = f"{OURS}, whole answer"


async def retrieval(context: Context) -> dict[str, Any]:
    """Retrieve for questions that nobody asked before, at each size below LARGE."""
    return await _at_sizes("retrieval", context, [size for size in context.sizes if size < LARGE])


async def large(context: Context) -> dict[str, Any]:
    """Do the same at the sizes from LARGE on: the longest step, which comes last."""
    return await _at_sizes("large", context, [size for size in context.sizes if size >= LARGE])


async def _at_sizes(step: str, context: Context, sizes: Sequence[int]) -> dict[str, Any]:
    result: dict[str, Any] = {"sizes": {}, "failed": {}}
    for size in sizes:
        begun = time.monotonic()
        is_exact = size == SYNC_PASSAGES
        desk = await make_desk(context.work / f"desk{size}", size, context.models, exact=is_exact)
        _say(f"{size:,} passages made", begun)
        here: dict[str, Any] = {"passages": desk.count, "milliseconds": {}, "memory": {}}
        result["sizes"][str(size)] = here | {"beside": {}, "failed": {}}
        for sides in _shifts(context.sides, size):
            part = {name: {} for name in ("milliseconds", "memory")}
            with field_of(context, sides, part) as field_:
                _fill(field_, desk)
                _say(f"{size:,} passages filled in", begun)
                _ask(field_, context, part)
                for name in field_.names:
                    part["memory"][name] = field_.attempt(name, lambda worker: worker.memory())
                    if is_exact:
                        field_.attempt(name, lambda worker, name=name: name == OURS or worker.call("save"))
            _merge(result["sizes"][str(size)], part)
            _say(f"{size:,} passages asked: {', '.join(part['milliseconds'])}", begun)
            context.note(step, result)
    return result


def _say(text: str, begun: float) -> None:
    print(f"peers:   {text}, {time.monotonic() - begun:.0f} s so far", file=sys.stderr, flush=True)


def _shifts(sides: list[Side], size: int) -> list[list[Side]]:
    """Give who is in memory together; ours is in each shift, to be compared with."""
    late = [side for side in sides if side.name in SECOND_SHIFT]
    if size < LARGE or not late:
        return [sides]
    own = [side for side in sides if side.name == OURS]
    early = [side for side in sides if side not in late]
    return [early, own + late] if early != own else [own + late]


def _merge(here: dict[str, Any], part: dict[str, Any]) -> None:
    """Add a shift; what ours took beside a peer is kept with that peer's name."""
    own = {name: rounds for name, rounds in part["milliseconds"].items() if name.startswith(OURS)}
    for name, rounds in part["milliseconds"].items():
        here["milliseconds"].setdefault(name, []).extend(rounds)
        if name not in own:
            here["beside"][name] = own
    for kind in ("memory", "failed"):
        here[kind] |= part[kind]


def _fill(field_: Field, desk: Desk) -> None:
    """Fill in every side, two at a time: this is not measured here."""
    with ThreadPoolExecutor(2) as pool:
        try:
            list(pool.map(lambda name: field_.attempt(name, partial(_fill_one, desk=desk)), field_.names))
        except BaseException:
            field_.kill()  # else leaving the pool would wait for what it does
            raise


def _fill_one(worker: Worker, desk: Desk) -> None:
    if worker.side.name == OURS:
        worker.call("load", str(desk.folder))
        worker.call("open", timeout=LOAD_SECONDS)
        return
    worker.call("load", str(desk.passages), str(desk.vectors), timeout=LOAD_SECONDS)
    worker.call("index", timeout=LOAD_SECONDS)
    worker.call("forget")


def _ask(field_: Field, context: Context, here: dict[str, Any]) -> None:
    for name in field_.names:  # the first question loads things
        field_.attempt(name, lambda worker: worker.each("retrieve", context.questions[:1]))
    for number, name in field_.turns(context.rounds):
        ways = {name: "retrieve"} | ({WHOLE: "answer"} if name == OURS else {})
        for called, way in ways.items():
            some = context.unseen(number * 40 + (20 if way == "answer" else 0), 20)
            found = field_.attempt(name, lambda worker, way=way, some=some: worker.each(way, some, seconds=4))
            if found is not None:
                here["milliseconds"].setdefault(called, []).append(found[0])
