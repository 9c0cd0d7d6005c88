"""Holds each sentence of a written answer against the passages that it cites."""

GROUNDING_VERSION = "2"
"""Moves when the same words would be dropped or kept otherwise; part of the answer cache's key."""
