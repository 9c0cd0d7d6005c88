"""HTTP: health, webhooks of the helpdesks, and what chat platforms serve."""
