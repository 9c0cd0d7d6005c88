"""From a question to evidence, from evidence to an answer; one step a file."""
