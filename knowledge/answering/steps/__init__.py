"""The steps from a question to an answer, each a Haystack component; imported with the first question."""
