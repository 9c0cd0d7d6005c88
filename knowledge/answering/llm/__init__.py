"""The language model: what it is asked, how long it may take, what it may cost."""
