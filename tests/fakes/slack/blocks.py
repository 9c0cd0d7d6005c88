"""What Slack refuses in blocks: by its schema where that is there, by its limits, by slack_sdk."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema
from slack_sdk.models.blocks import Block

SCHEMA = Path(__file__).resolve().parents[4] / "shared" / "specs" / "slack-blocks.schema.json"
"""Beside the checkout, not in it; a machine without it checks by the limits and by slack_sdk alone."""


@cache
def _schema() -> jsonschema.protocols.Validator | None:
    if not SCHEMA.exists():
        return None
    return jsonschema.Draft7Validator(json.loads(SCHEMA.read_text()))


def problem_with(blocks: list[dict[str, Any]]) -> str | None:
    """Say why Slack would refuse these blocks; None when it takes them."""
    schema = _schema()
    if schema is not None:
        for error in schema.iter_errors({"blocks": blocks}):
            return f"schema: {error.json_path}: {error.message[:200]}"
    if len(blocks) > 50:
        return f"{len(blocks)} blocks"
    markdown = sum(len(block["text"]) for block in blocks if block["type"] == "markdown")
    if markdown > 12_000:
        return f"{markdown} characters of markdown"
    try:
        for block in Block.parse_all(blocks):
            block.validate_json()
    except Exception as error:  # noqa: BLE001 - slack_sdk raises several
        return f"slack_sdk: {error}"
    return _limits(blocks)


def _limits(blocks: list[dict[str, Any]]) -> str | None:
    """Hold texts to the limits that neither the schema nor slack_sdk know."""
    for block in blocks:
        for element in block.get("elements", []):
            ids = [each.get("action_id") for each in block["elements"] if each.get("action_id")]
            if len(ids) != len(set(ids)):
                return "an action_id twice in a block"
            if element["type"] == "mrkdwn" and not 1 <= len(element["text"]) <= 3_000:
                return "a mrkdwn element over 3,000 characters"
            if element["type"] == "button" and len(element["text"]["text"]) > 75:
                return "a button's text over 75 characters"
        if block["type"] == "section" and len(block["text"]["text"]) > 3_000:
            return "a section over 3,000 characters"
    return None
