"""The embedding model: articles in bulk in a child process, questions in this one, without torch.

`engine.Embedding` is the door; everything behind it is loaded when it is first needed.
"""

from __future__ import annotations

import os
import sys

__all__ = ["block_torch"]


def block_torch() -> None:
    """Keep torch out of this process; call it before haystack, which imports torch where it is installed.

    A process that already holds torch is left as it is. Haystack's telemetry and the model hub's network are
    switched off with it: the bot talks to nobody that its operator did not name.
    """
    os.environ["HAYSTACK_TELEMETRY_ENABLED"] = "False"
    os.environ["HF_HUB_OFFLINE"] = "1"
    if "torch" not in sys.modules:
        # None makes every `import torch` raise ImportError, which haystack takes as "not installed".
        sys.modules["torch"] = None  # type: ignore[assignment]
