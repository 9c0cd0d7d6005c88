"""Sentences held against their passages."""
