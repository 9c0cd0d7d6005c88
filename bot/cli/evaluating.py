"""`helpdesk-bot eval`."""
