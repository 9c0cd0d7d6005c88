"""Which kept question is nearest to a new one: vectors in memory, fed by a stream in Redis that all replicas read.

The stream holds no words: a digest of who may share an answer, the entry's key, and the vector.
"""

# ruff: noqa: PLC0415 - numpy is loaded with the first look: a start from the cache does without
from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import structlog

from knowledge.redis_circuit import RedisCircuit

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from numpy.typing import NDArray
    from redis.asyncio import Redis

MOST: Final = 20_000
"""Vectors that a replica holds, and entries that the stream keeps; the oldest go first."""
_STREAM: Final = "{helpdesk-bot:answers}:questions"
_BATCH: Final = 500
_FIRST_ROWS: Final = 256


class NearestQuestions:
    """The vectors of kept questions, each in a partition: what is near in another partition is not looked at.

    Vectors are unit vectors. Every look reads what other replicas added since the last one; a new replica reads what
    the stream still holds. Without Redis, or with one that is gone, nothing is near, and nothing is raised.
    """

    def __init__(self, redis: Redis | None, most: int = MOST, circuit: RedisCircuit | None = None) -> None:
        """`circuit` is the answer cache's, so that a Redis that is gone costs one wait and not two; None: its own."""
        self._redis = redis
        self._most = most
        self._circuit = circuit or RedisCircuit("nearest questions")
        self._read_to = "0"
        self._vectors: NDArray[np.float32] | None = None
        self._held: list[tuple[str, str] | None] = []
        self._row_of: dict[tuple[str, str], int] = {}
        self._rows_in: dict[str, set[int]] = {}
        self._next = 0
        self._log = structlog.get_logger()

    def __len__(self) -> int:
        return len(self._row_of)

    async def add(self, partition: str, key: str, vector: NDArray[np.float32]) -> None:
        """Tell all replicas of a kept question; this one learns of it at its next look, as the others do."""
        redis = self._redis
        if redis is None:
            return
        fields: dict[Any, Any] = {"p": partition, "k": key, "v": vector.astype("<f2").tobytes()}
        await self._circuit.call(
            lambda: redis.xadd(_STREAM, fields, maxlen=self._most, approximate=True), None
        )

    async def nearest(
        self, partition: str, vector: NDArray[np.float32], most: int, least: float
    ) -> list[tuple[str, float]]:
        """Give up to `most` keys of the partition with their cosines, the nearest first, none under `least`."""
        import numpy as np

        if not await self._catch_up() or self._vectors is None:
            return []
        rows = np.fromiter(self._rows_in.get(partition, ()), np.int64)
        if not len(rows) or vector.shape[0] != self._vectors.shape[1]:
            return []
        cosines = self._vectors[rows] @ vector
        found = sorted(zip(cosines.tolist(), rows.tolist(), strict=True), reverse=True)[:most]
        near = [(self._held[row], cosine) for cosine, row in found if cosine >= least]
        return [(held[1], cosine) for held, cosine in near if held]

    def forget(self, partition: str, key: str) -> None:
        """Forget a question whose entry is gone; other replicas find that out themselves."""
        row = self._row_of.pop((partition, key), None)
        if row is not None:
            self._held[row] = None
            self._rows_in[partition].discard(row)
            if not self._rows_in[partition]:
                del self._rows_in[partition]

    async def _catch_up(self) -> bool:
        """Read what is new; False where Redis is not there: no entry can be looked at either."""
        redis = self._redis
        if redis is None:
            return False

        async def more() -> Sequence[tuple[str, dict[bytes, bytes]]]:
            return _rows(await redis.xread({_STREAM: self._read_to}, count=_BATCH))

        while True:
            rows = await self._circuit.call(more, None)
            if rows is None:
                return False
            for number, fields in rows:
                self._read_to = number
                self._take(fields)
            if len(rows) < _BATCH:
                return True

    def _take(self, fields: dict[bytes, bytes]) -> None:
        import numpy as np

        try:
            partition, key = fields[b"p"].decode(), fields[b"k"].decode()
            vector = np.frombuffer(fields[b"v"], "<f2").astype(np.float32)
        except (KeyError, ValueError) as error:
            self._log.warning("nearest_questions.unreadable", error=f"{type(error).__name__}: {error}"[:200])
            return
        held = self._vectors
        if not len(vector) or (held is not None and len(vector) != held.shape[1]):
            return  # of another model, whose partitions nobody asks for here
        self.forget(partition, key)
        row = self._row()
        if held is None or len(held) <= row:
            held = self._vectors = self._grown(held, len(vector))
        held[row] = vector
        self._held[row] = (partition, key)
        self._row_of[partition, key] = row
        self._rows_in.setdefault(partition, set()).add(row)

    def _row(self) -> int:
        """Give the row that is next: rows are taken in turn, so that the oldest goes."""
        row = self._next
        self._next = (row + 1) % self._most
        if row == len(self._held):
            self._held.append(None)
        elif old := self._held[row]:
            self.forget(*old)
        return row

    def _grown(self, held: NDArray[np.float32] | None, dimensions: int) -> NDArray[np.float32]:
        import numpy as np

        rows = 0 if held is None else len(held)
        grown = np.zeros((min(max(2 * rows, _FIRST_ROWS), self._most), dimensions), np.float32)
        if held is not None:
            grown[:rows] = held
        return grown


def _rows(read: Any) -> Sequence[tuple[str, dict[bytes, bytes]]]:
    """Give the entries of one stream's XREAD, as RESP2 and RESP3 bring them."""
    if not read:
        return []
    listed = next(iter(read.values())) if isinstance(read, dict) else read[0][1]
    flat = listed[0] if isinstance(read, dict) and listed and isinstance(listed[0], list) else listed
    return [
        (number.decode() if isinstance(number, bytes) else str(number), fields) for number, fields in flat
    ]
