"""Makes the configured models; a provider's client is imported when its first question comes."""

from __future__ import annotations

from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, cast

from knowledge.answering.llm.chat_model import ChatModel
from knowledge.answering.llm.errors import LlmError
from knowledge.answering.llm.rewriter import QuestionRewriter
from knowledge.answering.llm.usage import Price
from knowledge.answering.llm.writer import LlmWriter
from knowledge.embedding import block_torch

if TYPE_CHECKING:
    from pydantic import SecretStr

    from config.llm import LlmSettings, Provider
    from knowledge.answering.llm.budget import LlmBudget
    from knowledge.answering.llm.chat_model import Generator

_NO_KEY = "none"
"""Servers without keys do not look at it, and the client insists on one."""


def build_models(settings: LlmSettings) -> list[ChatModel]:
    """Give the first model and, where one is set, the fallback. Raises LlmError for an extra that is missing."""
    models = [
        _model(
            settings,
            settings.provider,
            settings.model,
            settings.api_base_url,
            settings.api_key,
            Price(settings.price_in, settings.price_out),
        )
    ]
    if settings.fallback_model:
        models.append(
            _model(
                settings,
                settings.fallback_provider,
                settings.fallback_model,
                settings.fallback_api_base_url,
                settings.fallback_api_key,
                Price(settings.fallback_price_in, settings.fallback_price_out),
            )
        )
    return models


def build_writer(settings: LlmSettings, budget: LlmBudget, *, longest_seconds: float) -> LlmWriter:
    """Give what writes answers; its time is cut to three quarters of `longest_seconds`, so an extract still fits."""
    total = min(settings.total_seconds, 0.75 * longest_seconds)
    return LlmWriter(
        build_models(settings),
        budget,
        first_word_seconds=min(settings.first_word_seconds, total),
        total_seconds=total,
        retries=settings.retries,
        max_tokens=settings.max_tokens,
    )


def build_rewriter(
    settings: LlmSettings, writer: LlmWriter, budget: LlmBudget, *, longest_seconds: float
) -> QuestionRewriter:
    """Give what completes follow-ups by the writer's first model, in a seventh of `longest_seconds` at most.

    With the writer's three quarters an extract still fits.
    """
    seconds = min(settings.first_word_seconds, longest_seconds / 7)
    return QuestionRewriter(writer.models[0], budget, seconds=seconds, max_tokens=settings.max_tokens)


def _model(  # noqa: PLR0917 - what one of the two models is told
    settings: LlmSettings, provider: Provider, name: str, url: str, key: SecretStr, price: Price
) -> ChatModel:
    if provider == "anthropic":
        _need("haystack_integrations.components.generators.anthropic", "anthropic")
        return ChatModel(name, price, lambda: _anthropic(settings, name, url, key.get_secret_value()))
    if provider == "gguf":
        _need("xllamacpp", "local-llm")
        from knowledge.answering.llm.gguf import GgufServer  # noqa: PLC0415 - an extra

        server = GgufServer(name)
        return ChatModel(
            server.name, price, lambda: _openai(settings, server.name, server.url(), server.key), server.close
        )
    return ChatModel(name, price, lambda: _openai(settings, name, url, key.get_secret_value()))


def _need(module: str, extra: str) -> None:
    try:
        found = find_spec(module)
    except ModuleNotFoundError:
        found = None
    if found is None:
        raise LlmError(
            "not_installed",
            f"[llm] asks for a provider that is not installed; run: pip install 'helpdesk-bot[{extra}]'",
        )


def _openai(settings: LlmSettings, model: str, url: str, key: str) -> Generator:
    block_torch()
    from haystack.components.generators.chat import OpenAIChatGenerator  # noqa: PLC0415
    from haystack.utils import Secret  # noqa: PLC0415

    # OpenAI itself took max_tokens away from its newer models; most others know only that name
    limit = "max_tokens" if url else "max_completion_tokens"
    options: dict[str, Any] = {limit: settings.max_tokens, "stream_options": {"include_usage": True}}
    generator = OpenAIChatGenerator(
        api_key=Secret.from_token(key or _NO_KEY),
        model=model,
        api_base_url=url or None,
        generation_kwargs=options | _temperature(settings),
        timeout=settings.total_seconds,
        max_retries=0,
    )
    return cast("Generator", generator)


def _anthropic(settings: LlmSettings, model: str, url: str, key: str) -> Generator:
    block_torch()
    from anthropic import AsyncAnthropic  # noqa: PLC0415
    from haystack.utils import Secret  # noqa: PLC0415
    from haystack_integrations.components.generators.anthropic import AnthropicChatGenerator  # noqa: PLC0415

    generator = AnthropicChatGenerator(
        api_key=Secret.from_token(key or _NO_KEY),
        model=model,
        generation_kwargs={"max_tokens": settings.max_tokens} | _temperature(settings),
        timeout=settings.total_seconds,
        max_retries=0,
    )
    if url:  # the component has no setting for another address; it keeps a client that is there
        generator.async_client = AsyncAnthropic(
            api_key=key or _NO_KEY, base_url=url, timeout=settings.total_seconds, max_retries=0
        )
    return cast("Generator", generator)


def _temperature(settings: LlmSettings) -> dict[str, Any]:
    return {} if settings.temperature == "" else {"temperature": settings.temperature}
