"""The embedding child: its vectors, and that nothing of it is left behind."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import psutil
import pytest

from knowledge.embedding import frames
from knowledge.embedding.bulk import BulkEmbedder
from knowledge.embedding.worker import has_native_bf16
from knowledge.errors import EmbeddingError

if TYPE_CHECKING:
    from pathlib import Path

    from knowledge.embedding.exported import ExportedModel

LONG = ["Open **Settings**, choose the device and wait for the code. " * 15] * 400

PARENT = """
import asyncio, sys
from pathlib import Path
from knowledge.embedding.bulk import BulkEmbedder
from knowledge.embedding.exported import ExportedModel
from knowledge.embedding.model import resolve_model

async def main():
    exported = ExportedModel.of(resolve_model(""), Path(sys.argv[1]))
    async with BulkEmbedder(exported, batch_tokens=1024) as bulk:
        async for batch in bulk.embed(["some words to embed " * 40] * 2000):
            print(bulk.pid, flush=True)

asyncio.run(main())
"""

BARE = """
import json, sys
import numpy as np
from sentence_transformers import SentenceTransformer
texts = json.load(sys.stdin)
model = SentenceTransformer(sys.argv[1], device="cpu")
np.save(sys.argv[2], model.encode(texts, normalize_embeddings=True, show_progress_bar=False))
"""


async def gather(bulk: BulkEmbedder, texts: list[str]) -> np.ndarray:
    """All vectors, in the order of the texts."""
    vectors = np.full((len(texts), 384), np.nan, dtype=np.float32)
    async for batch in bulk.embed(texts):
        vectors[batch.indices] = batch.vectors
    return vectors


def sample_texts() -> list[str]:
    """Texts of many lengths, beyond the window too."""
    return [
        f"{number}. Öffne die *Einstellungen* 🎉 " + "and wait for it, " * (number * 6)
        for number in range(20)
    ]


@pytest.mark.slow
@pytest.mark.timeout(300)
async def test_vectors_are_those_of_sentence_transformers(exported: ExportedModel, tmp_path: Path) -> None:
    """The bulk's vectors have a cosine of 0.9999 at least to SentenceTransformer.encode in fp32."""
    texts = sample_texts()
    target = tmp_path / "bare.npy"
    bare = await asyncio.create_subprocess_exec(
        sys.executable, "-c", BARE, str(exported.model.path), str(target), stdin=asyncio.subprocess.PIPE
    )
    async with BulkEmbedder(exported, precision="fp32") as bulk:
        ours = await gather(bulk, texts)
        assert bulk.encoder == "onnxruntime fp32"
    await bare.communicate(json.dumps(texts).encode())
    assert bare.returncode == 0
    assert (ours * np.load(target)).sum(axis=1).min() > 0.9999


@pytest.mark.slow
@pytest.mark.timeout(300)
async def test_bf16_vectors_agree_with_fp32(exported: ExportedModel) -> None:
    """Where bf16 is taken its vectors have a cosine of 0.999 at least to fp32, padded or not."""
    texts = sample_texts()[:5]  # short: without native bf16 this is slow
    async with (
        BulkEmbedder(exported, precision="bf16") as half,
        BulkEmbedder(exported, precision="fp32") as full,
    ):
        vectors = await gather(half, texts)
        assert half.encoder == "torch bf16"
        assert (vectors * await gather(full, texts)).sum(axis=1).min() > 0.999
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)


@pytest.mark.parametrize(
    ("words", "native"),
    [
        ("fpu avx2 avx512_bf16", True),
        ("amx_tile amx_bf16", True),
        ("asimd bf16 i8mm", True),
        ("fpu avx2", False),
    ],
)
def test_bf16_is_read_from_the_cpu_features(tmp_path: Path, words: str, native: bool) -> None:  # noqa: FBT001
    """x86 and Arm name native bf16 differently."""
    (tmp_path / "cpuinfo").write_text(f"processor : 0\nflags : {words}\n")
    assert has_native_bf16(tmp_path / "cpuinfo") is native


def test_a_machine_without_cpuinfo_has_no_native_bf16(tmp_path: Path) -> None:
    """On macOS there is no such file; fp32 it is."""
    assert not has_native_bf16(tmp_path / "none")


