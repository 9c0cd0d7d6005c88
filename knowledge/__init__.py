"""Articles: where they come from, how they are kept, searched and answered from. Knows nothing of chat."""
