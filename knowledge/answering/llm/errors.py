"""Why a language model gave no (whole) answer."""

from __future__ import annotations

import asyncio

from knowledge.errors import KnowledgeError

_TRY_AGAIN = frozenset({408, 409, 425, 429})
_BAD, _SERVER = 400, 500
_REASONS = {
    400: "the request was refused (400); is the model's name right, and does it take these settings?",
    401: "the key was refused (401); set [llm] api_key",
    403: "the key may not use this model (403)",
    404: "there is no such model or address (404); see [llm] model and api_base_url",
    429: "too many requests, or nothing left on the account (429)",
}


class LlmError(KnowledgeError):
    """`kind` is one word for traces and metrics; `may_retry`: the same request may work in a moment."""

    def __init__(self, kind: str, message: str, *, may_retry: bool = False) -> None:
        super().__init__(message)
        self.kind = kind
        self.may_retry = may_retry


def as_llm_error(error: BaseException, model: str) -> LlmError:
    """Read what a provider's client raised; both clients put an HTTP status on their errors."""
    if isinstance(error, LlmError):
        return error
    status = getattr(error, "status_code", None)
    if isinstance(status, int) and status < _BAD:  # an error that came in the middle of a stream (Anthropic)
        return LlmError("broken", f"{model}: it broke off with an error of its own", may_retry=True)
    if isinstance(status, int):
        reason = _REASONS.get(status, f"it answered with status {status}")
        return LlmError(
            f"http_{status}", f"{model}: {reason}", may_retry=status in _TRY_AGAIN or status >= _SERVER
        )
    name = type(error).__name__
    if isinstance(error, TimeoutError | asyncio.TimeoutError) or "Timeout" in name:
        return LlmError("slow", f"{model}: no answer in time", may_retry=False)
    if isinstance(error, OSError) or "Connect" in name or "Protocol" in name or "ReadError" in name:
        return LlmError(
            "unreachable", f"{model}: cannot be reached, or hung up ({name}); is it running?", may_retry=True
        )
    return LlmError("garbage", f"{model}: its answer cannot be read ({name})", may_retry=True)
