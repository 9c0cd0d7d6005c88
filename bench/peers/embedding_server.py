"""all-MiniLM-L6-v2 behind an OpenAI-compatible endpoint, `python embedding_server.py MODEL`; prints its port.

For peers that embed by asking a server, as haiku.rag does by default (it asks Ollama).
"""

from __future__ import annotations

import base64
import json
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from sentence_transformers import SentenceTransformer


class Server(ThreadingHTTPServer):
    """The server with its model; a hundred askers may knock at once."""

    request_queue_size = 256
    model: SentenceTransformer


class Handler(BaseHTTPRequestHandler):
    """Answers POST /v1/embeddings."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: Server

    def do_POST(self) -> None:
        """Embed the input."""
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        texts = [asked["input"]] if isinstance(asked["input"], str) else asked["input"]
        vectors = self.server.model.encode(texts, show_progress_bar=False)
        rows: list[Any] = vectors.tolist()
        if asked.get("encoding_format") == "base64":
            rows = [base64.b64encode(row.tobytes()).decode() for row in vectors]
        data = [{"object": "embedding", "index": number, "embedding": row} for number, row in enumerate(rows)]
        usage = {"prompt_tokens": 0, "total_tokens": 0}
        body = json.dumps({"object": "list", "data": data, "model": asked["model"], "usage": usage}).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


def main() -> None:
    """Serve until ended."""
    with Server(("127.0.0.1", 0), Handler) as server:
        server.model = SentenceTransformer(sys.argv[1], device="cpu")
        print(server.server_port, flush=True)
        server.serve_forever()


if __name__ == "__main__":
    main()
