"""The history of the bot's own tables, version table `bot_version`."""
