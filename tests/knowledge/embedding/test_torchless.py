"""The serving process embeds questions without torch, and within its memory."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from knowledge.embedding.exported import ExportedModel

SERVING = """
import asyncio, json, os, sys
from pathlib import Path
from knowledge.embedding import block_torch
block_torch()
import haystack
import psutil
from config.settings import EmbeddingSettings
from knowledge.embedding.engine import Embedding

async def main():
    embedding = Embedding(EmbeddingSettings(), Path(sys.argv[1]))
    await embedding.embed_questions(["How do I reset my password?"] * 16)
    passages = [batch async for batch in embedding.embed_passages(["A passage of some length. " * 60] * 64)]
    await embedding.close()

asyncio.run(main())
heavy = ("torch", "transformers", "sentence_transformers")
loaded = [name for name in sys.modules if name.split(".")[0] in heavy]
print(json.dumps({
    "loaded": [name for name in loaded if sys.modules[name] is not None],
    "telemetry": os.environ["HAYSTACK_TELEMETRY_ENABLED"],
    "megabytes": psutil.Process().memory_info().rss / 1e6,
}))
"""

STARTING = """
import sys
from knowledge.embedding import block_torch
block_torch()
from pathlib import Path
from config.settings import EmbeddingSettings
from knowledge.embedding.engine import Embedding
Embedding(EmbeddingSettings(), Path(sys.argv[1])).model
print([name for name in ("onnxruntime", "tokenizers", "haystack") if name in sys.modules])
"""


def run(script: str, exported: ExportedModel) -> str:
    """Run a script in a fresh interpreter."""
    command = [sys.executable, "-c", script, str(exported.folder.parent)]
    return subprocess.run(command, capture_output=True, text=True, check=True, timeout=100).stdout


def test_the_serving_process_has_haystack_and_the_model_without_torch(exported: ExportedModel) -> None:
    """After questions and a changed article torch is not loaded, and memory is under 350 MB."""
    facts = json.loads(run(SERVING, exported))
    assert facts["loaded"] == []
    assert facts["telemetry"] == "False"
    assert facts["megabytes"] < 350


def test_a_cached_answer_loads_no_model(exported: ExportedModel) -> None:
    """Building the door and reading the model's digest imports neither onnxruntime nor tokenizers."""
    assert run(STARTING, exported).strip() == "[]"
