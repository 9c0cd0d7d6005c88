"""The embedding child, `python -m knowledge.embedding.worker PARENT_PID`: embeds in bulk, and exports models.

Reads requests from standard input and answers on standard output, in frames (`knowledge.embedding.frames`);
whatever else is printed goes to standard error. It ends with its parent: on Linux by the kernel's word, everywhere
at the end of its standard input.

The engine of the bulk: onnxruntime in fp32, which on CPUs without bf16 is quicker than torch and starts in a
second where torch takes ten. Where the CPU multiplies bf16 natively and the texts are many, torch in bf16 is
tried on a sample and taken if its vectors agree and it is quicker.
"""

from __future__ import annotations

import ctypes
import json
import os
import queue
import signal
import sys
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, Protocol

import numpy as np

from knowledge.embedding import frames
from knowledge.embedding.encoder import available_cpus
from knowledge.embedding.exported import ExportedModel
from knowledge.embedding.model import resolve_model
from knowledge.embedding.parallel import ParallelEncoder
from knowledge.embedding.tokens import ModelTokenizer
from knowledge.errors import DiskFull, KnowledgeError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

LEAST_BF16_COSINE = 0.999
_BF16_SAMPLE = 32
_SAMPLE_BUDGET = 1024
# Below this many texts torch's start costs more than bf16 saves.
_BF16_LEAST_TEXTS = 1000
_PR_SET_PDEATHSIG = 1


class Encoder(Protocol):
    """What turns rows of token ids into vectors."""

    def encode_in_batches(
        self, rows: Sequence[Sequence[int]], budget: int
    ) -> Iterator[tuple[NDArray[np.int64], NDArray[np.float32]]]:
        """Yield (indices, vectors) batch by batch."""
        ...


def main(arguments: Sequence[str]) -> None:
    """Serve requests until standard input ends."""
    answers = _take_over_stdout()
    _end_with_parent(int(arguments[0]))
    requests: queue.SimpleQueue[tuple[dict[str, Any], bytes]] = queue.SimpleQueue()
    threading.Thread(target=_read_requests, args=(requests,), daemon=True).start()
    while True:
        header, payload = requests.get()
        try:
            for answer, data in _serve(header, payload):
                _answer(answers, answer, data)
        except DiskFull as error:
            _answer(answers, {"event": "error", "kind": "disk_full", "message": str(error)})
        except KnowledgeError as error:
            _answer(answers, {"event": "error", "kind": "embedding", "message": str(error)})
        except BrokenPipeError:  # the parent closed its end: standard input ends too
            os._exit(0)
        except Exception as error:  # noqa: BLE001 - it is raised in the parent, and the child serves on
            message = f"the embedding process failed: {type(error).__name__}: {error}"
            _answer(answers, {"event": "error", "kind": "embedding", "message": message})


def _answer(answers: BinaryIO, header: dict[str, Any], data: bytes = b"") -> None:
    answers.write(frames.pack(header, data))
    answers.flush()


def _take_over_stdout() -> BinaryIO:
    """Keep standard output for frames: what libraries print goes to standard error."""
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    return answers


def _end_with_parent(parent: int) -> None:
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != parent:  # it died before the kernel was told
        os._exit(0)


def _read_requests(requests: queue.SimpleQueue[tuple[dict[str, Any], bytes]]) -> None:
    while (request := frames.read(sys.stdin.buffer)) is not None:
        requests.put(request)
    os._exit(0)  # in the middle of whatever is being computed: nobody waits for it


def _serve(header: dict[str, Any], payload: bytes) -> Iterator[tuple[dict[str, Any], bytes]]:
    exported = ExportedModel.of(resolve_model(header["model"]), Path(header["models_dir"]))
    if header["task"] == "export":
        from knowledge.embedding.export import export  # noqa: PLC0415 - the bulk does not need it

        export(exported)
    else:
        yield from _embed(exported, header, json.loads(payload))
    yield {"event": "done"}, b""


def _embed(
    exported: ExportedModel, header: dict[str, Any], texts: list[str]
) -> Iterator[tuple[dict[str, Any], bytes]]:
    os.nice(max(0, frames.NICENESS - os.nice(0)))
    rows = ModelTokenizer(exported.model).encode(texts, exported.model.passage_prompt)
    threads = header["threads"] or available_cpus()
    encoder, name = choose_encoder(exported, rows, threads, header["precision"])
    yield {"event": "started", "encoder": name}, b""
    for indices, vectors in encoder.encode_in_batches(rows, header["batch_tokens"]):
        answer = {"event": "batch", "indices": indices.tolist(), "dimensions": vectors.shape[1]}
        yield answer, np.ascontiguousarray(vectors, dtype="<f4").tobytes()


def choose_encoder(
    exported: ExportedModel, rows: Sequence[Sequence[int]], threads: int, precision: str = "auto"
) -> tuple[Encoder, str]:
    """Give the bulk's encoder and its name; `precision` is auto, fp32 or bf16 (if its vectors agree)."""
    plain = ParallelEncoder(exported.onnx, threads)
    if precision == "fp32" or (precision == "auto" and not _bf16_is_worth_a_try(rows)):
        return plain, "onnxruntime fp32"
    from knowledge.embedding.torch_encoder import Bfloat16Encoder  # noqa: PLC0415 - ten seconds and 500 MB

    half = Bfloat16Encoder(exported.model, threads)
    sample = [rows[index] for index in np.linspace(0, len(rows) - 1, min(_BF16_SAMPLE, len(rows)), dtype=int)]
    _timed(half, sample[:2])  # the first run builds kernels
    half_vectors, half_seconds = _timed(half, sample)
    plain_vectors, plain_seconds = _timed(plain, sample)
    agree = float((half_vectors * plain_vectors).sum(axis=1).min()) >= LEAST_BF16_COSINE
    if agree and (half_seconds < plain_seconds or precision == "bf16"):
        return half, "torch bf16"
    return plain, "onnxruntime fp32"


def _timed(encoder: Encoder, sample: Sequence[Sequence[int]]) -> tuple[NDArray[np.float32], float]:
    began = time.perf_counter()
    batches = list(encoder.encode_in_batches(sample, _SAMPLE_BUDGET))
    seconds = time.perf_counter() - began
    order = np.argsort(np.concatenate([indices for indices, _ in batches]))
    return np.concatenate([vectors for _, vectors in batches])[order], seconds


def _bf16_is_worth_a_try(rows: Sequence[Sequence[int]]) -> bool:
    return len(rows) >= _BF16_LEAST_TEXTS and has_native_bf16(Path("/proc/cpuinfo"))


def has_native_bf16(cpuinfo: Path) -> bool:
    """Whether Linux's list of CPU features names bf16 arithmetic (x86: AVX-512 or AMX; Arm: bf16)."""
    try:
        words = set(cpuinfo.read_text(encoding="utf-8", errors="replace").split())
    except OSError:
        return False
    return not words.isdisjoint({"avx512_bf16", "amx_bf16", "bf16"})


if __name__ == "__main__":
    main(sys.argv[1:])
