"""A model in a GGUF file, served in this process by llama.cpp, which speaks OpenAI's protocol."""

from __future__ import annotations

import secrets
from pathlib import Path
from typing import Any

from knowledge.answering.llm.errors import LlmError

_CONTEXT_TOKENS = 8192
_WARNINGS_ONLY = 2
"""llama.cpp's verbosity: it tells each request on the standard error stream otherwise."""


class GgufServer:
    """Loads the file when `url` is first asked for; blocking, so call it in a thread."""

    def __init__(self, path: str) -> None:
        self._path = Path(path)
        self.name = self._path.stem
        self.key = secrets.token_urlsafe(24)  # nobody else on this machine may use the port
        self._server: Any = None

    def url(self) -> str:
        """Start the server on a free port of this machine and give its address. Raises LlmError."""
        import xllamacpp  # noqa: PLC0415 - an extra, and it loads its C++ library

        if not self._path.is_file():
            raise LlmError(
                "no_model", f"[llm] model: there is no file {self._path}; write the path of a GGUF file"
            )
        if self._server is None:
            params = xllamacpp.CommonParams()
            params.model.path = str(self._path)
            params.n_ctx = _CONTEXT_TOKENS
            params.n_parallel = 1
            params.port = 0
            params.api_keys = [self.key]
            params.verbosity = _WARNINGS_ONLY
            params.ui = False
            self._server = xllamacpp.Server(params)
        return f"{self._server.listening_address}/v1"

    def close(self) -> None:
        """Let the server go, and its memory with it."""
        self._server = None
