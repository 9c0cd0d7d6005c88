"""Paraphrases in the cache: whether two questions ask the same, and which kept question is nearest to a new one."""