async def test_one_child_embeds_again_and_again(exported: ExportedModel) -> None:
    """A second request needs no second start."""
    async with BulkEmbedder(exported) as bulk:
        first = await gather(bulk, ["one", "two"])
        pid = bulk.pid
        assert ((await gather(bulk, ["two", "one"]))[::-1] * first).sum(axis=1).min() > 0.99999
        assert bulk.pid == pid


async def test_the_child_is_niced_and_in_its_own_group(exported: ExportedModel) -> None:
    """It yields to the process that answers while it starts, too, and Ctrl-C in a terminal does not reach it first."""
    async with BulkEmbedder(exported) as bulk:
        assert bulk.pid is not None
        assert psutil.Process(bulk.pid).nice() >= 10
        await gather(bulk, ["one"])
        assert psutil.Process(bulk.pid).nice() >= 10
        assert os.getpgid(bulk.pid) == bulk.pid != os.getpgid(0)


async def test_a_child_that_dies_is_an_error_with_its_exit_code(exported: ExportedModel) -> None:
    """Killed in the middle, the batches so far were right and the error says what happened and what to do."""
    done = 0
    async with BulkEmbedder(exported, batch_tokens=1024) as bulk:
        batches = bulk.embed(LONG)
        done += len((await anext(batches)).indices)
        assert bulk.pid is not None
        os.kill(bulk.pid, signal.SIGKILL)
        with pytest.raises(EmbeddingError, match=r"exit code -9.*run it again"):
            done += sum([len(batch.indices) async for batch in batches])
    assert 0 < done < len(LONG)


async def test_a_child_that_cannot_load_the_model_says_why(exported: ExportedModel, tmp_path: Path) -> None:
    """The cause is in the error, and so in the log."""
    async with BulkEmbedder(replace(exported, folder=tmp_path)) as bulk:
        with pytest.raises(EmbeddingError, match=r"model\.onnx"):
            await gather(bulk, ["one"])


def test_the_child_dies_with_a_parent_that_is_killed(exported: ExportedModel) -> None:
    """After kill -9 of the parent in the middle of a bulk nothing goes on burning the CPU."""
    models = str(exported.folder.parent)
    with subprocess.Popen(
        [sys.executable, "-c", PARENT, models], stdout=subprocess.PIPE, text=True
    ) as parent:
        assert parent.stdout is not None
        child = psutil.Process(int(parent.stdout.readline()))
        assert child.is_running()
        parent.kill()
        parent.wait()
        assert_ends(child)


def test_the_child_ends_when_its_standard_input_ends(exported: ExportedModel) -> None:
    """Where the kernel does not tell of a parent's death the closed pipe does, in the middle of a batch too."""
    request = {
        "task": "embed",
        "model": str(exported.model.path),
        "models_dir": str(exported.folder.parent),
        "batch_tokens": 1024,
        "threads": 1,
        "precision": "fp32",
    }
    command = [sys.executable, "-m", "knowledge.embedding.worker", str(os.getpid())]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as worker:
        assert worker.stdin is not None
        assert worker.stdout is not None
        worker.stdin.write(frames.pack(request, json.dumps(LONG).encode()))
        worker.stdin.flush()
        frame = frames.read(worker.stdout)
        assert frame is not None
        assert frame[0]["event"] == "started"
        worker.stdin.close()
        worker.stdin = None
        assert worker.wait(timeout=30) == 0


def test_a_child_whose_parent_is_gone_does_not_begin() -> None:
    """A parent that died while the child started is noticed."""
    command = [sys.executable, "-m", "knowledge.embedding.worker", "1"]
    assert subprocess.run(command, stdin=subprocess.PIPE, timeout=60, check=False).returncode == 0


def assert_ends(process: psutil.Process) -> None:
    """Wait for a process that is not our child; one that only waits to be reaped has ended."""
    try:
        if process.status() != psutil.STATUS_ZOMBIE:
            process.wait(timeout=20)
    except psutil.NoSuchProcess:
        return
    except psutil.TimeoutExpired:
        assert process.status() == psutil.STATUS_ZOMBIE
