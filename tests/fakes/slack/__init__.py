"""A strict Slack at the far end of a wire."""
