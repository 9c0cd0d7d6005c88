"""A process that answers with a language model still has no torch in it."""

from __future__ import annotations

import asyncio
import json
import re
import sys
from typing import TYPE_CHECKING, Any

import pytest

from tests.bot.cli_desk import Desk
from tests.fakes.llm_server import LlmServer, Turn

if TYPE_CHECKING:
    from pathlib import Path

ASKING = """
import atexit, json, sys

def tell():
    heavy = ("torch", "transformers", "sentence_transformers")
    loaded = [name for name, module in sys.modules.items() if module and name.split(".")[0] in heavy]
    print(json.dumps({"haystack": "haystack" in sys.modules, "loaded": loaded}), file=sys.stderr)

atexit.register(tell)
sys.argv = ["helpdesk-bot", "ask", "How do I reset my password?", "--json", "--no-cache"]
from bot.__main__ import main
main()
"""


def written(body: dict[str, Any]) -> Turn:
    """Cite the passage by the number that the prompt gives it."""
    found = re.search(r"passage \[(\d+)\][^\n]*\nReset your password", body["messages"][-1]["content"])
    assert found
    return Turn(f"Press **Reset password** and follow the e-mail [{found[1]}].")


@pytest.mark.slow
async def test_torch_stays_out_with_a_language_model(tmp_path: Path, request: pytest.FixtureRequest) -> None:
    """The model writes the answer through Haystack's generator, and nothing of torch is imported for it."""
    assert request.config.cache is not None
    desk = Desk(tmp_path, request.config.cache.mkdir("embedding-models"))
    assert (await asyncio.to_thread(desk.run, "sync")).returncode == 0
    async with LlmServer(reply=written) as model:
        environ = desk.environ(
            HELPDESK_BOT__LLM__MODEL="scripted",
            HELPDESK_BOT__LLM__API_BASE_URL=model.url,
            HELPDESK_BOT__LLM__FIRST_WORD_SECONDS="15",
        )
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-c",
            ASKING,
            cwd=desk.root,
            env=environ,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        out, err = await process.communicate()
        assert len(model.requests) == 1
    assert json.loads(out)["text"].startswith("Press **Reset password** and follow the e-mail.")
    assert json.loads(err.decode().strip().splitlines()[-1]) == {"haystack": True, "loaded": []}
