"""The `[llm]` table: which language model writes, how long it may take and what it may cost."""

from __future__ import annotations

from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, SecretStr, model_validator

from config.validators import HttpUrl

Provider = Literal["openai", "anthropic", "gguf"]


class LlmSettings(BaseModel):
    """A language model and a second one for when it fails; without a model the extractive answerer speaks.

    `provider` openai is any endpoint that speaks OpenAI's protocol, anthropic needs the extra `anthropic`, gguf the
    extra `local-llm` and the path of a GGUF file as `model`. Prices are for a million tokens, in any currency;
    `daily_cost` is in the same one. A limit of 0 is none.
    """

    model_config = ConfigDict(
        extra="forbid", frozen=True, hide_input_in_errors=True, allow_inf_nan=False, defer_build=True
    )

    provider: Provider = "openai"
    model: str = ""
    api_base_url: HttpUrl = ""
    api_key: SecretStr = SecretStr("")
    price_in: float = Field(default=0.0, ge=0)
    price_out: float = Field(default=0.0, ge=0)
    fallback_provider: Provider = "openai"
    fallback_model: str = ""
    fallback_api_base_url: HttpUrl = ""
    fallback_api_key: SecretStr = SecretStr("")
    fallback_price_in: float = Field(default=0.0, ge=0)
    fallback_price_out: float = Field(default=0.0, ge=0)
    first_word_seconds: float = Field(default=6.0, gt=0, le=120)
    total_seconds: float = Field(default=15.0, gt=0, le=280)
    retries: int = Field(default=1, ge=0, le=5)
    max_tokens: int = Field(default=700, ge=50, le=8_000)
    temperature: float | Literal[""] = ""
    daily_cost: float = Field(default=0.0, ge=0)
    daily_tokens: int = Field(default=0, ge=0)

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        if self.first_word_seconds > self.total_seconds:
            raise ValueError(
                f"first_word_seconds ({self.first_word_seconds}) is above total_seconds ({self.total_seconds}); "
                "lower the first or raise the second"
            )
        if self.fallback_model and not self.model:
            raise ValueError("fallback_model is set without a model; name the first one as model")
        if self.daily_cost and not (self.price_in or self.price_out):
            raise ValueError(
                "daily_cost is set, but no price; set price_in and price_out, or daily_tokens instead"
            )
        return self
