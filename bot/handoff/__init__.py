"""Handoff: a question that the bot passes on to a person, as a ticket or in a staff channel."""
