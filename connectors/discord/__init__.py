"""Discord: messages, commands and buttons in, replies out; knows nothing of articles."""
