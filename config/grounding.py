"""The `[grounding]` table: how what a model writes is held against the passages that it cites."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field


class GroundingSettings(BaseModel):
    """Rules and similarity always; an NLI cross-encoder where `nli_model` is the folder of one exported to ONNX.

    `nli_least` is the probability of entailment, 0 to 1, below which a sentence is dropped. `complaints` is how
    often a model that wrote nothing supported is asked again, told what was not.
    """

    model_config = ConfigDict(
        extra="forbid", frozen=True, hide_input_in_errors=True, allow_inf_nan=False, defer_build=True
    )

    nli_model: str = ""
    nli_least: float = Field(default=0.5, ge=0, le=1)
    complaints: int = Field(default=1, ge=0, le=1)
