"""Chat platforms: each delivers events to one handler and shows its replies. Knows nothing of articles."""
